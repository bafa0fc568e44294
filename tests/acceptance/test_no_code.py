"""What stands in rows is never executed: names are names, and values values."""

import json

import pytest

END = "boss_net\"; DROP TABLE boss_net CASCADE; --"
VALUE = "1}'); DROP TABLE boss_net CASCADE; --"


@pytest.fixture
def planned(astra, files):
    """The commands, with a run that waits for workers, and what its row says of its settings."""
    astra.register(files)
    astra.run()
    astra.sql("DELETE FROM boss_net")
    astra.sql("UPDATE bossnet_chunk SET state = 'ready'")
    astra.sql("UPDATE bossnet_run SET state = 'planned', n_done = 0")
    return astra, astra.sql("SELECT settings FROM bossnet_run")[0]["settings"]


def refused(astra):
    """What a worker says that cannot do the run; the tables are there as before."""
    said = astra("worker", 1, status=1).stderr
    assert "Traceback" not in said
    assert astra.sql("SELECT count(*) AS n FROM boss_net") == [{"n": 0}]
    return said


def test_a_planned_run_is_done_by_a_worker(planned):
    planned[0]("worker", 1)
    assert planned[0].sql("SELECT count(*) AS n FROM boss_net") == [{"n": 5}]


def test_the_name_of_a_table_is_a_name(planned):
    planned[0].sql("UPDATE bossnet_chunk SET table_name = %s", END)
    assert "does not exist" in refused(planned[0])


@pytest.mark.parametrize("place", ["chain", "changed"])
def test_what_is_left_to_do_is_a_list_of_numbers(planned, place):
    astra, settings = planned
    option = {"chain": "overwrite", "changed": "retry_failed"}[place]
    settings["options"][option] = True
    settings[place] = [VALUE]
    astra.sql("UPDATE bossnet_run SET settings = %s", json.dumps(settings))
    assert "invalid input syntax for type bigint" in refused(astra)
