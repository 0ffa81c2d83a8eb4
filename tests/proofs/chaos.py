#!/usr/bin/python3
"""chaos: everything at once, for --seconds.

One master, eight workers and four producers through a proxy that cuts, delays
and stalls.  Every two seconds a worker is killed, or stopped for a while; every
--master seconds the master is killed and started again.  At the end all is left
to settle, and the checker reads what the clients wrote.
"""
import signal
import subprocess
import time

from kill9 import compare_with_master
from proof import PROXY, die_with_parent, free_port, run

WORKERS, PRODUCERS = 8, 4


class Chaos:
    def __init__(self, proof):
        self.proof, self.chance = proof, proof.chance
        self.master = proof.master(
            options=["--queue", "proof,attempts=1000000,lease=5s"])
        self.proxy = self.start_proxy()
        self.workers = [self.start_worker(i, 0) for i in range(WORKERS)]
        self.ended = []
        self.stopped = {}  # Worker: when it goes on.
        self.kills = self.stops = self.master_kills = 0
        self.producers = [
            proof.client("put", "p%d" % i, "--pause-us", 2500, "--window", 256,
                         "--bytes", 1000, *(["--wait-each"] if i % 2 else []))
            for i in range(PRODUCERS)]

    def start_proxy(self):
        port = free_port(self.chance)
        proxy = subprocess.Popen(
            [PROXY, "--to", "127.0.0.1:%d" % self.master.port, "--listen",
             "127.0.0.1:%d" % port, "--seed", str(self.proof.seed),
             "--cut-every", "400", "--delay", "2", "--stall-every", "1500",
             "--stall", "700"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, preexec_fn=die_with_parent)
        proxy.stdout.readline()
        self.proof.stack.callback(proxy.kill)
        self.proof.env["STINT_MASTER"] = "tcp://127.0.0.1:%d" % port
        return proxy

    def start_worker(self, place, life):
        w = self.proof.client(
            "work", "w%d.%d" % (place, life), "--threads", 2, "--fail", 5,
            "--pause-us", 500)
        w.place, w.life = place, life
        return w

    def harm_a_worker(self):
        place = self.chance.randrange(WORKERS)
        w = self.workers[place]
        if self.chance.random() < 0.5:
            self.kills += 1
            w.signal(signal.SIGKILL)
            w.process.wait()
            w.close()
            self.stopped.pop(w, None)
            self.workers[place] = self.start_worker(place, w.life + 1)
        else:
            self.stops += 1
            w.signal(signal.SIGSTOP)
            self.stopped[w] = time.monotonic() + self.chance.uniform(0.2, 8)

    def wake(self, now):
        for w in [w for w, end in self.stopped.items() if end <= now]:
            w.signal(signal.SIGCONT)
            del self.stopped[w]

    def restart_master(self):
        self.master_kills += 1
        self.master.kill()
        time.sleep(self.chance.uniform(0, 0.5))
        self.master.start()

    def run(self, seconds, between):
        begin = now = time.monotonic()
        next_harm, next_kill = now + 1, now + between
        while now < begin + seconds:
            time.sleep(0.05)
            now = time.monotonic()
            self.wake(now)
            if now >= next_harm:
                next_harm += 2
                self.harm_a_worker()
            if now >= next_kill:
                next_kill += between
                self.restart_master()

    def settle(self):
        self.wake(float("inf"))
        for p in self.producers:
            p.signal(signal.SIGTERM)
        for p in self.producers:
            p.wait(150)
        row = self.proof.wait_until_drained()
        self.proof.end_workers(self.workers)
        return row


def prove(proof):
    chaos = Chaos(proof)
    chaos.run(proof.args.seconds, proof.args.master)
    proof.say("%d workers killed, %d stopped; the master killed %d times",
              chaos.kills, chaos.stops, chaos.master_kills)
    row = chaos.settle()
    said, _ = chaos.proxy.communicate()
    proof.say("connections cut: %s", said.split()[-1])
    compare_with_master(proof.check(), row)


if __name__ == "__main__":
    run("chaos", prove, {"seconds": (600, 10), "master": (20, 4)})
