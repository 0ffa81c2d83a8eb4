"""Files that travel with jobs: there, back, checked, and gone afterwards."""
import hashlib
import json
import os
import signal
import stat
import time

import msgpack
import pytest
import zmq

from conftest import STINT, until
from jobs import Shop
from test_strangers import curve, own_secret


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "tmp").mkdir()
    s = Shop(tmp_path)
    s.env["TMPDIR"] = str(tmp_path / "tmp")
    yield s
    assert s.stop() == 0


def write(shop, name, size):
    """A file of so many bytes, which no two calls make alike."""
    path = os.path.join(shop.folder, name)
    with open(path, "wb") as out:
        out.write(os.urandom(size))
    return path


def read(shop, *name):
    with open(os.path.join(shop.folder, *name), "rb") as file:
        return file.read()


def folders(shop):
    """Folders of tasks that are there now."""
    top = shop.env["TMPDIR"]
    return [os.path.join(top, worker, task) for worker in os.listdir(top)
            for task in os.listdir(os.path.join(top, worker))
            if not task.startswith("input-")]


def fetched(shop):
    """How often each worker fetched each input, by its log."""
    counts = []
    for log in shop.logs:
        log.seek(0)
        names = [line.split('"')[1] for line in log.read().decode().split("\n")
                 if ": fetched input " in line]
        counts.append({name: names.count(name) for name in names})
    return counts


def run(shop, *argv, code=0, seconds=120):
    """`stint run` to its end: what it printed, and what it said."""
    r = shop.begin(*argv)
    assert r.wait(seconds) == code, r.said()
    return r.out, r.said()


# ---- there and back ---------------------------------------------------------

def test_files_of_all_sizes_go_and_come_back(shop):
    sizes = (0, 1, 100, 10000, 262144, 262145, 50 << 20)
    names = ["f%d" % size for size in sizes]
    puts = []
    for name, size in zip(names, sizes):
        puts += ["--put", write(shop, name, size)]
    shop.worker()
    began = time.monotonic()
    run(shop, *puts, "--get", "back/{}", "--get-to", "there", "--shell",
        "mkdir back; cp {} back/", ":::", *names)
    print("50 MiB and less, there and back: %.2f s" % (
        time.monotonic() - began))
    for name in names:
        assert read(shop, name) == read(shop, "there", "back", name), name


def test_a_script_is_an_input_that_runs_and_modes_are_kept(shop):
    shop.worker()
    with open(os.path.join(shop.folder, "script"), "w") as out:
        out.write("#!/bin/sh\necho $1 >out; chmod 750 out\n"
                  "stat -c '%a %n' script sub/data\n")
    os.chmod(os.path.join(shop.folder, "script"), 0o755)
    data = write(shop, "data", 10)
    os.chmod(data, 0o666)
    out, _ = run(shop, "--put", "script", "--put", "data=sub/data", "--get",
                 "./out", "./script", ":::", "hello")
    # Others may write to nothing, whatever the sender allowed.
    assert out == ["755 script", "644 sub/data"]
    assert read(shop, "out") == b"hello\n"
    assert stat.S_IMODE(os.stat(os.path.join(
        shop.folder, "out")).st_mode) == 0o750


def test_each_input_is_sent_once_a_worker(shop):
    shop.worker(slots=3)
    shop.worker(slots=3)
    write(shop, "a", 1 << 20)
    write(shop, "b", 10)
    run(shop, "--put", "a", "--put", "b", "--shell", "sleep 0.1; test -s a #",
        ":::", *map(str, range(24)))
    assert fetched(shop) == [{"a": 1, "b": 1}, {"a": 1, "b": 1}]


def test_a_task_cannot_change_what_the_next_one_finds(shop):
    shop.worker(slots=1)
    data = write(shop, "data", 100)
    os.chmod(data, 0o444)
    out, _ = run(shop, "--put", "data", "--shell",
                 "sha256sum <data; chmod 666 data; echo {} >data", ":::",
                 "1", "2", "3")
    digest = hashlib.sha256(read(shop, "data")).hexdigest()
    assert out == [digest + "  -"] * 3


def test_what_a_submitted_jobs_tasks_left_is_fetched_later(shop):
    shop.worker()
    data = write(shop, "data", 300000)
    shop.stint("submit", "--put", data, "--get", "{}.out", "--get", "same",
               "--shell", "cp data {}.out; echo {} >same", ":::", "x", "y")
    shop.stint("wait", "last")
    rows = shop.json("files", "last")
    assert [(r["place"], r["name"], r["size"]) for r in sorted(
        rows, key=lambda r: (r["place"] or 0, r["name"]))] == [
            (None, "data", 300000), (1, "same", 2), (1, "x.out", 300000),
            (2, "same", 2), (2, "y.out", 300000)]
    where = os.path.join(shop.folder, "got")
    shop.stint("files", "last", "--get-to", where, code=1)
    shop.stint("files", "last", "--get-to", where, "--by-task")
    assert read(shop, "got", "1", "same") == b"x\n"
    assert read(shop, "got", "2", "y.out") == read(shop, "data")
    shop.stint("files", "last", "--get-to", where + "1", "--task", "1")
    assert sorted(os.listdir(where + "1")) == ["same", "x.out"]


