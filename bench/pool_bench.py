#!/usr/bin/env python3
"""The same map over multiprocessing.Pool.

    pool_bench.py COUNT CHUNK    CHUNK 0: the default one
"""
import multiprocessing
import sys
import time


def nothing(_):
    return b""


def main():
    count, chunk = int(sys.argv[1]), int(sys.argv[2]) or None
    items = [b"x"] * count
    with multiprocessing.Pool(2) as pool:
        pool.map(nothing, items[:count // 20 + 1], chunk)
        began = time.perf_counter()
        pool.map(nothing, items, chunk)
        took = time.perf_counter() - began
    print("items_per_s %.0f" % (count / took))


if __name__ == "__main__":
    main()
