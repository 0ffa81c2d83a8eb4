"""The tutorials' programs print what they promise (examples/multiprocessing)."""
import glob
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT

SOURCES = os.path.join(ROOT, "examples/multiprocessing")
PROGRAMS = sorted(os.path.basename(path)[:-2]
                  for path in glob.glob(SOURCES + "/*.c"))


def run(name, folder):
    done = subprocess.run(
        [os.path.join(BUILD, "examples/multiprocessing", name)], cwd=folder,
        env={**os.environ, "HOME": str(folder), "XDG_STATE_HOME": str(folder)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=60, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_tutorial_prints_what_it_says(name, tmp_path):
    with open(os.path.join(SOURCES, name + ".out"), encoding="utf-8") as f:
        expected = f.read()
    printed = re.sub(r"about \d+\.\d s", "about <time> s", run(name, tmp_path))
    assert printed == expected


def test_apply_waits_for_each_and_apply_async_for_all(tmp_path):
    in_line, together = map(
        float, re.findall(r"about (\d+\.\d) s", run("apply", tmp_path)))
    assert in_line >= 0.9
    assert together < in_line


def test_a_daemon_ends_with_its_parent(tmp_path):
    run("daemon", tmp_path)
    left = subprocess.run(["pgrep", "-f", "examples/multiprocessing/daemon$"],
                          stdout=subprocess.PIPE, text=True, check=False)
    assert left.stdout == ""


def test_every_tutorial_names_its_python_lines():
    assert len(PROGRAMS) >= 17
    for name in PROGRAMS:
        with open(os.path.join(SOURCES, name + ".c"), encoding="utf-8") as f:
            head = f.read().partition("*/")[0]
        assert re.search(r"^ \*     \S", head, re.M), name