def test_without_a_master_files_travel_too(shop):
    env = {"STINT_MASTER": "", "STINT_ACCESS": "",
           "XDG_STATE_HOME": os.path.join(shop.folder, "none")}
    write(shop, "data", 1000)
    shop.run(STINT, "run", "--put", os.path.join(shop.folder, "data"), "--get",
             "copy", "--get-to", os.path.join(shop.folder, "here"), "cp",
             "data", ":::", "copy", env=env)
    assert read(shop, "here", "copy") == read(shop, "data")
    until(lambda: os.listdir(shop.env["TMPDIR"]) == [], 10, "cleaning up")


# ---- what fails -------------------------------------------------------------

def test_an_output_that_is_missing_fails_the_attempt_and_says_so(shop):
    shop.worker()
    _, said = run(shop, "--get", "{}.out", "--joblog", os.path.join(
        shop.folder, "log"), "true", ":::", "x", code=1)
    assert 'left no file "x.out"' in said, said
    assert read(shop, "log").split(b"\n")[1].split(b"\t")[6] == b"1"


def test_a_folder_is_no_output(shop):
    shop.worker()
    _, said = run(shop, "--get", "d", "mkdir", ":::", "d", code=1)
    assert "no regular file" in said, said


def test_what_a_failed_attempt_left_does_not_count(shop):
    shop.worker()
    shop.stint("submit", "--get", "one", "--get", "two", "--retries", "2",
               "--shell", 'echo $STINT_ATTEMPT >one; '
               'test $STINT_ATTEMPT = 1 || echo b >two #', ":::", "x")
    shop.stint("wait", "last")
    assert sorted(r["name"] for r in shop.json("files", "last")) == [
        "one", "two"]
    where = os.path.join(shop.folder, "got")
    shop.stint("files", "last", "--get-to", where)
    assert read(shop, "got", "one") == b"2\n"


@pytest.mark.parametrize("argv", [
    ["--put", "data=../x"], ["--put", "data=/x"], ["--put", "data=a/../../x"],
    ["--put", "data", "--put", "other=data"], ["--put", "."],
    ["--put", "nowhere"], ["--get", "../x"], ["--get", "/x"],
    ["--get-to", "x"], ["--put", "data", "--cwd", "/"],
    ["--get", "x", "--handler", "square"]])
def test_what_cannot_be_is_a_usage_error(shop, argv):
    write(shop, "data", 1)
    write(shop, "other", 1)
    command = [] if "--handler" in argv else ["true"]
    run(shop, *argv, *command, ":::", "1", code=64)
    assert not os.path.exists(os.path.join(os.path.dirname(
        shop.folder), "x"))


def test_a_value_cannot_lead_an_output_out_of_the_folder(shop):
    shop.worker()
    _, said = run(shop, "--get", "{}", "--shell", "echo x >{}", ":::",
                  "../evil", code=1)
    assert "no name in the task's folder" in said, said
    for path, _, names in os.walk(shop.folder):
        assert "evil" not in names or "/tmp/" in path


def test_nothing_is_written_through_a_symbolic_link(shop):
    shop.worker()
    os.mkdir(os.path.join(shop.folder, "elsewhere"))
    os.mkdir(os.path.join(shop.folder, "to"))
    os.symlink("../elsewhere", os.path.join(shop.folder, "to", "d"))
    os.symlink("../elsewhere/f", os.path.join(shop.folder, "to", "f"))
    _, said = run(shop, "--get", "d/{}", "--get-to", "to", "--shell",
                  "mkdir d; echo x >d/{}", ":::", "x", code=1)
    assert "not followed" in said, said
    run(shop, "--get", "f", "--get-to", "to", "--shell", "echo {} >f",
        ":::", "x")
    assert os.listdir(os.path.join(shop.folder, "elsewhere")) == []
    assert read(shop, "to", "f") == b"x\n"


def test_a_file_that_changes_while_it_is_sent_is_told(shop):
    path = write(shop, "data", 100 << 20)
    r = shop.begin("--put", "data", "true", ":::", "1")
    while r.process.poll() is None:
        with open(path, "r+b") as out:
            out.seek(99 << 20)
            out.write(os.urandom(8))
    assert r.wait() == 1 or r.process.returncode == 75, r.said()
    assert "changed while it was sent" in r.said()


