"""A run that is stopped by a signal or killed: nothing is lost, nothing done twice, nobody left."""

import json
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, last_run, rows_of
from acceptance.started import Started
from bossnet.flags import names
from helpers import helpers_of, silent, wait_until
from spectra import layouts

PLACES = (70, 140, 210, 280)  #: of files that do not answer, one for each way to stop a run
BATCHES = ("--batch-size", 16)  #: of which two are handed on together


@pytest.fixture
def slow(tmp_path):
    """Files that can be made not to answer."""
    return [layouts.spec(tmp_path / f"slow-{i}.fits", pixels=2100 + i)
            for i in range(len(PLACES))]


@pytest.fixture
def night(astra, files, slow):
    """320 spectra; those at `PLACES` are on the slow files."""
    paths = files * 64
    for place, path in zip(PLACES, slow, strict=True):
        paths[place] = path
    return astra.register(paths)


def states(astra):
    """Of the runs, as `astra status` gives them, the last first."""
    return [run["state"] for run in json.loads(astra("status", "--json").stdout)["runs"]]


def claimed(astra):
    return astra.sql("SELECT * FROM bossnet_chunk WHERE state = 'claimed'")


def test_a_run_that_is_stopped_again_and_again_ends_with_the_rows_of_an_undisturbed_one(
        astra, night, slow):
    ways = [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False),
            (signal.SIGTERM, True)]
    done = 0
    for (number, group), path in zip(ways, slow, strict=True):
        with silent(path):
            run = Started(astra, *BATCHES)
            run.wait_until_it_hangs()
            status, said = run.stop(number, group=group)
        assert status == 130, said
        assert said.splitlines()[-1].startswith("error: stopped; what was finished is written")
        assert "Traceback" not in said
        record = last_run(astra)
        assert (record["state"], record["n_failed"]) == ("interrupted", 0)
        assert record["n_done"] % 32 == 0
        rows = rows_of(astra)
        assert len(rows) == done + record["n_done"]
        assert record["counts"] == Counter(name for row in rows if row["run_pk"] == record["pk"]
                                           for name in names(row["result_flags"]))
        assert not claimed(astra)
        done = len(rows)
    assert done > 0
    last = astra.run()
    assert last["n_done"] == 320 - done
    assert last["n_failed"] == 0
    run_inside(astra, "--tag", "undisturbed")
    rows = rows_of(astra)
    assert [r["spectrum_pk"] for r in rows] == night
    assert_same_rows(rows, rows_of(astra, "undisturbed"))


def test_an_interrupted_overwriting_does_not_make_its_own_rows_again(astra, night, slow):
    run_inside(astra)
    before = {r["spectrum_pk"]: r for r in rows_of(astra)}
    again = ("--overwrite", "--seed", 1)
    with silent(slow[0]):
        run = Started(astra, *again, *BATCHES)
        run.wait_until_it_hangs()
        status, said = run.stop(signal.SIGINT, group=True)
    assert status == 130, said
    interrupted = last_run(astra)
    made = {r["spectrum_pk"]: r for r in rows_of(astra) if r["run_pk"] == interrupted["pk"]}
    assert len(made) == interrupted["n_done"] == 64
    assert run_inside(astra, *again)["n_done"] == 320 - 64
    assert last_run(astra)["continues_pk"] == interrupted["pk"]
    rows = rows_of(astra)
    assert [r["spectrum_pk"] for r in rows] == night
    for row in rows:
        key = row["spectrum_pk"]
        assert (row["task_pk"], row["created"]) == (before[key]["task_pk"], before[key]["created"])
        assert row["modified"] > before[key]["modified"]
        if key in made:
            assert row == made[key]
        else:
            assert row["run_pk"] == last_run(astra)["pk"]
    assert run_inside(astra, *again)["n_done"] == 320  # it was complete: this is another one


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_slow_selection_is_planned_ends_it_at_once(astra, night, number):
    run = Started(astra, "--where", "pg_sleep(0.5) IS NOT NULL")
    sleeping = ("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND state = 'active' AND usename = 'bossnet_reader'")
    wait_until(lambda: astra.sql(sleeping))
    status, said = run.stop(number, within=10)
    assert status == 130, said
    assert "Traceback" not in said
    assert not astra.sql("SELECT pk FROM bossnet_run UNION ALL SELECT pk FROM bossnet_chunk")
    assert not rows_of(astra)
    wait_until(lambda: not astra.sql(sleeping), 10)


def loads_torch(run):
    return "libtorch" in Path(f"/proc/{run.process.pid}/maps").read_text()


def is_connected(run):
    return run.astra.sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                         "application_name = 'bossnet'")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [loads_torch, is_connected])
def test_a_signal_while_it_still_starts_is_exit_status_130_too(astra, night, number, moment):
    run = Started(astra)
    wait_until(lambda: moment(run))
    status, said = run.stop(number)
    assert status == 130, said
    assert "Traceback" not in said
    assert not claimed(astra)


def test_a_killed_run_leaves_no_reader_even_if_one_hangs_and_is_completed(astra, night, slow):
    with silent(slow[1]):
        run = Started(astra)
        run.wait_until_it_hangs()
        status, _ = run.stop(signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert last_run(astra)["state"] == "running"
    for seconds, state in ((100, "running"), (200, "died")):
        for table in ("bossnet_run", "bossnet_worker"):
            astra.sql(f"UPDATE {table} SET heartbeat = now() - interval '{seconds} s'")
        assert states(astra) == [state]
    assert run_inside(astra)["n_done"] == 320
    assert states(astra) == ["done", "died"]
    assert [r["spectrum_pk"] for r in rows_of(astra)] == night


def test_killed_several_times_in_2000_spectra_every_one_has_the_row_of_an_undisturbed_run(
        astra, files):
    night = astra.register(files * 400)
    chance = random.Random(4)
    for kill in range(4):
        run = Started(astra)
        wait_until(lambda pid=kill + 1: astra.sql(
            "SELECT pk FROM bossnet_chunk WHERE run_pk = %s AND state = 'claimed'", pid))
        if kill == 2:
            wait_until(lambda: astra.sql("SELECT task_pk FROM boss_net LIMIT 1"))
        time.sleep(chance.uniform(0, 1.5))
        run.helpers = helpers_of(run.process.pid)
        run.stop(signal.SIGKILL)
        assert len(rows_of(astra)) in (0, 1000, 2000)  # whole chunks
    assert run_inside(astra)["n_failed"] == 0
    run_inside(astra, "--tag", "undisturbed")
    rows = rows_of(astra)
    assert [r["spectrum_pk"] for r in rows] == night
    assert_same_rows(rows, rows_of(astra, "undisturbed"))
