"""Two hosts: network namespaces with addresses of their own.  Needs root."""
import contextlib
import os
import re
import subprocess
import time

import pytest

from conftest import BUILD, STINT, until

PAIR = os.path.join(BUILD, "examples")
A, B = "10.99.7.1", "10.99.7.2"


def ip(*words):
    return subprocess.run(["ip", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)


class Hosts:
    """Hosts a and b, joined by a cable."""

    def __init__(self):
        self.a, self.b = ["stint-%s-%d" % (x, os.getpid()) for x in "ab"]
        self.started = []

    def up(self):
        wires = ["sa%d" % (os.getpid() % 10000), "sb%d" % (os.getpid() % 10000)]
        steps = [["netns", "add", self.a], ["netns", "add", self.b],
                 ["link", "add", wires[0], "type", "veth", "peer", "name",
                  wires[1]]]
        for host, wire, address in ((self.a, wires[0], A),
                                    (self.b, wires[1], B)):
            steps += [["link", "set", wire, "netns", host],
                      ["-n", host, "addr", "add", address + "/24", "dev", wire],
                      ["-n", host, "link", "set", wire, "up"],
                      ["-n", host, "link", "set", "lo", "up"]]
        for step in steps:
            done = ip(*step)
            if done.returncode != 0:
                return "ip %s: %s" % (" ".join(step), done.stdout.strip())
        return None

    def down(self):
        for p in self.started:
            if p.poll() is None:
                p.kill()
            p.wait()
        for host in (self.a, self.b):
            ip("netns", "del", host)

    def on(self, host, *argv, env=None):
        p = subprocess.Popen(
            ["ip", "netns", "exec", host, *argv], text=True,
            env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.started.append(p)
        return p


@pytest.fixture
def hosts():
    made = Hosts()
    with contextlib.ExitStack() as stack:
        stack.callback(made.down)
        why_not = made.up()
        if why_not is not None:
            pytest.skip("SKIPPED LOUDLY: no network namespaces here: " + why_not)
        yield made


def said(process, seconds=40):
    out, _ = process.communicate(timeout=seconds)
    assert process.returncode == 0, out
    return out


@pytest.mark.parametrize("first", ["master", "worker"])
def test_the_tutorial_pair_works_on_two_hosts(hosts, first):
    address = "tcp://%s:5000" % A

    def master():
        return hosts.on(hosts.a, PAIR + "/task_master", address)

    def worker():
        return hosts.on(hosts.b, PAIR + "/task_worker", address)

    order = [master, worker] if first == "master" else [worker, master]
    started = {order[0].__name__: order[0]()}
    time.sleep(0.3)
    started[order[1].__name__] = order[1]()
    told = said(started["master"])
    results = re.findall(r"^Result: (\d+) \* \1 = (\d+)$", told, re.M)
    assert len(results) == 10, told
    assert all(int(n) ** 2 == int(square) for n, square in results)
    run = said(started["worker"])
    assert len(re.findall(r"^run task", run, re.M)) == 10
    assert "task queue is empty." in run


def test_an_access_file_is_all_that_has_to_be_carried(hosts, tmp_path):
    state = str(tmp_path / "a")
    master = hosts.on(hosts.a, STINT, "master", "--listen",
                      "tcp://%s:4725" % A, env={"XDG_STATE_HOME": state})
    carried = tmp_path / "work.access"
    until(lambda: os.path.exists(state + "/stint/work.access"), what="the file")
    carried.write_bytes(open(state + "/stint/work.access", "rb").read())
    carried.chmod(0o600)
    worker = hosts.on(hosts.b, STINT, "worker", "-j", "1", "--access",
                      str(carried), "--", "expr", "{}", "+", "1")
    result = hosts.on(hosts.a, STINT, "put", "default", "41", "--result",
                      env={"XDG_STATE_HOME": state})
    assert said(result).split() == ["42"]
    worker.terminate()
    said(worker)
    master.terminate()
    said(master)
