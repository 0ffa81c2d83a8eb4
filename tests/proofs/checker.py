#!/usr/bin/python3
"""Hold what the clients wrote (history.h) against the promises.

    checker.py FOLDER        of histories

lost              an acknowledged task without an end; with futures: also a put
                  that was not refused, and has no result
unexpected        a grant or a result of a task that nobody put, or bytes that
                  nobody sent
accepted twice    two completions of one task were accepted
shown twice       a result was shown to its submitter again
put twice         one put made two tasks, both of which count
wrong             a result that its worker was refused, or another one's; a
                  grant after the accepted completion; a refused put that ran;
                  one number for two tasks

A task may be granted before the put that made it is on the disk.  When the
master dies just then, the put is sent again and makes another task, and the
worker that got the first has a ghost: it runs, and its end must be refused.
"""
import collections
import glob
import os
import sys

KINDS = ("lost", "unexpected", "accepted twice", "shown twice", "put twice",
         "wrong")
NS = 1e9


class Task:
    """All that any client wrote of one key."""

    __slots__ = ("futures", "sent", "accepted", "refused", "unknown", "ids",
                 "granted", "got", "done", "maybe", "stale", "shown")

    def __init__(self):
        self.futures = False
        self.sent = self.accepted = None   # Times.
        self.refused = self.unknown = None  # Codes.
        self.ids = ()    # That count: acknowledged, or with an accepted end.
        self.granted = ()
        self.got = ()    # (time, attempt, worker)
        self.done = ()   # The same, and when they were begun.
        self.maybe = ()  # Begun, and no answer; or none that says.
        self.stale = ()
        self.shown = ()  # (time, code, attempt, worker)


class Report:
    def __init__(self):
        self.counts = collections.Counter()
        self.problems = collections.defaultdict(list)
        self.tasks = {}
        self.owners = {}  # Task: key.

    def problem(self, kind, text, *values):
        self.problems[kind].append(text % values)

    def lines(self):
        c = self.counts
        yield ("%d put, %d acknowledged, %d refused, %d not known; "
               "%d results shown" % (c["S"], c["A"], c["F"], c["U"], c["R"]))
        yield ("%d grants; %d completions accepted, %d refused as stale, "
               "%d without an answer; %d ghosts" % (
                   c["G"], c["done"], c["stale"], c["maybe"], c["ghosts"]))
        yield ", ".join("%s %d" % (kind, len(self.problems.get(kind, ())))
                        for kind in KINDS)

    def worst(self):
        parts = []
        for kind, texts in self.problems.items():
            parts.append("%s %d (%s)" % (kind, len(texts), texts[0]))
        return "; ".join(parts)


def read_one(path, report):
    """Add one history.  A last line that is cut is one that was not written."""
    worker = os.path.basename(path).rpartition(".")[0]
    tasks, counts = report.tasks, report.counts
    shows, ended = False, False
    with open(path, "rb") as text:
        for line in text:
            if not line.endswith(b"\n"):
                break
            words = line.decode(errors="replace").split()
            letter, at = words[0], int(words[1])
            counts[letter] += 1
            if letter == "C":
                shows = shows or words[-1] == "results"
            elif letter == "E":
                ended = True
            elif letter == "M":
                report.problem("unexpected", "%s: %s", worker,
                               " ".join(words[2:]))
            elif letter != "O":
                task = tasks.get(words[2])
                if task is None:
                    task = tasks[words[2]] = Task()
                take(task, letter, at, words[3:], worker)
                if letter == "S":
                    task.futures = shows
    return ended


def take(task, letter, at, rest, worker):
    if letter == "S":
        task.sent = at
    elif letter == "A":
        task.accepted = at
        if rest[0] != "0":
            task.ids = with_one_more(task.ids, int(rest[0]))
    elif letter == "F":
        task.refused = rest[0]
    elif letter == "U":
        task.unknown = rest[0]
    elif letter == "R":
        task.shown += ((at, rest[0], int(rest[1]), rest[2]),)
    elif letter == "G":
        task.granted = with_one_more(task.granted, int(rest[0]))
        task.got += ((at, int(rest[1]), worker),)
    elif letter == "B":
        task.maybe += ((at, int(rest[1]), worker),)
    elif letter == "D":
        answer(task, at, int(rest[1]), rest[2], worker)
        if rest[2] == "0":
            task.ids = with_one_more(task.ids, int(rest[0]))


