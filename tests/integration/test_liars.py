"""A master that answers with what was not asked for harms no client: each
command ends, and none of a signal."""
import os
import re
import subprocess
import threading
import time

import msgpack
import pytest
import zmq
from zmq.utils import z85

from conftest import STINT

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(ROOT, "proto/messages.def")) as f:
    DEFINED = f.read()
NUMBER = {name: int(n, 0) for name, n in
          re.findall(r"^MSG\((\w+), (0x[0-9a-f]+)", DEFINED, re.M)}
FIELD = {(m, name): int(n) for m, n, name in
         re.findall(r"^(?:FIELD|LIST)\((\w+), (\d+), (\w+)", DEFINED, re.M)}

SILENCE_NS = 3 * 10**9


def message(name, **fields):
    return [NUMBER[name], {FIELD[name, k]: v for k, v in fields.items()}]


# Each is well formed; read as another message its numbers are addresses.
LIES = {
    "a number": lambda r: message("ok", request=r, value=1),
    "a lock": lambda r: message("synced", request=r, number=1, late=1, act=1),
    "a pipe": lambda r: message("piped", request=r, pipe=1, grip=1, count=7),
    "a put": lambda r: message("put_ok", request=r, count=1, task=1),
    "a page of nothing": lambda r: message("schedule_rows", request=r, rows=[]),
}


# Nothing but what a job must have.
JOB = [{"job": 1, "queue": "q"}.get(item, "" if kind == "STR" else 0)
       for item, kind in re.findall(r"^ITEM\(job_row, \d+, (\w+), (\w+)",
                                    DEFINED, re.M)]


class Liar(threading.Thread):
    """Welcomes who comes, has a job 1, and answers all else with one message."""

    def __init__(self, folder, lie):
        super().__init__(daemon=True)
        public, secret = zmq.curve_keypair()
        self.lie, self.over, self.peers = lie, False, {}
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.curve_server = True
        self.socket.curve_secretkey = secret
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.access = os.path.join(folder, "access")
        with open(self.access, "w") as out:
            out.write("version = 1\naddress = tcp://127.0.0.1:%d\n"
                      "server-key = %s\nrole = admin\nname = x\nseed = %s\n"
                      % (port, z85.decode(public).hex(), os.urandom(32).hex()))
        os.chmod(self.access, 0o600)

    def run(self):
        while not self.over:
            if self.socket.poll(50):
                peer, frame = self.socket.recv_multipart()[:2]
                number, _, *came = msgpack.unpackb(frame, strict_map_key=False)
                self.answer(peer, number, came)
        self.socket.close()

    def answer(self, peer, number, came):
        sent, seen = self.peers.get(peer, (0, 0))
        seen = number or seen
        bare, told = [], []
        for kind, fields in came:
            if kind == NUMBER["hello"]:
                sent = seen = 0
                bare.append(message(
                    "welcome", version=1, master=16 * b"m", role=7,
                    payload_max=1 << 20, frame_max=(1 << 20) + 65536,
                    silence_ns=SILENCE_NS))
            elif kind == NUMBER["ping"]:
                bare.append(message("pong", echo=fields.get(1, 0)))
            elif kind == NUMBER["job_open"]:
                told.append(message("job_is", request=fields[1], job=1,
                                    existed=1, tasks=1, closed=1))
            elif kind == NUMBER["list"] and fields[FIELD["list", "what"]] == 4:
                told.append(message("job_rows", request=fields[1], rows=[JOB]))
            elif fields.get(1):
                told.append(self.lie(fields[1]))
        if told:
            sent += 1
            self.send(peer, sent, seen, told)
        if bare:
            self.send(peer, 0, seen, bare)
        self.peers[peer] = (sent, seen)

    def send(self, peer, number, seen, messages):
        self.socket.send_multipart([peer, msgpack.packb(
            [number, seen, *messages], use_bin_type=True)])


@pytest.fixture
def liars(tmp_path):
    threads = []
    for name, lie in LIES.items():
        folder = tmp_path / name
        folder.mkdir()
        threads.append(Liar(str(folder), lie))
        threads[-1].start()
    yield threads
    for thread in threads:
        thread.over = True
        thread.join()


COMMANDS = [
    ["queues"], ["jobs"], ["jobs", "1"], ["tasks"], ["workers"], ["keys"], ["objects"],
    ["objects", "show", "x"], ["schedule", "list"], ["schedule", "remove", "x"],
    ["files", "1"], ["results", "1"], ["failures", "1"], ["explain", "1"],
    ["logs", "1"], ["put", "q", "x"], ["get", "q", "--timeout", "1s"],
    ["submit", "true"], ["cancel", "--job", "1"], ["status"], ["look"],
]


def start(liar, argv, home):
    env = {"PATH": os.environ["PATH"], "HOME": str(home),
           "STINT_ACCESS": liar.access}
    return subprocess.Popen([STINT, *argv], env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_a_master_that_lies_ends_no_command_by_a_signal(liars, tmp_path):
    started = [(argv, start(liar, argv, tmp_path))
               for argv in COMMANDS for liar in liars]
    ended, end = 0, time.monotonic() + 10
    for argv, p in started:
        try:
            said = p.communicate(timeout=max(0, end - time.monotonic()))[0]
        except subprocess.TimeoutExpired:  # Waiting for the truth is right.
            p.kill()
            p.communicate()
            continue
        ended += 1
        assert p.returncode >= 0, (argv, p.returncode, said)
    assert ended > len(started) // 2
