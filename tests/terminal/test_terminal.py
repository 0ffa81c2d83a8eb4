"""The terminal as a person sees it: what stands on it while `stint run` and
`stint top` work, and what is left when they end."""
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "integration"))

# pylint: disable=wrong-import-position
from conftest import STINT, until  # noqa: E402
from jobs import Shop, running  # noqa: E402
from screen import ESC, Terminal, width  # noqa: E402

BAR = re.compile("[█▏▎▍▌▋▊▉░▒]")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One for all that only run jobs and look."""
    s = Shop(tmp_path_factory.mktemp("shop"), "--memory")
    s.worker(slots=4)
    yield s
    assert s.stop() == 0


@pytest.fixture
def terminal(shop):
    """Starts stint on a terminal; with a master, unless `alone`."""
    opened = []

    def start(*argv, alone=False, **more):
        env = dict(shop.env)
        if alone:
            for name in ("STINT_MASTER", "STINT_ACCESS"):
                env.pop(name)
            home = os.path.join(shop.folder, "alone")
            os.makedirs(home, exist_ok=True)
            env.update(HOME=home, XDG_STATE_HOME=home, XDG_CONFIG_HOME=home,
                       XDG_RUNTIME_DIR=home)
        opened.append(Terminal([STINT, *argv], env, cwd=shop.folder, **more))
        return opened[-1]

    yield start
    for t in opened:
        t.close()


def values(count):
    return list(map(str, range(1, count + 1)))


class Bars:
    """Watches that there is never more than one bar, nor one that wraps."""

    def __init__(self):
        self.count = 0

    def __call__(self, term):
        # Only between a whole chunk and the next is a screen what a person
        # sees; a chunk that ends within an escape is not.
        found = [line for line in term.lines() if BAR.search(line)]
        assert len(found) <= 1, "more than one bar:\n" + "\n".join(term.lines())
        self.count += len(found)


class Tmux:
    """stint in a real terminal multiplexer, on a server of its own."""

    def __init__(self, shop, columns, argv):
        self.shop = shop
        self.folder = tempfile.mkdtemp(dir=shop.folder)
        self.socket = os.path.join(self.folder, "socket")
        self.done = os.path.join(self.folder, "done")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns),
                  "-y", "24", shlex.join([STINT, *argv]) + "; touch "
                  + shlex.quote(self.done) + "; sleep 60")

    def tmux(self, *argv):
        env = {**self.shop.env, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        return subprocess.run(
            ["tmux", "-S", self.socket, *argv], env=env, timeout=20,
            cwd=self.shop.folder, stdin=subprocess.DEVNULL, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()

    def text(self):
        """All that was shown, lines that were folded as one."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-")

    def resize(self, columns):
        self.tmux("resize-window", "-x", str(columns), "-y", "24")

    def end(self):
        """What is shown when stint has ended."""
        until(lambda: os.path.exists(self.done), 20, "its end")
        return self.text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")


SLOW = ("run", "-j", "2", "--shell", "sleep 0.15; echo result {}", ":::")


def results_of(term):
    return [line for line in term.lines() if line.startswith("result ")]


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_the_bar_is_one_line_and_leaves_nothing_behind(terminal, columns):
    bars = Bars()
    term = terminal(*SLOW, *values(12), columns=columns, seen=bars)
    assert term.wait() == 0
    lines = term.lines()
    assert results_of(term) == ["result " + v for v in values(12)]
    assert not [line for line in lines if BAR.search(line)]
    rest = [line for line in lines if not line.startswith("result ")]
    assert "done" in "".join(rest) and "12" in "".join(rest)
    # The last word in a narrow window may take several lines.
    assert len(rest) <= 1 + 200 // columns
    if columns >= 80:
        assert bars.count > 0
    assert term.is_as_found()


def test_the_bar_says_done_failed_running_rate_and_eta(terminal):
    term = terminal("run", "-j", "2", "--retries", "1", "--shell",
                    "sleep 0.3; exit $(({} % 2))", ":::", *values(12),
                    columns=120)

    def line():
        found = [s for s in term.lines() if BAR.search(s)]
        return found and re.search(
            r"[1-9]\d*/12 .*%.*[1-9]\d* failed.*[12] running.*/s.*ETA",
            found[-1])

    term.until(line, 20, "a bar with all of it")
    assert term.wait() == 1
    assert term.shows("6 failed")


