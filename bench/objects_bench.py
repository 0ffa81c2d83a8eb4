#!/usr/bin/env python3
"""The same objects on multiprocessing's manager, over TCP.

    objects_bench.py lock|get|set|barrier CLIENTS COUNT

Each of CLIENTS processes has proxies, and so a connection, of its own.
"""
import multiprocessing
import sys
import time
from multiprocessing.managers import SyncManager

KEYS, WARM, VALUE = 100, 20, b"value".ljust(64, b"\0")


def work(what, lock, shared, barrier):
    def once_lock(_):
        lock.acquire()
        lock.release()

    def once_get(n):
        assert len(shared["key %d" % (n % KEYS)]) == 64

    def once_set(n):
        shared["key %d" % (n % KEYS)] = VALUE

    def once_barrier(_):
        barrier.wait()

    return {"lock": once_lock, "get": once_get, "set": once_set,
            "barrier": once_barrier}[what]


def client(what, count, ready, go, *objects):
    once = work(what, *objects)
    for n in range(WARM):
        once(n)
    ready.release()
    go.wait()
    for n in range(count):
        once(n)


def main():
    what, clients, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    ready = multiprocessing.Semaphore(0)
    go = multiprocessing.Event()
    with SyncManager(address=("127.0.0.1", 0), authkey=b"0123456789abcdef") as m:
        shared, barrier = m.dict(), m.Barrier(clients)
        for n in range(KEYS):
            shared["key %d" % n] = VALUE
        locks = [m.Lock() for _ in range(clients)]
        crowd = [multiprocessing.Process(
            target=client, args=(what, count, ready, go, lock, shared, barrier))
            for lock in locks]
        for p in crowd:
            p.start()
        for _ in crowd:
            ready.acquire()
        began = time.perf_counter()
        go.set()
        for p in crowd:
            p.join()
        took = time.perf_counter() - began
        assert all(p.exitcode == 0 for p in crowd)
    print("per_s %.0f" % (count * clients / took))


if __name__ == "__main__":
    main()
