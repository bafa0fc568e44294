"""A worker's heart: it beats beside the work, hears what goes on, and leaves one that hangs."""

import os
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from bossnet.database.connection import connect
from bossnet.errors import LostChunkError, RunEndedError
from bossnet.work import heartbeat
from bossnet.work.heartbeat import Heart, _Heard
from bossnet.work.interruption import Interruption
from bossnet.work.local import HUNG, SUPERVISED
from bossnet.work.outage import OutageWatch, Trouble
from helpers import wait_until


@pytest.fixture
def heart_of(config, monkeypatch):
    """The heart of a worker, by its claims."""
    monkeypatch.setattr(heartbeat, "BEAT", 0.1)

    def heart_of(claims):
        return Heart(partial(connect, config), claims.member, OutageWatch(), Interruption(),
                     claims.database)
    return heart_of


def fresh(sql, table):
    return sql(f"SELECT heartbeat > now() - interval '1 min' AS fresh FROM {table}")[0]["fresh"]


def test_it_beats_while_the_worker_does_something_else(run, joined, heart_of, sql):
    with heart_of(joined(run)):
        for table in ("bossnet_worker", "bossnet_run"):
            sql(f"UPDATE {table} SET heartbeat = now() - interval '1 h'")
            wait_until(lambda table=table: fresh(sql, table), 10)


def test_it_publishes_the_workers_window_and_knows_those_of_the_others(run, joined, heart_of, sql):
    hearts = [heart_of(joined(run)) for _ in range(3)]
    for i, heart in enumerate(hearts):
        for _ in range(3 + i):
            heart.watch.add(Trouble(1, None, "gone"))
        heart.watch.add(None)
        heart.beat()
    sql("UPDATE bossnet_worker SET heartbeat = now() - interval '1 h' WHERE pk = 2")
    hearts[0].beat()
    assert hearts[0].watch.others == (6, 5)  # the second one is dead
    assert sql("SELECT recent, recent_failed, t_work > 0 AS works, t_database > 0 AS asks "
               "FROM bossnet_worker WHERE pk = 1") == [
        {"recent": 4, "recent_failed": 3, "works": True, "asks": True}]


def test_at_a_glance_it_says_what_ends_the_work(run, joined, heart_of, sql):
    heart = heart_of(joined(run))
    heart.beat()
    heart.glance()
    sql("UPDATE bossnet_run SET state = 'failed', error_message = 'storage is gone'")
    heart.beat()
    with pytest.raises(RunEndedError, match=r"ended meanwhile \(failed\): storage is gone"):
        heart.glance()
    sql("UPDATE bossnet_worker SET state = 'failed'")
    heart.beat()
    with pytest.raises(LostChunkError, match="worker 1 was taken for dead"):
        heart.glance()
    heart.interruption.since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        heart.glance()


def test_a_living_worker_takes_a_run_back_that_was_called_interrupted(run, joined, heart_of, sql):
    heart, other = heart_of(joined(run)), joined(run)
    sql("UPDATE bossnet_worker SET heartbeat = now() - interval '121 s' WHERE pk = 1")
    other.member.leave(other.database, "stopped", "asked", run_state="interrupted")
    gone = heart_of(other)
    gone.beat()
    assert sql("SELECT state FROM bossnet_run") == [{"state": "interrupted"}]
    heart._heard = _Heard(heart.member.pk, True, "interrupted", "asked")
    heart.glance()  # it may be called so just as the worker looks
    heart.beat()
    heart.glance()
    assert sql("SELECT state, finished, error_message FROM bossnet_run") == [
        {"state": "running", "finished": None, "error_message": None}]


def test_it_goes_on_after_its_connection_was_cut(run, joined, heart_of, sql):
    claims = joined(run)
    with heart_of(claims) as heart:
        wait_until(lambda: heart._own.steady, 10)
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            "current_database() AND application_name = 'bossnet'")
        sql("UPDATE bossnet_worker SET heartbeat = now() - interval '1 h'")
        wait_until(lambda: fresh(sql, "bossnet_worker"), 10)


def test_it_goes_on_after_whatever_error_of_a_connection(run, joined, heart_of, sql, monkeypatch):
    with heart_of(joined(run)) as heart:
        opened, errors = heart._own._opened, [OSError("a folder is gone for a moment")]
        monkeypatch.setattr(heart._own, "_opened", lambda: opened() if not errors else fail(errors))
        heart._own.close()
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            "current_database() AND application_name = 'bossnet'")
        wait_until(lambda: not errors, 10)
        sql("UPDATE bossnet_worker SET heartbeat = now() - interval '1 h'")
        wait_until(lambda: fresh(sql, "bossnet_worker"), 10)


def fail(errors):
    raise errors.pop()


def test_it_ends_with_the_work_also_while_the_database_is_away(run, joined, heart_of, monkeypatch):
    heart = heart_of(joined(run))
    with heart:
        heart._own.close()
        monkeypatch.setattr(heart._own, "_opened", lambda: 1 / 0)
    wait_until(lambda: not any(t.is_alive() for t in heart._threads), 10)
    assert "bossnet-heart" not in {t.name for t in threading.enumerate()}


# In a process of its own, as the heart ends the process: a main thread that does not answer.
HANGS = """
import sys, time
from pathlib import Path
from functools import partial
from bossnet.config import Config
from bossnet.database.connection import connect
from bossnet.database.reconnecting import Reconnecting
from bossnet.work import heartbeat
from bossnet.work.claims import Claims
from bossnet.work.interruption import Interruption
from bossnet.work.member import Member
from bossnet.work.outage import OutageWatch
from bossnet.work.plan import Todo
from bossnet.work.settings import Settings

url, run, what = sys.argv[1:]
opened = partial(connect, Config(Path("/nonesuch"), database_url=url))
database, member, interruption = Reconnecting(opened), Member(int(run)), Interruption()
heartbeat.PATIENCE = heartbeat.LAST_MOMENT = 1.0
member.join(database)
Claims(database, member, Todo("boss_net", Settings())).claim()
with heartbeat.Heart(opened, member, OutageWatch(), interruption, database):
    if what == "stopped":
        interruption.since = time.monotonic()
    time.sleep(60)
"""


@pytest.mark.parametrize(("what", "status", "deaths", "said", "environment"), [
    ("stopped", 130, 0, "stopped by a signal", {}), ("failed", 1, 1, "no progress for 1 s", {}),
    ("failed", HUNG, 1, "no progress for 1 s", {SUPERVISED: "1"})])
def test_a_worker_that_hangs_is_left_and_its_chunk_given_back(
        config, run, sql, what, status, deaths, said, environment):
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", HANGS, config.database_url, str(run), what],
                          capture_output=True, text=True, timeout=50,
                          env=os.environ | environment)
    assert (done.returncode, time.monotonic() - begun < 30) == (status, True), done.stderr
    assert done.stderr.startswith(f"error: {said}")
    assert sql("SELECT state, deaths FROM bossnet_chunk WHERE pk = 1") == [
        {"state": "ready", "deaths": deaths}]
    assert sql("SELECT state FROM bossnet_worker") == [{"state": what}]
    assert sql("SELECT state FROM bossnet_run") == [{"state": "interrupted"}]
