"""What the dead, the frozen and the killed held comes back."""
import random
import signal
import time

from conftest import PEER, until


def lines(process, count):
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def test_twenty_clients_killed_while_waiting_cost_no_task(master):
    count = 20000
    consumers = [master.peer("drain", "jobs", count // 2) for _ in range(2)]
    waiting = [master.peer("wait", "jobs") for _ in range(20)]
    for client in waiting:
        assert lines(client, 1) == ["waiting"]
    putters = [master.peer("put", "jobs", 1, count // 2),
               master.peer("put", "jobs", count // 2 + 1, count)]
    chance = random.Random(4)
    for client in waiting:
        time.sleep(chance.uniform(0, 0.02))
        client.kill()
    for putter in putters:
        assert putter.wait(60) == 0
    found = [n for c in consumers for n in c.communicate(timeout=60)[0].split()]
    assert sorted(map(int, found)) == list(range(1, count + 1))


def test_what_a_killed_worker_held_is_back_in_first_place(master):
    master.put("jobs", 1, 10)
    worker = master.peer("hold", "jobs", 3)
    assert lines(worker, 3) == ["holding 1", "holding 2", "holding 3"]
    assert master.size("jobs") == 7
    worker.kill()
    killed = time.monotonic()
    until(lambda: master.size("jobs") == 10, 5)
    assert time.monotonic() - killed < 3.5
    found = master.run(PEER, "drain", "jobs", "10").split()
    assert found == [str(n) for n in range(1, 11)]


def test_a_worker_that_leaves_gives_back_at_once(master):
    master.put("jobs", 1, 3)
    worker = master.peer("hold", "jobs", 2)
    lines(worker, 2)
    left = time.monotonic()
    worker.communicate()
    until(lambda: master.size("jobs") == 3, 1)
    assert time.monotonic() - left < 1


def test_a_frozen_worker_loses_its_task_and_its_late_result(master):
    master.put("jobs", 1, 1)
    worker = master.peer("hold", "jobs", 1)
    assert lines(worker, 1) == ["holding 1"]
    worker.send_signal(signal.SIGSTOP)
    other = master.peer("hold", "jobs", 1)
    assert lines(other, 1) == ["holding 1"]
    worker.send_signal(signal.SIGCONT)
    worker.stdin.write("end\n")
    worker.stdin.flush()
    assert lines(worker, 1) == ["STINT_ESTALE"]
    other.stdin.write("end\n")
    other.stdin.flush()
    assert lines(other, 1) == ["done"]


def test_a_short_freeze_changes_nothing(master):
    master.put("jobs", 1, 1)
    worker = master.peer("hold", "jobs", 1)
    assert lines(worker, 1) == ["holding 1"]
    worker.send_signal(signal.SIGSTOP)
    time.sleep(1)
    worker.send_signal(signal.SIGCONT)
    worker.stdin.write("end\n")
    worker.stdin.flush()
    assert lines(worker, 1) == ["done"]


def test_silence_is_configurable(start_master):
    master = start_master("--silence", "1s")
    master.put("jobs", 1, 1)
    worker = master.peer("hold", "jobs", 1)
    assert lines(worker, 1) == ["holding 1"]
    worker.kill()
    killed = time.monotonic()
    until(lambda: master.size("jobs") == 1, 3)
    assert time.monotonic() - killed < 1.5
