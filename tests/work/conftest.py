"""A run in chunks, and workers of it."""

from functools import partial

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from bossnet import v_astra
from bossnet.database.connection import connect
from bossnet.database.reconnecting import Reconnecting
from bossnet.work.claims import Claims
from bossnet.work.member import Member
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
def plan(sql):
    """Plans a run of these chunks; its key."""
    def plan(*chunks, tag="", state="running"):
        run, = sql("INSERT INTO bossnet_run (task, v_astra, state, tag) "
                   "VALUES ('bossnet', %s, %s, %s) RETURNING pk", v_astra(), state, tag)
        for keys in chunks:
            sql("INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n) "
                "VALUES (%s, 'boss_visit_spectrum', %s, %s)", run["pk"], keys, len(keys))
        return run["pk"]
    return plan


@pytest.fixture
def spectra(sql):
    """Registers so many spectra, 1, 2, ..."""
    def spectra(number):
        sql("INSERT INTO spectrum (spectrum_flags) SELECT 0 FROM generate_series(1, %s)", number)
        sql("INSERT INTO boss_visit_spectrum (spectrum_pk, release, filetype, mjd) "
            "SELECT pk, 'dr17', 'spec', pk FROM spectrum")
    return spectra


@pytest.fixture
def run(spectra, plan):
    """A run of six spectra in three chunks."""
    spectra(6)
    return plan([1, 2], [3, 4], [5, 6])


@pytest.fixture
def joined(config):
    """Joins a run as a worker: its claims."""
    databases = []

    def joined(run, **options):
        databases.append(Reconnecting(partial(connect, config)))
        member = Member(run, **options)
        member.join(databases[-1])
        return Claims(databases[-1], member, Todo("boss_net", Settings()))
    yield joined
    for database in databases:
        database.close()


def rows(run, keys, result_flags=0):
    """Results of these spectra."""
    return [{"spectrum_pk": key, "run_pk": run, "v_astra": v_astra(), "tag": "", "teff": 5000.0,
             "result_flags": result_flags} for key in keys]
