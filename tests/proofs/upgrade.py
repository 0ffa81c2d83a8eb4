#!/usr/bin/python3
"""upgrade: stores that released versions wrote open, and say what they did.

stores/vN.tar.xz is the data directory of a master of format N, killed with work
in all states; stores/vN.json is what `stint store export` said of it then.  Each
is checked and exported again, and opened by a master that finishes its work.

With --write N it makes these two files instead, once for each release that
changed the format.  Their keys are nobody's.
"""
import glob
import json
import os
import signal
import tarfile
import time

from proof import Broken, HERE, Master, run, until


def own(folder):
    """Whoever unpacks it must be its owner."""
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            os.chown(os.path.join(place, name), os.getuid(), os.getgid())
    os.chown(folder, os.getuid(), os.getgid())
    os.chmod(folder, 0o700)


def rows_of(text):
    return sorted((json.loads(line) for line in text.splitlines() if line),
                  key=lambda row: (row["kind"], row["id"]))


def differences(then, now):
    """Fields that came later are none."""
    if len(then) != len(now):
        yield "%d rows then, %d now" % (len(then), len(now))
    for old, new in zip(then, now):
        for name, value in old["fields"].items():
            if new["fields"].get(name) != value:
                yield "%s %s: %s was %r, is %r" % (
                    old["kind"], old["id"], name, value,
                    new["fields"].get(name))


def prove(proof):
    if int(proof.args.write):
        write(proof, "v%s" % proof.args.write)
        return
    stores = sorted(glob.glob(os.path.join(HERE, "stores", "v*.tar.xz")))
    if not stores:
        raise Broken("there are no stores")
    for path in stores:
        name = os.path.basename(path)[:-len(".tar.xz")]
        data = os.path.join(proof.folder, name)
        os.mkdir(data, 0o700)
        with tarfile.open(path) as archive:
            archive.extractall(data)
        own(data)
        proof.stint("store", "check", "--data", data)
        with open(path[:-len(".tar.xz")] + ".json") as text:
            then = rows_of(text.read())
        now = rows_of(proof.stint("store", "export", "--data", data))
        for what in differences(then, now):
            raise Broken("%s: %s" % (name, what))
        finish(proof, name, data, then)


def finish(proof, name, data, rows):
    """A master of today does what was left in the queue "proof"."""
    tasks = {row["id"] for row in rows if row["kind"] == "task"}
    master = Master(proof, data=data)
    proof.env["STINT_MASTER"] = master.address
    master.start()
    before = proof.row()
    worker = proof.client("work", "w-" + name, "--threads", 2)
    if proof.args.short:
        until(lambda: proof.row()["ready"] == 0, 30, "the last task's start")
        row = proof.row()
    else:
        row = proof.wait_until_drained()
    proof.end_workers([worker])
    if master.stop() != 0:
        raise Broken("the master's end: " + master.said())
    proof.say("%s: %d rows, %d tasks; %d were left, %d done and %d dead now",
              name, len(rows), len(tasks),
              before["ready"] + before["delayed"] + before["leased"],
              row["done"], row["dead"])


# ---- making one --------------------------------------------------------------

QUEUES = ("proof,attempts=100", "first,kind=priority,max-tasks=1000",
          "last,kind=lifo,lease=90s", "quick,durability=written",
          "live,durability=memory", "bad,attempts=1", "later")


def put(proof, queue, name, *options):
    proof.queue = queue
    return proof.client("put", name, "--bytes", 100, *options)


def write(proof, name):
    """Work in all states, then a kill."""
    master = proof.master(options=[
        word for queue in QUEUES for word in ("--queue", queue)])
    for queue in ("first", "last", "quick", "live"):
        put(proof, queue, "p-" + queue, "--wait-each", "--count", 5).wait(30)
    put(proof, "later", "p-later", "--wait-each", "--count", 3, "--delay-ms",
        3600000).wait(30)
    put(proof, "bad", "p-bad", "--wait-each", "--count", 3).wait(30)
    failing = proof.client("work", "w-bad", "--fail", 1000)
    until(lambda: proof.row()["dead"] == 3, 30, "a dead letter")
    proof.end_workers([failing])
    waiting = put(proof, "proof", "p-waits", "--count", 10)
    until(lambda: proof.row()["ready"] == 10, 30, "a put")
    waiting.signal(signal.SIGSTOP)
    worker = proof.client("hold", "w-done", "--count", 5)
    worker.line("ready")
    worker.line("holding")
    worker.go_on()
    worker.wait(30)
    holding = proof.client("hold", "w-holds", "--count", 3, "--renew")
    holding.line("ready")
    holding.line("holding")
    put(proof, "proof", "p-busy", "--wait-each", "--pause-us", 50000)
    time.sleep(0.5)
    master.kill()
    keep(proof, master.data, name)


def keep(proof, data, name):
    stores = os.path.join(HERE, "stores")
    os.makedirs(stores, exist_ok=True)
    rows = proof.stint("store", "export", "--data", data)
    with open(os.path.join(stores, name + ".json"), "w") as text:
        text.write(rows)
    with tarfile.open(os.path.join(stores, name + ".tar.xz"), "w:xz") as archive:
        archive.add(data, ".", filter=nobodys)
    proof.say("%s: %d rows written", name, len(rows.splitlines()))


def nobodys(member):
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


if __name__ == "__main__":
    run("upgrade", prove, {"write": (0, 0)})
