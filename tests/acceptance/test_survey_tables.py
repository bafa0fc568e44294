"""On the survey's own tables, which lack what ours have more and are not altered (contract, 7)."""

import psycopg2
import pytest

from acceptance.conftest import Commands
from acceptance.inside import run_inside
from acceptance.rows import rows_of
from bossnet.spectra import resolve
from spectra import layouts

TABLES = """
    CREATE SCHEMA bossnet;
    SET search_path TO bossnet;
    CREATE TABLE source (pk bigserial PRIMARY KEY, sdss_id bigint, catalogid bigint,
        gaia_dr3_source_id bigint, ra float, dec float, g_mag real {ebv});
    CREATE TABLE spectrum (pk bigserial PRIMARY KEY, spectrum_flags bigint NOT NULL);
    CREATE TABLE boss_visit_spectrum (
        pk bigserial PRIMARY KEY, spectrum_pk bigint UNIQUE REFERENCES spectrum (pk),
        source_pk bigint REFERENCES source (pk), created timestamp, modified timestamp,
        release text, filetype text, run2d text, mjd int, fieldid int, catalogid bigint,
        healpix int, telescope text, snr real, n_exp int, exptime real, zwarning_flags bigint,
        xcsao_v_rad real, UNIQUE (release, run2d, fieldid, mjd, catalogid));
    INSERT INTO source (sdss_id, catalogid, ra, dec) VALUES (54459273, 27021598150202075, 1, 2);
    INSERT INTO spectrum (spectrum_flags) SELECT 0 FROM generate_series(1, 2);
    INSERT INTO boss_visit_spectrum (spectrum_pk, source_pk, release, filetype, run2d, mjd, fieldid,
        catalogid, telescope, snr)
    SELECT pk, 1, 'dr19', 'specFull', 'v6_1_3', 59999 + pk, 112360, 27021598150202075, 'lco25m', 20
    FROM spectrum"""


@pytest.mark.parametrize("ebv", ["", ", ebv real DEFAULT 0.5"])
def test_spectra_of_the_surveys_own_tables_are_done(
        empty_database_url, tmp_path, tiny, monkeypatch, ebv):
    connection = psycopg2.connect(empty_database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES.format(ebv=ebv))
    connection.close()
    monkeypatch.setenv("SAS_BASE_DIR", str(tmp_path / "sas"))
    path = resolve.full("dr19", "specFull", {
        "run2d": "v6_1_3", "fieldid": 112360, "mjd": 60000, "catalogid": 27021598150202075})
    path.parent.mkdir(parents=True)
    layouts.spec_full(path)

    astra = Commands(empty_database_url, tmp_path, tiny.path)
    astra("init")
    done = run_inside(astra)
    assert (done["n_done"], done["n_failed"]) == (2, 1)
    good, gone = rows_of(astra)
    assert good["teff"]
    assert (good["source_pk"], good["snr"]) == (1, 20)
    assert gone["error_message"].endswith("No such file or directory")
    assert "spec-112360-60001-27021598150202075.fits" in gone["error_message"]
