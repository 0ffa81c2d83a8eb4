"""Files of jobs that are huge, that grow, or that somebody took away."""
import contextlib
import os
import signal
import time

import pytest

from conftest import until
from jobs import Shop, running


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "tmp").mkdir()
    s = Shop(tmp_path)
    s.env["TMPDIR"] = str(tmp_path / "tmp")
    yield s
    assert s.stop() == 0


def outputs(shop, name):
    """Files of this name in the folders of tasks."""
    return [os.path.join(path, name)
            for path, _, names in os.walk(shop.env["TMPDIR"]) if name in names]


def being_read(shop, name):
    """Whether a worker has a file of this name open."""
    found = outputs(shop, name)
    for p in shop.workers:
        fds = "/proc/%d/fd" % p.pid
        for fd in os.listdir(fds):
            try:
                if os.readlink(os.path.join(fds, fd)) in found:
                    return True
            except OSError:
                pass
    return False


def leave_huge(shop):
    """A job whose task left 60 GB, and a worker that reads them."""
    worker = shop.worker(slots=1)
    shop.stint("submit", "--get", "big", "--shell", "truncate -s 60G big #",
               ":::", "1")
    until(lambda: being_read(shop, "big"), 20, "the sending")
    return worker


def test_a_huge_output_does_not_keep_a_slot_from_a_cancel(shop):
    leave_huge(shop)
    shop.stint("cancel", "--job", "1")
    until(lambda: outputs(shop, "big") == [], 5, "the end of the sending")
    shop.stint("run", "true", ":::", "1", timeout=20)


def test_a_worker_that_sends_a_huge_output_can_be_stopped(shop):
    worker = leave_huge(shop)
    worker.terminate()
    time.sleep(1)  # Sooner, it would be the echo of the first.
    worker.terminate()
    worker.wait(10)
    assert os.listdir(shop.env["TMPDIR"]) == []


def test_an_output_longer_than_files_may_be_is_refused_unread(shop):
    shop.worker()
    r = shop.begin("--get", "big", "--shell", "truncate -s 1T big #", ":::",
                   "1")
    assert r.wait(30) == 1
    assert "1099511627776 bytes" in r.said() and "at most" in r.said()


def test_an_input_longer_than_files_may_be_is_refused_unread(shop):
    with open(os.path.join(shop.folder, "big"), "wb") as out:
        out.truncate(1 << 40)
    r = shop.begin("--put", "big", "true", ":::", "1")
    assert r.wait(30) != 0
    assert "1099511627776 bytes" in r.said() and "at most" in r.said()


def test_an_output_that_grows_while_it_is_sent_is_a_failed_attempt(shop):
    shop.worker()
    grow = 'sh -c "while sleep 0.001; do cat block; done >>g"'
    r = shop.begin(
        "--get", "g", "--shell",
        "head -c 300000000 /dev/zero >g; head -c 100000 g >block; "
        "setsid %s >/dev/null 2>&1 & sleep 0.3; echo $! #" % grow,
        ":::", "1")
    try:
        assert r.wait(60) == 1, r.said()
        assert "changed while it was" in r.said(), r.said()
    finally:
        for pid in running("sh", "-c", "while sleep 0.001; do cat block; "
                           "done >>g"):
            # The shell's copies of itself that become `cat` are seen, too.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_an_input_that_was_taken_from_the_worker_is_fetched_again(shop):
    data = os.path.join(shop.folder, "data")
    with open(data, "w") as out:
        out.write("right\n")
    shop.worker(slots=1)
    r = shop.begin("--put", data, "--shell",
                   "cat data; rm -f ../input-* #", ":::", "1", "2", "3")
    assert r.wait(30) == 0, r.said()
    assert r.out == ["right"] * 3


def test_an_input_that_was_changed_at_the_worker_is_fetched_again(shop):
    data = os.path.join(shop.folder, "data")
    with open(data, "w") as out:
        out.write("right\n")
    shop.worker(slots=1)
    r = shop.begin("--put", data, "--shell",
                   "cat data; echo wrong! >>../input-1 #", ":::", "1", "2")
    assert r.wait(30) == 0, r.said()
    assert r.out == ["right"] * 2


def test_who_waits_behind_a_fetch_that_failed_fetches_itself(shop):
    data = os.path.join(shop.folder, "data")
    with open(data, "w") as out:
        out.write("right\n")
    shop.worker(slots=4)
    r = shop.begin("--put", data, "--shell", "cat data; rm -f ../input-* #",
                   ":::", *map(str, range(40)))
    assert r.wait(60) == 0, r.said()
    assert r.out == ["right"] * 40
