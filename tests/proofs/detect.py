#!/usr/bin/python3
"""detect: what the dead held is granted again in time.

A worker that holds tasks is killed, stopped, hung (it lives, but renews no
more), cut off (through a proxy that stands still; by a packet filter, where
that is allowed), or killed together with the master.  Somebody waits for the
tasks; he must have them within lease + detection + 1 s.
"""
import contextlib
import os
import signal
import statistics
import subprocess
import time

from proof import Broken, PROXY, die_with_parent, run

EACH = 10
LEASE = 2.0


class Proxy:
    """A way to the master that can be stopped."""

    def __init__(self, stack, _proof, master):
        self.process = subprocess.Popen(
            [PROXY, "--to", "127.0.0.1:%d" % master.port],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent)
        port = self.process.stdout.readline().split()[1]
        self.env = {"STINT_MASTER": "tcp://127.0.0.1:" + port}
        self.under = []
        stack.callback(self.close)

    def close(self):
        self.process.kill()
        self.process.communicate()


class Cable:
    """A host of its own, whose packets can be dropped."""

    def __init__(self, stack, _proof, master):
        n = os.getpid() % 10000
        self.space, here, there = "stint%d" % n, "sp%d" % n, "sq%d" % n
        self.rule = None
        stack.callback(self.close)
        for words in (
                "netns add " + self.space,
                "link add %s type veth peer name %s" % (here, there),
                "link set %s netns %s" % (there, self.space),
                "addr add 10.98.7.1/24 dev " + here,
                "link set %s up" % here,
                "-n %s addr add 10.98.7.2/24 dev %s" % (self.space, there),
                "-n %s link set %s up" % (self.space, there)):
            self.must("ip", *words.split())
        self.env = {"STINT_MASTER": "tcp://10.98.7.1:%d" % master.port}
        self.under = ["ip", "netns", "exec", self.space]

    @staticmethod
    def must(*argv):
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise OSError("%s: %s" % (" ".join(argv), done.stdout.strip()))

    def cut(self):
        self.must(*self.under, "iptables", "-A", "INPUT", "-j", "DROP")
        self.must(*self.under, "iptables", "-A", "OUTPUT", "-j", "DROP")

    def close(self):
        with contextlib.suppress(OSError):
            self.must("ip", "netns", "del", self.space)


def kill(_proof, _master, worker, _way):
    worker.signal(signal.SIGKILL)


def stop(_proof, _master, worker, _way):
    worker.signal(signal.SIGSTOP)


def nothing(_proof, _master, _worker, _way):
    pass


def freeze_way(_proof, _master, _worker, way):
    way.process.send_signal(signal.SIGSTOP)


def cut_cable(_proof, _master, _worker, way):
    way.cut()


def kill_both(_proof, master, worker, _way):
    worker.signal(signal.SIGKILL)
    master.kill()
    master.start()


def ways_to_die(proof):
    """(name, what happens, by what way the worker speaks, whether it renews)"""
    yield "killed", kill, None, True
    yield "stopped", stop, None, True
    yield "hung", nothing, None, False
    yield "cut off by a proxy", freeze_way, Proxy, True
    if os.geteuid() == 0:
        yield "cut off by a packet filter", cut_cable, Cable, True
    else:
        proof.say("cut off by a packet filter: SKIPPED: needs root")
    yield "killed, and the master too", kill_both, None, True


def prove(proof):
    silence = proof.args.silence
    master = proof.master(host="*", options=[
        "--queue", "proof,attempts=1000,lease=%dms" % (LEASE * 1000),
        "--silence", "%dms" % (silence * 1000)])
    most, late = LEASE + silence + 1, []
    for name, fault, way, renews in ways_to_die(proof):
        times = []
        for i in range(proof.args.times):
            with contextlib.ExitStack() as stack:
                path = way and way(stack, proof, master)
                times.append(one(proof, master, "%s%d" % (
                    name.replace(" ", "_").replace(",", ""), i),
                    fault, path, renews))
        proof.say("%-27s granted again after %.2f s (median), %.2f s (longest), "
                  "allowed %.2f s", name, statistics.median(times), max(times),
                  most)
        late += [(name, t) for t in times if t > most]
    proof.check()
    if late:
        raise Broken("%s: granted again after %.2f s" % late[0])


def one(proof, master, name, fault, way, renews):
    """Seconds from the fault to the last grant to somebody else."""
    producer = proof.client("put", "p-" + name, "--count", EACH)
    worker = proof.client(
        "hold", "w-" + name, "--count", EACH, *(["--renew"] if renews else []),
        env=way and way.env, under=way.under if way else ())
    worker.line("ready")
    worker.line("holding")
    time.sleep(proof.chance.uniform(0, LEASE / 3))
    other = proof.client("hold", "h-" + name, "--count", EACH, "--renew")
    other.line("ready")
    began = time.monotonic()
    fault(proof, master, worker, way)
    other.line("holding")
    took = time.monotonic() - began
    other.go_on()
    other.wait(60)
    producer.wait(60)
    worker.close()
    return took


if __name__ == "__main__":
    run("detect", prove, {"times": (10, 1), "silence": (3.0, 1.0)})
