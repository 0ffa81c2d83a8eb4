"""Tasks that the master puts by itself, over its deaths and its clock's."""
import glob
import json
import os
import random
import subprocess
import time

import pytest

from conftest import STINT, Master, until

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Scheduler(Master):
    """A master with a store that is killed and started again."""

    def kill(self):
        self.process.kill()
        self.process.wait()

    def start_again(self):
        out, into = os.pipe()
        self.process = subprocess.Popen(
            [STINT, "master", "--listen", self.address, "--ready-fd",
             str(into)], pass_fds=[into], env=self.env,
            stdin=subprocess.DEVNULL, stderr=self.log)
        os.close(into)
        with os.fdopen(out) as ready:
            assert ready.readline(), "no master: " + self.said()

    def add(self, name, *more):
        self.run(STINT, "schedule", "add", name, "q-" + name, "x", *more)

    def row(self, name):
        return json.loads(self.run(STINT, "schedule", "list", name,
                                   "--json"))[0]

    def accepted(self, name):
        return json.loads(self.run(STINT, "queues", "q-" + name,
                                   "--json"))[0]["accepted"]

    def puts(self, name):
        """The schedule's count, which is that of its queue."""
        while True:
            before = self.row(name)["put"]
            accepted = self.accepted(name)
            if self.row(name)["put"] == before:
                assert accepted == before
                return before


@pytest.fixture
def master(tmp_path):
    m = Scheduler(tmp_path)
    yield m
    assert m.stop() == 0


def test_a_master_killed_at_any_time_puts_nothing_twice(master):
    """What its schedule counted and what its queue counted agree after each
    death, and no due time goes uncounted while it lives."""
    draw = random.Random(11)
    worker = master.start(STINT, "worker", "-j", "2", "--queue", "q-s",
                          "--", "true")
    master.add("s", "--every", "100ms")
    before = 0
    for _ in range(8):
        time.sleep(draw.uniform(0.1, 0.7))
        master.kill()
        time.sleep(draw.uniform(0, 0.3))
        master.start_again()
        now = master.puts("s")
        assert now >= before
        before = now
    assert before >= 8
    master.run(STINT, "schedule", "remove", "s")
    until(lambda: json.loads(master.run(
        STINT, "queues", "q-s", "--json"))[0]["ready"] == 0,
        what="an empty queue")
    assert worker.poll() is None


def test_what_was_missed_is_one_task_or_none(master):
    at = time.time() + 5
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    master.add("once", "--at", when)
    master.add("none", "--at", when, "--missed", "none")
    master.kill()
    time.sleep(max(0, at - time.time()))
    master.start_again()
    assert master.puts("once") == 1
    assert master.puts("none") == 0
    assert master.row("none")["skipped"] == 1
    for name in "once", "none":
        assert master.row(name)["next"] is None


def test_it_is_put_when_it_is_due_and_nobody_else_is_there(master):
    due = time.time() + 2
    master.add("bell", "--at", time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                             time.gmtime(due)))
    assert master.puts("bell") == 0
    until(lambda: master.puts("bell") == 1, what="the task")
    assert time.time() >= int(due)


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not there")
def test_a_clock_that_jumps_makes_no_task_twice(tmp_path, monkeypatch):
    file = tmp_path / "clock"

    def jump(seconds):
        new = tmp_path / "clock.new"
        new.write_text("%+d\n" % seconds)
        new.rename(file)

    jump(0)
    for name, value in {"LD_PRELOAD": FAKETIME[0],
                        "FAKETIME_TIMESTAMP_FILE": str(file),
                        "FAKETIME_NO_CACHE": "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC": "1"}.items():
        monkeypatch.setenv(name, value)
    m = Scheduler(tmp_path)
    try:
        m.add("s", "--cron", "0 0 * * *")
        m.add("e", "--every", "1h")
        assert m.puts("s") == 0
        jump(3 * 86400)
        until(lambda: m.puts("s") == 1, what="one task")
        jump(0)
        time.sleep(1)
        jump(86400 - 7200)
        time.sleep(1)
        seen = m.puts("s")
        jump(0)
        time.sleep(1)
        assert m.puts("s") == seen <= 2
        assert m.puts("e") == 0
        m.kill()
        jump(10 * 86400)
        m.start_again()
        until(lambda: m.puts("s") == seen + 1, what="one more")
    finally:
        assert m.stop() == 0
