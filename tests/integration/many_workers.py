"""How long 2,000 workers take to come back after a restart of their master.

    many_workers.py [WORKERS [AWAY_SECONDS]]

Each holds a task over the restart and ends it afterwards.  Prints the figures
and a verdict: all back within 10 s, and every task accepted at its first
attempt.
"""
import subprocess
import sys
import tempfile
import time

from test_restart import CROWD, Mortal

PROCESSES, LIMIT = 8, 10.0


def tell(process, text="\n"):
    process.stdin.write(text)
    process.stdin.flush()


def gather(master, workers):
    master.put("jobs", 1, workers)
    share, rest = divmod(workers, PROCESSES)
    crowds = [master.start(CROWD, str(share + (i < rest)), "jobs")
              for i in range(PROCESSES) if share + (i < rest) > 0]
    for crowd in crowds:
        assert crowd.stdout.readline() == "here\n"
    return crowds


def come_back(crowds):
    """When each was back, sorted."""
    times = []
    for crowd in crowds:
        for text in iter(crowd.stdout.readline, "back\n"):
            assert text, "a crowd died"
            times.append(int(text) / 1000)
    return sorted(times)


def measure(folder, workers, away):
    master = Mortal(folder, "--silence", "10s")
    started = time.monotonic()
    crowds = gather(master, workers)
    gathered = time.monotonic() - started
    for crowd in crowds:
        tell(crowd)
    time.sleep(1)
    master.kill()
    time.sleep(away)
    start = time.monotonic()
    master.start_again("--silence", "10s")
    ready = time.monotonic()
    times = [t - start for t in come_back(crowds)]
    for crowd in crowds:
        tell(crowd)
    accepted = sum(int(crowd.communicate(timeout=60)[0]) for crowd in crowds)
    row = master.queue("jobs")
    assert master.stop() == 0, master.said()
    print("workers            %d in %d processes, connected in %.1f s"
          % (workers, len(crowds), gathered))
    print("master             away for %.1f s, ready again after %.2f s"
          % (away, ready - start))
    print("back after         first %.2f s, half %.2f s, 99 %% %.2f s, "
          "last %.2f s" % (times[0], times[len(times) // 2],
                           times[len(times) * 99 // 100], times[-1]))
    print("tasks accepted     %d of %d; lost %d, timeouts %d"
          % (accepted, workers, row["lost"], row["timeouts"]))
    return (times[-1] < LIMIT and accepted == workers
            and row["lost"] + row["timeouts"] == 0)


def main():
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    away = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    with tempfile.TemporaryDirectory() as folder:
        try:
            good = measure(folder, workers, away)
        except subprocess.TimeoutExpired:
            good = False
    print("verdict            %s" % ("ok" if good else "FAILED"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
