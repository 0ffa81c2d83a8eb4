"""What somebody sees who reads along, and who takes all descriptors."""
import os
import resource
import socket
import threading
import time

from conftest import STINT, until

SECRET = b"the launch code is 0000 and nobody else may know it"


class Tap:
    """Forwards to a master, and keeps all that goes by."""

    def __init__(self, port):
        self.heard, self.lock = {"up": b"", "down": b""}, threading.Lock()
        self.to = ("127.0.0.1", port)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.door.accept()
            except OSError:
                return
            master = socket.create_connection(self.to)
            for way, source, sink in (("up", client, master),
                                      ("down", master, client)):
                threading.Thread(target=self.forward, daemon=True,
                                 args=(way, source, sink)).start()

    def forward(self, way, source, sink):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.heard[way] += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_what_is_put_and_got_cannot_be_read_on_the_way(master):
    tap = Tap(master.port)
    through = {"STINT_MASTER": "tcp://127.0.0.1:%d" % tap.port}
    text = SECRET.decode()
    master.run(STINT, "put", "codes", text, env=through)
    assert text in master.run(STINT, "get", "codes", env=through)
    tap.door.close()
    for heard in tap.heard.values():
        assert len(heard) > len(SECRET) + 200  # It went by here,
        assert SECRET not in heard             # and nobody could tell.
        assert b"codes" not in heard


def cpu(pid):
    """Seconds that it worked so far."""
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_strangers_who_take_all_descriptors_keep_nobody_out(start_master):
    master = start_master("--memory")
    pid = master.process.pid
    assert master.is_served()
    used = len(os.listdir("/proc/%d/fd" % pid))
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 40, hard))
    idle = [socket.create_connection(("127.0.0.1", master.port), timeout=10)
            for _ in range(60)]
    assert master.is_served()  # After the first of them are hung up on.
    # They are hung up on, and then there is nothing to do any more.
    until(lambda: len(os.listdir("/proc/%d/fd" % pid)) <= used + 5, 30)
    worked = cpu(pid)
    time.sleep(1)
    assert cpu(pid) - worked < 0.5
    for sock in idle:
        sock.close()
    assert master.is_served()
