"""What is shown of runs: their state, their workers', rate, time left, failures with examples."""

import re

import pytest

from bossnet import v_astra
from bossnet.cli import showing
from bossnet.database.connection import connect
from bossnet.errors import ConfigurationError
from bossnet.work import status


@pytest.fixture
def connection(config):
    connection = connect(config)
    yield connection
    connection.close()


@pytest.fixture
def run(sql):
    """Makes a run that began so many seconds ago; its pk."""
    def run(state="running", began=100, silent=0, ended=None, **values):
        values = {"task": "bossnet", "v_astra": v_astra(), "n_selected": 1000} | values
        made, = sql(f"INSERT INTO bossnet_run ({', '.join(values)}, state, started, heartbeat, "
                    f"finished) VALUES ({', '.join(['%s'] * len(values))}, %s, "
                    "now() - %s * interval '1 s', now() - %s * interval '1 s', "
                    "now() - %s * interval '1 s') RETURNING pk", *values.values(), state, began,
                    silent, ended)
        return made["pk"]
    return run


@pytest.fixture
def worker(sql):
    """Adds a worker to a run."""
    def worker(run, state="running", began=100, silent=0, ended=None, **values):
        values = {"run_pk": run, "state": state, "hostname": "node", "pid": 7} | values
        sql(f"INSERT INTO bossnet_worker ({', '.join(values)}, started, heartbeat, finished) "
            f"VALUES ({', '.join(['%s'] * len(values))}, now() - %s * interval '1 s', "
            "now() - %s * interval '1 s', now() - %s * interval '1 s')", *values.values(), began,
            silent, ended)
    return worker


def test_the_time_left_is_by_the_rate_of_the_workers_that_are_at_work(connection, run, worker):
    a = run(began=1000, n_done=300, n_failed=3)
    worker(a, n_done=150, began=100)
    worker(a, n_done=50, began=50)
    worker(a, "done", n_done=100, began=1000, ended=500)
    shown = status.record(connection, a)
    assert shown["rate"] == pytest.approx(2.5, rel=0.05)
    assert shown["seconds_left"] == pytest.approx(700 / 2.5, rel=0.05)
    assert [w["rate"] for w in shown["workers"]] == pytest.approx([1.5, 1.0, 0.2], rel=0.05)


def test_a_run_that_ended_has_its_own_rate_and_nothing_left(connection, run):
    shown = status.record(connection, run("done", began=100, ended=50, n_done=1000))
    assert (shown["state"], shown["seconds_left"]) == ("done", None)
    assert shown["rate"] == pytest.approx(20, rel=0.05)


def test_a_silent_worker_died_and_a_run_without_a_living_one_too(connection, run, worker):
    a = run(silent=5)
    worker(a, silent=300)
    worker(a, silent=5)
    shown = status.record(connection, a)
    assert [w["state"] for w in shown["workers"]] == ["died", "running"]
    assert shown["state"] == "running"
    assert re.fullmatch(r"1 at work \(seen \d+ s ago\), 1 died", showing.workers_in_words(shown))
    died, = showing.troubles_of(shown)
    assert re.fullmatch(r"worker 1 \(node:7\) died: no sign of life for 5\.\d min", died)
    b = run(silent=20)
    worker(b, silent=20, lease=10)
    assert status.record(connection, b)["state"] == "died"
    assert status.record(connection, run(silent=300))["state"] == "died"
    assert status.record(connection, run("planned", silent=300))["state"] == "planned"


def test_a_worker_that_failed_is_said_with_its_place_and_reason(connection, run, worker):
    a = run()
    worker(a, "failed", ended=10, error_message="the device is gone", slurm_job="55_2")
    shown = status.record(connection, a)
    assert showing.troubles_of(shown) == [
        "worker 1 (node:7, job 55_2) failed: the device is gone"]
    assert "workers: 1 failed" in showing.line(shown)


def test_workers_are_those_of_their_run(connection, run, worker):
    a, b, c = run(), run(), run()
    for of in (a, b, a):
        worker(of)
    assert [(r["pk"], [w["pk"] for w in r["workers"]]) for r in status.recent(connection)] == [
        (c, []), (b, [2]), (a, [1, 3])]
    assert [r["pk"] for r in status.recent(connection, limit=1)] == [c]
    with pytest.raises(ConfigurationError, match="no run 9"):
        status.record(connection, 9)


def test_failures_are_counted_by_reason_with_up_to_three_examples_each(connection, sql, run):
    a = run(n_failed=5)
    sql("INSERT INTO spectrum (spectrum_flags) SELECT 0 FROM generate_series(1, 6)")
    for key, flags in enumerate((1 | 1 << 8,) * 4 + (1 | 1 << 9, 0), 1):
        sql("INSERT INTO boss_net (spectrum_pk, run_pk, v_astra, result_flags, error_message) "
            "VALUES (%s, %s, %s, %s, %s)", key, a, v_astra(), flags, f"{key}.fits: no")
    missing, bad = status.failures(connection, status.record(connection, a))
    assert (missing.number, missing.reasons) == (4, ["flag_runtime_exception", "flag_missing_file"])
    assert missing.examples == [status.Example(key, f"{key}.fits: no") for key in (1, 2, 3)]
    assert (bad.number, bad.examples) == (1, [status.Example(5, "5.fits: no")])
    assert status.rows(connection, {"pk": a, "task": "bossnet"}) == 6


def test_chunks_are_counted_by_state(connection, sql, run):
    a = run()
    for state, deaths in (("ready", 1), ("ready", 0), ("done", 0)):
        sql("INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n, state, deaths) "
            "VALUES (%s, 'boss_visit_spectrum', '{1,2}', 2, %s, %s)", a, state, deaths)
    assert status.chunks(connection, {"pk": a}) == {
        "done": {"chunks": 1, "spectra": 2, "deaths": 0},
        "ready": {"chunks": 2, "spectra": 4, "deaths": 1}}


@pytest.mark.parametrize(("seconds", "words"), [
    (None, ""), (0.4, "0 s"), (119, "119 s"), (120, "2.0 min"), (9000, "2.5 h"),
    (7 * 86400, "7.0 d")])
def test_a_time_is_said_in_words(seconds, words):
    assert showing.duration(seconds) == words
