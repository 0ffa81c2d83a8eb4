#!/usr/bin/python3
"""hosts: a job on several hosts, through all that networks do.

A master, three worker hosts and a client host, each a network namespace with an
address of its own, a firewall that lets nobody in but to the master's port, and
the access file that was carried there.  For every fault
(--only: those with this in their name) a job of --tasks tasks, then one through
all of them in an order by lot (--short: only that).  Each task must end once,
each result be shown once.

On the host that is struck somebody holds tasks under a long lease, so that only
its being missed gives them back; on another one somebody waits for them.
Printed, from the fault: when the first (it was missed) and the last of them was
granted again; from its end: when the host is back at work.
"""
import os
import shutil
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../proofs"))

import faults
from checker import NS, load
from network import Network
from proof import (
    ROOT, SKIPPED, Broken, Master, Proof, arguments, finish, until)

WORKERS = ("w1", "w2", "w3")
THREADS, EACH = 16, 10
LEASE, LONG_LEASE = 2, 60  # Seconds; the second is longer than any fault.
PORT = 4725
BACK_SECONDS = 15.0  # In which everybody is at work again.
OVER_SECONDS = 300.0


class Struck:
    """A fault that was, and who held and waited for tasks then."""

    def __init__(self, fault, host, name):
        self.fault, self.host, self.name = fault, host, name
        self.holder, self.waiter = "h" + name, "x" + name
        self.began = self.ended = self.back = 0.0


