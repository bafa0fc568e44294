"""Chunks: each held by one worker at a time, its results and its end written together or not."""

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from bossnet import v_astra
from bossnet.database.connection import connect
from bossnet.errors import DatabaseError
from bossnet.work.claims import Claims
from bossnet.work.plan import Todo
from bossnet.work.settings import Settings


@pytest.fixture
def sql(config):
    """Statements of an onlooker; rows as dictionaries."""
    connection = psycopg2.connect(config.database_url, options="-c search_path=bossnet")
    connection.autocommit = True

    def sql(statement, *values):
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []
    yield sql
    connection.close()


@pytest.fixture
def run(sql):
    """A run of six spectra in three chunks."""
    sql("INSERT INTO spectrum (spectrum_flags) SELECT 0 FROM generate_series(1, 6)")
    sql("INSERT INTO boss_visit_spectrum (spectrum_pk, release, filetype, mjd) "
        "SELECT pk, 'dr17', 'spec', pk FROM spectrum")
    run, = sql("INSERT INTO bossnet_run (task, v_astra, state) VALUES ('bossnet', %s, 'running') "
               "RETURNING pk", v_astra())
    for keys in ([1, 2], [3, 4], [5, 6]):
        sql("INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n) "
            "VALUES (%s, 'boss_visit_spectrum', %s, 2)", run["pk"], keys)
    return run["pk"]


@pytest.fixture
def workers(config, run):
    """Two workers of the run."""
    connections = [connect(config) for _ in range(2)]
    made = [Claims(c, run, Todo("boss_net", Settings())) for c in connections]
    for number, claims in enumerate(made):
        claims.worker = f"worker {number}"
    yield made
    for connection in connections:
        connection.close()


def rows(run, keys, result_flags=0):
    return [{"spectrum_pk": key, "run_pk": run, "v_astra": v_astra(), "tag": "", "teff": 5000.0,
             "result_flags": result_flags} for key in keys]


def done(sql):
    return [row["spectrum_pk"] for row in sql("SELECT * FROM boss_net ORDER BY spectrum_pk")]


def test_workers_take_chunks_of_their_own_until_none_is_left(workers, sql):
    one, other = workers
    taken = [one.claim(), other.claim(), one.claim()]
    assert [c.keys for c in taken] == [[1, 2], [3, 4], [5, 6]]
    assert [[row["spectrum_pk"] for row in c.rows] for c in taken] == [c.keys for c in taken]
    assert one.claim() is None
    assert other.claim() is None
    assert sql("SELECT worker, state, attempts FROM bossnet_chunk WHERE pk = 2") == [
        {"worker": "worker 1", "state": "claimed", "attempts": 1}]


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
    "UPDATE bossnet_chunk SET worker = 'worker 1' WHERE pk = 1",
    "UPDATE bossnet_chunk SET state = 'ready' WHERE pk = 1",
    "UPDATE bossnet_chunk SET state = 'done' WHERE pk = 1"])
def test_a_worker_that_lost_its_chunk_writes_nothing(workers, sql, run, taken_over):
    chunk = workers[0].claim()
    sql(taken_over)
    with pytest.raises(DatabaseError, match="no longer held by worker 0"):
        workers[0].end(chunk, rows(run, [1, 2]), done=True)
    assert done(sql) == []
    assert sql("SELECT n_done FROM bossnet_run") == [{"n_done": 0}]


def test_a_row_that_cannot_be_written_leaves_its_chunk_as_it_was(workers, sql, run):
    chunk = workers[0].claim()
    with pytest.raises(psycopg2.Error):
        workers[0].end(chunk, rows(run, [1, 99]), done=True)  # there is no such spectrum
    assert done(sql) == []
    assert sql("SELECT state, worker FROM bossnet_chunk WHERE pk = 1") == [
        {"state": "claimed", "worker": "worker 0"}]
    workers[0].end(chunk, rows(run, [1, 2]), done=True)
    assert done(sql) == [1, 2]


def test_a_sign_of_life_is_for_the_run(workers, sql):
    workers[0].claim()
    sql("UPDATE bossnet_run SET heartbeat = now() - interval '1 h'")
    workers[0].beat()  # too soon after the last one
    fresh = "SELECT heartbeat > now() - interval '1 min' AS fresh FROM"
    assert sql(f"{fresh} bossnet_run") == [{"fresh": False}]
    workers[0]._beaten -= 60
    workers[0].beat()
    assert sql(f"{fresh} bossnet_run") == [{"fresh": True}]