# ---- folders ----------------------------------------------------------------

def test_the_folder_is_gone_whatever_is_in_it(shop):
    shop.worker()
    keep = os.path.join(shop.folder, "keep")
    os.mkdir(keep)
    write(shop, "keep/file", 10)
    script = ("mkdir -p a/b/c; touch a/b/c/f; ln -s %s link; chmod 500 a/b/c; "
              "chmod 0 a/b; i=0; while [ $i -lt 200 ]; do mkdir d; cd d; "
              "i=$((i+1)); done; touch deep; #") % keep
    run(shop, "--put", "keep/file", "--shell", script, ":::", "1")
    until(lambda: folders(shop) == [], 5, "the removal")
    assert os.listdir(keep) == ["file"]


def test_the_folder_is_gone_when_the_task_is_ended(shop):
    shop.worker()
    shop.stint("submit", "--get", "x", "--shell", "touch y; sleep 60 #", ":::",
               "1")
    until(lambda: folders(shop) and os.listdir(folders(shop)[0]), 10, "a task")
    shop.stint("cancel", "last")
    until(lambda: folders(shop) == [], 5, "the removal")


def test_what_a_killed_worker_left_is_removed_by_the_next(shop):
    data = write(shop, "data", 1000)
    first = shop.worker(slots=1)
    shop.stint("submit", "--put", data, "--retries", "3", "--shell",
               "test $STINT_ATTEMPT -gt 1 || sleep 60 #", ":::", "1")
    until(lambda: folders(shop), 10, "a task")
    left = folders(shop)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert folders(shop) == left
    second = shop.worker(slots=1)
    shop.stint("wait", "last")
    assert shop.job()["done"] == 1
    until(lambda: folders(shop) == [], 5, "the removal")
    # What a living one holds stays.
    third = shop.worker(slots=1)
    shop.stint("run", "--put", data, "true", ":::", "1", "2", "3", "4")
    for worker in (second, third):
        worker.terminate()
        assert worker.wait(20) == 0
    assert os.listdir(shop.env["TMPDIR"]) == []


def test_a_worker_that_fetches_from_a_frozen_master_can_be_stopped(shop):
    data = write(shop, "data", 300 << 20)
    shop.stint("submit", "--put", data, "true", ":::", "1", "2")
    worker = shop.worker(slots=2)
    top = shop.env["TMPDIR"]
    until(lambda: any(name.startswith(".stint-") for _, _, names in os.walk(
        top) for name in names), 20, "a fetch")
    shop.process.send_signal(signal.SIGSTOP)
    try:
        worker.terminate()
        time.sleep(0.5)
        worker.terminate()
        until(lambda: folders(shop) == [], 10, "the end of the fetch")
    finally:
        shop.process.send_signal(signal.SIGCONT)
    worker.wait(60)
    assert os.listdir(top) == []
    shop.worker()
    shop.stint("wait", "last")
    assert shop.job()["done"] == 2


# ---- deaths -----------------------------------------------------------------

def test_a_worker_that_dies_while_it_sends_is_no_loss(shop):
    doomed = shop.worker(slots=1)
    size = 200 << 20
    r = shop.begin("--retries", "3", "--get", "big", "--get-to", "to",
                   "--shell", "head -c %d /dev/zero >big; echo "
                   "$STINT_ATTEMPT #" % size, ":::", "1")
    until(lambda: [f for f in folders(shop) if os.path.exists(os.path.join(
        f, "big")) and os.path.getsize(os.path.join(f, "big")) == size], 20,
          "an output")
    time.sleep(0.1)
    os.killpg(doomed.pid, signal.SIGKILL)
    shop.worker(slots=1)
    assert r.wait(120) == 0, r.said()
    assert os.path.getsize(os.path.join(shop.folder, "to", "big")) == size


@pytest.mark.parametrize("after", [0.2, 0.6, 1.2])
def test_a_master_that_is_killed_in_the_middle_is_not_noticed(shop, after):
    shop.worker(slots=1)
    write(shop, "data", 120 << 20)
    r = shop.begin("--put", "data", "--get", "copy{}", "--get-to", "to",
                   "--shell", "sha256sum <data; cp data copy{} ", ":::", "1",
                   "2")
    time.sleep(after)
    shop.restart(0.3)
    assert r.wait(120) == 0, r.said()
    data = read(shop, "data")
    assert r.out == [hashlib.sha256(data).hexdigest() + "  -"] * 2
    assert read(shop, "to", "copy1") == data
    assert read(shop, "to", "copy2") == data


# ---- a peer without manners -------------------------------------------------