class Scene(Proof):
    """Jobs, and the hosts that they run on."""

    queue = "job"

    def __init__(self, name, args, seconds):
        """`seconds`: what the workers need for a job at least."""
        super().__init__("hosts-%d" % os.getpid(), args)
        self.title = name
        self.pause_us = int(
            seconds * 1e6 * THREADS * len(WORKERS) / args.tasks)
        self.chance.seed("%d %s" % (args.seed, name))
        self.jobs, self.workers, self.struck = [], {}, []

    # ---- the hosts -----------------------------------------------------------

    def set_up(self):
        self.net = Network(self.stack, ("head", *WORKERS, "home"))
        self.head, self.home = self.net.hosts["head"], self.net.hosts["home"]
        for host in self.net.hosts.values():
            host.firewall(*([PORT] if host is self.head else []))
        data = self.start_master()
        self.carry(data, "submit.access", self.home)
        self.env["STINT_ACCESS"] = self.access_of(self.home)
        self.under = self.home.under
        for name in WORKERS:
            self.carry(data, "work.access", self.net.hosts[name])
            self.start_worker(self.net.hosts[name])
        self.start_job()

    def start_master(self):
        queue = "%s,attempts=1000,lease=%ds"
        m = Master(self, under=self.head.under, options=[
            "--queue", queue % ("job", LEASE),
            "--queue", queue % ("held", LONG_LEASE),
            "--silence", "%dms" % (self.args.silence * 1000)])
        m.address = m.listen = "tcp://%s:%d" % (self.head.address, PORT)
        m.start()
        del self.env["STINT_MASTER"]  # The access files say it.
        return m.data

    def access_of(self, host):
        return os.path.join(self.folder, host.name, "access")

    def carry(self, data, name, host):
        """What scp does."""
        os.mkdir(os.path.dirname(self.access_of(host)))
        with open(os.path.join(data, name), "rb") as text:
            to = os.open(self.access_of(host), os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(to, "wb") as out:
                out.write(text.read())

    def on(self, host, mode, name, *options, queue=None):
        c = self.client(mode, name, *options, under=host.under, queue=queue,
                        env={"STINT_ACCESS": self.access_of(host)})
        c.line("ready")
        return c

    def start_worker(self, host):
        name = "%s-%d" % (host.name, len(self.clients))
        self.workers[host.name] = self.on(
            host, "work", name, "--threads", THREADS, "--pause-us",
            self.pause_us)

    def start_job(self):
        self.jobs.append(self.on(
            self.home, "put", "job%d" % len(self.jobs), "--count",
            self.args.tasks, "--window", 1000))

    def is_busy(self):
        return self.jobs[-1].process.poll() is None

    def keep_busy(self):
        """A fault without a job proves nothing."""
        if not self.is_busy():
            self.start_job()

    # ---- a fault -------------------------------------------------------------

    def strike(self, fault):
        host = self.net.hosts[self.chance.choice(WORKERS)]
        other = self.net.hosts[self.chance.choice(
            [w for w in WORKERS if w != host.name])]
        one = Struck(fault, host, "%d-%s" % (len(self.struck), host.name))
        self.keep_busy()
        putter = self.on(self.home, "put", "p" + one.name, "--count", EACH,
                         queue="held")
        clients = [self.on(host, "hold", one.holder, "--count", EACH, "--renew",
                           queue="held")]
        clients[0].line("holding")
        if fault.holds == faults.GIVEN_BACK:
            clients.append(self.on(other, "hold", one.waiter, "--count", EACH,
                                   "--renew", queue="held"))
        one.began = time.monotonic()
        fault.begin(self, host)
        for waiter in clients[1:]:
            self.wait_for_grants(one, waiter)
        while fault.lasts(self, one.began):
            fault.step(self, host)
        one.ended = time.monotonic()
        fault.end(self, host)
        self.struck.append(one)
        self.wait_until_all_are_back(one)
        self.settle(clients, other, one)
        putter.wait(60)

    def wait_for_grants(self, one, waiter):
        try:
            waiter.line("holding", self.args.silence + BACK_SECONDS)
        except Broken:
            raise Broken("%s: what %s held is not given back in %g s" % (
                one.fault.name, one.host.name,
                self.args.silence + BACK_SECONDS)) from None

    def wait_until_all_are_back(self, one):
        for client in (*self.workers.values(), None):
            letter = "G" if client else "R"
            until(lambda c=client, g=letter: self.first_after(
                one.ended, c or self.jobs[-1], g), BACK_SECONDS,
                "%s: %s is at work again: it" % (
                    one.fault.name, (client or self.jobs[-1]).name), 0.1)
        who = (self.jobs[-1], "R") if isinstance(
            one.fault, faults.ClientAway) else (
                self.workers[one.host.name], "G")
        one.back = self.first_after(one.ended, *who) - one.ended

    def first_after(self, moment, client, letter):
        """When it wrote such a line first, or None."""
        self.keep_busy()
        with open(client.history) as text:
            for line in text:
                at = int(line.split(None, 2)[1]) / NS
                if line[0] == letter and at > moment and line[-1] == "\n":
                    return at
        return None

    def settle(self, clients, other, one):
        """They complete what they hold, or held; somebody else the rest."""
        clients = [c for c in clients if c.process.poll() is None]
        self.chance.shuffle(clients)
        for c in clients:
            c.go_on()
            c.line("ended")
        rest = self.on(other, "work", "r" + one.name, queue="held")
        self.wait_until_empty("held")
        self.end_workers([rest])
        for c in clients:
            c.wait(60)

    def wait_until_empty(self, queue):
        self.queue = queue
        row = self.wait_until_drained(OVER_SECONDS)
        self.queue = "job"
        return row

    # ---- the end -------------------------------------------------------------

    def finish_job(self):
        for job in self.jobs:
            job.wait(OVER_SECONDS)
        row = self.wait_until_empty("job")
        self.end_workers(self.workers.values())
        want = self.args.tasks * len(self.jobs)
        report = self.check()
        if not want == row["accepted"] == row["done"]:
            raise Broken("%d tasks were to be done, %d were put, %d are done" %
                         (want, row["accepted"], row["done"]))
        for one in self.struck:
            self.judge(report, one)

    def judge(self, report, one):
        allowed = self.args.silence * (1 + one.fault.heard) + 1
        held = [t for key, t in report.tasks.items()
                if key.startswith("p%s-" % one.name)]
        kept = sum(t.done[0][1] == 1 for t in held if t.done)
        again = [g[0] / NS - one.began for t in held for g in t.got
                 if g[2] == one.waiter]
        jobs = self.moved(report, one)
        text = "%-29s %s" % (one.fault.name, one.host.name)
        if again:
            text += ": missed after %.2f s, given back after %.2f s of %.2f" % (
                min(again), max(again), allowed)
        else:
            text += ": %d of %d kept" % (kept, EACH)
        if jobs:
            text += ", %d of the job after %.2f s" % (len(jobs), max(jobs))
        self.say("%s; back after %.2f s", text, one.back)
        if one.fault.holds == faults.GIVEN_BACK:
            self.allow(one, "given back", max(again), allowed)
            self.allow(one, "of the job", max(jobs, default=0),
                       LEASE + allowed)
        elif one.fault.holds == faults.KEPT:
            self.must(kept == EACH, "%s: of %d tasks only %d were kept" % (
                one.fault.name, EACH, kept))

    def allow(self, one, what, took, allowed):
        self.must(took <= allowed, "%s: %s after %.2f s, allowed %.2f s" % (
            one.fault.name, what, took, allowed))

    def moved(self, report, one):
        """What its worker had of the job, and was granted again: when."""
        times, missed = [], one.began + self.args.silence
        for t in report.tasks.values():
            got = sorted(t.got)
            for first, second in zip(got, got[1:]):
                if (first[2].startswith(one.host.name + "-")
                        and first[0] / NS < missed
                        and second[0] / NS > one.began):
                    times.append(second[0] / NS - one.began)
        return times

    @staticmethod
    def must(kept, what):
        if not kept:
            raise Broken(what)


def prove(scene, which):
    scene.set_up()
    for fault in which:
        scene.strike(fault)
    scene.finish_job()


def scenes(args):
    """(name, faults, seconds that a job takes at least)."""
    if args.short:
        yield "all of them", faults.short(args.silence), 30
        return
    for fault in faults.alone(args.silence):
        if args.only in fault.name:
            yield fault.name, [fault], 12
    if not args.only:
        yield "all of them", faults.together(args.silence), 100


def interrupt(_number, _frame):
    """Once: what is cleaned up then is cleaned up whole."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def leave(scene):
    """What a broken one wrote, and nothing else."""
    to = os.path.join(ROOT, "build/hosts", scene.title.replace(" ", "-"))
    shutil.rmtree(to, ignore_errors=True)
    os.makedirs(os.path.dirname(to), exist_ok=True)
    shutil.move(scene.folder, to)
    print("(now in %s)" % to)


def run_all(args):
    for name, which, seconds in scenes(args):
        print("%s:" % name, flush=True)
        scene = Scene(name, args, seconds)
        scene.chance.shuffle(which)
        try:
            code = finish(scene, lambda s, w=which: prove(s, w))
        except Exception:
            traceback.print_exc(file=sys.stdout)
            code = 1
        if code == 1:
            leave(scene)
        yield code
        if code == SKIPPED:
            print("*** hosts: NOTHING WAS TRIED; as root: make hosts ***")
        if code in (SKIPPED, 130):
            return


def main():
    args = arguments("hosts", {"tasks": (10000, 10000), "silence": (3.0, 1.0),
                               "only": ("", "")})
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    codes = list(run_all(args))
    passed, skipped = codes.count(0), codes.count(SKIPPED)
    failed = len(codes) - passed - skipped
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return SKIPPED if skipped and not failed else int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
