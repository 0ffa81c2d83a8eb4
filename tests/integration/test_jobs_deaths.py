"""Jobs through deaths: of who submits, who runs, what runs, and the master."""
import os
import signal
import subprocess
import time

import pytest

from conftest import STINT, until
from jobs import Shop, running, status


@pytest.fixture
def shop(tmp_path):
    s = Shop(tmp_path, "--silence", "2s")
    yield s
    assert s.stop() == 0


def values(count):
    return list(map(str, range(1, count + 1)))


def unique():
    """A number of seconds that no other process sleeps."""
    return "1%d.%d" % (os.getpid(), time.monotonic_ns() % 1000000)


def guardians(process):
    """Children of it that end its commands if it is killed."""
    found = []
    for pid in running("stint-guard"):
        if status(pid, "PPid") == process.pid:
            found.append(pid)
    return found


# ---- who submits

def test_a_client_killed_while_it_waits_leaves_its_job_to_another(shop):
    shop.worker()
    run = shop.begin("--shell", "sleep 0.05; echo {}", ":::", *values(40))
    until(lambda: len(run.out) >= 3, what="the first results")
    run.kill()
    run.wait()
    assert 3 <= len(run.out) < 40
    # What it had printed need not be there any more; all else is.
    rest = shop.stint("attach", "last").split()
    assert rest == values(40)[40 - len(rest):]
    assert run.out + rest[len(rest) - (40 - len(run.out)):] == values(40)
    assert shop.job()["state"] == "done" and shop.job()["done"] == 40


def test_what_a_client_submitted_before_it_was_killed_runs(shop):
    shop.worker()
    out, into = os.pipe()
    run = shop.begin("echo", "{}", stdin=out)
    os.close(out)
    os.write(into, b"1\n2\n3\n4")
    until(lambda: len(run.out) == 3, what="three results")
    run.kill()
    run.wait()
    os.close(into)
    until(lambda: shop.job()["state"] == "orphaned", what="an orphan")
    assert shop.job()["done"] == 3
    # The line that nobody ended is no value.
    assert shop.job()["tasks"] == 3
    shop.stint("cancel", "--job", "last")
    assert shop.job()["state"] in ("cancelled", "done")


