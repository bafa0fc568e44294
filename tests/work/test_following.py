"""A run that others work on, followed to its end."""

from dataclasses import replace

import pytest

from bossnet.work.following import RunNotDone, follow, judge
from work.conftest import rows


class Silent:
    def advance(self, done, failed):
        pass


def followed(config, run, there):
    return follow(config, run, there=there, progress=Silent(), pause=0.0, to_their_end=True)


def test_a_run_whose_last_worker_died_with_nothing_left_is_done(config, run, joined, sql):
    one = joined(run)
    while (chunk := one.claim()) is not None:
        one.end(chunk, rows(run, chunk.keys), done=True)
    standing = followed(config, run, lambda: 0)
    assert (standing.state, standing.n_done, standing.workers) == ("done", 6, {"running": 1})
    judge(run, standing)
    assert sql("SELECT finished IS NOT NULL AS is_over FROM bossnet_run") == [{"is_over": True}]


def test_a_run_with_something_left_and_nobody_there_is_not_done(config, run, joined):
    one = joined(run)
    chunk = one.claim()
    one.end(chunk, rows(run, chunk.keys), done=True)
    standing = followed(config, run, lambda: 0)
    assert (standing.state, standing.chunks_left) == ("running", 2)
    with pytest.raises(RunNotDone, match=r"gone \(1 running\) and 2 chunks are left"):
        judge(run, standing)


def test_it_hears_also_while_the_database_is_away(config):
    def waiting():
        raise KeyboardInterrupt

    away = replace(config, database_url="postgresql://localhost:1/nowhere")
    with pytest.raises(KeyboardInterrupt):
        follow(away, 1, there=lambda: 1, progress=Silent(), pause=0.0, to_their_end=True,
               waiting=waiting)
