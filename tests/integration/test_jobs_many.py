"""Many tasks in one job, a full disk, why a task waits, and who goes first."""
import json
import os
import subprocess
import time

import pytest

from conftest import until
from jobs import SQUARES, Shop, status


@pytest.fixture
def shop(tmp_path):
    s = Shop(tmp_path)
    yield s
    assert s.stop() == 0


@pytest.fixture
def quick(tmp_path):
    """A shop that keeps nothing on disk."""
    s = Shop(tmp_path, "--memory")
    yield s
    assert s.stop() == 0


def values(count):
    return list(map(str, range(1, count + 1)))


def feed(shop, *argv):
    source = subprocess.Popen(argv, stdout=subprocess.PIPE)
    shop.started.append(source)
    return source.stdout


def spread(folder):
    """What is in the files of a folder, by name."""
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as text:
            found[name] = text.read().split()
    return found


# ---- many

def test_a_hundred_thousand_tasks_of_a_handler(quick):
    count = 100000
    quick.worker("--plugin", SQUARES)
    began = time.monotonic()
    run = quick.begin("--handler", "square",
                      stdin=feed(quick, "seq", str(count)))
    code = run.wait(120)
    took = time.monotonic() - began
    peak = status(quick.process.pid, "VmHWM")
    print("%d tasks in %.1f s, %.0f/s; at most %.1f MiB client, %.1f MiB master"
          % (count, took, count / took, run.peak / 2**20, peak / 2**20))
    assert code == 0, run.said()
    assert run.out == [str(n * n) for n in range(1, count + 1)]
    assert quick.job()["done"] == count
    assert run.peak < 100 << 20
    assert peak < 400 << 20


def test_ten_thousand_times_true(quick):
    count = 10000
    quick.worker()
    began = time.monotonic()
    run = quick.begin("true", stdin=feed(quick, "seq", str(count)))
    code = run.wait(120)
    took = time.monotonic() - began
    print("%d times true in %.1f s, %.0f/s; at most %.1f MiB client" % (
        count, took, count / took, run.peak / 2**20))
    assert code == 0, run.said()
    assert run.out == []
    assert quick.job()["done"] == count


# ---- a full disk

@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(place)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    if done.returncode != 0:
        pytest.skip("needs root, to mount a small disk: " + done.stdout)
    yield str(place)
    subprocess.run(["umount", "-l", str(place)], check=False)


def fill(place, size):
    path = os.path.join(place, "ballast")
    with open(path, "wb") as ballast:
        ballast.write(bytes(size))
    return path


def test_results_on_a_full_disk_end_with_a_sentence_and_are_resumed(
        quick, small_disk):
    quick.worker()
    ballast = fill(small_disk, 700 << 10)
    res = os.path.join(small_disk, "res")
    argv = ["--results", res, "--shell", "head -c 100000 /dev/zero; true {}",
            ":::", *values(8)]
    run = quick.begin(*argv)
    assert run.wait() == 1
    assert "No space left on device" in run.said() and res in run.said()
    until(lambda: quick.job()["running"] == 0 and quick.job()["ready"] == 0,
          what="the end of the job that nobody reads")
    os.remove(ballast)
    assert quick.begin("--resume", *argv).wait() == 0
    assert [os.path.getsize(os.path.join(res, "1", v, "stdout"))
            for v in values(8)] == [100000] * 8


def test_a_joblog_on_a_full_disk_ends_with_a_sentence(quick, small_disk):
    fill(small_disk, 1 << 20)
    quick.worker()
    run = quick.begin("--joblog", os.path.join(small_disk, "log"), "true",
                      ":::", *values(8))
    assert run.wait() == 1
    assert "No space left on device" in run.said()


# ---- why it does not run

def why(shop, task):
    """What `stint explain` says, for machines: a set of words."""
    return {row["because"] for row in shop.json("explain", str(task))}


def submit(shop, *argv):
    """`stint submit`; the number of its job."""
    return int(shop.stint("submit", "-q", *argv).split()[0])


def tasks_of(shop, job):
    """Ids of its tasks, in their order."""
    return sorted(t["task"] for t in shop.json("tasks", "--job", str(job)))


def ran_on(run):
    """The workers that the tasks of a run with --json ended on."""
    assert run.wait() == 0, run.said()
    return {json.loads(line)["worker"] for line in run.out}


UNTIL_GO = ("--shell", "until [ -e go ]; do sleep 0.02; done; true {}", ":::",
            "1")


def go(shop):
    with open(os.path.join(shop.folder, "go"), "w"):
        pass


def test_explain_says_that_nobody_is_there_and_that_it_is_paused(shop):
    job = submit(shop, "echo", "{}", ":::", "1", "2")
    first, second = tasks_of(shop, job)
    assert "no-worker" in why(shop, first)
    elsewhere = shop.worker("--queue", "other")
    assert "no-worker" in why(shop, first)
    shop.stint("pause", "default")
    assert "paused" in why(shop, first)
    shop.stint("resume", "default")
    assert "paused" not in why(shop, first)
    shop.stint("pause", "--job", str(job))
    assert "paused" in why(shop, second)
    shop.stint("resume", "--job", str(job))
    assert elsewhere.poll() is None

    shop.stint("drain", "--all")
    shop.worker(slots=1)
    assert "draining" in why(shop, first)
    shop.stint("drain", "--all", "--undo")
    shop.stint("wait", str(job))
    assert "ended" in why(shop, first)


def test_explain_says_that_others_are_before_it(shop):
    shop.worker(slots=1)
    blocker = submit(shop, *UNTIL_GO)
    until(lambda: shop.job(blocker)["running"] == 1, what="the blocker")
    assert why(shop, tasks_of(shop, blocker)[0]) == {"runs"}
    # A worker takes a task ahead.
    waiting = submit(shop, "echo", "{}", ":::", *values(4))
    *_, third, fourth = tasks_of(shop, waiting)
    assert "no-slot" in why(shop, third)
    assert "queued" in why(shop, fourth)
    go(shop)
    shop.stint("wait", str(waiting))


