"""What the tests of jobs share: a master with workers that run commands, and
`stint run` as a process that can be watched, stopped and killed."""
import contextlib
import json
import os
import signal
import subprocess
import threading
import time

from conftest import BUILD, STINT, until
from test_restart import Mortal

SQUARES = os.path.join(BUILD, "examples/libsquares.so")


def status(pid, field):
    """A number of /proc/PID/status, in bytes where it is one of memory."""
    with contextlib.suppress(OSError):
        with open("/proc/%d/status" % pid) as lines:
            for line in lines:
                if line.startswith(field + ":"):
                    words = line.split()
                    return int(words[1]) * (1024 if len(words) > 2 else 1)
    return 0


def running(*argv):
    """Processes that live and are just this command."""
    command, found = "\0".join([*argv, ""]).encode(), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/cmdline" % pid, "rb") as line:
                if line.read().rstrip(b"\0") == command.rstrip(b"\0"):
                    found.append(int(pid))
    return found


class Run:
    """`stint run`; what it prints is gathered as it comes."""

    def __init__(self, shop, argv, stdin=None):
        self.log = open(os.path.join(shop.folder, "run.%d.log" % len(
            shop.started)), "w+b")
        self.process = subprocess.Popen(
            [STINT, *argv], env=shop.env, cwd=shop.folder, stderr=self.log,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE)
        shop.started.append(self.process)
        self.pid = self.process.pid
        self.out, self.peak = [], 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.out.append(line.decode(errors="surrogateescape").rstrip("\n"))

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)

    def wait(self, seconds=60):
        """Its exit code; how much memory it took is kept."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            self.peak = max(self.peak, status(self.pid, "VmHWM"))
            assert time.monotonic() < end, "stint run goes on: " + self.said()
            time.sleep(0.01)
        self.reader.join(10)
        return self.process.returncode

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")


class Shop(Mortal):
    """A master that can be killed, and workers."""

    def __init__(self, folder, *more):
        super().__init__(folder, *more)
        self.workers, self.logs = [], []

    def worker(self, *more, slots=2, exec_too=True):
        """One that runs commands, when it is ready."""
        log = open(os.path.join(self.folder, "worker.%d.log" % len(
            self.workers)), "w+b")
        # A group of its own: a task may kill all of it.
        may = ["--allow-exec"] if exec_too else []
        p = subprocess.Popen(
            [STINT, "worker", *may, "-j", str(slots), *more], env=self.env,
            cwd=self.folder, stderr=log, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, start_new_session=True)
        self.workers.append(p)
        self.logs.append(log)

        def ready():
            log.seek(0)
            text = log.read()
            assert p.poll() is None, text
            return b"ready:" in text

        until(ready, 20, "a worker")
        return p

    def begin(self, *argv, stdin=None):
        return Run(self, ["run", *argv], stdin)

    def stint(self, *argv, code=0, timeout=60):
        """What it prints; run where `stint run` is."""
        done = subprocess.run(
            [STINT, *argv], env=self.env, cwd=self.folder, timeout=timeout,
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        assert done.returncode == code, done
        return done.stdout

    def json(self, *argv):
        return json.loads(self.stint(*argv, "--json"))

    def job(self, number=None):
        """The row of a job; of the last one."""
        rows = self.json("jobs")
        rows = [r for r in rows if number is None or r["job"] == number]
        return rows[-1] if rows else None

    def stop(self):
        # Their second TERM ends what they run; nobody else would.
        for p in self.workers * 2:
            p.send_signal(signal.SIGCONT)
            p.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(0.2)
        for p in self.workers:
            p.wait(10)
        for p in self.started:
            # Some have handed their end of a pipe to another.
            if p.stdout is not None and p.stdout.closed:
                p.stdout = None
        code = super().stop()
        for log in self.logs:
            log.close()
        return code
