"""A log that nobody reads any more."""
import json
import os
import subprocess

from conftest import STINT, until


def test_a_reader_of_the_log_that_stops_reading_does_not_stop_the_master(
        tmp_path):
    reads, writes = os.pipe()
    out, into = os.pipe()
    env = {k: v for k, v in os.environ.items() if not k.startswith("STINT_")}
    env["XDG_STATE_HOME"] = str(tmp_path)
    master = subprocess.Popen(
        [STINT, "master", "--memory", "--listen", "tcp://127.0.0.1:0",
         "--http", "off", "--log-level", "debug", "--ready-fd", str(into)],
        pass_fds=[into], stdin=subprocess.DEVNULL, stderr=writes, env=env)
    os.close(into)
    try:
        with os.fdopen(out) as ready:
            env["STINT_MASTER"] = json.loads(ready.readline())["address"]
        # Each leaves two lines; a pipe holds 64 KiB.
        filled = os.write(writes, b"x" * 60000)
        for _ in range(60):
            assert subprocess.run([STINT, "ping", "-q"], env=env,
                                  timeout=20).returncode == 0
        seen = b""
        os.set_blocking(reads, False)
        with os.fdopen(reads, "rb", buffering=0) as log:
            while part := log.read(65536):
                seen += part
            assert len(seen) > filled
            subprocess.run([STINT, "ping", "-q"], env=env,
                           timeout=20, check=True)
            seen = b""

            def left_out():
                nonlocal seen
                seen += log.read(65536) or b""
                return b"lines-left-out count=" in seen
            until(left_out)
    finally:
        master.kill()
        master.wait()
        os.close(writes)
