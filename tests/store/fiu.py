#!/usr/bin/python3
"""fiu: `stint master` whose system calls fail, by libfiu.

Under load, one kind of call is made to fail.  A write or sync that fails with
EIO ends the master with code 74, and what was acknowledged is there when it is
started again without faults; interrupted and short calls change nothing; a full
disk refuses, goes on when there is room, and loses nothing.
"""
import errno
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "proofs"))
from proof import Broken, Skip, run, until  # noqa: E402

LIBS = ("/usr/lib/fiu/fiu_run_preload.so", "/usr/lib/fiu/fiu_posix_preload.so")
DISK_FAILED = 74
DEADLY = ("posix/io/sync/fdatasync", "posix/io/rw/pwritev")
HARMLESS = (
    ("posix/io/rw/pwritev", errno.EINTR, 0.3),
    ("posix/io/rw/pwritev/reduce", 0, 0.5),
    ("posix/io/rw/pread/reduce", 0, 0.5),
    ("posix/io/rw/pread", errno.EINTR, 0.3),
)


def preload(proof):
    for lib in LIBS:
        if not os.path.exists(lib):
            raise Skip("%s is not there: apt-get install fiu-utils" % lib)
    return {"LD_PRELOAD": " ".join(LIBS),
            "FIU_CTRL_FIFO": os.path.join(proof.folder, "fiu")}


def control(proof, master, command):
    done = subprocess.run(
        ["fiu-ctrl", "-f", os.path.join(proof.folder, "fiu"), "-c", command,
         str(master.process.pid)], timeout=20, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # Of a master that has just ended nothing can be asked any more.
    if done.stdout and master.process.poll() is None:
        raise Broken("fiu-ctrl %s: %s" % (command, done.stdout.decode()))


def enable(proof, master, name, info, probability=1.0):
    how = "enable_random" if probability < 1 else "enable"
    odds = ",probability=%g" % probability if probability < 1 else ""
    control(proof, master, "%s name=%s,failinfo=%d%s" % (
        how, name, info, odds))


def prove(proof):
    fiu, healthy = preload(proof), {}
    master = proof.master(
        options=["--queue", "proof,attempts=1000000,lease=5s"], env=fiu)
    workers = [proof.client("work", "w%d" % i, "--threads", 4)
               for i in range(2)]
    producers = [proof.client(
        "put", "p%d" % i, "--pause-us", 500, "--bytes", 1500,
        *(["--wait-each"] if i % 2 else [])) for i in range(3)]
    for i in range(proof.args.deaths):
        time.sleep(proof.chance.uniform(0.1, 0.8))
        die(proof, master, DEADLY[i % len(DEADLY)])
        master.start()
    for name, info, odds in HARMLESS:
        endure(proof, master, name, info, odds)
    fill(proof, master)
    for p in producers:
        p.signal(15)
    for p in producers:
        p.wait(150)
    proof.wait_until_drained()
    proof.end_workers(workers)
    proof.check()
    # The thread of libfiu blocks no signals: a TERM would end the process.
    master.kill()
    master.env = healthy
    master.start()
    code = master.stop()
    if code != 0:
        raise Broken("the master stopped with %d: %s" % (code, master.said()))


def die(proof, master, name):
    """A fault after which nothing may be acknowledged: the code says so."""
    enable(proof, master, name, errno.EIO)
    try:
        code = master.process.wait(20)
    except subprocess.TimeoutExpired:
        raise Broken("%s fails, and the master goes on" % name) from None
    if code != DISK_FAILED:
        raise Broken("%s fails, and the master ends with %d: %s" % (
            name, code, master.said()))
    proof.say("%s fails with EIO: code %d", name, code)


def accepted(proof):
    return proof.row()["accepted"]


def endure(proof, master, name, info, odds):
    """A fault that nobody may notice."""
    before = accepted(proof)
    enable(proof, master, name, info, odds)
    time.sleep(proof.args.seconds)
    control(proof, master, "disable name=" + name)
    if master.process.poll() is not None:
        raise Broken("%s with %d ends the master: %s" % (
            name, info, master.said()))
    until(lambda: accepted(proof) > before, 20, "a put after " + name)
    proof.say("%s (%s): %d puts, and nobody noticed", name,
              errno.errorcode.get(info, "short"), accepted(proof) - before)


def fill(proof, master):
    """No room for any write; then there is."""
    enable(proof, master, "posix/io/rw/pwritev", errno.ENOSPC)
    time.sleep(proof.args.seconds)
    if master.process.poll() is not None:
        raise Broken("a full disk ends the master: %s" % master.said())
    control(proof, master, "disable name=posix/io/rw/pwritev")
    before = accepted(proof)
    until(lambda: accepted(proof) > before, 30, "a put when there is room")
    proof.say("pwritev fails with ENOSPC for %g s: refused, then went on",
              proof.args.seconds)


if __name__ == "__main__":
    run("fiu", prove, {"deaths": (20, 4), "seconds": (2.0, 0.7)})
