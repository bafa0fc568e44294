"""The models say what the tables say."""

import peewee
import psycopg2
import pytest

from bossnet.database import models
from bossnet.database.models import (
    ApogeeNetCatalog,
    BossNet,
    BossNetCatalog,
    LamostSpectrum,
    Run,
    Source,
    Spectrum,
)
from bossnet.flags import FLAGS

MODELS = [getattr(models, name) for name in models.__all__
          if isinstance(getattr(models, name), type)
          and issubclass(getattr(models, name), peewee.Model)]
TYPES = {"BIGINT": "bigint", "BIGSERIAL": "bigint", "INTEGER": "integer", "REAL": "real",
         "DOUBLE PRECISION": "double precision", "TEXT": "text", "BOOLEAN": "boolean",
         "TIMESTAMP": "timestamp", "TEXT[]": "text[]", "JSONB": "jsonb"}


@pytest.fixture
def bound(config):
    database = models.bind(config, read_only=False)
    yield database
    database.close()


@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_the_columns_types_and_meanings_of_its_table(bound, connection, model):
    table = model._meta.table_name
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
            FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
              AND NOT attisdropped""", (table,))
        columns = {name: (kind, meaning) for name, kind, meaning in cursor.fetchall()}
    fields = model._meta.columns
    assert set(fields) == set(columns)
    for name, field in fields.items():
        kind, meaning = columns[name]
        context = bound.get_sql_context()
        declared = context.sql(field.ddl_datatype(context)).query()[0]
        assert kind.startswith(TYPES[declared]), name
        if name != "result_flags" and model not in (BossNetCatalog, ApogeeNetCatalog):
            assert field.help_text == meaning


def test_results_are_read_with_their_source_and_flags(bound):
    with bound.atomic():
        source = Source.create(ra=10.0, dec=20.0)
        spectrum = Spectrum.create()
        run = Run.create(task="bossnet", v_astra=1000, tables=["lamost_spectrum"],
                         counts={"done": 1}, state="done", overwrite=False, retry_failed=False,
                         tag="", n_done=1, n_failed=0)
        LamostSpectrum.create(spectrum=spectrum, source=source, release="dr7", class_="STAR")
        BossNet.insert(source=source, spectrum=spectrum, run=run, v_astra=1000, tag="",
                       teff=12000.0, logg=8.0, fe_h=0.5,
                       result_flags=(1 << 3) | (1 << 13)).execute()
    row = BossNet.select(BossNet, Source).join(Source).where(BossNet.flag_low_snr).get()
    assert (row.source.dec, row.source_pk, row.v_astra_major_minor) == (20.0, source.pk, 1)
    assert row.flag_low_snr
    assert row.flag_unreliable_fe_h
    assert not row.flag_bad_file
    assert row.flag_bad
    assert row.flag_warn
    assert row.run.counts == {"done": 1}
    good = BossNetCatalog.get(BossNetCatalog.spectrum == spectrum)
    assert (good.teff, good.logg, good.fe_h) == (12000.0, 8.0, None)


def test_models_are_bound_to_a_reader_unless_asked(config):
    database = models.bind(config)
    with pytest.raises(peewee.InternalError, match="read-only"):
        Spectrum.create()
    database.close()


@pytest.mark.parametrize("table", ["boss_net", "apogee_net"])
def test_flags_in_sql_are_those_of_python(connection, table):
    with connection, connection.cursor() as cursor:
        for flag in FLAGS:
            cursor.execute("INSERT INTO spectrum DEFAULT VALUES RETURNING pk")
            cursor.execute(
                f"INSERT INTO {table} (spectrum_pk, v_astra, result_flags) "
                "SELECT max(pk), 1000, %s FROM spectrum RETURNING flag_bad, flag_warn",
                (flag.mask,))
            assert cursor.fetchone() == (flag.bad, flag.warn), flag.name


@pytest.mark.parametrize("table", ["boss_net", "apogee_net", "apogee_net_catalog"])
def test_the_comment_on_the_flags_names_every_one(connection, table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT col_description(attrelid, attnum) FROM pg_attribute "
                       "WHERE attrelid = %s::regclass AND attname = 'result_flags'", (table,))
        [text] = cursor.fetchone()
    assert all(f" {flag.bit} {flag.name}: " in text for flag in FLAGS)


@pytest.mark.parametrize(("table", "column", "bits"), [
    *((table, column, {0, bit}) for table in ("boss_net", "apogee_net") for column, bit in (
        ("teff", 1), ("e_teff", 1), ("log_teff", 1), ("e_log_teff", 1), ("logg", 2), ("e_logg", 2),
        ("fe_h", 3), ("e_fe_h", 3))),
    *(("boss_net", column, {0, 18}) for column in ("v_rad", "e_v_rad", "v_rel", "e_v_rel"))])
def test_the_catalog_hides_a_parameter_by_its_own_bits_only(connection, table, column, bits):
    with connection, connection.cursor() as cursor:
        for bit in range(23):
            cursor.execute("INSERT INTO spectrum DEFAULT VALUES")
            cursor.execute(f"INSERT INTO {table} (spectrum_pk, v_astra, result_flags, {column}) "
                           "SELECT max(pk), 1000, %s, 1 FROM spectrum", (1 << bit,))
        cursor.execute(f"SELECT log(2, result_flags) FROM {table}_catalog WHERE {column} IS NULL")
        assert {int(bit) for (bit,) in cursor.fetchall()} == bits


@pytest.mark.parametrize("table", ["boss_net", "apogee_net"])
def test_a_result_that_is_nan_is_refused(connection, table):
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO spectrum DEFAULT VALUES")
        with pytest.raises(psycopg2.errors.CheckViolation):
            cursor.execute(f"INSERT INTO {table} (spectrum_pk, v_astra, fe_h) "
                           "SELECT max(pk), 1000, 'NaN' FROM spectrum")


def test_the_results_of_apogee_net_are_those_of_boss_net_without_velocities(connection):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT attname, col_description(attrelid, attnum) IS NOT NULL FROM pg_attribute
            WHERE attrelid IN ('boss_net'::regclass, 'apogee_net'::regclass) AND attnum > 0
              AND NOT attisdropped GROUP BY 1, 2 HAVING count(*) = 1 ORDER BY 1""")
        assert cursor.fetchall() == [(name, True) for name in (
            "e_v_rad", "e_v_rel", "med_v_rel", "raw_e_v_rel", "rho_fe_h_v_rad",
            "rho_log_teff_v_rad", "rho_logg_v_rad", "v_rad", "v_rel")]
