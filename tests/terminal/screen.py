"""A terminal without a person: a pseudo-terminal, and what it shows.

What a program writes goes through an emulator (pyte), chunk by chunk, and stays
in `raw` too.  A chunk is whatever one read gives; `seen` is called behind each
of them, so that a test can look at what stood there on the way.
"""
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

ESC = b"\x1b"


class Terminal:
    """`argv` on a terminal of so many columns; it is the controlling one."""

    def __init__(self, argv, env, columns=80, rows=24, stdin=None, stdout=None,
                 stderr=None, cwd=None, seen=None, **more):
        self.screen = pyte.HistoryScreen(columns, rows, history=10000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw, self.seen = b"", seen
        self.ours, theirs = os.openpty()
        self.size(columns, rows)
        self.modes = termios.tcgetattr(theirs)
        env = {**env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **more}

        def control():
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        # pylint: disable=subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            argv, env={k: v for k, v in env.items() if v is not None}, cwd=cwd,
            preexec_fn=control,
            stdin=theirs if stdin is None else stdin,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs if stderr is None else stderr)
        self.theirs = theirs

    def size(self, columns, rows):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows=24):
        """As a window that is drawn smaller or larger."""
        self.screen.resize(rows, columns)
        self.size(columns, rows)

    def type(self, keys):
        os.write(self.ours, keys)

    def read(self, seconds):
        """What is there now; waits so long for the first of it."""
        ready, _, _ = select.select([self.ours], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.ours, 65536)
        except OSError:
            return False
        self.raw += data
        self.stream.feed(data)
        if self.seen:
            self.seen(self)
        return True

    def until(self, true, seconds=60.0, what="it"):
        """Show what comes until true() is; its value."""
        end = time.monotonic() + seconds
        while True:
            value = true()
            if value:
                return value
            assert time.monotonic() < end, "%s did not happen in %g s:\n%s" % (
                what, seconds, "\n".join(self.lines()))
            self.read(0.05)

    def wait(self, seconds=120.0):
        """Until it has ended and all is shown; its exit code."""
        self.until(lambda: self.process.poll() is not None, seconds, "the end")
        while self.read(0.05):
            pass
        return self.process.returncode

    def lines(self):
        """All that was ever shown and not erased, without blanks at the ends
        of lines and empty lines at the end."""
        gone = ["".join(row[x].data for x in range(self.screen.columns))
                for row in self.screen.history.top]
        all_lines = [line.rstrip() for line in gone + list(self.screen.display)]
        while all_lines and not all_lines[-1]:
            all_lines.pop()
        return all_lines

    def shows(self, text):
        return any(text in line for line in self.lines())

    def is_as_found(self):
        """Whether the terminal's modes are those from before."""
        return termios.tcgetattr(self.theirs) == self.modes

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def width(text):
    """Columns that it takes."""
    return sum(max(0, pyte.screens.wcwidth(c)) for c in text)
