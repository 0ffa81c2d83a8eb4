"""What the proofs share: a seed, masters, clients, a verdict.

A proof is a function of a Proof.  It prints its seed, its counts, and as its
last line "verdict: kept" or "verdict: BROKEN: ...", with exit code 0 or 1;
where it cannot run it says "SKIPPED: why" with code 77.  The folder of a
broken one is left, and named.
"""
import argparse
import contextlib
import ctypes
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import checker

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("STINT_BUILD", "build/release"))
STINT = os.path.join(BUILD, "stint")
HISTORY = os.path.join(BUILD, "tests/proofs/history")
PROXY = os.path.join(BUILD, "tests/integration/proxy")
TRACE = os.path.join(BUILD, "tests/proofs/libtrace_sync.so")
SKIPPED = 77
PR_SET_PDEATHSIG = 1


class Broken(Exception):
    """A promise was not kept."""


class Skip(Exception):
    """It cannot run here."""


def until(true, seconds=60.0, what="it", pause=0.02):
    """Wait until true() is; its value."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken("%s did not happen in %g s" % (what, seconds))
        time.sleep(pause)


def free_port(chance):
    """Below the ports that connecting clients get: while the master is away
    nobody else may come by its port."""
    while True:
        port = chance.randrange(20000, 30000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", port))
                return port


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Client:
    """One run of history.c, and where its history is."""

    def __init__(self, proof, mode, name, env, options, under, queue):
        self.name = name
        self.history = os.path.join(proof.histories, name + ".history")
        self.log = open(os.path.join(proof.folder, name + ".log"), "wb")
        self.said = b""  # On stdout, and not yet waited for.
        self.process = subprocess.Popen(
            [*under, HISTORY, mode, self.history, queue, name, *options],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, preexec_fn=die_with_parent)

    def line(self, want, seconds=60):
        """Wait for a line on its stdout that begins so."""
        out, end = self.process.stdout.fileno(), time.monotonic() + seconds
        while b"\n" not in self.said:
            left = max(0, end - time.monotonic())
            more = select.select([out], [], [], left)[0] and os.read(out, 4096)
            if not more:
                raise Broken("%s did not say %r in %g s" % (
                    self.name, want, seconds))
            self.said += more
        said, _, self.said = self.said.partition(b"\n")
        if not said.startswith(want.encode()):
            raise Broken("%s said %r, not %r" % (self.name, said, want))

    def go_on(self):
        self.process.stdin.write(b"go on\n")
        self.process.stdin.flush()

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Broken("%s did not end in %g s" % (
                self.name, seconds)) from None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.log):
            stream.close()


class Master:
    """`stint master` on a port and a data directory that stay."""

    def __init__(self, proof, data=None, options=(), env=None, host="127.0.0.1",
                 under=()):
        self.proof = proof
        self.data = data or os.path.join(proof.folder, "data")
        self.port = free_port(proof.chance)
        self.address = "tcp://127.0.0.1:%d" % self.port
        self.listen = "tcp://%s:%d" % (host, self.port)
        self.options, self.env, self.under = options, env or {}, under
        self.starts, self.process = 0, None
        self.log = open(os.path.join(proof.folder, "master.log"), "ab")
        proof.stack.callback(self.close)

    def start(self, seconds=30):
        """Returns how long it took until it was ready."""
        out, into = os.pipe()
        began = time.monotonic()
        self.process = subprocess.Popen(
            [*self.under, STINT, "master", "--listen", self.listen, "--data",
             self.data, "--ready-fd", str(into), *self.options],
            pass_fds=[into], env={**self.proof.env, **self.env},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=die_with_parent)
        os.close(into)
        with os.fdopen(out) as ready:
            line = ready.readline()
        if not line:
            raise Broken("the master did not start: code %d: %s" % (
                self.process.wait(), self.said()))
        self.starts += 1
        self.proof.env.setdefault("STINT_MASTER", self.address)
        self.proof.env["STINT_ACCESS"] = json.loads(line)["access"]
        took = time.monotonic() - began
        if took > seconds:
            raise Broken("the master took %.1f s to start" % took)
        return took

    def said(self):
        with open(self.log.name, "rb") as log:
            return log.read()[-800:].decode(errors="replace")

    def kill(self):
        self.process.kill()
        code = self.process.wait()
        if code != -signal.SIGKILL:
            raise Broken("the master had ended by itself, code %d: %s" % (
                code, self.said()))

    def stop(self, seconds=15):
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Broken("the master did not stop in %g s" % seconds) from None

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Proof:
    """One run."""

    queue = "proof"
    under = ()  # What `stint` is run by.

    def __init__(self, name, args):
        self.name, self.args = name, args
        self.seed = args.seed
        self.chance = random.Random(self.seed)
        self.stack = contextlib.ExitStack()
        self.folder = tempfile.mkdtemp(prefix="stint-%s-" % name)
        self.histories = os.path.join(self.folder, "histories")
        os.mkdir(self.histories)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("STINT_")}
        self.env.update(HOME=self.folder, XDG_STATE_HOME=self.folder,
                        XDG_CONFIG_HOME=self.folder)
        self.clients = []

    def say(self, text, *values):
        print("  " + (text % values if values else text), flush=True)

    def master(self, **how):
        m = Master(self, **how)
        m.start()
        return m

    def client(self, mode, name, *options, env=None, under=(), queue=None):
        c = Client(self, mode, name, {**self.env, **(env or {})},
                   [str(o) for o in options], under, queue or self.queue)
        self.clients.append(c)
        self.stack.callback(c.close)
        return c

    def stint(self, *argv, code=0, seconds=60):
        done = subprocess.run(
            [*self.under, STINT, *argv], env=self.env, timeout=seconds,
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        if done.returncode != code:
            raise Broken("stint %s: code %d: %s" % (
                " ".join(argv), done.returncode, done.stderr.strip()))
        return done.stdout

    def row(self):
        """What the master says of the queue."""
        rows = json.loads(self.stint("queues", "--json"))
        return next(r for r in rows if r["queue"] == self.queue)

    def wait_until_drained(self, seconds=60):
        """Until no task is left; the row of the queue then."""
        def drained():
            row = self.row()
            return row["ready"] + row["delayed"] + row["leased"] == 0 and row
        return until(drained, seconds, "the last task's end", 0.2)

    def end_workers(self, workers, seconds=30):
        for w in workers:
            w.signal(signal.SIGCONT)
            w.signal(signal.SIGTERM)
        for w in workers:
            w.wait(seconds)

    def check(self, **how):
        """The checker over all histories; its report, or Broken."""
        report = checker.check(self.histories, **how)
        for line in report.lines():
            self.say(line)
        if report.problems:
            raise Broken(report.worst())
        return report


def arguments(name, options=None):
    """`options`: {name: (value, value with --short)}; also from the
    environment, in capitals."""
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--seed", type=int, default=int(
        os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32)))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--keep", action="store_true",
                        help="leave the folder in any case")
    for option, (full, _) in (options or {}).items():
        parser.add_argument("--" + option, type=type(full),
                            default=os.environ.get(option.upper()))
    args = parser.parse_args()
    for option, pair in (options or {}).items():
        if getattr(args, option) is None:
            setattr(args, option, pair[args.short])
    given = " ".join("--%s %s" % (o, getattr(args, o)) for o in options or {})
    print("%s: --seed %d %s" % (name, args.seed, given), flush=True)
    return args


def run(name, prove, options=None):
    """Parse the arguments, prove, say the verdict, exit."""
    sys.exit(finish(Proof(name, arguments(name, options)), prove))


def finish(proof, prove):
    began, code = time.monotonic(), 1
    try:
        with proof.stack:
            prove(proof)
        code = 0
    except Skip as why:
        code = SKIPPED
        print("SKIPPED: %s" % why)
    except Broken as why:
        print("verdict: BROKEN: %s\n(%s)" % (why, proof.folder))
    except KeyboardInterrupt:
        code = 130
    if code != 1 and not proof.args.keep:
        shutil.rmtree(proof.folder, ignore_errors=True)
    if code == 0:
        print("  in %.1f s" % (time.monotonic() - began))
        print("verdict: kept")
    return code
