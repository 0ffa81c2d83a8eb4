#!/usr/bin/python3
"""zombie: what a frozen worker says after its lease was over is refused.

A worker takes many tasks and is frozen (SIGSTOP) until another one has got
them; then it wakes and completes them all.  In every second round the other one
is done by then, in the others it still works; in every third the master is
killed and started again in between.  Every late completion must be refused,
and every result shown must be the other one's.
"""
import signal

from proof import Broken, run

EACH = 100


def prove(proof):
    tasks = proof.args.tasks
    master = proof.master(options=[
        "--queue", "proof,attempts=1000,lease=20s", "--silence", "2s"])
    for number in range(tasks // EACH):
        one_round(proof, master, number)
    report = proof.check()
    refused = sum(s[2].startswith("z") for t in report.tasks.values()
                  for s in t.stale)
    by_zombies = [s for t in report.tasks.values() for s in t.shown
                  if s[3].startswith("z")]
    proof.say("%d of %d late completions refused", refused, tasks)
    if refused != tasks or by_zombies:
        raise Broken("%d late completions were not refused, %d results of "
                     "zombies were shown" % (tasks - refused, len(by_zombies)))


def one_round(proof, master, number):
    """The zombie's lease ends before or after the master misses it."""
    restart = number % 3 == 1
    lease = proof.chance.choice([800, 1500] if restart else [800, 20000])
    producer = proof.client("put", "p%d" % number, "--count", EACH,
                            "--window", EACH)
    zombie = proof.client("hold", "z%d" % number, "--count", EACH,
                          "--lease-ms", lease,
                          *(["--renew"] if number % 2 else []))
    zombie.line("ready")
    zombie.line("holding")
    zombie.signal(signal.SIGSTOP)
    if restart:
        master.kill()
        master.start()
    other = proof.client("hold", "h%d" % number, "--count", EACH, "--renew")
    other.line("ready")
    other.line("holding")
    for last in [other, zombie] if number % 2 else [zombie, other]:
        last.go_on()
        last.signal(signal.SIGCONT)
        last.line("ended")
        if last is other:
            producer.wait(60)
    for client in (other, zombie, producer):
        client.wait(60)


if __name__ == "__main__":
    run("zombie", prove, {"tasks": (1000, 200)})
