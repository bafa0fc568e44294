"""Which runs take a further worker, and what it needs."""

import os
import signal
from contextlib import contextmanager

import pytest

from bossnet.errors import ConfigurationError, RunEndedError
from bossnet.task import BossNetTask
from bossnet.work.interruption import Interruption
from bossnet.work.joining import join
from bossnet.work.settings import Settings
from network.made import TINY, random_network


@pytest.fixture
def planned(config, spectra, sql, tiny):
    """A planned run of six spectra without files."""
    spectra(6)
    sql("UPDATE boss_visit_spectrum SET path = '/nonesuch.fits'")
    return BossNetTask.execute(config, Settings(n_draws=2, tag="t"), weights=str(tiny.path),
                               plan_only=True).run_pk


@pytest.fixture
def worker(config):
    return lambda run: join(config, run, task=lambda name: {"bossnet": BossNetTask}[name],
                            device="cpu", readers=1)


def test_a_run_may_be_planned_only_and_waits_for_its_first_worker(planned, worker, sql):
    assert sql("SELECT state, n_selected, device FROM bossnet_run") == [
        {"state": "planned", "n_selected": 6, "device": None}]
    done = worker(planned)
    assert (done.state, done.n_done, done.n_failed) == ("done", 6, 6)
    assert (done.worker_pk, done.worker_done, done.worker_failed) == (1, 6, 6)
    assert sql("SELECT count(*) AS rows FROM boss_net WHERE tag = 't' AND run_pk = %s",
               planned) == [{"rows": 6}]
    again = worker(planned)
    assert (again.state, again.n_done, again.worker_pk) == ("done", 6, None)


def test_a_run_that_is_done_while_a_worker_is_being_started_is_nobody_s_failure(
        planned, config, sql):
    def meanwhile(name):
        sql("UPDATE bossnet_chunk SET state = 'done'")
        sql("UPDATE bossnet_run SET state = 'done', n_done = 6")
        return BossNetTask

    late = join(config, planned, task=meanwhile, device="cpu", readers=1)
    assert (late.state, late.n_done, late.worker_pk) == ("done", 6, None)


def test_a_run_that_is_not_there_or_has_failed_takes_no_worker(planned, worker, sql):
    with pytest.raises(ConfigurationError, match="there is no run 77"):
        worker(77)
    sql("UPDATE bossnet_run SET state = 'failed', error_message = 'no files'")
    with pytest.raises(RunEndedError, match="run 1 is failed: no files; run its command again"):
        worker(planned)
    assert not sql("SELECT pk FROM bossnet_worker")


@pytest.mark.parametrize("change", ["v_astra = v_astra + 1000", "settings = NULL"])
def test_a_worker_of_another_version_is_refused(planned, worker, sql, change):
    sql(f"UPDATE bossnet_run SET {change}")
    with pytest.raises(ConfigurationError, match=r"was planned by version \d+\.\d+"):
        worker(planned)


def test_other_weights_of_the_same_name_are_refused(planned, worker, sql, tiny):
    before = tiny.path.read_bytes()
    try:
        random_network(tiny.path, seed=5, **TINY)
        with pytest.raises(ConfigurationError, match="was planned with weights random of SHA-256"):
            worker(planned)
    finally:
        tiny.path.write_bytes(before)
    assert not sql("SELECT pk FROM bossnet_worker")


def test_rows_that_came_meanwhile_and_were_made_otherwise_are_not_mixed(
        planned, worker, config, tiny):
    BossNetTask.execute(config, Settings(n_draws=0, tag="t", readers=1), weights=str(tiny.path))
    with pytest.raises(ConfigurationError, match="were made with n_draws"):
        worker(planned)


def test_what_an_overwriting_continues_is_known_to_every_worker(planned, worker, config, tiny, sql):
    worker(planned)
    settings = Settings(n_draws=2, tag="t", overwrite=True)
    run = BossNetTask.execute(config, settings, weights=str(tiny.path), plan_only=True).run_pk
    assert worker(run).n_done == 6
    assert {row["run_pk"] for row in sql("SELECT run_pk FROM boss_net")} == {run}


def test_whatever_keeps_a_worker_from_joining_is_on_record_under_slurm(
        planned, config, sql, monkeypatch):
    def broken(name):
        raise RuntimeError("no kernel image is available for execution on the device")

    monkeypatch.setenv("SLURM_JOB_ID", "42")
    with pytest.raises(RuntimeError, match="no kernel image"):
        join(config, planned, task=broken, device="cpu", readers=1)
    assert sql("SELECT state, slurm_job, error_message FROM bossnet_worker") == [
        {"state": "failed", "slurm_job": "42",
         "error_message": "no kernel image is available for execution on the device"}]


def test_a_signal_right_after_joining_leaves_no_worker_behind(planned, worker, sql, monkeypatch):
    deferred, left = Interruption.deferred, []

    @contextmanager
    def and_then_a_signal(self):
        with deferred(self):
            yield
        if not left:
            left.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Interruption, "deferred", and_then_a_signal)
    with pytest.raises(KeyboardInterrupt):
        worker(planned)
    assert sql("SELECT state FROM bossnet_worker") == [{"state": "stopped"}]
    assert sql("SELECT state FROM bossnet_run") == [{"state": "interrupted"}]
