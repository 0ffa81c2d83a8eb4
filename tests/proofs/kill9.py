#!/usr/bin/python3
"""kill9: the master is killed again and again under load; nothing is lost.

Four producers and four workers.  After a random time of up to --gap
milliseconds the master is killed with SIGKILL (now and then while it still
recovers) and started again at once on the same port and data directory.
"""
import signal
import statistics
import subprocess
import time

from proof import STINT, Broken, die_with_parent, run


def prove(proof):
    kills, gap = proof.args.kills, proof.args.gap / 1000
    master = proof.master(options=["--queue", "proof,attempts=1000000,lease=5s"])
    workers = [proof.client("work", "w%d" % i, "--threads", 4, "--fail", 10)
               for i in range(4)]
    producers = [proof.client(
        "put", "p%d" % i, "--pause-us", 500, "--bytes", 2000,
        *(["--wait-each"] if i % 2 else [])) for i in range(4)]
    back, during = [], 0
    for _ in range(kills):
        time.sleep(proof.chance.uniform(0, gap))
        master.kill()
        if proof.chance.random() < 0.1:
            during += 1
            kill_while_it_recovers(proof, master)
        back.append(master.start())
    proof.say("%d kills, %d more while it recovered; ready again after "
              "%.2f s (median), %.2f s (longest)", kills, during,
              statistics.median(back), max(back))
    for p in producers:
        p.signal(signal.SIGTERM)
    for p in producers:
        p.wait(150)
    row = proof.wait_until_drained()
    proof.end_workers(workers)
    report = proof.check()
    compare_with_master(report, row)


def kill_while_it_recovers(proof, master):
    p = subprocess.Popen(
        [STINT, "master", "--listen", master.address, "--data", master.data],
        env=proof.env, stdin=subprocess.DEVNULL, stdout=master.log,
        stderr=master.log, preexec_fn=die_with_parent)
    time.sleep(proof.chance.uniform(0, 0.15))
    p.kill()
    p.wait()


def compare_with_master(report, row):
    """What the master counted is what the clients saw."""
    puts = report.counts["A"]
    unknown = report.counts["U"]
    if not puts <= row["accepted"] <= puts + unknown:
        raise Broken("the master counted %d tasks, the clients %d%s" % (
            row["accepted"], puts, " or %d" % (puts + unknown)
            if unknown else ""))
    if row["done"] != row["accepted"]:
        raise Broken("%d of %d tasks are done, %d dead" % (
            row["done"], row["accepted"], row["dead"]))


if __name__ == "__main__":
    run("kill9", prove, {"kills": (300, 8), "gap": (1500, 800)})