def test_a_window_that_is_resized_while_it_runs(terminal):
    term = terminal(*SLOW, *values(16), columns=80)
    term.until(lambda: len(results_of(term)) >= 3, what="results")
    term.resize(120)
    term.until(lambda: len(results_of(term)) >= 7, what="results")
    bars = Bars()
    term.seen = bars
    assert term.wait() == 0
    assert results_of(term) == ["result " + v for v in values(16)]
    assert not BAR.search("\n".join(term.lines()))
    assert bars.count > 0


def test_a_window_that_shrinks_and_cuts_its_lines(terminal):
    # Our emulator cuts, as xterm does.
    term = terminal(*SLOW, *values(16), columns=100, XTERM_VERSION="XTerm")
    term.until(lambda: len(results_of(term)) >= 3, what="results")
    term.resize(40)
    assert term.wait() == 0
    assert results_of(term) == ["result " + v for v in values(16)]
    assert not BAR.search("\n".join(term.lines()))


def test_a_window_that_shrinks_and_folds_its_lines(shop):
    with Tmux(shop, 100, SLOW + tuple(values(16))) as tmux:
        until(lambda: tmux.text().count("result") >= 3, what="results")
        tmux.resize(30)
        until(lambda: tmux.text().count("result") >= 8, what="results")
        tmux.resize(120)
        text = tmux.end()
    lines = [line for line in text.splitlines() if line.startswith("result ")]
    assert lines == ["result " + v for v in values(16)]
    assert not BAR.search(text)
    assert "job" in text.split("result 16\n")[1].splitlines()[0]


@pytest.mark.parametrize("columns", [80, 200])
def test_in_tmux(shop, columns):
    with Tmux(shop, columns, SLOW + tuple(values(16))) as tmux:
        until(lambda: BAR.search(tmux.text()), what="a bar")
        text = tmux.end()
    lines = text.splitlines()
    assert lines[:16] == ["result " + v for v in values(16)]
    assert lines[16].startswith("job ") and "16 ok" in lines[16]
    assert not BAR.search(text)


def test_results_in_a_file_and_the_bar_on_the_terminal(terminal, shop):
    path = os.path.join(shop.folder, "out")
    with open(path, "wb") as out:
        term = terminal(*SLOW, *values(8), stdout=out)
        assert term.wait() == 0
    with open(path) as out:
        assert out.read() == "".join("result %s\n" % v for v in values(8))
    assert "█" in term.raw.decode()
    assert len(term.lines()) <= 2 and "done" in "".join(term.lines())


def test_in_a_pipe_there_are_lines_and_nothing_else(shop):
    done = subprocess.run(
        [STINT, *SLOW, *values(4)], env={**shop.env, "TERM": "xterm"},
        cwd=shop.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=True, timeout=60)
    assert done.stdout == b"".join(b"result %d\n" % n for n in range(1, 5))
    assert ESC not in done.stderr and b"\r" not in done.stderr
    assert not BAR.search(done.stderr.decode())
    assert b"done" in done.stderr.splitlines()[-1]


def test_no_progress_is_no_bar(terminal):
    for how in (("--progress", "never"), ("-q",)):
        term = terminal(SLOW[0], *how, *SLOW[1:], *values(4))
        assert term.wait() == 0
        assert not BAR.search(term.raw.decode())
        assert results_of(term) == ["result " + v for v in values(4)]


def colours(raw):
    """Escapes that choose a colour or a weight."""
    return re.findall(rb"\x1b\[[0-9;]*m", raw)


def test_no_color_is_obeyed(terminal):
    term = terminal(*SLOW, *values(6), NO_COLOR="1")
    assert term.wait() == 0
    assert not colours(term.raw)
    assert results_of(term) == ["result " + v for v in values(6)]


def test_a_dumb_terminal_gets_no_escapes(terminal):
    term = terminal(*SLOW, *values(6), TERM="dumb")
    assert term.wait() == 0
    assert ESC not in term.raw
    assert results_of(term) == ["result " + v for v in values(6)]
    assert not BAR.search("\n".join(term.lines()))


