"""The checker of the proofs finds what it is there to find."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import checker  # noqa: E402

KEPT = {
    "p": ["C 1 p shows results", "S 2 p-0", "A 4 p-0 7", "R 9 p-0 0 1 w", "E 10 p"],
    "w": ["G 5 p-0 7 1", "B 6 p-0 7 1", "D 8 p-0 7 1 0"],
    "v": [],
}


def judged(folder, **changes):
    """The kinds of problems in these histories."""
    for name, lines in {**KEPT, **changes}.items():
        (folder / (name + ".history")).write_text(
            "".join(line + "\n" for line in lines))
    return sorted(checker.check(str(folder)).problems)


def without(name, letter):
    return {name: [line for line in KEPT[name] if line[0] != letter]}


def and_also(name, *lines):
    return {name: KEPT[name] + list(lines)}


def test_what_was_kept_is_no_problem(tmp_path):
    assert judged(tmp_path) == []


@pytest.mark.parametrize("kind, changes", [
    ("lost", without("p", "R")),
    ("lost", {"p": [*KEPT["p"][1:3], "E 10 p"], "w": []}),
    ("lost", {"p": [*KEPT["p"][:3], "R 9 p-0 STINT_EDEAD 1 -"]}),
    ("unexpected", and_also("v", "G 5 q-0 8 1")),
    ("unexpected", and_also("v", "M 5 9 bytes that are no p: ???")),
    ("accepted twice", and_also("v", "G 5 p-0 7 2", "B 6 p-0 7 2",
                                "D 7 p-0 7 2 0")),
    ("shown twice", and_also("p", "R 11 p-0 0 1 w")),
    ("put twice", and_also("v", "G 5 p-0 8 1", "B 6 p-0 8 1", "D 7 p-0 8 1 0")),
    ("wrong", {"w": [*KEPT["w"][:2], "D 8 p-0 7 1 STINT_ESTALE"]}),
    ("wrong", {"w": [], "v": ["G 5 p-0 7 1"]}),
    ("wrong", and_also("v", "G 20 p-0 7 2")),
    ("wrong", {"p": [*KEPT["p"], "S 2 p-1", "F 3 p-1 STINT_ENOSPACE"],
               "v": ["G 5 p-1 8 1"]}),
    ("wrong", {"p": [*KEPT["p"], "S 2 p-1", "A 3 p-1 7", "R 9 p-1 0 1 w"],
               "v": ["G 5 p-1 7 1", "B 6 p-1 7 1"]}),
])
def test_it_is_found(tmp_path, kind, changes):
    assert kind in judged(tmp_path, **changes)


@pytest.mark.parametrize("changes", [
    # A worker that was killed before it heard.
    {"w": KEPT["w"][:2]},
    # A frozen one, refused; another did it.
    and_also("v", "G 5 p-0 7 2", "B 6 p-0 7 2", "D 11 p-0 7 2 STINT_ESTALE"),
    # A ghost: a put that was sent again after a restart.
    and_also("v", "G 3 p-0 6 1", "B 11 p-0 6 1", "D 12 p-0 6 1 STINT_ESTALE"),
    # Refused, and never run.
    and_also("p", "S 5 p-1", "F 6 p-1 STINT_ENOSPACE"),
])
def test_it_is_allowed(tmp_path, changes):
    assert judged(tmp_path, **changes) == []


def test_half_a_line_was_not_written(tmp_path):
    (tmp_path / "x.history").write_text("G 5 q-0")
    assert judged(tmp_path) == []
