"""Several workers on this machine: replaced when they die, ended together, a GPU each."""

import os
import signal
import subprocess
import sys

import psutil
import psycopg2
import pytest

from bossnet.work import local
from bossnet.work.local import Workers, shares
from helpers import wait_until

#: Leaves its number and its place in a folder, and waits to be asked to end.
PROGRAM = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: sys.exit(130))
(pathlib.Path(sys.argv[1]) / f"{os.getpid()}-{os.environ['PLACE']}").touch()
time.sleep(60)
"""
#: Starts a command of the program as a child, says its number, and waits.
PARENT = """
import subprocess, sys, time
from bossnet.work.local import command
print(subprocess.Popen(command(*sys.argv[1:])).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def started(tmp_path):
    """Starts workers, and knows who there was."""
    def start(number, **options):
        return Workers([sys.executable, "-c", PROGRAM, str(tmp_path)],
                       [{"PLACE": str(i)} for i in range(number)], **options)

    start.seen = lambda: {int(pid): place for pid, place
                          in (path.name.split("-") for path in tmp_path.iterdir())}
    return start


def test_one_that_is_killed_is_replaced_in_its_place_until_that_is_too_often(started):
    with started(2, restarts=2) as workers:
        dead = set()
        for time in range(3):
            wait_until(lambda n=time: len(started.seen()) == 2 + n)
            assert workers.alive() == 2
            victim = next(pid for pid, place in started.seen().items()
                          if place == "1" and pid not in dead)
            dead.add(victim)
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda pid=victim: psutil.Process(pid).status() == "zombie")
            assert workers.alive() == (2 if time < 2 else 1)
        assert workers.statuses == [-signal.SIGKILL]
    assert sorted(started.seen().values()) == ["0", "1", "1", "1"]


def test_one_that_hung_is_replaced_and_one_that_failed_is_not():
    program = "import os, sys; sys.exit(int(os.environ['STATUS']) if {!r} in os.environ else 0)"
    places = [{"STATUS": str(status)} for status in (local.HUNG, 1)]
    with Workers([sys.executable, "-c", program.format(local.SUPERVISED)], places,
                 restarts=1) as workers:
        wait_until(lambda: not workers.alive())
        assert [place.restarts for place in workers._places] == [0, 1]
    assert sorted(workers.statuses) == [1, local.HUNG]


def test_asked_to_end_they_end_and_none_is_replaced(started):
    with started(3) as workers:
        wait_until(lambda: len(started.seen()) == 3)
        os.kill(next(iter(started.seen())), signal.SIGKILL)
        workers.end()
        workers.end()
        wait_until(lambda: not workers.alive())
        assert sorted(workers.statuses) == [-signal.SIGKILL, 130, 130]


@pytest.mark.parametrize(("error", "statuses"), [(ValueError, [130]), (KeyboardInterrupt, [])])
def test_an_error_lets_them_end_cleanly_and_a_second_signal_does_not(started, error, statuses):
    def fail():
        with workers:
            wait_until(started.seen)
            raise error

    workers = started(1)
    with pytest.raises(error):
        fail()
    assert workers.statuses == statuses
    assert not any(map(psutil.pid_exists, started.seen()))


def test_one_that_does_not_end_is_killed(started, monkeypatch):
    monkeypatch.setattr(local, "GRACE", 0.5)
    with started(1) as workers:
        wait_until(started.seen)
        os.kill(next(iter(started.seen())), signal.SIGSTOP)
        workers.end()
        wait_until(lambda: not workers.alive())
        assert workers.statuses == [-signal.SIGKILL]


def test_a_child_does_not_outlive_the_process_that_started_it(tmp_path, database_url):
    os.mkfifo(tmp_path / "list")  # opening it waits until somebody writes
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "ingest", f"@{tmp_path}/list"], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"BOSSNET_DATABASE_URL": database_url})
    child = psutil.Process(int(parent.stdout.readline()))
    wait_until(lambda: _others(database_url))
    parent.kill()
    _, said = parent.communicate(timeout=20)  # the child has its end of the pipes, too
    assert "error: stopped" in said
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def _others(url):
    """Whether somebody else is connected."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity "
                           "WHERE datname = current_database() AND pid <> pg_backend_pid()")
            return cursor.fetchone()[0]
    finally:
        connection.close()


@pytest.mark.parametrize(("number", "device", "visible", "expected"), [
    (2, "auto", "0,1", ["0", "1"]), (3, "cuda", "4,7", ["4", "7", "4"]),
    (2, "auto", "GPU-aa, GPU-bb", ["GPU-aa", "GPU-bb"]),
    (2, "auto", "", [None, None]), (2, "cpu", "0,1", [None, None]),
    (2, "cuda:1", "0,1", [None, None])])
def test_each_has_a_gpu_in_turn(number, device, visible, expected):
    given = shares(number, device, {"CUDA_VISIBLE_DEVICES": visible})
    assert [g.get("CUDA_VISIBLE_DEVICES") for g in given] == expected


def test_each_has_its_part_of_the_cores_unless_the_environment_says_how_many():
    cores = len(os.sched_getaffinity(0))
    assert shares(1, "cpu", {}) == [{"OMP_NUM_THREADS": str(cores)}]
    assert shares(10 * cores, "cpu", {})[0] == {"OMP_NUM_THREADS": "1"}
    assert shares(1, "cpu", {"OMP_NUM_THREADS": "3"}) == [{}]
