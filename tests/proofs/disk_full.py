#!/usr/bin/python3
"""disk-full: new work is refused with its own error, leased work completes,
and all goes on by itself when there is room again.

The data lies on a small tmpfs (or, where that is allowed, an ext4 image),
beside a ballast.  Needs to mount: root, or user namespaces.
"""
import json
import os
import subprocess
import sys
import time

from proof import Broken, Skip, run, until

SIZE_MIB, BALLAST_MIB = 160, 40
HELD = 50


def mount(proof):
    place = os.path.join(proof.folder, "disk")
    os.mkdir(place)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=%dM" % SIZE_MIB, "tmpfs", place],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode != 0:
        raise Skip("needs root, to mount a small disk: " + done.stdout.strip())
    proof.stack.callback(subprocess.run, ["umount", "-l", place], check=False)
    return place


class Ballast:
    """What else is on the disk."""

    def __init__(self, place):
        self.path = os.path.join(place, "ballast")
        with open(self.path, "wb") as f:
            f.write(b"x" * (BALLAST_MIB << 20))

    def throw_off(self):
        os.remove(self.path)


def refused(proof, name):
    """How many puts of a client were, and with what."""
    path = os.path.join(proof.histories, name + ".history")
    with open(path) as lines:
        codes = [line.split()[3] for line in lines if line.startswith("F ")]
    other = [c for c in codes if c != "STINT_ENOSPACE"]
    if other:
        raise Broken("a put was refused with %s on a full disk" % other[0])
    return len(codes)


def accepted_after(proof, name, at):
    """Whether a put was acknowledged since."""
    path = os.path.join(proof.histories, name + ".history")
    with open(path) as lines:
        return any(line.startswith("A ") and int(line.split()[1]) > at * 1e9
                   for line in lines)


def is_full(proof):
    return json.loads(proof.stint("status", "--json"))["disk_full"]


def fill(proof, number):
    """A producer that goes on until it is refused, and on."""
    name = "p%d" % number
    producer = proof.client("put", name, "--wait-each", "--bytes", 100000,
                            "--pause-us", 1000)
    producer.line("ready")
    until(lambda: refused(proof, name) > 20, 120, "a full disk")
    if not is_full(proof):
        raise Broken("`stint status` does not say that the disk is full")
    proof.stint("put", proof.queue, "no room", code=75)
    return name, producer


def goes_on(proof, name, what):
    """Until a put is acknowledged again; says how long that took."""
    began = time.monotonic()
    until(lambda: accepted_after(proof, name, began), 30, "the next put")
    proof.say("%s: puts are taken again after %.2f s", what,
              time.monotonic() - began)
    if is_full(proof):
        raise Broken("`stint status` says that the disk is full")


def prove(proof):
    place = mount(proof)
    ballast = Ballast(place)
    master = proof.master(data=os.path.join(place, "data"), options=[
        "--queue", "proof,attempts=1000000"])
    first = proof.client("put", "first", "--count", HELD)
    holder = proof.client("hold", "holder", "--count", HELD, "--renew")
    holder.line("ready")
    holder.line("holding")

    name, producer = fill(proof, 0)
    holder.go_on()
    holder.line("ended")
    first.wait(30)
    proof.say("full; %d tasks that were leased completed", HELD)
    ballast.throw_off()
    goes_on(proof, name, "room was made on the disk")
    producer.signal(15)
    producer.wait(60)

    name, producer = fill(proof, 1)
    producer.signal(15)
    producer.wait(60)
    master.kill()
    took = master.start()
    proof.say("full; killed and started again in %.2f s", took)
    name, producer = fill(proof, 2)
    workers = [proof.client("work", "w%d" % i, "--threads", 4)
               for i in range(2)]
    goes_on(proof, name, "workers did some of the work")
    producer.signal(15)
    producer.wait(60)
    row = proof.wait_until_drained()
    proof.end_workers(workers)
    if master.stop() != 0:
        raise Broken("the master's end: " + master.said())
    report = proof.check()
    judge(report, row)


def judge(report, row):
    held = [t for t in report.tasks.values()
            if any(g[2] == "holder" for g in t.got)]
    bad = [t for t in held if [d[2] for d in t.done] != ["holder"]]
    if len(held) != HELD or bad:
        raise Broken("%d of %d leased tasks did not complete" % (
            len(bad), len(held)))
    if row["accepted"] != row["done"]:
        raise Broken("%d of %d are done" % (row["done"], row["accepted"]))


def in_a_namespace():
    """Where only root may mount, be root of a namespace of our own."""
    if os.geteuid() == 0 or os.environ.get("STINT_NAMESPACE"):
        return
    ours = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*ours, "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode == 0:
        os.environ["STINT_NAMESPACE"] = "1"
        os.execvp(ours[0], [*ours, sys.executable, *sys.argv])


if __name__ == "__main__":
    in_a_namespace()
    run("disk-full", prove)