WIDE = ["漢字", "e\u0301te\u0301", "👍", "ﬁ", "日本語のとても長い名前" * 3,
        "ａ", "שלום", "\u200bzero"]


@pytest.mark.parametrize("columns", [20, 80])
def test_wide_and_combining_characters_with_tag(terminal, columns):
    term = terminal("run", "--tag", "-j", "2", "--shell",
                    "sleep 0.1; echo x{}", ":::", *WIDE, columns=columns)
    assert term.wait() == 0
    text = term.raw.decode()
    for value in WIDE:
        assert "%s\tx%s" % (value, value) in text
    assert not BAR.search("\n".join(term.lines()))


def test_control_characters_of_values_do_not_reach_the_terminal(shop, terminal):
    shop.stint("run", "true", ":::", "\x1b[31mred", "a\rb", "tab\there")
    for argv in (("tasks", "--job", "last"), ("jobs",), ("show", "last")):
        term = terminal(*argv, NO_COLOR="1")
        assert term.wait() in (0, 1, 64)
        assert ESC + b"[31m" not in term.raw
        assert b"a\rb" not in term.raw


# ---- tables

@pytest.fixture(scope="module")
def much(shop):
    """Jobs, tasks and workers with long names: the last one failed."""
    shop.worker("--name", "worker-with-a-name-of-it")
    shop.stint("submit", "--name", "a job whose name is long " + "漢字" * 30,
               "echo", "{}", ":::", "value " + "v" * 300, *WIDE)
    shop.stint("wait", "last")
    shop.stint("submit", "--shell", "echo %s >&2; exit 3" % ("e" * 200), ":::",
               *values(3))
    shop.stint("wait", "last", code=1)
    return shop


LISTS = [("jobs",), ("tasks", "--job", "last"), ("tasks",), ("workers",),
         ("queues",), ("failures",), ("status",), ("show", "TASK")]


def of_much(much, argv):
    task = str(much.json("tasks", "--job", "last")[0]["task"])
    return [task if word == "TASK" else word for word in argv]


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("argv", LISTS, ids=" ".join)
def test_no_line_of_a_table_is_wider_than_the_window(
        much, terminal, argv, columns):
    term = terminal(*of_much(much, argv), columns=columns)
    assert term.wait() == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", term.raw.decode())
    lines = text.replace("\r", "").split("\n")
    assert [s for s in lines if s]
    assert [s for s in lines if width(s) > columns] == []


def same(cell, value):
    """Whether a cell of --plain says what JSON says."""
    if value is None:
        return cell in ("", "-")
    if isinstance(value, bool):
        return cell in (("yes", "true", "1") if value else ("no", "false", "0"))
    if isinstance(value, (int, float)):
        # What goes on has gone on since.
        return float(cell) >= value - 1
    if isinstance(value, list):
        return bool(cell) == bool(value)
    return cell == value or not value.isprintable() or value[10:11] == "T"


@pytest.mark.parametrize("argv", LISTS[:6], ids=" ".join)
def test_json_has_the_same_data_as_the_table(much, argv):
    argv = of_much(much, argv)
    rows = much.json(*argv)
    plain = [line.split("\t") for line in
             much.stint(*argv, "--plain").splitlines()]
    assert len(plain) == len(rows) > 0
    for cells, row in zip(plain, rows):
        assert len(cells) == len(row)
        wrong = [(name, cell, value) for cell, (name, value) in
                 zip(cells, row.items()) if not same(cell, value)]
        assert wrong == []


# ---- top

def test_top_leaves_the_terminal_as_it_was(much, terminal):
    assert much
    for keys in (b"q", b"\x03"):
        term = terminal("top")
        term.until(lambda: term.shows("worker"), what="top")
        assert not term.is_as_found()
        for columns in (40, 20, 120):
            term.resize(columns)
            term.until(lambda: not term.read(0.1), what="quiet")
        term.type(b"\t\t?")
        term.read(0.3)
        term.type(b"?")
        term.read(0.3)
        term.type(keys)
        assert term.wait(10) in (0, 130)
        assert term.is_as_found()
        raw = term.raw
        assert raw.count(b"\x1b[?1049h") == raw.count(b"\x1b[?1049l") == 1
        assert raw.rfind(b"\x1b[?25h") >= raw.rfind(b"\x1b[?25l")


