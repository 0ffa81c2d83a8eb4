#!/usr/bin/python3
"""sync-order: nothing is acknowledged before the sync that covers it.

The master runs with a shim (trace_sync.c) that reads the names of tasks and
results in what is written, says for each when a sync that covers it has
returned, and holds syncs back at random.  The clients' histories say when each
of them heard of it.  Clocks are one: CLOCK_MONOTONIC.

Covered must be: a put before its acknowledgement, a result before its worker
hears that it was accepted and before its submitter sees it.
"""
import os

from proof import Broken, TRACE, run

PRODUCERS = 4


def prove(proof):
    trace = os.path.join(proof.folder, "trace")
    master = proof.master(
        options=["--queue", "proof,attempts=1000000"],
        env={"LD_PRELOAD": TRACE, "TRACE_FILE": trace,
             "TRACE_SEED": str(proof.seed),
             "TRACE_HOLD_US": str(proof.args.hold)})
    workers = [proof.client("work", "w%d" % i, "--threads", 4)
               for i in range(2)]
    each = proof.args.puts // PRODUCERS
    producers = [proof.client("put", "p%d" % i, "--count", each, "--window",
                              1024, *(["--wait-each"] if i % 2 else []))
                 for i in range(PRODUCERS)]
    for p in producers:
        p.wait(600)
    proof.wait_until_drained()
    proof.end_workers(workers)
    if master.stop() != 0:
        raise Broken("the master's end: " + master.said())
    judge(proof, proof.check(), read(trace))


def read(trace):
    """{(kind, key): when it was first covered}"""
    covered = {}
    with open(trace) as lines:
        for line in lines:
            kind, at, key = line.split()
            covered.setdefault((kind, key), int(at))
    return covered


def judge(proof, report, covered):
    early, bare, told, margin = [], [], 0, []
    for key, t in report.tasks.items():
        facts = [("p", t.accepted, "acknowledged")] if t.accepted else []
        if t.futures:
            facts += [("r", d[0], "accepted") for d in t.done]
            facts += [("r", s[0], "shown") for s in t.shown]
        for kind, at, what in facts:
            told += 1
            when = covered.get((kind, key))
            if when is None:
                bare.append("%s was %s and never synced" % (key, what))
            elif when > at:
                early.append("%s was %s %.3f ms before it was synced" % (
                    key, what, (when - at) / 1e6))
            else:
                margin.append(at - when)
    proof.say("%d facts told, %d before their sync, %d without one; the "
              "closest %.0f us after it", told, len(early), len(bare),
              min(margin, default=0) / 1e3)
    if early or bare:
        raise Broken((early + bare)[0])


if __name__ == "__main__":
    run("sync-order", prove, {"puts": (100000, 5000), "hold": (10000, 3000)})
