#!/usr/bin/python3
"""clock: the wall clock jumps by up to a year, and nothing changes.

The master runs under libfaketime, whose time is changed all the while: leases
that are renewed hold, leases that are not end in time, delayed tasks come in
time, a get waits as long as it was told.  Then the same with the master killed,
the clock changed, and the master started again.
"""
import glob
import os
import subprocess
import threading
import time

from checker import NS
from proof import Broken, Skip, run

LEASE, DELAY, SLACK, EARLY = 2.0, 3.0, 1.0, 0.2


class Clock:
    """What processes started with .env take for the time of day."""

    def __init__(self, proof):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            raise Skip("needs libfaketime: apt-get install faketime")
        self.path = os.path.join(proof.folder, "clock")
        self.chance, self.jumps = proof.chance, 0
        self.over = threading.Event()
        self.env = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.path,
                    "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.set(0)
        self.thread = threading.Thread(target=self.run)

    def set(self, seconds):
        """Whole, so that nobody reads half a file."""
        with open(self.path + ".new", "w") as text:
            text.write("%+d\n" % seconds)
        os.rename(self.path + ".new", self.path)
        self.jumps += 1

    def jump(self):
        year = 365 * 86400
        self.set(self.chance.choice([
            -year, year, self.chance.randint(-year, year), -3600, 3600, 0]))

    def run(self):
        while not self.over.wait(self.chance.uniform(0.05, 0.5)):
            self.jump()

    def end(self):
        self.over.set()
        self.thread.join()

    def is_obeyed(self):
        self.set(365 * 86400)
        said = subprocess.run(["date", "+%s"], env={**os.environ, **self.env},
                              stdout=subprocess.PIPE, text=True, check=True)
        return int(said.stdout) - time.time() > 364 * 86400


def prove(proof):
    clock = Clock(proof)
    if not clock.is_obeyed():
        raise Skip("libfaketime moves no clock here")
    master = proof.master(env=clock.env, options=[
        "--queue", "proof,attempts=1000,lease=%dms" % (LEASE * 1000)])
    clock.thread.start()
    proof.stack.callback(clock.end)
    delays, breaks, waits = [], [], []
    for number in range(proof.args.rounds):
        one_round(proof, master, clock, number, delays, breaks, waits)
    proof.say("%d jumps of the clock", clock.jumps)
    report = proof.check()
    told = [("leases that nobody renewed ended", LEASE, breaks),
            ("tasks delayed by %g s came" % DELAY, DELAY,
             delays_of(report)),
            ("a get of 1 s waited", 1.0, waits)]
    for what, _, times in told:
        proof.say("%s after %.2f to %.2f s", what, min(times), max(times))
    held = [t for t in report.tasks.values()
            if any(g[2].startswith("k") for g in t.got)]
    lost = [t for t in held if t.done[0][1] != 1]
    proof.say("%d of %d leases that were renewed held", len(held) - len(lost),
              len(held))
    for what, due, times in told:
        if min(times) < due - EARLY or max(times) > due + SLACK:
            raise Broken("%s after %.2f to %.2f s instead of %g s" % (
                what, min(times), max(times), due))
    if lost:
        raise Broken("%d renewed leases broke" % len(lost))


def delays_of(report):
    """From being sent to being got."""
    return [(min(g[0] for g in t.got) - t.sent) / NS
            for key, t in report.tasks.items() if key.startswith("d")]


def one_round(proof, master, clock, number, delays, breaks, waits):
    """Some hold and renew, some hang, some tasks are delayed; in every second
    round the master dies, and comes back in another year."""
    name = "%d" % number
    keeper = proof.client("hold", "k" + name, "--count", 20, "--renew")
    first = proof.client("put", "a" + name, "--count", 20)
    keeper.line("ready")
    keeper.line("holding")
    hung = proof.client("hold", "x" + name, "--count", 5)
    second = proof.client("put", "b" + name, "--count", 5)
    hung.line("ready")
    hung.line("holding")
    began = time.monotonic()
    if number % 2:
        # A lease goes on whole when the master is there again.
        began += restart(master, clock)
    other = proof.client("hold", "h" + name, "--count", 5, "--renew")
    other.line("ready")
    other.line("holding")
    breaks.append(time.monotonic() - began)
    other.go_on()
    delayed = proof.client("put", "d" + name, "--count", 5, "--delay-ms",
                           int(DELAY * 1000))
    delayed.line("ready")
    if number % 2:
        time.sleep(0.3)
        restart(master, clock)
    late = proof.client("hold", "l" + name, "--count", 5, "--renew")
    waits.append(wait_in_get(proof))
    late.line("ready")
    late.line("holding")
    for client in (late, keeper):
        client.go_on()
    hung.go_on()
    for client in (first, second, delayed, other, late, keeper, hung):
        client.wait(60)


def restart(master, clock):
    """Returns how long nobody was there."""
    began = time.monotonic()
    master.kill()
    clock.jump()
    master.start()
    return time.monotonic() - began


def wait_in_get(proof):
    began = time.monotonic()
    proof.stint("get", "nothing-here", "--timeout", "1s", code=75)
    return time.monotonic() - began


if __name__ == "__main__":
    run("clock", prove, {"rounds": (10, 2)})
