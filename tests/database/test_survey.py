"""The survey's own tables, of either version, shown by views and used by a run."""

import os
from dataclasses import replace

import peewee
import psycopg2
import pytest
from psycopg2 import sql as compose

from bossnet.config import Config
from bossnet.database import embedded
from bossnet.database.connection import connect, connect_reader
from bossnet.database.initialise import initialise
from bossnet.errors import ConfigurationError, DatabaseError
from bossnet.registry.ingest import ingest
from plugin.shapes import models

THEIRS = {
    "0.6": ["task_pk", "source_pk_id", "spectrum_pk_id", "v_astra", "created", "t_elapsed",
            "t_overhead", "tag", "teff", "e_teff", "logg", "e_logg", "fe_h", "e_fe_h",
            "result_flags", "v_rad", "e_v_rad"],
    "0.8": ["task_pk", "source_pk", "spectrum_pk", "v_astra", "created", "modified", "t_elapsed",
            "t_overhead", "tag", "v_astra_major_minor", "teff", "e_teff", "logg", "e_logg", "fe_h",
            "e_fe_h", "result_flags", "bn_v_r", "e_bn_v_r"]}


@pytest.fixture
def postgres_version():
    """One is enough here."""
    return int(os.environ.get("BOSSNET_POSTGRES_VERSION", embedded.VERSION))


@pytest.fixture
def survey(empty_database_url):
    """Makes the tables of a version in a schema of a database that has nothing else."""
    databases = []

    def survey(version, schema="astra"):
        database = peewee.PostgresqlDatabase(empty_database_url)
        databases.append(database)
        database.execute_sql(f"CREATE SCHEMA {schema}")
        made = models(version, database, schema)
        database.create_tables(made.tables)
        source = made.Source.create(sdss_id=54459273, ra=150.1, dec=2.1, ebv=0.5)
        for mjd in (60000, 60001):
            made.BossVisitSpectrum.create(
                spectrum_pk=made.Spectrum.create().pk, source=source, release="dr19",
                run2d="v6_1_3", mjd=mjd, fieldid=112360, catalogid=27021598150202075, snr=33.5,
                seeing=1.5)
        return made

    yield survey
    for database in databases:
        database.close()


@pytest.fixture
def own(empty_database_url, tmp_path):
    return Config(tmp_path, database_url=empty_database_url)


def rows(config, statement):
    connection = connect(config)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


def columns(config, name):
    return [(r[0], r[1]) for r in rows(config, "SELECT attname, format_type(atttypid, atttypmod) "
            f"FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0 "
            "AND NOT attisdropped ORDER BY attnum")]


@pytest.mark.parametrize("version", ["0.6", "0.8"])
def test_spectra_of_the_survey_are_shown_with_all_of_its_columns_and_ours(survey, own, version):
    survey(version)
    done = initialise(own)
    assert (done.survey.schema, done.survey.version) == ("astra", version)
    assert done.survey.tables == ["source", "spectrum", "boss_visit_spectrum",
                                  "boss_combined_spectrum", "apogee_coadded_spectrum_in_apstar"]
    assert rows(own, "SELECT spectrum_pk, source_pk, seeing, path, plateid FROM "
                     "boss_visit_spectrum ORDER BY 1") == [(1, 1, 1.5, None, None),
                                                           (2, 1, 1.5, None, None)]
    assert rows(own, "SELECT pk, noise_key FROM spectrum ORDER BY 1") == [(1, 1), (2, 2)]
    assert rows(own, "SELECT ra, a_g FROM source") == [(150.1, None)]
    assert rows(own, "SELECT count(*) FROM lamost_spectrum") == [(0,)]


@pytest.mark.parametrize("version", ["0.6", "0.8"])
def test_results_are_seen_in_the_shape_of_the_surveys_own(survey, own, version):
    survey(version)
    assert initialise(own).compatible == ["astra_boss_net", "astra_apogee_net"]
    rows_of = "INSERT INTO boss_net (spectrum_pk, source_pk, v_astra, teff, v_rel, v_rad, " \
              "result_flags) VALUES (2, 1, 1002003, 5000, 10, 60, 8) RETURNING 1"
    rows(own, rows_of)
    theirs = columns(own, "astra.boss_net")
    assert [name for name, _ in theirs] == THEIRS[version]
    assert columns(own, "astra_boss_net") == theirs
    assert columns(own, "astra_apogee_net") == columns(own, "astra.apogee_net")
    key, velocity, v_astra = {"0.6": ("spectrum_pk_id", "v_rad", "1.2.3"),
                              "0.8": ("spectrum_pk", "bn_v_r", 1002003)}[version]
    assert rows(own, f"SELECT {key}, v_astra, teff, {velocity}, e_teff, result_flags "
                     "FROM astra_boss_net") == [(2, v_astra, 5000, 10, None, 8)]


@pytest.mark.parametrize("version", ["0.6", "0.8"])
def test_without_a_table_of_results_the_shape_is_that_of_the_version(survey, own, version):
    made = survey(version)
    for model in (made.BossNet, made.ApogeeNet):
        model.drop_table()
    initialise(own)
    velocities = THEIRS[version][-2:]
    assert [name for name, _ in columns(own, "astra_boss_net")] == THEIRS[version]
    assert [name for name, _ in columns(own, "astra_apogee_net")] \
        == [name for name in THEIRS[version] if name not in velocities]


