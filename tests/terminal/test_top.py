"""`stint top` on a terminal: what it shows, its keys, windows of any size."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "integration"))

# pylint: disable=wrong-import-position
from conftest import STINT, until  # noqa: E402
from jobs import Shop  # noqa: E402
from screen import Terminal, width  # noqa: E402


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    s = Shop(tmp_path_factory.mktemp("top"), "--memory")
    s.worker("--name", "node7", slots=2)
    yield s
    assert s.stop() == 0


@pytest.fixture
def top(shop):
    opened = []

    def start(columns=80, rows=24, **more):
        t = Terminal([STINT, "top", "-i", "200ms"], dict(shop.env),
                     cwd=shop.folder, columns=columns, rows=rows, **more)
        opened.append(t)
        t.until(lambda: now(t, "node7") and "q quit" in t.screen.display[rows - 1],
                what="a whole screen")
        return t

    yield start
    for t in opened:
        t.close()


def now(term, text):
    """Whether the text stands on the screen as it is."""
    return any(text in line for line in term.screen.display)


def selected(term):
    """The line that is shown in reverse."""
    for y, line in enumerate(term.screen.display):
        if all(term.screen.buffer[y][x].reverse for x in range(3)):
            return line
    return ""


def submit(shop, *words):
    return int(shop.stint("submit", "-q", *words))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_it_fits(shop, top, columns):
    shop.stint("run", "-q", "true", ":::", "1", "2")
    term = top(columns=columns)
    lines = term.screen.display
    assert all(width(line.rstrip()) <= columns for line in lines)
    headings = [line.split() for line in lines if "state" in line.split()]
    assert [h[0] for h in headings] == ["job", "worker", "queue"]
    # A host has its column where there is room only.
    assert ("host" in headings[1]) == (columns == 200)
    assert ("failed" in headings[0]) == (columns > 40)


def test_it_is_drawn_anew_for_a_window_that_changes(top):
    term = top(columns=200)
    term.resize(60, 12)
    term.until(lambda: "q quit" in term.screen.display[11]
               and now(term, "node7"), what="the small one")
    assert all(width(line.rstrip()) <= 60 for line in term.screen.display)
    term.resize(150, 40)
    term.until(lambda: "q quit" in term.screen.display[39]
               and now(term, "host"), what="the large one")


def test_a_job_is_paused_and_resumed(shop, top):
    job = submit(shop, "sleep", "{}", ":::", "30", "30", "30")
    term = top()
    term.until(lambda: selected(term).split()[:1] == [str(job)],
               what="the newest job is selected")
    term.type(b"p")
    until(lambda: shop.job(job)["paused"], 10, "the pause")
    term.until(lambda: "paused" in selected(term), what="its state")
    term.type(b"r")
    until(lambda: not shop.job(job)["paused"], 10, "the resume")
    shop.stint("cancel", "--job", str(job))


def test_a_worker_is_drained_and_undrained(shop, top):
    def draining():
        return shop.json("workers", "node7")[0]["draining"]

    term = top()
    term.type(b"d")
    term.until(lambda: now(term, "select a worker first"), what="the refusal")
    term.type(b"\t")
    term.until(lambda: "node7" in selected(term), what="the worker selected")
    term.type(b"d")
    until(draining, 10, "the drain")
    term.until(lambda: "draining" in selected(term), what="its state")
    term.type(b"u")
    until(lambda: not draining(), 10, "the undrain")


def test_a_queue_is_paused(shop, top):
    def paused():
        return shop.json("queues", "default")[0]["paused"]

    shop.stint("run", "-q", "true", ":::", "1")
    term = top()
    term.type(b"\x1b[Z")
    term.until(lambda: "default" in selected(term), what="the queue selected")
    term.type(b"p")
    until(paused, 10, "the pause")
    term.type(b"r")
    until(lambda: not paused(), 10, "the resume")


def test_failed_tasks_are_tried_again(shop, top):
    mark = os.path.join(shop.folder, "mark")
    job = submit(shop, "sh", "-c", "[ -e " + mark + " ]", ":::", "1", "2")
    shop.stint("wait", str(job), "-q", code=1)
    term = top()
    term.until(lambda: now(term, "done"), what="the job")
    for _ in range(30):
        if selected(term).split()[:1] == [str(job)]:
            break
        line = selected(term)
        term.type(b"j")
        term.until(lambda line=line: selected(term) != line, what="a move")
    open(mark, "w").close()
    term.type(b"R")
    term.until(lambda: now(term, "2 tasks of job %d are tried again" % job),
               what="the answer")
    until(lambda: shop.job(job)["done"] == 2, 10, "their end")


def test_help_comes_and_goes(top):
    term = top()
    term.type(b"?")
    term.until(lambda: now(term, "drain and undrain the selected worker"),
               what="the help")
    term.type(b"x")
    term.until(lambda: now(term, "node7"), what="the panels again")


def test_keys_that_mean_nothing_do_nothing(shop, top):
    term = top()
    term.type(b"xyz\x1b[15~\x1bOP\xff\x1b\r\n")
    term.type(b"?")
    term.until(lambda: now(term, "this help"), what="the help")
    assert term.process.poll() is None
    term.type(b"qq")
    assert term.wait() == 0
    assert term.is_as_found()


def test_a_master_that_is_away_is_said(tmp_path):
    s = Shop(tmp_path, "--memory")
    try:
        term = Terminal([STINT, "top", "-i", "200ms"], dict(s.env),
                        cwd=s.folder)
        term.until(lambda: now(term, "q quit"), what="top")
        s.kill()
        term.until(lambda: now(term, "does not answer"), what="the sentence")
        term.type(b"q")
        assert term.wait() == 0
        term.close()
    finally:
        s.stop()
