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
LONG_LEASE = 30.0  # Then only that it is missed helps.


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

    made = 0

    def __init__(self, stack, _proof, master):
        Cable.made += 1
        n = "%d-%d" % (os.getpid() % 100000, Cable.made)
        self.space, self.here, there = "stint" + n, "sp" + n, "sq" + n
        stack.callback(self.close)
        for words in (
                "netns add " + self.space,
                "link add %s type veth peer name %s" % (self.here, there),
                "link set %s netns %s" % (there, self.space),
                "addr add 10.98.7.1/24 dev " + self.here,
                "link set %s up" % self.here,
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
            raise Broken("%s: %s" % (" ".join(argv), done.stdout.strip()))

    def cut(self):
        self.must(*self.under, "iptables", "-A", "INPUT", "-j", "DROP")
        self.must(*self.under, "iptables", "-A", "OUTPUT", "-j", "DROP")

    def close(self):
        for words in ("link del " + self.here, "netns del " + self.space):
            with contextlib.suppress(Broken):
                self.must("ip", *words.split())


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


class Death:
    def __init__(self, name, happens, way=None, renews=True, lease=LEASE):
        self.name, self.happens, self.way = name, happens, way
        self.renews, self.lease = renews, lease
        self.word = name.replace(" ", "_").replace(",", "")

    def allowed(self, silence):
        return (self.lease if self.lease == LEASE else 0) + silence + 1


def deaths(proof, master):
    yield Death("killed", kill)
    yield Death("killed, under a long lease", kill, lease=LONG_LEASE)
    yield Death("stopped", stop)
    yield Death("hung", nothing, renews=False)
    yield Death("cut off by a proxy", freeze_way, Proxy)
    why_not = why_no_cable(proof, master)
    if why_not is None:
        yield Death("cut off by a packet filter", cut_cable, Cable)
    else:
        proof.say("cut off by a packet filter: SKIPPED: " + why_not)
    yield Death("killed, and the master too", kill_both)


def why_no_cable(proof, master):
    with contextlib.ExitStack() as stack:
        try:
            Cable(stack, proof, master).cut()
        except (Broken, OSError) as reason:
            return str(reason)
    return None


def prove(proof):
    silence, late = proof.args.silence, []
    master = proof.master(host="*", options=[
        "--queue", "proof,attempts=1000,lease=%dms" % (LEASE * 1000),
        "--silence", "%dms" % (silence * 1000)])
    for death in deaths(proof, master):
        times = [one(proof, master, death, "%s%d" % (death.word, i))
                 for i in range(proof.args.times)]
        allowed = death.allowed(silence)
        proof.say("%-27s granted again after %.2f s (median), %.2f s (longest), "
                  "allowed %.2f s", death.name, statistics.median(times),
                  max(times), allowed)
        late += [(death.name, t) for t in times if t > allowed]
    proof.check()
    if late:
        raise Broken("%s: granted again after %.2f s" % late[0])


def one(proof, master, death, name):
    """Seconds from the fault to the last grant to somebody else."""
    with contextlib.ExitStack() as stack:
        way = death.way and death.way(stack, proof, master)
        producer = proof.client("put", "p-" + name, "--count", EACH)
        worker = proof.client(
            "hold", "w-" + name, "--count", EACH, "--lease-ms",
            int(death.lease * 1000), *(["--renew"] if death.renews else []),
            env=way and way.env, under=way.under if way else ())
        stack.callback(worker.close)
        worker.line("ready")
        worker.line("holding")
        time.sleep(proof.chance.uniform(0, LEASE / 3))
        other = proof.client("hold", "h-" + name, "--count", EACH, "--renew")
        other.line("ready")
        began = time.monotonic()
        death.happens(proof, master, worker, way)
        other.line("holding")
        took = time.monotonic() - began
        other.go_on()
        other.wait(60)
        producer.wait(60)
    return took


if __name__ == "__main__":
    run("detect", prove, {"times": (10, 1), "silence": (3.0, 1.0)})
