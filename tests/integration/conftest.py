"""Real processes for the tests: masters, workers, clients."""
import contextlib
import hashlib
import json
import os
import subprocess
import time

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("STINT_BUILD", "build/release"))
STINT = os.path.join(BUILD, "stint")
PEER = os.path.join(BUILD, "tests/integration/peer")


def until(true, seconds=60.0, what="it"):
    """Wait until true() is; its value."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < end, "%s did not happen in %g s" % (
            what, seconds)
        time.sleep(0.02)


class Master:
    """`stint master` on a free port, and what to start around it."""

    def __init__(self, folder, *more):
        self.folder, self.started = str(folder), []
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("STINT_")}
        self.env.update(HOME=self.folder, XDG_STATE_HOME=self.folder,
                        XDG_CONFIG_HOME=self.folder)
        out, into = os.pipe()
        self.log = open(os.path.join(self.folder, "master.log"), "w+b")
        self.process = subprocess.Popen(
            [STINT, "master", "--listen", "tcp://127.0.0.1:0", "--ready-fd",
             str(into), *more], pass_fds=[into], env=self.env,
            stdin=subprocess.DEVNULL, stderr=self.log)
        os.close(into)
        with os.fdopen(out) as ready:
            line = ready.readline()
        assert line, "no master: " + self.said()
        told = json.loads(line)
        self.address, self.access = told["address"], told["access"]
        self.http = told["http"]
        self.port = int(self.address.rpartition(":")[2])
        self.env["STINT_MASTER"] = self.address
        self.env["STINT_ACCESS"] = self.access

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def start(self, *argv):
        p = subprocess.Popen(
            argv, env=self.env, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.started.append(p)
        return p

    def peer(self, *argv):
        return self.start(PEER, *map(str, argv))

    def run(self, *argv, code=0, env=None, timeout=60):
        done = subprocess.run(
            argv, env={**self.env, **(env or {})}, timeout=timeout, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        assert done.returncode == code, done
        return done.stdout

    def put(self, queue, first, last):
        self.run(PEER, "put", queue, str(first), str(last))

    def size(self, queue):
        return int(self.run(PEER, "size", queue))

    def rss(self):
        with open("/proc/%d/status" % self.process.pid) as status:
            for line in status:
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) * 1024
        return 0

    def is_served(self):
        """Whether a real client is."""
        self.put("served", 1, 1)
        assert self.run(PEER, "drain", "served", "1") == "1\n"
        return True

    def key(self):
        """The fields of the access file."""
        fields = {}
        with open(self.access) as text:
            for line in text:
                name, _, value = line.partition("=")
                fields[name.strip()] = value.strip()
        return fields

    def stop(self):
        for p in self.started:
            with contextlib.suppress(ProcessLookupError):
                p.kill()
            p.communicate()
        self.process.terminate()
        code = self.process.wait(10)
        self.log.close()
        return code


def seed_to_secret(seed):
    """crypto_box_seed_keypair's secret half."""
    return hashlib.sha512(seed).digest()[:32]


@pytest.fixture
def master(tmp_path):
    m = Master(tmp_path)
    yield m
    assert m.stop() == 0


@pytest.fixture
def start_master(tmp_path):
    masters = []

    def start(*more):
        masters.append(Master(tmp_path, *more))
        return masters[-1]

    yield start
    for m in masters:
        assert m.stop() == 0
