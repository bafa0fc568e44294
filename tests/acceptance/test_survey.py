"""A run over the spectra of a survey's own database, in the shapes of both of its versions."""

import os
import subprocess

import peewee
import pytest

from acceptance.conftest import Commands
from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, rows_of
from bossnet.config import Config
from bossnet.database import embedded
from bossnet.database.initialise import initialise
from bossnet.spectra import SURVEYS
from plugin.shapes import models
from spectra import layouts

VISITS = 1000
STAR = {"release": "dr19", "run2d": "v6_1_3", "fieldid": 112360}


@pytest.fixture(scope="module")
def sas(tmp_path_factory):
    """Visits in the survey's folders, of a few spectra, one of them not there, one no FITS file."""
    base = tmp_path_factory.mktemp("survey")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAS_BASE_DIR", str(base / "sas"))
        kinds = [layouts.spec(base / f"{i}.fits", pixels=300 + i) for i in range(5)]
        (base / "bad.fits").write_bytes(b"not a FITS file")
        paths = [SURVEYS["boss"].resolve(STAR | {"mjd": 59000 + i // 100, "catalogid": i})
                 for i in range(VISITS)]
        for i, path in enumerate(paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            if i != 7:
                os.link(base / "bad.fits" if i == 9 else kinds[i % 5], path)
        yield paths


@pytest.fixture
def survey(empty_database_url, tmp_path, tiny):
    """Makes a database of the survey's in the shapes of a version: the commands on it."""
    def survey(version):
        database = peewee.PostgresqlDatabase(empty_database_url)
        database.execute_sql("CREATE SCHEMA astra")
        made = models(version, database, "astra")
        database.create_tables(made.tables)
        made.Source.insert_many([{"sdss_id": i, "ra": 0.1 * i, "dec": 2.0, "ebv": 0.5}
                                 for i in range(10)]).execute()
        made.Spectrum.insert_many([{"spectrum_flags": 0}] * VISITS).execute()
        made.BossVisitSpectrum.insert_many([STAR | {
            "spectrum_pk": 1 + i, "source": 1 + i % 10, "mjd": 59000 + i // 100, "catalogid": i,
            "snr": float(i % 40), "seeing": 1 + 0.001 * i} for i in range(VISITS)]).execute()
        made.BossNet.create(spectrum_pk=1, source_pk=1, teff=4000.0, result_flags=0)
        database.close()
        return Commands(empty_database_url, tmp_path, tiny.path)
    return survey


def dump(url):
    """All that the survey's schema is and holds, by Postgres's own program."""
    done = subprocess.run([embedded.psql().with_name("pg_dump"), "--schema=astra", url],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines()
            if not line.startswith(("\\restrict", "\\unrestrict"))]


@pytest.mark.parametrize("version", ["0.6", "0.8"])
def test_a_surveys_database_is_run_by_one_command_and_not_altered(
        survey, sas, version, database_url, tmp_path, tiny):
    astra = survey(version)
    before = dump(astra.url)
    assert len(before) > VISITS
    said = astra("run", "bossnet", "--weights", astra.weights, status=1).stderr
    assert "`astra init` makes them" in said
    said = astra("init").stdout
    assert f"the spectra are the survey's, of schema 'astra' (Astra {version})" in said
    assert run_inside(astra)["n_done"] == VISITS

    own = Commands(database_url, tmp_path, tiny.path)
    assert own.register(sas) == list(range(1, VISITS + 1))
    run_inside(own)
    rows, others = rows_of(astra), rows_of(own)
    for row, other in zip(rows, others, strict=True):
        other["source_pk"] = row["source_pk"]
        other["result_flags"] &= ~(1 << 20)  # registered there as spectra of SDSS-IV
        for each in (row, other):
            each["error_message"] = each["error_message"] and each["error_message"][-40:]
    assert_same_rows(rows, others)
    assert [row["source_pk"] for row in rows] == [1 + i % 10 for i in range(VISITS)]
    failed = {row["spectrum_pk"]: row["result_flags"] >> 8 for row in rows
              if row["teff"] is None}
    assert failed.keys() == {8, 10}
    assert (failed[8] & 1, failed[10] & 2) == (1, 2)
    shown, = astra.sql("SELECT count(*), count(teff) AS good FROM astra_boss_net")
    assert shown == {"count": VISITS, "good": VISITS - 2}
    assert run_inside(astra)["n_selected"] == 0
    assert dump(astra.url) == before


def test_the_surveys_own_columns_are_selected_by(survey, sas):
    astra = survey("0.8")
    initialise(Config(astra.environment["BOSSNET_HOME"], database_url=astra.url))
    where = "seeing > 1.99 AND source.sdss_id = 9 AND plateid IS NULL"
    done = run_inside(astra, "--where", where, "--dry-run")
    assert done["tables"]["boss_visit_spectrum"]["taken"] == 1
    assert "boss_combined_spectrum" in done["left_out"]
