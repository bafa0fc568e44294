"""A worker of a run that is told to stop: its chunk is written or given back, within 30 s."""

import signal
import time

import pytest

from acceptance.altered import AlteredCommands
from acceptance.inside import run_inside
from acceptance.rows import rows_of
from acceptance.started import Started, StartedWorker
from helpers import silent, wait_until
from spectra import layouts

CHUNK = 50
BATCHES = ("--batch-size", 16)  #: of which two are handed on together


@pytest.fixture
def astra(database_url, tmp_path, tiny):
    """With small chunks."""
    return AlteredCommands(database_url, tmp_path, tiny.path,
                           constants={"work.plan.CHUNK": CHUNK})


@pytest.fixture
def slow(tmp_path):
    """Two files that can be made not to answer."""
    return [layouts.spec(tmp_path / f"slow-{i}.fits", pixels=2100 + i) for i in range(2)]


@pytest.fixture
def night(astra, files, slow):
    """400 spectra: the run's first worker is to hang at the first, the second one at `FAR`."""
    paths = files * 80
    paths[0], paths[FAR] = slow
    return astra.register(paths)


FAR = 220  #: beyond what the first worker reads ahead, and in the middle of a chunk


def workers(astra):
    """The records of the workers, in their order."""
    return astra.sql("SELECT * FROM bossnet_worker ORDER BY pk")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_worker_in_the_middle_of_its_chunk_writes_what_it_has_and_gives_back_the_rest(
        astra, night, slow, number):
    with silent(*slow):
        first = Started(astra, *BATCHES)
        first.wait_until_it_hangs()
        worker = StartedWorker(astra, *BATCHES)
        worker.wait_until_it_hangs()
        status, said = worker.stop(number)
        assert status == 130, said
        assert said.splitlines()[-1].startswith("error: stopped; what was finished is written")
        assert "Traceback" not in said
        beside, stopped = workers(astra)
        assert (beside["state"], stopped["state"]) == ("running", "stopped")
        written = rows_of(astra)
        assert 0 < len(written) == stopped["n_done"]
        assert not any(row["result_flags"] & 1 for row in written)
        assert {chunk["worker_pk"] for chunk in astra.sql(
            "SELECT worker_pk FROM bossnet_chunk WHERE state = 'claimed'")} == {beside["pk"]}
        # As the one beside it ends by itself, the run is done, with all that was given back.
    _, said = first.process.communicate(timeout=60)
    assert first.process.returncode == 0, said
    rows = rows_of(astra)
    assert [row["spectrum_pk"] for row in rows] == night
    kept = {row["spectrum_pk"]: row for row in written}
    assert [row for row in rows if row["spectrum_pk"] in kept] == written


def test_a_worker_that_waits_for_the_chunks_of_others_stops_at_once_or_ends_with_them(
        astra, files, slow):
    night = astra.register([slow[0], *files * 20])
    with silent(slow[0]):
        first = Started(astra, *BATCHES)
        first.wait_until_it_hangs()  # it has all chunks
        waiting = [StartedWorker(astra, *BATCHES) for _ in range(2)]
        wait_until(lambda: len(workers(astra)) == 3)
        time.sleep(1)
        assert [worker.process.poll() for worker in waiting] == [None, None]
        status, said = waiting[0].stop(signal.SIGTERM, within=10)
        assert status == 130, said
    for going_on in (first, waiting[1]):
        _, said = going_on.process.communicate(timeout=60)
        assert going_on.process.returncode == 0, said
    assert sorted(worker["state"] for worker in workers(astra)) == ["done", "done", "stopped"]
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night


def test_a_worker_whose_device_hangs_gives_its_chunks_back_and_stops_as_well(astra, files):
    night = astra.register(files * 20)
    astra.alterations["cursed"] = {str(night[70]): "hang"}
    worker = Started(astra, *BATCHES)
    wait_until(lambda: rows_of(astra))  # the first chunk is written, the second one hangs
    status, said = worker.stop(signal.SIGTERM)
    assert status == 130, said
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")
    assert [worker["state"] for worker in workers(astra)] == ["stopped"]
    run_inside(astra)
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night


def test_a_worker_of_a_run_that_is_stopped_or_done_says_so(astra, files):
    night = astra.register(files)
    run_inside(astra)
    assert "done" in astra("worker", 1).stderr
    assert "no run 7" in astra("worker", 7, status=2).stderr
    assert [row["spectrum_pk"] for row in rows_of(astra)] == night
