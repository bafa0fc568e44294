"""Reader processes: in order, a bounded number ahead, and whatever happens to one of them."""

import os
import random
import threading
import time

import pytest

from bossnet.flags import Outcome
from bossnet.network import BOSS
from bossnet.work.readers import AHEAD, Readers
from helpers import helpers_of, is_helper, silent, wait_until
from spectra import layouts


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Small BOSS files."""
    folder = tmp_path_factory.mktemp("readers")
    return [layouts.spec(folder / f"spec-{i}.fits", pixels=1500 + i) for i in range(8)]


def rows(paths):
    """Rows of the spectrum table, each with its number as key."""
    return [(i, "boss_visit_spectrum", {"spectrum_pk": i, "source_pk": None, "path": str(path)})
            for i, path in enumerate(paths)]


def outcomes(readings):
    return [reading.observation.outcome for *_, reading in readings]


@pytest.mark.parametrize("processes", [1, 3])
def test_every_row_is_read_in_its_order(paths, processes):
    with Readers(BOSS, {}, processes=processes) as readers:
        some = list(readers.stream(rows(paths * 20)))
    assert [key for key, *_ in some] == list(range(160))
    assert [len(reading.observation.spectrum.flux) for *_, reading in some] == [
        1500 + i for i in range(8)] * 20
    assert some[7][3].path == str(paths[7])
    assert some[7][3].observation.quality.has_data


def test_only_a_bounded_number_is_taken_in_advance(paths):
    taken = []

    def counted():
        for row in rows(paths * 100):
            taken.append(row)
            yield row

    with Readers(BOSS, {}) as readers:
        stream = readers.stream(counted())
        for given in range(1, 200):
            next(stream)
            assert len(taken) < given + AHEAD
        stream.close()


def test_paths_are_those_of_the_roots_and_a_failure_is_a_reading(paths, tmp_path):
    with Readers(BOSS, {"night": paths[0].parent}) as readers:
        good, gone, unknown = readers.stream(rows(
            ["night/spec-0.fits", "night/nonesuch.fits", "elsewhere/spec-0.fits"]))
    assert good[3].observation.outcome is Outcome.DONE
    assert gone[3].observation.outcome is Outcome.MISSING_FILE
    assert str(paths[0].parent / "nonesuch.fits") in gone[3].observation.message
    assert "no root 'elsewhere'" in unknown[3].observation.message


def test_a_reader_that_hangs_is_replaced_and_its_file_alone_fails(paths):
    with silent(paths[2]), Readers(BOSS, {}, processes=2, patience=2) as readers:
        some = list(readers.stream(rows(paths * 2)))
    failed = [i for i, outcome in enumerate(outcomes(some)) if outcome is not Outcome.DONE]
    assert failed == [2, 10]
    for i in failed:
        observation = some[i][3].observation
        assert observation.outcome is Outcome.STORAGE_FAILED
        assert observation.message.startswith(f"{paths[2]}: ")
        assert "did not answer for 2 s" in observation.message


def test_a_file_that_kills_its_readers_alone_fails(paths):
    with silent(paths[1]), Readers(BOSS, {}, processes=2, patience=40) as readers:
        stream = readers.stream(rows(paths))
        some = [next(stream)]
        assert outcomes(readers.stream(rows(paths[2:]))) == [Outcome.DONE] * 6  # all but one read
        over = threading.Event()

        def kill():
            while not over.wait(0.2):
                for helper in helpers_of(os.getpid()):
                    helper.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            some.append(next(stream))
        finally:
            over.set()
            killer.join()
        some += stream
    assert outcomes(some) == [Outcome.DONE, Outcome.STORAGE_FAILED] + [Outcome.DONE] * 6
    message = some[1][3].observation.message
    assert message.startswith(f"{paths[1]}: ")
    assert "its reader process died (SIGKILL)" in message


def test_readers_killed_at_any_moment_harm_no_file(paths):
    killed, over = [], threading.Event()

    def kill():
        chance = random.Random(1)
        while len(killed) <= 6 and not over.wait(chance.uniform(0.3, 1)):
            if helpers := helpers_of(os.getpid()):
                killed.append(helpers[len(killed) % len(helpers)])
                killed[-1].kill()

    def until_some_are_killed():
        for row in rows(paths * 10_000):
            if len(killed) > 6:
                return
            yield row

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with Readers(BOSS, {}, processes=2) as readers:
            some = list(readers.stream(until_some_are_killed()))
    finally:
        over.set()
        killer.join()
    assert [key for key, *_ in some] == list(range(len(some)))
    failed = [o for o in outcomes(some) if o is not Outcome.DONE]
    assert set(failed) <= {Outcome.STORAGE_FAILED}  # of a file whose second reader died too
    assert len(failed) <= len(killed) // 2


def test_whoever_waits_for_a_file_that_hangs_may_end_it(paths):
    def impatient():
        if start is not None and time.monotonic() > start + 1:
            raise KeyboardInterrupt

    start = None
    with silent(paths[1]), Readers(BOSS, {}, processes=2) as readers:
        stream = readers.stream(rows(paths), waiting=impatient)
        assert next(stream)[0] == 0
        helpers = helpers_of(os.getpid())
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            next(stream)
    assert time.monotonic() - start < 10
    wait_until(lambda: not any(map(is_helper, helpers)))
