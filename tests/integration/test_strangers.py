"""Whoever has no key, or no manners, changes nothing and holds nobody up."""
import os
import resource
import socket
import struct
import time

import pytest
import zmq
from zmq.utils import z85

from conftest import PEER, STINT, Master, seed_to_secret, until

EX_NOPERM, EX_UNAVAILABLE = 77, 69


@pytest.fixture(autouse=True)
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def greeting(mechanism, version=(3, 0), as_server=0):
    """The 64 bytes with which ZMTP begins."""
    return (b"\xff" + 8 * b"\0" + b"\x7f" + bytes(version)
            + mechanism.ljust(20, b"\0") + bytes([as_server]) + 31 * b"\0")


def connect(master):
    return socket.create_connection(("127.0.0.1", master.port), timeout=10)


def is_hung_up_on(sock, seconds=10):
    """The master says no more than its greeting and closes."""
    sock.settimeout(seconds)
    said = b""
    try:
        while True:
            more = sock.recv(4096)
            if not more:
                break
            said += more
    except ConnectionResetError:
        pass
    assert len(said) <= 256, said
    return True


def try_to_speak(configure, master, seconds=0.7):
    """What a DEALER of libzmq hears after a message; None for silence."""
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    configure(dealer)
    dealer.connect(master.address)
    dealer.send(b"\x93\x00\x00\x92\x04\x80")
    heard = dealer.recv() if dealer.poll(int(seconds * 1000)) else None
    dealer.close()
    context.term()
    return heard


def test_null_gets_in_nowhere(master):
    assert try_to_speak(lambda dealer: None, master) is None
    assert master.is_served()


def test_plain_gets_in_nowhere(master):
    def plain(dealer):
        dealer.plain_username = b"admin"
        dealer.plain_password = b"admin"
    assert try_to_speak(plain, master) is None
    assert master.is_served()


def curve(master, secret):
    def configure(dealer):
        dealer.curve_serverkey = server_key(master)
        dealer.curve_secretkey = secret
        dealer.curve_publickey = zmq.curve_public(secret)
    return configure


def server_key(master):
    return z85.encode(bytes.fromhex(master.key()["server-key"]))


def own_secret(master):
    return z85.encode(seed_to_secret(bytes.fromhex(master.key()["seed"])))


def test_a_strange_curve_key_gets_in_nowhere(master):
    _, secret = zmq.curve_keypair()
    assert try_to_speak(curve(master, secret), master) is None
    assert master.is_served()


def test_the_key_of_the_access_file_gets_in(master):
    """The counter-proof: the same code with the right key is answered."""
    assert try_to_speak(curve(master, own_secret(master)), master, 5)


def test_a_wrong_authkey_is_told_so(start_master, tmp_path):
    for name in ("right", "wrong"):
        os.system("'%s' key generate '%s'" % (STINT, tmp_path / name))
    master = start_master("--authkey-file", str(tmp_path / "right"))
    for name, code in (("right", 0), ("wrong", EX_NOPERM)):
        master.run(STINT, "ping", "--authkey-file", str(tmp_path / name),
                   env={"STINT_ACCESS": ""}, code=code)


@pytest.mark.parametrize("bytes_sent", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff" * 4096,
    b"\x01\x00\x05hello",                       # ZMTP 1.0
    b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05",      # ZMTP 2.0
    greeting(b"NULL"), greeting(b"PLAIN"), greeting(b"GSSAPI"),
    greeting(b"CURVE") + b"\x04\x7fffff",
    greeting(b"CURVE") + b"\x06" + struct.pack(">Q", 1 << 62),
    greeting(b"CURVE", as_server=1),
], ids=["http", "ones", "zmtp1", "zmtp2", "null", "plain", "gssapi",
        "curve-garbage", "curve-huge", "curve-server"])
def test_a_stranger_is_hung_up_on(master, bytes_sent):
    with connect(master) as sock:
        sock.sendall(bytes_sent)
        assert is_hung_up_on(sock)
    assert master.is_served()


def test_two_thousand_idle_connections_hold_nobody_up(master):
    assert master.is_served()
    before = master.rss()
    silent = [connect(master) for _ in range(2000)]
    began = time.monotonic()
    assert master.is_served()
    assert time.monotonic() - began < 5
    for sock in silent:
        sock.close()
    assert master.is_served()
    assert master.rss() - before < 48e6


def storm(master, count):
    """Connections that say garbage and go, a few hundred at a time."""
    garbage = os.urandom(200)
    openings = [b"\xff\0\0\0\0\0\0\0\x01\x7f" + garbage, garbage,
                greeting(b"CURVE") + garbage, b""]
    for begin in range(0, count, 200):
        group = []
        for n in range(begin, begin + 200):
            sock = connect(master)
            sock.sendall(openings[n % len(openings)])
            group.append(sock)
        for sock in group:
            sock.close()


def test_twenty_thousand_garbage_connections_leave_no_trace(master):
    assert master.is_served()
    storm(master, 4000)
    until(master.is_served, 20)
    before = master.rss()
    began = time.monotonic()
    storm(master, 20000)
    until(master.is_served, 20)
    assert time.monotonic() - began < 120
    assert master.rss() - before < 16e6


def foreseeable_ids():
    """The routing ids that a ROUTER whose process never seeded rand() would
    give next: libzmq begins to count at a number made of two draws."""
    import ctypes
    libc = ctypes.CDLL(None)
    libc.srand(1)
    draws = [libc.rand() for _ in range(33)]
    for low, high in zip(draws, draws[1:]):
        first = (low | (high << 31)) & 0xffffffff
        for step in range(1, 9):
            yield b"\0" + struct.pack(">I", (first + step) & 0xffffffff)


def test_squatted_routing_ids_abort_nobody(master):
    configure = curve(master, own_secret(master))
    context = zmq.Context()
    context.max_sockets = 1024
    squatters = []
    for routing_id in foreseeable_ids():
        dealer = context.socket(zmq.DEALER)
        dealer.linger = 0
        dealer.routing_id = routing_id
        configure(dealer)
        dealer.connect(master.address)
        squatters.append(dealer)
    time.sleep(1)
    for _ in range(20):
        assert master.is_served()
    for dealer in squatters:
        dealer.close()
    context.term()
    assert master.process.poll() is None


@pytest.mark.parametrize("frame", [
    b"", b"\0", b"\xc1" * 100, b"\x91" * 100000,
    b"\x93\x01\x00\xdd\xff\xff\xff\xff",
    b"\x93\x01\x00\x92\x11\xdf\xff\xff\xff\xff",
    b"\x93\x01\x00\x92\xcd\xff\xff\x80",
], ids=["empty", "zero", "never", "deep", "array32", "map32", "unknown"])
def test_a_malformed_frame_with_a_good_key_changes_nothing(master, frame):
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    curve(master, own_secret(master))(dealer)
    dealer.connect(master.address)
    for _ in range(50):
        dealer.send(frame)
    time.sleep(0.2)
    dealer.close()
    context.term()
    assert master.is_served()


def test_a_frame_above_the_bound_is_cut_off(start_master):
    master = start_master("--payload-max", "1M")
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    curve(master, own_secret(master))(dealer)
    dealer.connect(master.address)
    before = master.rss()
    dealer.send(bytes(64 << 20))
    time.sleep(1)
    dealer.close()
    context.term()
    assert master.is_served()
    assert master.rss() - before < 32e6