def test_explain_says_what_is_missing_in_use_or_bound(shop):
    needy = submit(shop, "--need", "gpus=1", *UNTIL_GO, "2")
    shop.worker(slots=4)
    first, second = tasks_of(shop, needy)
    assert "no-match" in why(shop, first)
    assert "gpus" in shop.stint("explain", str(first))
    shop.worker("--resource", "gpus=1", slots=4)
    until(lambda: shop.job(needy)["running"] == 1, what="the first")
    assert "in-use" in why(shop, second)
    bound = submit(shop, "-j", "1", *UNTIL_GO, "2")
    until(lambda: shop.job(bound)["running"] == 1, what="the first")
    assert "job-bound" in why(shop, tasks_of(shop, bound)[1])
    go(shop)
    for job in (needy, bound):
        shop.stint("wait", str(job))


def test_explain_says_that_nobody_may_run_commands(shop):
    shop.worker("--plugin", SQUARES, exec_too=False)
    job = submit(shop, "true", ":::", "1")
    assert why(shop, tasks_of(shop, job)[0]) & {"no-exec", "no-match"}


def test_explain_of_a_retry_says_when(shop):
    shop.worker()
    job = submit(shop, "--retries", "9", "false", ":::", "1")
    task, = tasks_of(shop, job)
    until(lambda: "retry" in why(shop, task), 30, "a failure")


# ---- who goes when

def test_a_paused_job_stands_and_goes_on(shop):
    shop.worker()
    job = submit(shop, "--shell", "echo {}; sleep 0.02", ":::", *values(100))
    until(lambda: shop.job(job)["done"] >= 3, what="a beginning")
    shop.stint("pause", "--job", str(job))
    until(lambda: shop.job(job)["running"] == 0, what="a pause")
    done = shop.job(job)["done"]
    assert done < 100
    other = submit(shop, "true", ":::", "1")
    shop.stint("wait", str(other))
    assert shop.job(job)["done"] == done
    shop.stint("resume", "--job", str(job))
    shop.stint("wait", str(job))
    assert shop.stint("results", str(job)).split() == values(100)


def test_a_drained_worker_gets_nothing_until_it_is_undrained(shop):
    shop.worker("--name", "one", slots=1)
    shop.worker("--name", "two", slots=1)
    shop.stint("drain", "one", "--wait", "10s")
    run = shop.begin("--json", "true", ":::", *values(10))
    assert ran_on(run) == {"two"}
    shop.stint("drain", "one", "--undo")
    shop.stint("drain", "two", "--wait", "10s")
    run = shop.begin("--json", "true", ":::", *values(10))
    assert ran_on(run) == {"one"}


def test_the_job_of_smaller_priority_goes_first(shop):
    blocker = submit(shop, *UNTIL_GO)
    shop.worker(slots=1)
    until(lambda: shop.job(blocker)["running"] == 1, what="the blocker")
    # A worker takes a task ahead: of these it is the first that may run first.
    late = submit(shop, "--priority", "5", "--shell", "echo {} >>order", ":::",
                  "-", "c", "d")
    soon = submit(shop, "--priority", "-5", "--shell", "echo {} >>order",
                  ":::", "a", "b")
    go(shop)
    for job in (soon, late):
        shop.stint("wait", str(job))
    with open(os.path.join(shop.folder, "order")) as order:
        assert order.read().replace("-", "").split() == ["a", "b", "c", "d"]


def test_no_more_is_handed_out_than_a_worker_has(shop):
    os.mkdir(os.path.join(shop.folder, "in"))
    os.mkdir(os.path.join(shop.folder, "counts"))
    count = "mkdir in/{}; ls in | wc -l >counts/{}; sleep 0.05; rmdir in/{}"
    shop.worker("--resource", "gpus=3", slots=8)
    one = submit(shop, "--need", "gpus=1", "--shell", count, ":::",
                 *["a%d" % n for n in range(20)])
    shop.stint("wait", str(one))
    most = [int(n[0]) for n in spread(os.path.join(
        shop.folder, "counts")).values()]
    assert len(most) == 20 and 1 <= max(most) <= 3
    two = submit(shop, "--need", "gpus=2", "--shell", count, ":::",
                 *["b%d" % n for n in range(6)])
    shop.stint("wait", str(two))
    most = [int(n[0]) for name, n in spread(os.path.join(
        shop.folder, "counts")).items() if name.startswith("b")]
    assert most == [1] * 6
    never = submit(shop, "--need", "gpus=4", "true", ":::", "1")
    assert shop.job(never)["ready"] == 1


def test_side_by_side_no_more_than_j(shop):
    os.mkdir(os.path.join(shop.folder, "in"))
    os.mkdir(os.path.join(shop.folder, "counts"))
    shop.worker(slots=4), shop.worker(slots=4)
    run = shop.begin(
        "-j", "3", "--shell", "mkdir in/{}; ls in | wc -l >counts/{}; "
        "sleep 0.05; rmdir in/{}", ":::", *values(20))
    assert run.wait() == 0
    most = spread(os.path.join(shop.folder, "counts"))
    assert len(most) == 20
    assert max(int(n[0]) for n in most.values()) <= 3


def test_a_label_decides_where_it_runs(shop):
    shop.worker("--name", "plain")
    shop.worker("--name", "there", "--label", "zone=b")
    run = shop.begin("--json", "--need", "zone=b", "true", ":::", *values(10))
    assert ran_on(run) == {"there"}
