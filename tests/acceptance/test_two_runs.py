"""Runs of the same release that are started at once share its work: no spectrum is done twice."""

from collections import Counter

import pytest

from acceptance.altered import AlteredCommands
from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, rows_of
from acceptance.started import Started
from helpers import wait_until

SHARED_OUT = "SELECT count(DISTINCT run_pk) AS runs FROM bossnet_chunk WHERE state <> 'ready'"


@pytest.fixture
def astra(database_url, tmp_path, tiny):
    """With small chunks, a network that takes its time, and a record of what it is given."""
    return AlteredCommands(
        database_url, tmp_path, tiny.path, pace=0.02, predicted=str(tmp_path / "predicted"),
        constants={"work.plan.CHUNK": 40})


def predicted(astra):
    """How often the network was given each spectrum."""
    with open(astra.alterations["predicted"]) as lines:
        return Counter(int(line) for line in lines)


def ended(runs):
    for run in runs:
        _, said = run.process.communicate(timeout=200)
        assert run.process.returncode == 0, said


@pytest.mark.parametrize("second", [(), ("--where", "snr < 31")], ids=["the same", "a part"])
def test_two_runs_at_once_do_no_spectrum_twice(astra, files, second):
    night = astra.register(files * 96)
    share_it(astra, night, (), second)


def test_two_runs_at_once_overwrite_no_spectrum_twice(astra, files):
    night = astra.register(files * 96)
    run_inside(astra)
    before = {row["task_pk"]: row["modified"] for row in rows_of(astra)}
    share_it(astra, night, ("--overwrite",), ("--overwrite", "--where", "snr < 31"))
    assert all(row["modified"] > before[row["task_pk"]] for row in rows_of(astra))


def share_it(astra, night, *options):
    """Two runs at once, between them each spectrum once; as one run alone would do it."""
    seen = astra.sql("SELECT count(*) FROM bossnet_run")[0]["count"]
    runs = [Started(astra, *some) for some in options]
    wait_until(lambda: astra.sql(SHARED_OUT)[0]["runs"] == seen + 2)
    ended(runs)
    assert predicted(astra) == Counter(night)
    rows = rows_of(astra)
    assert [row["spectrum_pk"] for row in rows] == night
    shares = Counter(row["run_pk"] for row in rows)
    assert len(shares) == 2
    for record in astra.sql(f"SELECT * FROM bossnet_run WHERE pk > {seen}"):
        assert record["state"] == "done"
        assert record["n_done"] == shares[record["pk"]]
    run_inside(astra, "--tag", "alone")
    assert_same_rows(rows, rows_of(astra, "alone"))