class Peer:
    """A client that says what it likes."""

    def __init__(self, shop):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        curve(shop, own_secret(shop))(self.socket)
        self.socket.connect(shop.address)
        self.number, self.seen, self.request = 0, 0, 0
        self.socket.send(msgpack.packb([0, 0, [0x01, {
            1: 1, 2: os.urandom(16), 5: "peer"}]]))
        assert self.hear(lambda m: m[0] == 0x02)

    def hear(self, wanted, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.socket.poll(100):
                continue
            frame = msgpack.unpackb(self.socket.recv(), strict_map_key=False)
            self.seen = max(self.seen, frame[0])
            for message in frame[2:]:
                if wanted(message):
                    return message
        raise AssertionError("no answer")

    def ask(self, kind, seconds=60, **fields):
        """The answer to a request; fields are called f2, f3 …"""
        self.number += 1
        self.request += 1
        body = {int(name[1:]): value for name, value in fields.items()}
        body[1] = self.request
        number = self.request
        if kind == 0x11:
            self.request += len(fields["f10"]) - 1
        self.socket.send(msgpack.packb([self.number, self.seen, [kind, body]]))
        return self.hear(lambda m: isinstance(m[1], dict)
                         and m[1].get(1) == number, seconds)

    def close(self):
        self.socket.close()
        self.context.term()


JOB_OPEN, PUT, FILE_PUT, FILE_GET, OK, ERROR = 0x50, 0x11, 0x64, 0x65, 8, 9


def record(argv, outputs=b""):
    """A record `command`."""
    return msgpack.packb([argv, b"", "", 0, 0, 0, 0, 0, 0, outputs])


@pytest.fixture
def peer(shop):
    p = Peer(shop)
    yield p
    p.close()


def test_an_input_that_is_not_what_its_hash_says_is_not_used(shop, peer):
    shop.worker()
    job = peer.ask(JOB_OPEN, f2="default", f5=1, f7=record(
        b"cat\0data\0"))[1][2]
    data = b"x" * 100
    answer = peer.ask(FILE_PUT, f2=job, f6="data", f7=len(data), f8=0o644,
                      f9=hashlib.blake2b(b"y", digest_size=32).digest(),
                      f11=data)
    assert answer[0] == OK and answer[1][2] == 100
    peer.ask(PUT, f2="default", f12=job, f10=[[b"1"]])
    rows = until(lambda: [r for r in shop.json("failures", "--job", str(job))],
                 20, "a failure")
    assert "hashes differ" in json.dumps(rows), rows
    assert not any(fetched(shop))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "./a",
                                  "", "a\nb", "x" * 1025])
def test_the_master_takes_no_name_that_leads_out(shop, peer, name):
    job = peer.ask(JOB_OPEN, f2="default")[1][2]
    if name == "" or len(name) > 1024:
        with pytest.raises(AssertionError):  # Not even a message.
            peer.ask(FILE_PUT, seconds=2, f2=job, f6=name, f7=1,
                     f9=32 * b"h", f11=b"x")
        return
    answer = peer.ask(FILE_PUT, f2=job, f6=name, f7=1, f9=32 * b"h", f11=b"x")
    assert answer[0] == ERROR and answer[1][2] == -1, answer


def test_a_worker_sends_no_output_from_outside_its_folder(shop, peer):
    shop.worker()
    write(shop, "secret", 10)
    job = peer.ask(JOB_OPEN, f2="default", f5=1, f7=record(
        b"true\0", b"../../../secret\0"))[1][2]
    peer.ask(PUT, f2="default", f12=job, f10=[[b"1"]])
    rows = until(lambda: shop.json("failures", "--job", str(job)), 20,
                 "a failure")
    assert "no name in the task's folder" in json.dumps(rows), rows
    assert shop.json("files", str(job)) == []


def test_pieces_out_of_order_and_of_other_jobs_are_refused(shop, peer):
    job = peer.ask(JOB_OPEN, f2="default")[1][2]
    piece = dict(f2=job, f6="a", f7=50000, f9=32 * b"h")
    assert peer.ask(FILE_PUT, **piece, f10=20000, f11=b"x" * 20000)[0] == ERROR
    assert peer.ask(FILE_PUT, **piece, f11=b"x" * 100)[0] == ERROR
    assert peer.ask(FILE_PUT, **piece, f11=b"x" * 20000)[0] == OK
    assert peer.ask(FILE_PUT, **piece, f10=40000, f11=b"x" * 20000)[0] == ERROR
    assert peer.ask(FILE_GET, f2=job, f4="a")[0] == ERROR
    piece["f2"] = job + 1
    assert peer.ask(FILE_PUT, **piece, f11=b"x" * 20000)[0] == ERROR
