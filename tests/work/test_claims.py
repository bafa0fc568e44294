"""Chunks: each held by one worker at a time, its results and its end written together or not."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from bossnet import v_astra
from bossnet.database.connection import connect
from bossnet.errors import LostChunkError
from work.conftest import rows


@pytest.fixture
def workers(run, joined):
    """Two workers of the run."""
    return [joined(run) for _ in range(2)]


def done(sql):
    return [row["spectrum_pk"] for row in sql("SELECT * FROM boss_net ORDER BY spectrum_pk")]


def test_workers_take_chunks_of_their_own_until_none_is_left(workers, sql):
    one, other = workers
    taken = [one.claim(), other.claim(), one.claim()]
    assert [c.keys for c in taken] == [[1, 2], [3, 4], [5, 6]]
    assert [[row["spectrum_pk"] for row in c.rows] for c in taken] == [c.keys for c in taken]
    assert one.claim() is None
    assert other.claim() is None
    assert one.is_left()
    assert sql("SELECT worker_pk, worker, state, attempts FROM bossnet_chunk WHERE pk = 2") == [
        {"worker_pk": 2, "worker": other.member.name, "state": "claimed", "attempts": 1}]
    for chunk, worker in zip(taken, [one, other, one], strict=True):
        worker.end(chunk, rows(1, chunk.keys), done=True)
    assert not one.is_left()


def test_a_chunk_that_is_being_taken_is_passed_over_without_waiting(workers, config):
    locked = connect(config)
    with locked.cursor() as cursor:
        cursor.execute("SELECT pk FROM bossnet_chunk WHERE pk = 1 FOR UPDATE")
        assert workers[0].claim().keys == [3, 4]
    locked.close()


def test_what_another_run_did_meanwhile_is_left_out(workers, sql, run):
    sql("INSERT INTO boss_net (spectrum_pk, v_astra) VALUES (1, %s)", v_astra())
    chunk = workers[0].claim()
    assert [row["spectrum_pk"] for row in chunk.rows] == [2]
    sql("INSERT INTO boss_net (spectrum_pk, v_astra) VALUES (2, %s)", v_astra())  # quicker
    workers[0].end(chunk, rows(run, [2]), done=True)
    assert done(sql) == [1, 2]
    assert sql("SELECT n_done, n_failed, counts FROM bossnet_run") == [
        {"n_done": 0, "n_failed": 0, "counts": {}}]


def test_results_counts_and_the_end_of_a_chunk_come_together(workers, sql, run):
    chunk = workers[0].claim()
    workers[0].end(chunk, rows(run, [1]) + rows(run, [2], 1 | 1 << 9), done=True)
    assert done(sql) == [1, 2]
    assert sql("SELECT n_done, n_failed, counts FROM bossnet_run") == [
        {"n_done": 2, "n_failed": 1, "counts": {"flag_runtime_exception": 1, "flag_bad_file": 1}}]
    assert sql("SELECT n_chunks, n_done, n_failed FROM bossnet_worker WHERE pk = 1") == [
        {"n_chunks": 1, "n_done": 2, "n_failed": 1}]
    chunk, = sql("SELECT * FROM bossnet_chunk WHERE pk = 1")
    assert chunk["state"] == "done"
    assert chunk["finished"]


def test_a_chunk_that_is_given_back_keeps_its_results_and_is_taken_again(workers, sql, run):
    chunk = workers[0].claim()
    workers[0].end(chunk, rows(run, [1]), done=False)
    assert done(sql) == [1]
    again = workers[1].claim()
    assert again.pk == chunk.pk
    assert [row["spectrum_pk"] for row in again.rows] == [2]


@pytest.mark.parametrize("taken_over", [
    "UPDATE bossnet_chunk SET worker_pk = 2 WHERE pk = 1",
    "UPDATE bossnet_chunk SET state = 'ready' WHERE pk = 1",
    "UPDATE bossnet_chunk SET state = 'done' WHERE pk = 1",
    "UPDATE bossnet_worker SET state = 'failed' WHERE pk = 1",
    "DELETE FROM bossnet_chunk WHERE pk = 1"])
def test_a_worker_that_lost_its_chunk_writes_nothing(workers, sql, run, taken_over):
    chunk = workers[0].claim()
    sql(taken_over)
    with pytest.raises(LostChunkError, match="chunk 1 is no longer held by worker 1"):
        workers[0].end(chunk, rows(run, [1, 2]), done=True)
    assert done(sql) == []
    assert sql("SELECT n_done FROM bossnet_run") == [{"n_done": 0}]


def test_a_worker_that_was_taken_for_dead_claims_nothing(workers, sql):
    sql("UPDATE bossnet_worker SET state = 'failed' WHERE pk = 1")
    assert workers[0].claim() is None
    assert workers[1].claim().keys == [1, 2]


def test_a_worker_that_is_being_taken_for_dead_waits_and_claims_nothing(workers, sql, config):
    burying = connect(config)
    with burying.cursor() as cursor, ThreadPoolExecutor(1) as executor:
        cursor.execute("UPDATE bossnet_worker SET state = 'failed' WHERE pk = 1")
        claimed = executor.submit(workers[0].claim)
        while not sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'bossnet' "
                      "AND datname = current_database() AND wait_event_type = 'Lock'"):
            assert not claimed.done()
            time.sleep(0.01)
        burying.commit()
        assert claimed.result() is None
    burying.close()
    assert not sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")


def test_a_row_that_cannot_be_written_leaves_its_chunk_as_it_was(workers, sql, run):
    chunk = workers[0].claim()
    with pytest.raises(psycopg2.Error):
        workers[0].end(chunk, rows(run, [1, 99]), done=True)  # there is no such spectrum
    assert done(sql) == []
    assert sql("SELECT state, worker_pk FROM bossnet_chunk WHERE pk = 1") == [
        {"state": "claimed", "worker_pk": 1}]
    workers[0].end(chunk, rows(run, [1, 2]), done=True)
    assert done(sql) == [1, 2]


def lose_connections(sql):
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'bossnet'")


def test_a_claim_whose_answer_was_lost_is_not_kept_by_a_worker_that_does_not_know_of_it(
        workers, sql, run):
    one = workers[0]
    known = one.claim()
    sql("UPDATE bossnet_chunk SET state = 'claimed', worker = 'me', worker_pk = 1 WHERE pk = 2")
    lose_connections(sql)
    assert [one.claim().keys, one.claim().keys, one.claim()] == [[3, 4], [5, 6], None]
    one.end(known, rows(run, [1, 2]), done=True)


@pytest.mark.parametrize("done_of_it", [True, False])
def test_an_end_whose_answer_was_lost_is_not_done_again(workers, sql, run, done_of_it):
    one = workers[0]
    chunk = one.claim()
    committed = one.database.transaction

    def broken(work):
        committed(work)
        one.database.transaction = committed  # the answer was lost: once more
        return committed(lambda connection, _: work(connection, True))

    one.database.transaction = broken
    one.end(chunk, rows(run, [1, 2] if done_of_it else [1]), done=done_of_it)
    n = 2 if done_of_it else 1
    assert sql("SELECT n_done FROM bossnet_run") == [{"n_done": n}]
    assert done(sql) == [1, 2][:n]


def test_runs_of_one_version_and_tag_do_no_spectrum_at_the_same_time(plan, run, joined, sql):
    other = joined(plan([6], [1, 3], [2, 7], [8]))
    elsewhere = joined(plan([1, 2], tag="other"))
    one = joined(run)
    assert one.claim().keys == [1, 2]
    chunk = other.claim()
    assert chunk.keys == [6]
    assert other.claim().keys == [8]  # 1 and 2 are being done, 3 is not alone
    assert other.claim() is None
    assert elsewhere.claim().keys == [1, 2]
    assert one.claim().keys == [3, 4]
    assert one.claim() is None  # 6
    other.end(chunk, rows(other.run_pk, [6]), done=True)
    assert [row["spectrum_pk"] for row in one.claim().rows] == [5]


def test_a_chunk_of_another_run_whose_worker_is_dead_keeps_nobody_waiting(plan, run, joined, sql):
    joined(run).claim()
    other = joined(plan([1, 2]))
    assert other.claim() is None
    sql("UPDATE bossnet_worker SET heartbeat = now() - interval '121 s' WHERE run_pk = %s", run)
    assert other.claim().keys == [1, 2]


def test_a_chunk_at_which_workers_died_is_taken_last_and_by_itself(workers, sql, run):
    one, other = workers
    sql("UPDATE bossnet_chunk SET deaths = 1, error_message = 'gone' WHERE pk = 1")
    assert [one.claim(suspects=False).keys, one.claim().keys] == [[3, 4], [5, 6]]
    assert one.claim(suspects=False) is None
    chunk = other.claim()
    assert (chunk.keys, chunk.is_suspect, chunk.last_words) == ([1, 2], True, "gone")
    assert not chunk.is_hopeless


def test_a_chunk_that_may_be_the_end_of_its_worker_is_split_the_second_time(workers, sql, run):
    sql("DELETE FROM bossnet_chunk WHERE pk > 1")
    for key in (1, 2):
        chunk = workers[0].claim()
        workers[0].end(chunk, rows(run, [key]), done=False, blame="the device failed")
    assert sql("SELECT spectrum_pks, n, state, deaths, error_message FROM bossnet_chunk") == [
        {"spectrum_pks": [key], "n": 1, "state": "ready", "deaths": 1,
         "error_message": "the device failed"} for key in (1, 2)]
    assert done(sql) == [1, 2]
