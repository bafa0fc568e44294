"""Joining a run and leaving it; what becomes of the run."""

import psycopg2
import pytest

from bossnet.errors import RunEndedError
from work.conftest import rows


def record(sql, run):
    return sql("SELECT state, error_message, finished IS NOT NULL AS is_over FROM bossnet_run "
               "WHERE pk = %s", run)[0]


def test_the_first_worker_of_a_planned_run_begins_it(spectra, plan, joined, sql):
    spectra(1)
    run = plan([1], state="planned")
    joined(run, device="cuda (a GPU)")
    assert sql("SELECT state, device FROM bossnet_run") == [
        {"state": "running", "device": "cuda (a GPU)"}]


def test_slurm_is_on_record(spectra, plan, joined, sql, monkeypatch):
    spectra(1)
    run = plan([1])
    joined(run)
    monkeypatch.setenv("SLURM_JOB_ID", "43")
    joined(run)
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "42")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    joined(run)
    assert [(w["slurm_job"], w["slurm_task"]) for w in sql(
        "SELECT * FROM bossnet_worker ORDER BY pk")] == [(None, None), ("43", None), ("42_3", 3)]


def test_the_worker_that_finds_nothing_left_ends_the_run(run, joined, sql):
    one, other = joined(run), joined(run)
    while (chunk := one.claim()) is not None:
        one.end(chunk, rows(run, chunk.keys), done=True)
    outcome = other.member.leave(other.database, "done")
    assert (outcome.state, outcome.n_done, outcome.worker_done) == ("done", 6, 0)
    assert record(sql, run) == {"state": "done", "error_message": None, "is_over": True}
    assert one.member.leave(one.database, "done").worker_done == 6
    assert [w["state"] for w in sql("SELECT state FROM bossnet_worker")] == ["done", "done"]


@pytest.mark.parametrize("state", ["interrupted", "failed"])
def test_a_run_ends_with_the_last_of_its_workers_that_leaves(run, joined, sql, state):
    one, other, dead = joined(run), joined(run), joined(run)
    one.claim()
    sql("UPDATE bossnet_worker SET heartbeat = now() - interval '1 h' WHERE pk = %s",
        dead.member.pk)
    one.member.leave(one.database, "failed", "a reason", run_state=state)
    assert record(sql, run)["state"] == "running"
    assert not sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")
    other.member.leave(other.database, "failed", "another reason", run_state=state)
    assert record(sql, run) == {"state": state, "error_message": "another reason",
                                "is_over": True}


def test_an_interrupted_run_takes_workers_and_a_failed_or_done_one_does_not(run, joined, sql):
    one = joined(run)
    one.member.leave(one.database, "stopped", "asked", run_state="interrupted")
    joined(run)
    assert record(sql, run) == {"state": "running", "error_message": None, "is_over": False}
    for state in ("failed", "done"):
        sql("UPDATE bossnet_run SET state = %s, error_message = 'it was so'", state)
        with pytest.raises(RunEndedError, match=f"run {run} is {state}: it was so") as raised:
            joined(run)
        assert raised.value.state == state


def test_a_run_that_was_called_interrupted_is_done_when_all_of_it_is(run, joined, sql):
    silent, other = joined(run), joined(run)
    sql("UPDATE bossnet_worker SET heartbeat = now() - interval '121 s' WHERE pk = %s",
        silent.member.pk)
    other.member.leave(other.database, "stopped", "asked", run_state="interrupted")
    assert record(sql, run)["state"] == "interrupted"
    while (chunk := silent.claim()) is not None:
        silent.end(chunk, rows(run, chunk.keys), done=True)
    assert silent.member.leave(silent.database, "done").state == "done"
    assert record(sql, run) == {"state": "done", "error_message": None, "is_over": True}


def test_an_outage_fails_the_run_whoever_is_left(run, joined, sql):
    one, _ = joined(run), joined(run)
    one.member.leave(one.database, "failed", "storage", run_state="interrupted", run_fails=True)
    assert record(sql, run)["state"] == "failed"


def test_a_worker_that_was_taken_for_dead_goes_on_as_another_one(run, joined, sql):
    one = joined(run)
    chunk = one.claim()
    sql("UPDATE bossnet_worker SET state = 'failed'")
    sql("UPDATE bossnet_chunk SET state = 'ready'")
    one.join_again()
    assert one.member.pk == 2
    assert one.claim().pk == chunk.pk
    assert one.member.starts(one.database) == 2


def test_a_worker_whose_joining_was_not_answered_is_there_once(run, joined, sql):
    one = joined(run)
    answered = one.member._join

    def unanswered(connection, again):
        pk = answered(connection, again)
        if not again:
            connection.commit()
            connection.close()
            raise psycopg2.OperationalError("the answer was lost")
        return pk

    one.member._join = unanswered
    one.join_again()
    assert sql("SELECT pk, state FROM bossnet_worker ORDER BY pk") == [
        {"pk": 1, "state": "failed"}, {"pk": one.member.pk, "state": "running"}]
    assert one.member.starts(one.database) == 2
