"""An outage must not become a release: of storage, of readers, of the database."""

import re
import signal
import threading

import pytest

from acceptance.inside import run_inside
from acceptance.rows import last_run, rows_of
from acceptance.started import Started
from bossnet.work.readers import AHEAD
from helpers import helpers_of, silent
from spectra import layouts

LAST = 600  #: number of the spectrum that is being read when the folder vanishes


@pytest.fixture
def folder(astra, tmp_path):
    """A folder of a few files that is a root of the configuration."""
    folder = tmp_path / "boss"
    folder.mkdir()
    for i in range(5):
        layouts.spec(folder / f"spec-{i}.fits", pixels=2000 + i)
    (tmp_path / "bossnet.yml").write_text(f"roots:\n  night: {folder}\n")
    return folder


@pytest.fixture
def night(astra, folder):
    """1,400 spectra on the files of the root, number `LAST` on one of its own."""
    layouts.spec(folder / "last.fits", pixels=2100)
    paths = [f"night/spec-{i % 5}.fits" for i in range(1400)]
    paths[LAST] = "night/last.fits"
    return astra.register(paths)


def run_until_the_folder_vanishes(astra, folder, *arguments):
    """A run in whose middle the folder is moved away for a while; its exit status and messages."""
    away = folder.with_name("away")
    with silent(folder / "last.fits"):
        run = Started(astra, *arguments)
        run.wait_until_it_hangs()
        folder.rename(away)
    _, said = run.process.communicate(timeout=200)
    away.rename(folder)
    assert "Traceback" not in said
    return run.process.returncode, said


def assert_the_record_is_right(astra):
    record = last_run(astra)
    made = [r for r in rows_of(astra) if r["run_pk"] == record["pk"]]
    assert (record["n_done"], record["n_failed"]) == (len(made), 0)
    assert "flag_missing_file" not in record["counts"]
    assert record["counts"].get("flag_low_snr", 0) == sum(r["result_flags"] >> 13 & 1 for r in made)
    return record, made


def test_a_folder_that_vanishes_stops_the_run_and_leaves_no_row_behind(astra, night, folder):
    status, said = run_until_the_folder_vanishes(astra, folder)
    assert status == 1, said
    message = said.splitlines()[-1]
    assert message.startswith("error: ")
    assert "spectra failed" in message
    assert "No such file" in message
    assert str(folder) in message
    record, made = assert_the_record_is_right(astra)
    assert record["state"] == "failed"
    assert record["error_message"] == message.removeprefix("error: ")
    assert LAST < len(made) == len(rows_of(astra)) <= LAST + AHEAD + 2
    assert not any(r["result_flags"] & 1 for r in made)
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")

    again = run_inside(astra)
    assert (again["n_done"], again["n_failed"]) == (1400 - len(made), 0)
    complete = rows_of(astra)
    assert [r["spectrum_pk"] for r in complete] == night
    assert [r for r in complete if r["run_pk"] == record["pk"]] == made

    # Rows that were there before are not lost to an outage, of whatever kind the run is.
    status, said = run_until_the_folder_vanishes(astra, folder, "--overwrite", "--seed", 1)
    assert status == 1, said
    _, remade = assert_the_record_is_right(astra)
    assert LAST < len(remade) <= LAST + AHEAD + 2
    rows = rows_of(astra)
    keys = {r["spectrum_pk"] for r in remade}
    assert [r for r in rows if r["spectrum_pk"] not in keys] == [
        r for r in complete if r["spectrum_pk"] not in keys]
    assert run_inside(astra, "--overwrite", "--seed", 1)["n_done"] == 1400 - len(remade)
    assert [(r["task_pk"], r["created"]) for r in rows_of(astra)] == [
        (r["task_pk"], r["created"]) for r in complete]
    assert not any(r["result_flags"] & 1 for r in rows_of(astra))


def test_a_run_that_is_stopped_before_an_outage_is_judged_leaves_no_row_of_it(
        astra, folder, tmp_path):
    slow = layouts.spec(tmp_path / "slow.fits", pixels=2100)
    astra.register([*(f"night/spec-{i % 5}.fits" for i in range(100)), slow])
    run_inside(astra)
    before = rows_of(astra)
    with silent(slow):
        folder.rename(folder.with_name("away"))
        run = Started(astra, "--overwrite", "--batch-size", 16)
        run.wait_until_it_hangs()
        status, said = run.stop(signal.SIGINT)
    assert status == 130, said
    assert (last_run(astra)["state"], last_run(astra)["n_done"]) == ("interrupted", 0)
    assert rows_of(astra) == before


def test_few_failures_and_failures_that_are_allowed_do_not_stop_a_run(astra, tmp_path):
    gone = [tmp_path / f"gone-{i}.fits" for i in range(250)]
    astra.register(gone[:199])
    done = run_inside(astra)
    assert (done["state"], done["n_done"], done["n_failed"]) == ("done", 199, 199)
    before = rows_of(astra)
    astra.register(gone)
    stopped = astra.run("--max-failures", "0.9", "--batch-size", 16, status=1).stderr
    assert "224 of the last 224 spectra failed" in stopped  # whole batches, from 200 on
    assert str(tmp_path) in stopped
    run_inside(astra, "--retry-failed", "--where", "spectrum_pk <= 199")  # too few again
    assert len(rows_of(astra)) == len(before)
    done = run_inside(astra, "--max-failures", "1")
    assert (done["state"], done["n_done"], done["n_failed"]) == ("done", 250, 250)
    assert {r["result_flags"] & 0b111_0000_0001 for r in rows_of(astra)} == {1 | 1 << 8}


def test_a_file_that_kills_its_readers_is_one_failed_row(astra, files, tmp_path):
    deadly = layouts.spec(tmp_path / "deadly.fits", pixels=2100)
    night = astra.register([*files, deadly, *files])
    over = threading.Event()

    def kill():
        while not over.wait(0.1):
            for helper in helpers_of(run.process.pid):
                helper.kill()

    with silent(deadly):
        run = Started(astra)
        run.wait_until_it_hangs()
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            _, said = run.process.communicate(timeout=40)
        finally:
            over.set()
            killer.join()
    assert run.process.returncode == 0, said
    rows = rows_of(astra)
    assert [r["spectrum_pk"] for r in rows] == night
    assert [r["spectrum_pk"] for r in rows if r["result_flags"] & 1] == [night[5]]
    assert rows[5]["result_flags"] & 0b1111_0000_1111 == 1
    assert rows[5]["error_message"].startswith(f"{deadly}: its reader process died")
    assert run_inside(astra, "--retry-failed")["n_done"] == 1
    assert not any(r["result_flags"] & 1 for r in rows_of(astra))


def test_connections_that_are_cut_are_made_again_and_nothing_is_lost(astra, files, tmp_path):
    slow = layouts.spec(tmp_path / "slow.fits", pixels=2100)
    night = astra.register([*files * 14, slow, *files * 10])
    with silent(slow):
        run = Started(astra)
        run.wait_until_it_hangs()
        assert astra.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                         "current_database() AND application_name = 'bossnet'")
    _, said = run.process.communicate(timeout=60)
    assert run.process.returncode == 0, said
    assert re.search("the connection to the database is lost .*: connecting again", said)
    assert "Traceback" not in said
    assert [r["spectrum_pk"] for r in rows_of(astra)] == night
    assert last_run(astra)["n_done"] == len(night)
