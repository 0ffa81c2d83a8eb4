"""Hosts of their own: network namespaces on a bridge, and what befalls them.

The bridge is in a namespace too, so that nothing is seen of it outside and two
runs do not meet.  Names begin with the process number of the run; what a run
left that was killed with SIGKILL goes with the next one.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from proof import Broken, Skip

PREFIX = "stint-hosts-"
NET = "10.77.0.%d"
CHAINS = ("INPUT", "OUTPUT")


def call(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False,
                          stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode != 0:
        raise Broken("%s: %s" % (" ".join(words), done.stdout.strip()))
    return done.stdout


def ip(text, *values):
    return call("ip", *(text % values if values else text).split())


def why_not():
    """What is missing here, or None."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    name = "%s%d-try" % (PREFIX, os.getpid())
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(remove, name)
            ip("netns add %s", name)
            ip("-n %s link add br0 type bridge", name)
            ip("-n %s link add va type veth peer name vb", name)
            call("tc", "-n", name, "qdisc", "add", "dev", "va", "root", "tbf",
                 "rate", "1mbit", "burst", "32kbit", "latency", "400ms")
            call("ip", "netns", "exec", name, "iptables", "-A", "INPUT", "-m",
                 "statistic", "--mode", "random", "--probability", "0.3", "-j",
                 "DROP")
            call("ip", "netns", "exec", name, "ss", "-K", "sport", "=", ":1")
    except (Broken, OSError) as reason:
        return str(reason)
    return None


def remove(name):
    """A namespace, and whoever still lives in it."""
    with contextlib.suppress(Broken):
        kill_all(name)
        ip("netns del %s", name)


def kill_all(name):
    for pid in ip("netns pids %s", name).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def sweep():
    """What runs left that nobody could end."""
    for line in ip("netns list").splitlines():
        if is_left(line):
            remove(line.split()[0])
    for name in os.listdir(tempfile.gettempdir()):
        if is_left(name):
            shutil.rmtree(os.path.join(tempfile.gettempdir(), name),
                          ignore_errors=True)


def is_left(name):
    found = re.match(PREFIX + r"(\d+)-", name)
    return found and not os.path.exists("/proc/" + found.group(1))


class Host:
    def __init__(self, net, name, number):
        self.net, self.name, self.number = net, name, number
        self.space = net.prefix + name
        self.port = "p-" + name  # Of the bridge.
        self.under = ["ip", "netns", "exec", self.space]
        net.stack.callback(remove, self.space)
        ip("netns add %s", self.space)
        ip("-n %s link set lo up", self.space)
        for chain in CHAINS:
            self.do("iptables", "-N", "fault-" + chain)
            self.do("iptables", "-A", chain, "-j", "fault-" + chain)
        self.plug_in()

    @property
    def address(self):
        return NET % self.number

    def plug_in(self):
        hub = self.net.hub
        ip("-n %s link add %s type veth peer name eth0 netns %s", hub,
           self.port, self.space)
        ip("-n %s link set %s master br0 up", hub, self.port)
        ip("-n %s addr add %s/24 dev eth0", self.space, self.address)
        ip("-n %s link set eth0 up", self.space)

    def do(self, *words):
        return call(*self.under, *words)

    def firewall(self, *ports):
        """Who wants in finds these TCP ports, and nothing else."""
        for match in (["-i", "lo"],
                      ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED"],
                      *[["-p", "tcp", "--dport", str(p)] for p in ports]):
            self.do("iptables", "-A", "INPUT", *match, "-j", "ACCEPT")
        self.do("iptables", "-P", "INPUT", "DROP")

    def drop(self, chain, *match):
        self.do("iptables", "-A", "fault-" + chain, *match, "-j", "DROP")

    def heal(self):
        for chain in CHAINS:
            self.do("iptables", "-F", "fault-" + chain)

    def link(self, state):
        """The cable: on the bridge's side, as when somebody pulls it."""
        ip("-n %s link set %s %s", self.net.hub, self.port, state)

    def slow(self, rate="1mbit"):
        for space, device in ((self.net.hub, self.port), (self.space, "eth0")):
            call("tc", "-n", space, "qdisc", "add", "dev", device, "root",
                 "tbf", "rate", rate, "burst", "32kbit", "latency", "400ms")

    def fast(self):
        for space, device in ((self.net.hub, self.port), (self.space, "eth0")):
            call("tc", "-n", space, "qdisc", "del", "dev", device, "root")

    def reset(self, *which):
        """Cut its TCP connections; how many there were."""
        said = self.do("ss", "-K", "-H", "-t", "state", "established", *which)
        return len(said.splitlines())

    def die(self):
        """As by a power cut: no word of it gets out."""
        ip("-n %s link del %s", self.net.hub, self.port)
        kill_all(self.space)
        end = time.monotonic() + 10
        while ip("netns pids %s", self.space).strip():
            if time.monotonic() > end:
                raise Broken("%s does not die" % self.name)
            time.sleep(0.01)

    def renumber(self, number):
        self.number = number
        ip("-n %s addr flush dev eth0", self.space)
        ip("-n %s addr add %s/24 dev eth0", self.space, self.address)

    def come_back(self, number):
        self.number = number
        self.plug_in()


class Network:
    """A bridge, and hosts on it by their names."""

    made = 0

    def __init__(self, stack, names):
        reason = why_not()
        if reason:
            raise Skip(reason)
        sweep()
        Network.made += 1
        self.stack = stack
        self.prefix = "%s%d-%d-" % (PREFIX, os.getpid(), Network.made)
        self.hub = self.prefix + "hub"
        stack.callback(remove, self.hub)
        ip("netns add %s", self.hub)
        ip("-n %s link add br0 type bridge", self.hub)
        ip("-n %s link set br0 up", self.hub)
        self.hosts = {name: Host(self, name, i + 1)
                      for i, name in enumerate(names)}
        self.numbers = len(names)

    def new_number(self):
        """Of an address that nobody had."""
        self.numbers += 1
        return self.numbers
