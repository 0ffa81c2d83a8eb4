#!/usr/bin/env python3
"""The same work over Python's BaseManager, as its tutorials do it.

    manager_bench.py many|one|big COUNT

Starts the manager's server process and two workers, then prints "name value"
lines.  BaseManager has no pipelining: each call is a round trip.
"""
import multiprocessing
import queue
import sys
import time
from multiprocessing.managers import BaseManager

AUTHKEY = b"0123456789abcdef"
SMALL, BIG = 64, 1 << 20
tasks, results = queue.Queue(), queue.Queue()


class Manager(BaseManager):
    pass


Manager.register("tasks", callable=lambda: tasks)
Manager.register("results", callable=lambda: results)


def connect(address):
    manager = Manager(address=address, authkey=AUTHKEY)
    manager.connect()
    return manager.tasks(), manager.results()


def work(address):
    mine, answers = connect(address)
    while (task := mine.get()) is not None:
        answers.put(task[:SMALL])


def produce(address, count, size, window):
    mine, answers = connect(address)
    rest = bytes(size - 16)
    start = time.monotonic()
    for number in range(count + window):
        if number < count:
            mine.put(b"%016x" % number + rest)
        if number >= window:
            answers.get()
    seconds = time.monotonic() - start
    print("tasks_per_s %.0f" % (count / seconds))
    print("mb_per_s %.1f" % (count * size / seconds / 1e6))


def produce_one_by_one(address, count):
    mine, answers = connect(address)
    times = []
    for number in range(count):
        start = time.monotonic()
        mine.put(b"%064x" % number)
        answers.get()
        times.append(time.monotonic() - start)
    times.sort()
    print("p50_us %.1f" % (times[count // 2] * 1e6))
    print("p99_us %.1f" % (times[count * 99 // 100] * 1e6))


def main():
    mode, count = sys.argv[1], int(sys.argv[2])
    multiprocessing.current_process().authkey = AUTHKEY
    manager = Manager(address=("127.0.0.1", 0), authkey=AUTHKEY)
    manager.start()
    workers = [
        multiprocessing.Process(target=work, args=(manager.address,))
        for _ in range(1 if mode == "one" else 2)
    ]
    for worker in workers:
        worker.start()
    time.sleep(0.5)
    if mode == "many":
        produce(manager.address, count, SMALL, 4096)
    elif mode == "big":
        produce(manager.address, count, BIG, 16)
    else:
        produce_one_by_one(manager.address, count)
    for _ in workers:
        manager.tasks().put(None)
    for worker in workers:
        worker.join()
    manager.shutdown()


if __name__ == "__main__":
    main()
