"""Workers that died: found by those that live, their chunks given back, split, and given up."""

import os
import subprocess
import sys

import pytest

from bossnet.work import alive
from bossnet.work.claims import LIVES
from bossnet.work.reaper import Reaper


@pytest.fixture
def one(joined, run):
    return joined(run)


@pytest.fixture
def reap(one):
    """What a worker that has been connected for long finds dead."""
    def reap():
        one.database._since -= 1000
        return Reaper(one.database, one.member).reap()
    return reap


def silence(sql, seconds, worker):
    sql("UPDATE bossnet_worker SET heartbeat = now() - %s * interval '1 s' WHERE pk = %s",
        seconds, worker.member.pk)


def test_a_worker_that_is_silent_for_longer_than_its_lease_is_dead(one, run, joined, reap, sql):
    other = joined(run)
    chunk = other.claim()
    silence(sql, 119, other)
    assert reap() == 0
    silence(sql, 121, other)
    assert reap() == 1
    assert sql("SELECT state, deaths, error_message FROM bossnet_chunk WHERE pk = %s",
               chunk.pk) == [{"state": "ready", "deaths": 1,
                              "error_message": "no sign of life for 120 s"}]
    dead, = sql("SELECT * FROM bossnet_worker WHERE pk = %s", other.member.pk)
    assert (dead["state"], dead["error_message"]) == ("failed", "no sign of life for 120 s")
    assert dead["finished"]
    assert reap() == 0


def test_after_the_database_was_away_the_others_get_time_to_find_it_again(one, run, joined, sql):
    other = joined(run)
    silence(sql, 1000, other)
    reaper = Reaper(one.database, one.member)
    assert reaper.reap() == 0
    one.database._since -= 61
    assert reaper.reap() == 0  # it looks now and then only
    reaper._looked -= 1
    assert reaper.reap() == 1


def test_on_the_same_host_a_worker_is_dead_when_its_process_is(one, run, joined, reap, sql):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = joined(run)
    other.claim()
    sql("UPDATE bossnet_worker SET pid = %s, process = %s WHERE pk = %s",
        child.pid, alive.identity(child.pid), other.member.pk)
    assert reap() == 0
    child.communicate(b"\n")
    assert reap() == 1
    assert f"process {child.pid}" in sql("SELECT error_message FROM bossnet_chunk "
                                         "WHERE deaths > 0")[0]["error_message"]


def test_a_process_is_told_by_more_than_its_number():
    me = alive.identity()
    assert me is not None
    pid = os.getpid()
    place, began = me.rsplit(" ", 1)
    assert not alive.is_gone(pid, me)
    assert alive.is_gone(pid, f"{place} {int(began) - 1}")  # an earlier one of that number
    assert not alive.is_gone(pid, f"elsewhere {began}")
    assert not alive.is_gone(pid, None)


def test_a_process_that_proc_does_not_show_is_not_gone(monkeypatch, tmp_path):
    me, pid = alive.identity(), os.getpid()
    place = alive._place()
    monkeypatch.setattr(alive, "_PROC", tmp_path)  # as one that hides the processes of others
    monkeypatch.setattr(alive, "_place", lambda: place)
    assert not alive.is_gone(pid, me)
    assert alive.is_gone(2**22 + 1, me)  # more than Linux has


def test_workers_of_other_runs_are_found_dead_too(one, plan, joined, reap, sql):
    other = joined(plan([1, 2], tag="other"))
    other.claim()
    silence(sql, 121, other)
    assert reap() == 1
    assert not sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")


def test_a_worker_that_writes_just_now_is_not_dead(one, run, joined, reap, sql):
    other = joined(run)
    chunk = other.claim()
    silence(sql, 121, other)
    with other.database._connected() as connection:
        other._end(connection, False, chunk, [], False, "")
        assert reap() == 0
    silence(sql, 121, other)
    assert reap() == 1


def test_a_chunk_at_which_workers_keep_dying_is_split_until_its_worst_spectrum_stands_alone(
        spectra, plan, joined, sql):
    spectra(40)
    run = plan(list(range(1, 41)))
    killer, deaths = 17, 0
    for _ in range(60):
        worker = joined(run)
        chunk = worker.claim()
        if chunk.is_hopeless:
            break
        if killer not in chunk.keys:
            worker.end(chunk, [], done=True)
            worker.member.leave(worker.database, "stopped")
            continue
        deaths += 1
        silence(sql, 121, worker)
        watcher = joined(run)
        watcher.database._since -= 1000
        assert Reaper(watcher.database, watcher.member).reap() == 1
        watcher.member.leave(watcher.database, "stopped")
    assert (chunk.keys, chunk.deaths) == ([killer], LIVES)
    assert deaths == 5  # twice with the whole, once with a part of four, twice alone
    keys = [key for row in sql("SELECT spectrum_pks FROM bossnet_chunk")
            for key in row["spectrum_pks"]]
    assert sorted(keys) == list(range(1, 41))
    assert {row["state"] for row in sql("SELECT state FROM bossnet_chunk WHERE pk <> %s",
                                        chunk.pk)} == {"done"}