def test_init_is_safe_to_repeat_and_follows_the_survey_to_its_next_version(survey, own):
    survey("0.6")
    initialise(own)
    before = rows(own, "SELECT oid FROM pg_class WHERE relname = 'boss_visit_spectrum'")
    assert initialise(own).applied == []
    assert rows(own, "SELECT oid FROM pg_class WHERE relname = 'boss_visit_spectrum'") == before
    rows(own, "ALTER TABLE astra.boss_visit_spectrum RENAME spectrum_pk_id TO spectrum_pk; "
              "ALTER TABLE astra.boss_visit_spectrum ADD humidity real; SELECT 1")
    initialise(own)
    assert "humidity" in [name for name, _ in columns(own, "boss_visit_spectrum")]
    assert rows(own, "SELECT spectrum_pk FROM boss_visit_spectrum ORDER BY 1") == [(1,), (2,)]


def test_a_view_that_others_are_made_of_is_not_taken_away(survey, own):
    survey("0.8")
    initialise(own)
    rows(own, "CREATE VIEW mine AS SELECT mjd FROM boss_visit_spectrum; SELECT 1")
    rows(own, "ALTER TABLE astra.boss_visit_spectrum ADD humidity real; SELECT 1")
    with pytest.raises(DatabaseError, match="view mine depends on view boss_visit_spectrum: drop"):
        initialise(own)


def test_of_several_surveys_one_is_to_be_named(survey, own):
    survey("0.6", "astra_060")
    survey("0.8", "astra_080")
    with pytest.raises(ConfigurationError, match="astra_060, astra_080 all have"):
        initialise(own)
    done = initialise(replace(own, survey_schema="astra_060"))
    assert (done.survey.schema, done.survey.version) == ("astra_060", "0.6")
    assert initialise(own).survey.schema == "astra_060"  # as it is from now on
    for other in ("astra_080", "none"):
        with pytest.raises(ConfigurationError, match="use another schema"):
            initialise(replace(own, survey_schema=other))


def test_a_schema_without_a_surveys_tables_is_refused(survey, own):
    survey("0.8")
    with pytest.raises(ConfigurationError, match=r"'public' has no .* schemas that have: astra$"):
        initialise(replace(own, survey_schema="public"))


def test_spectra_of_ones_own_stay_beside_a_survey(survey, own):
    survey("0.8")
    assert initialise(replace(own, survey_schema="none")).survey is None
    assert initialise(own).survey is None
    with pytest.raises(ConfigurationError, match="has a 'source' of its own"):
        initialise(replace(own, survey_schema="astra"))


def test_nothing_is_registered_beside_the_surveys_spectra(survey, own):
    survey("0.8")
    initialise(own)
    with pytest.raises(ConfigurationError, match=r"shows the spectra of the survey's schema "
                                                 r"'astra'.*survey_schema: none"):
        ingest(own, [str(own.home)])


def test_roles_get_no_right_on_the_surveys_tables(survey, own):
    survey("0.8")
    initialise(own)
    assert rows(own, """
        SELECT r.name, c.relname FROM pg_class AS c,
            unnest(ARRAY['bossnet_reader', 'bossnet_writer']) AS r (name)
        WHERE c.relnamespace = 'astra'::regnamespace AND (
            has_schema_privilege(r.name, 'astra', 'USAGE, CREATE')
            OR c.relkind = 'r' AND has_table_privilege(r.name, c.oid,
                'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))""") == []
    assert rows(own, """
        SELECT r.name, c.relname FROM pg_class AS c,
            unnest(ARRAY['bossnet_reader', 'bossnet_writer']) AS r (name)
        WHERE c.relnamespace = 'bossnet'::regnamespace AND c.relkind = 'v' AND has_table_privilege(
            r.name, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')""") == []
    reader = connect_reader(own)
    try:
        with reader, reader.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM boss_visit_spectrum")
            assert cursor.fetchone() == (2,)
    finally:
        reader.close()


def test_an_operator_who_may_not_read_the_surveys_tables_is_told(survey, own, empty_database_url):
    survey("0.8")
    theirs = replace(own, database_url=empty_database_url.replace("postgres@", "operator@"))
    connection = psycopg2.connect(empty_database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE operator LOGIN")
        cursor.execute(compose.SQL("GRANT CREATE ON DATABASE {} TO operator").format(
            compose.Identifier(connection.info.dbname)))
    with pytest.raises(ConfigurationError, match=r"operator may not use it: .*survey_schema: none"):
        initialise(theirs)
    with connection, connection.cursor() as cursor:
        cursor.execute("GRANT USAGE ON SCHEMA astra TO operator")
    with pytest.raises(DatabaseError, match=r"permission denied .*grant operator USAGE"):
        initialise(theirs)
    with connection, connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA astra TO operator")
    connection.close()
    assert initialise(theirs).survey.schema == "astra"