def test_top_that_is_ended_or_stopped_leaves_the_terminal_as_it_was(
        much, terminal):
    assert much
    term = terminal("top")
    term.until(lambda: term.shows("worker"), what="top")
    term.process.send_signal(signal.SIGTERM)
    term.wait(10)
    assert term.is_as_found()
    assert b"\x1b[?1049l" in term.raw


def test_top_in_a_pipe_is_text_once(much):
    text = much.stint("top")
    assert "\x1b" not in text and "default" in text


# ---- ^C

def test_once_it_detaches_and_says_how_to_come_back(shop, terminal):
    term = terminal(*SLOW, *values(30))
    term.until(lambda: len(results_of(term)) >= 2, what="results")
    term.type(b"\x03")
    assert term.wait(10) == 130
    text = "\n".join(term.lines())
    number = shop.job()["job"]
    assert "stint attach %d" % number in text
    assert not BAR.search(text)
    # It goes on, or has in the meantime ended.
    shop.stint("attach", str(number))
    assert shop.job(number)["done"] == 30


def test_twice_it_cancels(shop, terminal):
    nap = "6%d" % os.getpid()
    term = terminal("run", "-j", "2", "sleep", ":::", *[nap] * 8)
    until(lambda: len(running("sleep", nap)) == 2, what="tasks")
    term.type(b"\x03")
    term.until(lambda: term.shows("^C once more"), what="an answer to ^C")
    time.sleep(0.25)  # Sooner it is the same one.
    term.type(b"\x03")
    assert term.wait(10) == 130
    until(lambda: not running("sleep", nap), 5, "their end")
    row = shop.job()
    assert row["state"] == "cancelled" and row["cancelled"] == 8
    assert not BAR.search("\n".join(term.lines()))


def test_with_a_private_master_nothing_is_left_behind(terminal):
    nap = "7%d" % os.getpid()
    term = terminal("run", "-j", "2", "sleep", ":::", *[nap] * 8, alone=True)
    until(lambda: len(running("sleep", nap)) == 2, what="tasks")
    term.type(b"\x03")
    term.until(lambda: term.shows("^C once more"), what="an answer to ^C")
    assert len(running("sleep", nap)) == 2
    time.sleep(0.25)
    term.type(b"\x03")
    assert term.wait(15) == 130
    until(lambda: not running("sleep", nap), 5, "their end")
    assert not BAR.search("\n".join(term.lines()))
    assert term.is_as_found()


def test_the_first_command_works_without_a_master(terminal):
    term = terminal("run", "echo", "{}", ":::", *values(5), alone=True)
    assert term.wait() == 0
    lines = term.lines()
    assert [s for s in lines if s.isdigit()] == values(5)


def test_explain_breaks_its_sentences_between_words(shop, terminal):
    shop.stint("submit", "--need", "gpus=9999", "true", ":::", "1")
    whole = shop.stint("explain", "--job", "last")
    assert max(map(len, whole.splitlines())) > 30
    term = terminal("explain", "--job", "last", columns=30)
    assert term.wait() == 0
    lines = [line for line in term.lines() if line]
    shop.stint("cancel", "last")
    # A word that was cut in two would not come out as one.
    assert " ".join(lines).split() == whole.split()


def test_how_far_the_sending_of_a_large_input_is(tmp_path):
    s = Shop(tmp_path)
    s.worker()
    with open(os.path.join(s.folder, "large"), "wb") as out:
        out.truncate(300 << 20)
    term = Terminal([STINT, "run", "--put", "large", "--shell",
                     "wc -c large #", ":::", "1"],
                    s.env, cwd=s.folder)
    line = re.compile("^sending the input large: [0-9]+%$")
    try:
        term.until(lambda: any(map(line.match, term.lines())))
        assert term.wait() == 0
        assert not term.shows("sending")
        assert term.shows("314572800 large")
    finally:
        term.close()
        assert s.stop() == 0
