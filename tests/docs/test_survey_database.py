"""The operators' manual on a survey's own database, followed to the letter."""

import psycopg2
import pytest

from acceptance.conftest import Commands
from bossnet.spectra import SURVEYS
from docs.blocks import DOCS, blocks
from spectra import layouts

#: As the survey's framework has them: no path, no noise key.
SURVEY = """
CREATE SCHEMA astra;
CREATE TABLE astra.source (pk serial PRIMARY KEY, sdss_id bigint, ra float, dec float, g_mag real,
    ebv real);
CREATE TABLE astra.spectrum (pk serial PRIMARY KEY, spectrum_flags bigint);
CREATE TABLE astra.boss_visit_spectrum (pk serial PRIMARY KEY, spectrum_pk int UNIQUE,
    source_pk int, release text, filetype text, run2d text, mjd int, fieldid int,
    catalogid bigint, telescope text, snr real);
INSERT INTO astra.source (sdss_id, ra, dec) VALUES (54459273, 150.1, 2.1);
INSERT INTO astra.spectrum DEFAULT VALUES;
INSERT INTO astra.boss_visit_spectrum (spectrum_pk, source_pk, release, filetype, run2d, mjd,
    fieldid, catalogid, telescope, snr)
    VALUES (1, 1, 'dr19', 'specFull', 'v6_1_3', 60000, 112360, 27021598150202075, 'lco25m', 33.5);
CREATE SCHEMA bossnet;
"""


@pytest.fixture
def astra(empty_database_url, tmp_path, tiny, monkeypatch):
    """The commands on a database that holds nothing but the survey's tables."""
    monkeypatch.setenv("SAS_BASE_DIR", str(tmp_path / "sas"))
    return Commands(empty_database_url, tmp_path, tiny.path)


def execute(url, statements):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements)
    finally:
        connection.close()


def test_views_of_the_surveys_tables_are_enough_for_a_run(astra):
    execute(astra.url, SURVEY)
    (views,) = [b for b in blocks(DOCS / "operators.rst", "sql") if "CREATE VIEW" in b.text]
    execute(astra.url, views.text)
    astra("init")
    row = astra.sql("SELECT * FROM boss_visit_spectrum")[0]
    path = SURVEYS["boss"].resolve(row)
    path.parent.mkdir(parents=True)
    layouts.spec_full(path)
    assert astra.run("--where", "snr > 10 AND source.ra > 100")["n_done"] == 1
    (result,) = astra.sql("SELECT spectrum_pk, source_pk, result_flags & 1 AS failed FROM boss_net")
    assert (result["spectrum_pk"], result["source_pk"], result["failed"]) == (1, 1, 0)


def test_without_a_noise_key_the_spectrums_own_key_chooses_its_noise(astra):
    execute(astra.url, SURVEY + "ALTER TABLE astra.source DROP COLUMN ebv;")
    (views,) = [b for b in blocks(DOCS / "operators.rst", "sql") if "CREATE VIEW" in b.text]
    plain = views.text.replace(", pk::bigint AS noise_key", "")
    assert plain != views.text
    execute(astra.url, plain)
    astra("init")
    assert astra.run()["n_done"] == 1