def test_a_client_killed_while_it_submits_much_leaves_a_whole_number(shop):
    shop.worker()
    feed = subprocess.Popen(["seq", "1000000"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)
    shop.started.append(feed)
    run = shop.begin("true", "{}", stdin=feed.stdout)
    until(lambda: (shop.job() or {"done": 0})["done"] > 20, what="work")
    run.kill()
    run.wait()
    feed.kill()
    shop.stint("cancel", "--job", "last")
    row = shop.job()
    ended = until(lambda: (r := shop.job())["done"] + r["failed"] + r[
        "cancelled"] == r["tasks"] and r, what="the end of all tasks")
    assert ended["tasks"] == row["tasks"] > 20
    assert ended["failed"] == 0


def test_a_client_frozen_for_longer_than_the_silence_goes_on(shop):
    shop.worker()
    out, into = os.pipe()
    run = shop.begin("echo", "{}", stdin=out)
    os.close(out)
    os.write(into, b"1\n2\n")
    until(lambda: len(run.out) == 2, what="two results")
    run.kill(signal.SIGSTOP)
    os.write(into, b"3\n4\n")
    until(lambda: shop.job()["state"] == "orphaned", what="an orphan")
    run.kill(signal.SIGCONT)
    os.write(into, b"5")
    os.close(into)
    assert run.wait() == 0
    assert run.out == values(5)
    assert shop.job()["state"] == "done"


def test_a_reader_that_leaves_ends_the_job(shop):
    """As in `yes | stint run echo {} | head -2`."""
    shop.worker()
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as feed:
        run = subprocess.Popen(
            [STINT, "run", "echo", "{}"], env=shop.env, stdin=feed.stdout,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        feed.stdout.close()
        assert [run.stdout.readline() for _ in range(2)] == [b"y\n"] * 2
        run.stdout.close()
        assert run.wait(30) != 0
    row = until(lambda: (r := shop.job())["running"] == 0 and r,
                what="the end of what ran")
    assert row["state"] == "cancelled"
    assert row["done"] + row["cancelled"] == row["tasks"]


def test_a_client_killed_again_and_again_is_resumed_from_its_joblog(shop):
    shop.worker()
    argv = ["--joblog", "log", "--resume", "--shell", "sleep 0.02; echo {}",
            ":::", *values(120)]
    printed = []
    for count in (10, 20, 30):
        run = shop.begin(*argv)
        until(lambda r=run, n=count: len(r.out) >= n, what="some results")
        run.kill()
        run.wait()
        printed += run.out
        shop.stint("cancel", "--job", "last")
    run = shop.begin(*argv)
    assert run.wait() == 0
    assert set(printed + run.out) == set(values(120))
    with open(os.path.join(shop.folder, "log")) as log:
        rows = [line.split("\t") for line in log.read().splitlines()[1:]]
    # A line that the kill cut is followed by a whole one of the same place.
    whole = [int(row[0]) for row in rows if len(row) == 9]
    assert sorted(whole) == list(range(1, 121))
    assert {row[6] for row in rows if len(row) == 9} == {"0"}


# ---- who runs

def test_a_worker_killed_among_its_tasks_costs_nothing(shop):
    first, _ = shop.worker(), shop.worker()
    run = shop.begin("--shell", "echo {}; sleep 0.05", ":::", *values(60))
    until(lambda: len(run.out) >= 5, what="the first results")
    first.kill()
    assert run.wait() == 0
    assert run.out == values(60)
    assert shop.job()["done"] == 60


def test_a_worker_that_is_killed_takes_its_commands_along(shop):
    doomed = shop.worker()
    nap, stubborn = unique(), unique()
    shop.begin("--retries", "1", "--grace", "500ms", "--shell",
               "sleep %s & [ {} = 1 ] || trap '' TERM; sleep %s" % (
                   nap, stubborn), ":::", "1", "2")
    until(lambda: len(running("sleep", nap)) == 2
          and len(running("sleep", stubborn)) == 2, what="two that run")
    guardian, = guardians(doomed)
    began = time.monotonic()
    doomed.kill()
    until(lambda: not running("sleep", nap)
          and not running("sleep", stubborn), 10, "their end")
    # The grace, and a second on a loaded machine.
    assert time.monotonic() - began < 2.5
    until(lambda: not status(guardian, "VmRSS"), 10, "the guardian's end")
    shop.stint("cancel", "--job", "last")


def test_a_guardian_that_is_killed_is_replaced(shop):
    doomed = shop.worker()
    nap = unique()
    shop.begin("--retries", "1", "sleep", ":::", nap)
    until(lambda: running("sleep", nap), what="one that runs")
    first, = guardians(doomed)
    os.kill(first, signal.SIGKILL)
    until(lambda: guardians(doomed) not in ([], [first]), 20, "another one")
    doomed.kill()
    until(lambda: not running("sleep", nap), 10, "its end")
    shop.stint("cancel", "--job", "last")


def test_a_private_run_that_is_killed_takes_its_commands_along(tmp_path):
    nap = unique()
    env = dict(os.environ, HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path))
    run = subprocess.Popen(
        [STINT, "run", "--shell", "sleep %s & sleep %s; true {}" % (nap, nap),
         ":::", "1"], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    until(lambda: len(running("sleep", nap)) == 2, what="one that runs")
    run.kill()
    # Who reads what it prints does not wait for what is left of it.
    assert run.communicate(timeout=20) == (b"", None)
    until(lambda: not running("sleep", nap), 10, "its end")


def test_every_worker_killed_and_a_new_one_comes(shop):
    old = [shop.worker(), shop.worker()]
    run = shop.begin("--shell", "echo {}; sleep 0.05", ":::", *values(40))
    until(lambda: len(run.out) >= 3, what="the first results")
    for worker in old:
        worker.kill()
    shop.worker(slots=4)
    assert run.wait() == 0
    assert run.out == values(40)


def test_a_frozen_workers_tasks_run_elsewhere_and_count_once(shop):
    frozen, _ = shop.worker(), shop.worker()
    run = shop.begin("--shell", "echo {}; sleep 0.05", ":::", *values(60))
    until(lambda: len(run.out) >= 5, what="the first results")
    frozen.send_signal(signal.SIGSTOP)
    until(lambda: len(run.out) >= 60 or shop.job()["running"] == 0, 30,
          "what it held, done by the other")
    frozen.send_signal(signal.SIGCONT)
    assert run.wait() == 0
    assert run.out == values(60)
    assert shop.job()["done"] == shop.job()["tasks"] == 60


def test_a_task_that_kills_its_own_group_has_failed_by_a_signal(shop):
    shop.worker()
    run = shop.begin("--joblog", "log", "--retries", "1", "--shell",
                     "[ {} -ne 2 ] || kill -KILL 0; echo {}", ":::",
                     *values(3))
    assert run.wait() == 1
    assert run.out == ["1", "3"]
    with open(os.path.join(shop.folder, "log")) as log:
        rows = sorted(line.split("\t")[:8] for line in log)
    assert [(r[0], r[6], r[7]) for r in rows[:3]] == [
        ("1", "0", "0"), ("2", "0", "9"), ("3", "0", "0")]


def test_a_task_that_kills_its_worker_is_tried_elsewhere(shop):
    shop.worker(), shop.worker()
    run = shop.begin(
        "--shell", "if [ {} = 2 ] && mkdir once; then kill -KILL $PPID; "
        "sleep 3; fi 2>/dev/null; echo {}", ":::", *values(6))
    assert run.wait() == 0
    assert run.out == values(6)


def test_a_task_that_kills_worker_after_worker_is_given_up(tmp_path):
    shop = Shop(tmp_path, "--silence", "1s")
    for _ in range(6):
        shop.worker(slots=1)
    run = shop.begin("--shell", "[ {} != 2 ] || kill -KILL $PPID; echo {}",
                     ":::", *values(3))
    assert run.wait() == 1
    assert run.out == ["1", "3"]
    assert shop.job()["failed"] == 1
    assert "lost" in shop.stint("failures")
    assert shop.stop() == 0


# ---- what must not run twice

LOST = "the worker was lost; it may have run, and must not run twice"


def begun(shop):
    """Values, as often as they were begun."""
    path = os.path.join(shop.folder, "begun")
    if not os.path.exists(path):
        return []
    with open(path) as lines:
        return sorted(map(int, lines))


def test_what_must_not_run_twice_ends_with_its_worker(shop):
    doomed = shop.worker()
    run = shop.begin("--losses", "0", "--retries", "3", "--shell",
                     "echo {} >>begun; sleep 0.5; echo {}", ":::", *values(8))
    until(lambda: len(begun(shop)) == 4, what="two that were begun after two")
    doomed.kill()
    shop.worker()
    assert run.wait() == 1
    # What was not begun runs elsewhere; nothing runs twice.
    assert begun(shop) == list(range(1, 9))
    assert run.out == ["1", "2", "5", "6", "7", "8"]
    assert run.said().count(LOST) == 2, run.said()
    row = shop.job()
    assert (row["done"], row["failed"]) == (6, 2)
    # By hand, when somebody has looked.
    shop.stint("retry", "--failed", "--job", "last")
    shop.stint("wait", "last")
    assert begun(shop) == sorted([*range(1, 9), 3, 4])


def test_with_no_requeue_a_frozen_workers_task_is_not_run_elsewhere(shop):
    frozen, _ = shop.worker(slots=1), shop.worker(slots=1)
    run = shop.begin("--no-requeue", "--shell",
                     "echo {} >>begun; sleep 1; echo {}", ":::", *values(4))
    until(lambda: len(begun(shop)) >= 2, what="one on each")
    frozen.send_signal(signal.SIGSTOP)
    until(lambda: shop.job()["failed"] == 1, what="its end")
    frozen.send_signal(signal.SIGCONT)
    assert run.wait() == 1
    assert begun(shop) == list(range(1, 5))
    assert LOST in run.said()


def test_with_no_requeue_what_a_worker_stops_is_not_run_elsewhere(shop):
    leaving = shop.worker(slots=1)
    run = shop.begin("--no-requeue", "--shell",
                     "echo {} >>begun; sleep 60", ":::", "1")
    until(lambda: begun(shop) == [1], what="one that runs")
    leaving.terminate()
    time.sleep(0.5)
    leaving.terminate()
    leaving.wait(20)
    shop.worker(slots=1)
    assert run.wait() == 1
    assert begun(shop) == [1]
    assert "must not run twice" in run.said()


def test_what_must_not_run_twice_survives_the_master(shop):
    shop.worker()
    run = shop.begin("--no-requeue", "--shell",
                     "echo {} >>begun; sleep 0.1; echo {}", ":::", *values(40))
    for count in (5, 20):
        until(lambda count=count: len(run.out) >= count, 30, "results")
        shop.restart(0.3)
    run.wait()
    assert begun(shop) == list(range(1, 41))
    assert shop.job()["done"] == 40


# ---- the master

def test_a_master_killed_twice_under_a_job_is_not_noticed(shop):
    shop.worker(), shop.worker()
    run = shop.begin("--retries", "1", "--shell",
                     "sleep 0.05; echo {}; exit $(({} % 10 == 7))", ":::",
                     *values(100))
    for count in (10, 40):
        until(lambda count=count: len(run.out) >= count, 30, "results")
        shop.restart(0.3)
    assert run.wait() == 1
    assert sorted(map(int, run.out)) == list(range(1, 101))
    row = shop.job()
    assert (row["tasks"], row["done"], row["failed"]) == (100, 90, 10)


def test_a_master_killed_while_a_client_submits(shop):
    shop.worker()
    out, into = os.pipe()
    run = shop.begin("echo", "{}", stdin=out)
    os.close(out)
    with os.fdopen(into, "wb", 0) as feed:
        for n in range(1, 2001):
            feed.write(b"%d\n" % n)
            if n == 700:
                shop.restart(0.3)
    assert run.wait() == 0
    assert run.out == values(2000)


def test_results_are_there_after_a_restart_and_tasks_are_tried_again(shop):
    shop.worker()
    shop.stint("submit", "--shell", "[ {} != 2 ] || [ -e good ] && echo {}",
               ":::", *values(3))
    shop.stint("wait", "last", code=1)
    shop.restart()
    assert shop.stint("results", "last", code=1).split() == ["1", "3"]
    with open(os.path.join(shop.folder, "good"), "w"):
        pass
    shop.stint("retry", "--failed", "--job", "last")
    shop.stint("wait", "last")
    assert shop.stint("results", "last").split() == values(3)


# ---- what runs

def test_cancelling_ends_a_task_and_its_grandchildren_within_a_second(shop):
    shop.worker()
    nap, deep = unique(), unique()
    run = shop.begin("--shell", "(sleep %s & sleep %s) & sleep %s; true {}" % (
        deep, deep, nap), ":::", "1", "2")
    until(lambda: len(running("sleep", nap)) == 2
          and len(running("sleep", deep)) == 4, what="tasks and their children")
    began = time.monotonic()
    shop.stint("cancel", "--job", "last")
    until(lambda: not running("sleep", nap) and not running("sleep", deep), 10,
          "their end")
    took = time.monotonic() - began
    print("gone %.2f s after `stint cancel` was started" % took)
    # A second, and what a loaded machine takes to start a process.
    assert took < 2.5
    assert run.wait() == 1
    assert shop.job()["cancelled"] == 2


def test_a_task_that_ignores_term_is_killed_after_its_grace(shop):
    shop.worker()
    nap = unique()
    run = shop.begin("--timeout", "0.5s", "--retries", "1", "--shell",
                     "trap '' TERM; sleep %s; sleep %s; true {}" % (nap, nap),
                     ":::", "1")
    assert run.wait(20) == 1
    until(lambda: not running("sleep", nap), 5, "its end")


def test_memory_is_bounded_when_the_input_never_ends(shop):
    shop.worker()
    feed = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    shop.started.append(feed)
    run = shop.begin("echo", stdin=feed.stdout)
    began = time.monotonic()
    until(lambda: run.out, 10, "the first result")
    first = time.monotonic() - began
    marks = []
    for _ in range(3):
        time.sleep(1.5)
        marks.append((len(run.out), status(run.pid, "VmRSS"),
                      status(shop.process.pid, "VmRSS")))
    run.kill()
    run.wait()
    feed.kill()
    shop.stint("cancel", "--job", "last")
    print("first result after %.2f s; results, bytes of client and master: %s"
          % (first, marks))
    assert marks[-1][0] > marks[0][0] > 0
    for _, client, master in marks:
        assert client < 200 << 20 and master < 300 << 20
    # What was read ahead is bounded, not a share of what ran.
    assert marks[-1][1] < marks[0][1] + (32 << 20)
    assert marks[-1][2] < marks[0][2] + (64 << 20)