def with_one_more(ids, one):
    return ids if one in ids else ids + (one,)


def answer(task, at, attempt, code, worker):
    """A completion that was begun was answered."""
    if code not in ("0", "STINT_ESTALE"):
        return
    begun = next(m for m in reversed(task.maybe)
                 if m[1] == attempt and m[2] == worker)
    task.maybe = tuple(m for m in task.maybe if m is not begun)
    if code == "0":
        task.done += ((at, attempt, worker, begun[0]),)
    else:
        task.stale += ((at, attempt, worker),)


def judge_put(key, t, report):
    if t.sent is None:
        report.problem("unexpected", "%s was never put", key)
    if len(t.ids) > 1:
        report.problem("put twice", "%s is the tasks %s", key,
                       " and ".join(map(str, t.ids)))
    for one in t.ids:
        if report.owners.setdefault(one, key) != key:
            report.problem("wrong", "%s and %s are both task %d", key,
                           report.owners[one], one)
    report.counts["ghosts"] += len(set(t.granted) - set(t.ids)) if t.ids else 0
    if t.refused and t.got:
        report.problem("wrong", "%s was refused (%s) and ran", key, t.refused)


def judge_end(key, t, report):
    """What became of it when all is over."""
    if t.futures:
        if not t.shown and not t.refused:
            report.problem("lost", "%s%s has no result", key,
                           "" if t.accepted is None else ", acknowledged,")
        for _, code, _, _ in t.shown:
            if code != "0" and (t.accepted is not None or t.got):
                report.problem("lost", "%s ended with %s", key, code)
    elif t.accepted is not None and not t.done and not t.maybe:
        report.problem("lost", "%s was acknowledged and not done", key)


def judge_runs(key, t, report):
    if len(t.done) > 1:
        report.problem("accepted twice", "%s by %s", key, " and ".join(
            "%s (attempt %d)" % (d[2], d[1]) for d in t.done))
    if len(t.shown) > 1:
        report.problem("shown twice", "%s %d times", key, len(t.shown))
    for _, code, attempt, worker in t.shown:
        if code != "0":
            continue
        ran = (attempt, worker)
        if t.done and ran not in [d[1:3] for d in t.done]:
            report.problem("wrong", "%s: attempt %d of %s was accepted, "
                           "attempt %d of %s shown", key, t.done[0][1],
                           t.done[0][2], attempt, worker)
        elif ran not in [d[1:3] for d in t.done + t.maybe]:
            report.problem("wrong", "%s: attempt %d of %s was %s and shown",
                           key, attempt, worker, "refused" if ran in
                           [d[1:] for d in t.stale] else "never completed")
    for at, attempt, _, _ in t.done:
        late = [g for g in t.got if g[1] > attempt and g[0] > at]
        if late:
            report.problem("wrong", "%s: attempt %d was granted after attempt "
                           "%d was accepted", key, late[0][1], attempt)


def load(folder):
    """Read all histories; nothing is judged."""
    report, ended = Report(), {}
    for path in sorted(glob.glob(os.path.join(folder, "*.history"))):
        ended[path] = read_one(path, report)
    for t in report.tasks.values():
        report.counts["done"] += len(t.done)
        report.counts["stale"] += len(t.stale)
        report.counts["maybe"] += len(t.maybe)
    return report


def check(folder, is_over=True):
    """Judge.  `is_over`: everything was left to come to its end."""
    report = load(folder)
    for key, t in report.tasks.items():
        judge_put(key, t, report)
        judge_runs(key, t, report)
        if is_over:
            judge_end(key, t, report)
    return report


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found.lines()))
    for kind_, texts_ in found.problems.items():
        print("\n".join("%s: %s" % (kind_, text) for text in texts_[:20]))
    sys.exit(1 if found.problems else 0)
