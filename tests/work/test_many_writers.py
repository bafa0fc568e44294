"""Workers of one run that write at the same time."""

import pytest

from bossnet import v_astra
from bossnet.database.connection import connect
from bossnet.work.queries import query


@pytest.fixture
def onlooker(config):
    connection = connect(config)
    yield connection
    connection.close()


def test_counting_does_not_wait_for_workers_that_are_writing_rows(config, onlooker):
    # The foreign key of a row holds the run's row until its writer commits. Two workers that both
    # waited for each other's would never end.
    with onlooker, onlooker.cursor() as cursor:
        cursor.execute("INSERT INTO spectrum DEFAULT VALUES RETURNING pk")
        spectrum, = cursor.fetchone()
        cursor.execute("INSERT INTO bossnet_run (task, v_astra, state) "
                       "VALUES ('bossnet', %s, 'running') RETURNING pk", (v_astra(),))
        run, = cursor.fetchone()
    with onlooker.cursor() as cursor:
        cursor.execute("INSERT INTO boss_net (spectrum_pk, run_pk, v_astra) VALUES (%s, %s, %s)",
                       (spectrum, run, v_astra()))  # not yet committed
        counting = connect(config)
        with counting.cursor() as other:
            other.execute("SET lock_timeout = '1s'")
            other.execute(query("lock_counts"), {"run": run})
            assert other.fetchone() == ({},)
        counting.close()
