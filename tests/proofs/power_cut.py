#!/usr/bin/python3
"""power-cut: what was acknowledged before the power went is there after it.

The store lies on an ext4 file system in a file of an XFS image.  Under load the
file is copied in an instant (reflink): that is the disk as a power cut would
leave it, with what had been written and without what had not.  Each copy is
repaired, mounted, checked (`stint store check`), and opened by a real master;
what that has is held against what the clients had been told before the copy
was begun.  Needs root, XFS and loop devices.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import time

from checker import NS
import checker
from proof import Broken, Master, Skip, run


def must(*argv, codes=(0,), error=Skip):
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode not in codes:
        raise error("%s: %s" % (" ".join(argv), done.stdout.strip()))
    return done.stdout


class Disks:
    """A disk in a file, and snapshots of it."""

    def __init__(self, proof):
        if os.geteuid() != 0:
            raise Skip("needs root")
        for tool in ("mkfs.xfs", "mkfs.ext4", "e2fsck"):
            if shutil.which(tool, path=os.environ["PATH"] + ":/sbin:/usr/sbin") \
                    is None:
                raise Skip("needs %s: apt-get install xfsprogs e2fsprogs" % tool)
        self.proof = proof
        self.outer = self.mount(self.image("outer.img", 1500, "mkfs.xfs", "-q",
                                           "-m", "reflink=1"), "outer")
        self.disk = self.image("outer/disk.img", 400, "mkfs.ext4", "-q", "-F")
        self.inner = self.mount(self.disk, "inner")
        proof.stack.callback(self.unmount, self.path("after"))

    def path(self, name):
        return os.path.join(self.proof.folder, name)

    def image(self, name, mib, *make):
        path = self.path(name)
        with open(path, "wb") as f:
            f.truncate(mib << 20)
        must(*make, path)
        return path

    def mount(self, image, name):
        place = self.path(name)
        os.makedirs(place, exist_ok=True)
        must("mount", "-o", "loop", image, place)
        self.proof.stack.callback(self.unmount, place)
        return place

    @staticmethod
    def unmount(place):
        if os.path.ismount(place):
            subprocess.run(["umount", "-l", place], check=False)

    def snapshot(self):
        """(image, when it was begun, when it was made)"""
        image = self.path("outer/snap.img")
        began = time.monotonic()
        must("cp", "--reflink=always", self.disk, image, error=Broken)
        return image, began * NS, time.monotonic() * NS

    def look_at(self, image):
        """Repair and mount it; where."""
        must("e2fsck", "-fy", image, codes=(0, 1), error=Broken)
        place = self.path("after")
        os.makedirs(place, exist_ok=True)
        must("mount", "-o", "loop", image, place, error=Broken)
        return place

    def forget(self, image):
        must("umount", self.path("after"), error=Broken)
        os.remove(image)


def key_of(row, field):
    """What history.c wrote into a payload or a result."""
    text = base64.b64decode(row["fields"].get(field, ""))[:100]
    return text.partition(b":")[2].partition(b":")[2].partition(b";")[0].decode()


class Found:
    """What a store has after a cut: {key: id}."""

    def __init__(self, proof, data):
        self.tasks, self.results = {}, {}
        for line in proof.stint("store", "export", "--data", data).splitlines():
            row = json.loads(line)
            if row["kind"] == "task":
                self.tasks[key_of(row, "payload_base64")] = row["id"]
            elif row["kind"] == "result":
                self.results[key_of(row, "result_base64")] = row["id"]


def prove(proof):
    disks = Disks(proof)
    proof.master(data=os.path.join(disks.inner, "data"), options=[
        "--queue", "proof,attempts=1000000"])
    for i in range(2):
        proof.client("work", "w%d" % i, "--threads", 2, "--pause-us", 2000,
                     "--fail", 20)
    producers = [proof.client(
        "put", "p%d" % i, "--bytes", 1000, *(
            ["--pause-us", "8000", "--wait-each"] if i % 2 else [])
    ) for i in range(3)]
    totals = {"kept": 0, "ended": 0, "results": 0}
    for number in range(proof.args.cuts):
        time.sleep(proof.chance.uniform(0.1, 0.4))
        moment = Cut(proof, number, disks, producers)
        place = disks.look_at(moment.image)
        data = os.path.join(place, "data")
        proof.stint("store", "check", "--data", data)
        listed = open_with_a_master(proof, data)
        judge(proof, moment, Found(proof, data), listed, totals)
        disks.forget(moment.image)
    proof.say("%d cuts; of what was acknowledged before each, %d tasks and %d "
              "results were there; %d times an ended task had stayed ended",
              proof.args.cuts, totals["kept"], totals["results"],
              totals["ended"])
    if totals["kept"] == 0 or totals["results"] == 0 and proof.args.cuts > 9:
        raise Broken("nothing was under way at any cut")


class Cut:
    """One of those who wait for results stands still when the power goes: what
    was completed since then he cannot have seen."""

    def __init__(self, proof, number, disks, producers):
        self.number, still = number, proof.chance.choice(producers[::2])
        self.still = still.name + "-"
        still.signal(signal.SIGSTOP)
        self.stopped = (time.monotonic() + 0.02) * NS
        time.sleep(proof.chance.uniform(0.05, 0.3))
        self.image, self.before, self.after = disks.snapshot()
        still.signal(signal.SIGCONT)


def open_with_a_master(proof, data):
    """{id: state} as a real master lists it."""
    other = Master(proof, data=data)
    saved = dict(proof.env)
    proof.env["STINT_MASTER"] = other.address
    try:
        other.start()
        rows = json.loads(proof.stint(
            "tasks", "--queue", proof.queue, "--limit", "0", "--json"))
        if other.stop() != 0:
            raise Broken("the master's end: " + other.said())
    finally:
        other.close()
        proof.env.clear()
        proof.env.update(saved)
    return {row["task"]: row["state"] for row in rows}


def judge(proof, moment, found, listed, totals):
    for key, t in checker.load(proof.histories).tasks.items():
        if t.accepted is None or t.accepted >= moment.before:
            continue
        task = found.tasks.get(key)
        is_done = any(d[0] < moment.before for d in t.done)
        is_under_way = any(m[0] < moment.after for m in t.maybe) or any(
            d[3] < moment.after for d in t.done)
        if is_done:
            judge_done(moment, key, t, task, found, listed, totals)
        elif not is_under_way:
            totals["kept"] += 1
            if task is None or task not in listed:
                raise Broken("cut %d: %s was acknowledged and is gone" % (
                    moment.number, key))


def judge_done(moment, key, t, task, found, listed, totals):
    totals["ended"] += 1
    if listed.get(task) in ("ready", "delayed", "leased"):
        raise Broken("cut %d: %s was done and is %s again" % (
            moment.number, key, listed[task]))
    if key.startswith(moment.still) and t.done[0][3] > moment.stopped:
        totals["results"] += 1
        if key not in found.results:
            raise Broken("cut %d: the result of %s was accepted and is gone" % (
                moment.number, key))


if __name__ == "__main__":
    run("power-cut", prove, {"cuts": (100, 3)})
