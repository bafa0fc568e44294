"""The bulk writer: every row, every character, and the key's rules."""

import math
import time

import numpy as np
import psycopg2
import pytest

from bossnet.database.writer import upsert
from bossnet.errors import DatabaseError

NASTY = "tab\t, newline\n, return\r, backslash \\N \\., quote ' \" ; -- \u2603 \U0001f52d"


@pytest.fixture
def spectra(connection):
    """A thousand and one spectra."""
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO spectrum SELECT FROM generate_series(1, 1001) RETURNING pk")
        return [pk for (pk,) in cursor.fetchall()]


def result(spectrum_pk, **values):
    return {"spectrum_pk": spectrum_pk, "v_astra": 1_002_003, "tag": "", "result_flags": 0,
            **values}


def fetch(connection, columns):
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM boss_net ORDER BY spectrum_pk")
        return cursor.fetchall()


def test_a_row_comes_back_as_it_was_written(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0], teff=5777.25, e_teff=np.float32(1.1),
                                           result_flags=1 << 40, error_message=NASTY)])
    assert fetch(connection, "teff, e_teff = 1.1::real, result_flags, error_message, "
                             "v_astra_major_minor") == [(5777.25, True, 1 << 40, NASTY, 1002)]


def test_nul_bytes_and_lone_surrogates_do_not_stop_a_write(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0], error_message="a\0b\udcff")])
    assert fetch(connection, "error_message") == [("ab?",)]


def test_every_bit_of_a_value_comes_back(connection, spectra):
    rng = np.random.default_rng(1)
    floats = rng.integers(0, 0x7f000000, 1000, np.uint32).view(np.float32)  # of any size
    doubles = rng.uniform(0, 2e9, 1000)
    upsert(connection, "boss_net", [
        result(pk, teff=float(f), file_mtime=float(d))
        for pk, f, d in zip(spectra, floats, doubles, strict=False)])
    written = fetch(connection, "teff, file_mtime")
    assert [np.float32(f) for f, _ in written] == list(floats)
    assert [d for _, d in written] == list(doubles)


def test_what_is_not_finite_is_null(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0], teff=math.nan, logg=np.float32("inf"),
                                           fe_h=np.float64("nan"))])
    assert fetch(connection, "teff, logg, fe_h") == [(None, None, None)]


def test_a_first_row_without_parameters_costs_the_others_nothing(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0], error_message="gone"),
                                    result(spectra[1], teff=4000.0)])
    assert fetch(connection, "teff, error_message") == [(None, "gone"), (4000.0, None)]


def test_a_row_that_is_there_stays(connection, spectra):
    assert upsert(connection, "boss_net", [result(spectra[0], teff=1.0)]) == 1
    assert upsert(connection, "boss_net", [result(spectra[0], teff=2.0),
                                           result(spectra[1], teff=3.0)]) == 1
    assert fetch(connection, "teff") == [(1.0,), (3.0,)]


def test_overwriting_keeps_task_pk_and_created(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0], teff=1.0, error_message="x")])
    [before] = fetch(connection, "task_pk, created, modified")
    time.sleep(0.01)
    upsert(connection, "boss_net", [result(spectra[0], teff=2.0)], overwrite=True)
    [after] = fetch(connection, "task_pk, created, modified, teff, error_message")
    assert after[:2] == before[:2]
    assert after[2] > before[2]
    assert after[3:] == (2.0, None)


def test_another_tag_or_minor_version_is_another_row_and_a_patch_is_not(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0])])
    upsert(connection, "boss_net", [result(spectra[0]) | {"tag": "b"},
                                    result(spectra[0]) | {"v_astra": 1_003_000},
                                    result(spectra[0]) | {"v_astra": 1_002_009}])
    assert len(fetch(connection, "task_pk")) == 3


def test_the_transaction_is_the_callers(connection, spectra):
    upsert(connection, "boss_net", [result(spectra[0])])
    connection.rollback()
    assert fetch(connection, "task_pk") == []
    upsert(connection, "boss_net", [result(spectra[0])])
    upsert(connection, "boss_net", [result(spectra[1])])
    assert len(fetch(connection, "task_pk")) == 2


def test_a_column_the_table_lacks_is_an_error(connection, spectra):
    with pytest.raises(DatabaseError, match="no column to write tefff to"):
        upsert(connection, "boss_net", [result(spectra[0], tefff=1.0)])
    connection.rollback()
    with pytest.raises(DatabaseError, match="no table 'nothing'"):
        upsert(connection, "nothing", [])


def test_a_spectrum_that_is_not_registered_is_refused(connection):
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        upsert(connection, "boss_net", [result(99)])


def test_a_thousand_rows_take_a_moment(connection, spectra):
    rows = [result(pk, teff=5000.0 + pk, logg=4.4, fe_h=-0.1, v_rad=12.3) for pk in spectra]
    start = time.perf_counter()
    assert upsert(connection, "boss_net", rows) == len(rows)
    connection.commit()
    assert time.perf_counter() - start < 2
