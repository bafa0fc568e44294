"""The embedded Postgres: shared, found again after a kill, stopped by the last to leave."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from bossnet.database import embedded
from bossnet.database.reconnecting import patiently

START = """
import sys, time
from pathlib import Path
import psycopg2
from bossnet.database import embedded
connection = psycopg2.connect(embedded.start(Path(sys.argv[1])))
print(connection.info.dbname, flush=True)
if len(sys.argv) > 2:
    time.sleep(60)
"""


@pytest.fixture
def home():
    home = Path(tempfile.mkdtemp(prefix="bossnet-tests-"))
    home.chmod(0o755)
    yield home
    embedded.stop(home)
    shutil.rmtree(home)


def process(home, *more):
    return subprocess.Popen([sys.executable, "-c", START, str(home), *more],
                            stdout=subprocess.PIPE, text=True)


def server(home):
    """The process id of the server, or None where none runs."""
    file = home / "postgres" / "postmaster.pid"
    return int(file.read_text().split()[0]) if file.exists() else None


def test_several_processes_that_start_it_at_once_share_one_server(home):
    several = [process(home) for _ in range(4)]
    for one in several:
        output, _ = one.communicate(timeout=60)
        assert (one.returncode, output) == (0, f"{embedded.DATABASE}\n")
    assert server(home) is None


def test_a_server_that_survived_its_killed_owner_is_used_again_and_then_stops(home):
    owner = process(home, "wait")
    assert owner.stdout.readline() == f"{embedded.DATABASE}\n"
    first = server(home)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    time.sleep(0.5)
    os.kill(first, 0)
    again = process(home, "wait")
    assert again.stdout.readline() == f"{embedded.DATABASE}\n"
    assert server(home) == first
    again.send_signal(signal.SIGINT)
    again.wait()
    again.stdout.close()
    assert server(home) is None


def test_a_server_that_crashed_is_started_again_by_a_process_that_knew_it(home):
    embedded.start(home)
    pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    connection = patiently(lambda: psycopg2.connect(embedded.start(home)), patience=30.0)
    assert connection.info.dbname == "bossnet"
    connection.close()


def test_a_server_that_does_not_start_is_said_with_the_end_of_its_log(home):
    process(home).communicate(timeout=60)
    (home / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    done = subprocess.run([sys.executable, "-c", START, str(home)], capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bossnet.errors.DatabaseError: ")
    assert "no_such_setting" in last
