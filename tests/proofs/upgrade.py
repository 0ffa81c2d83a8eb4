#!/usr/bin/python3
"""upgrade: stores that released versions wrote open, and say what they did.

stores/vN.tar.gz is the data directory of a master of format N, killed with work
in all states; stores/vN.json is what `stint store export` said of it then.  Each
is exported again, and opened by a master that finishes its work.
"""
import glob
import json
import os
import tarfile

from proof import Broken, HERE, Master, run


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
    stores = sorted(glob.glob(os.path.join(HERE, "stores", "v*.tar.gz")))
    if not stores:
        raise Broken("there are no stores")
    for path in stores:
        name = os.path.basename(path)[:-len(".tar.gz")]
        data = os.path.join(proof.folder, name)
        os.mkdir(data, 0o700)
        with tarfile.open(path) as archive:
            archive.extractall(data)
        proof.stint("store", "check", "--data", data)
        with open(path[:-len(".tar.gz")] + ".json") as text:
            then = rows_of(text.read())
        now = rows_of(proof.stint("store", "export", "--data", data))
        for what in differences(then, now):
            raise Broken("%s: %s" % (name, what))
        finish(proof, name, data, then)


def finish(proof, name, data, rows):
    """A master of today does what was left."""
    tasks = {row["id"] for row in rows if row["kind"] == "task"}
    master = Master(proof, data=data)
    proof.env["STINT_MASTER"] = master.address
    master.start()
    before = proof.row()
    worker = proof.client("work", "w-" + name, "--threads", 2)
    row = proof.wait_until_drained()
    proof.end_workers([worker])
    if master.stop() != 0:
        raise Broken("the master's end: " + master.said())
    proof.say("%s: %d rows, %d tasks; %d were left, %d done and %d dead now",
              name, len(rows), len(tasks),
              before["ready"] + before["delayed"] + before["leased"],
              row["done"], row["dead"])


if __name__ == "__main__":
    run("upgrade", prove)
