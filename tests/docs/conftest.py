"""A database full of real rows, for the manuals' queries."""

import psycopg2
import pytest
from psycopg2 import sql

from acceptance.conftest import Commands
from bossnet.config import Config
from bossnet.database import embedded
from bossnet.flags import Case, Outcome, judge
from bossnet.simulation.survey import simulate

SPECTRA = 24  #: of them a third are second observations of the same star


@pytest.fixture(scope="module")
def night(servers, tiny, tmp_path_factory):
    """The commands on a database in which a simulated night, and two failures, were run."""
    folder = tmp_path_factory.mktemp("night")
    url = _database(servers(embedded.VERSION), "manuals")
    astra = Commands(url, folder, tiny.path)
    simulate(folder / "spectra", SPECTRA, seed=3, snr=(8.0, 60.0))
    astra("ingest", folder / "spectra")
    bad = folder / "bad.fits"
    bad.write_bytes(b"not a FITS file")
    astra.register([bad, folder / "gone.fits"])
    done = astra.run()
    assert (done["n_done"], done["n_failed"]) == (SPECTRA + 2, 2)
    yield astra
    _execute(servers(embedded.VERSION), 'DROP DATABASE "manuals" WITH (FORCE)')


@pytest.fixture(scope="module")
def sky(night):
    """That night, some of whose stars were made what the queries look for; their keys."""
    visits = night.sql(
        "SELECT source_pk, array_agg(spectrum_pk ORDER BY mjd) AS spectra FROM boss_visit_spectrum "
        "WHERE source_pk IS NOT NULL GROUP BY source_pk ORDER BY count(*) DESC, source_pk")
    pair, young, white_dwarf, giant, listed = (v["spectra"] for v in visits[:1] + visits[-4:])
    night.sql("UPDATE boss_visit_spectrum SET xcsao_v_rad = 12, xcsao_rxc = 9 "
              "WHERE spectrum_pk = %s", pair[0])
    for spectrum, v_rad in zip(pair, (10.0, 90.0), strict=True):
        _plant(night, spectrum, v_rad=v_rad, e_v_rad=2.0)
    _plant(night, white_dwarf[0], teff=15000.0, logg=8.0, fe_h=0.0)
    _plant(night, giant[0], teff=4800.0, logg=2.0, fe_h=-1.8, e_fe_h=0.1)
    _plant(night, young[0], teff=3700.0, logg=3.8, e_logg=0.1, fe_h=0.0)
    _observe_with_apogee(night, giant[0], teff=5400.0, logg=2.5, fe_h=-1.5)
    night.sql("UPDATE source SET ra = 150.1235, dec = 2.2012 WHERE pk = (SELECT source_pk "
              "FROM boss_visit_spectrum WHERE spectrum_pk = %s)", listed[0])
    return {"star of the pair": visits[0]["source_pk"], "white dwarf": white_dwarf[0],
            "giant": giant[0], "young star": young[0], "listed": listed[0]}


@pytest.fixture
def night_config(night, tmp_path):
    """The configuration of that database."""
    return Config(tmp_path, database_url=night.url)


def _plant(astra, spectrum, **values):
    """Gives a row these parameters, and the flags that belong to them."""
    row = astra.sql("SELECT teff, logg, fe_h, v_rad FROM boss_net WHERE spectrum_pk = %s",
                    spectrum)[0] | values | {"snr": 40.0}
    row["result_flags"] = judge(Case(Outcome.DONE, row))
    astra.sql("UPDATE boss_net SET " + ", ".join(f"{name} = %s" for name in row)
              + " WHERE spectrum_pk = %s", *row.values(), spectrum)


def _observe_with_apogee(astra, spectrum, **values):
    """Gives the star of a spectrum a co-add of APOGEE with these parameters."""
    astra.sql("""
        WITH new AS (INSERT INTO spectrum (spectrum_flags) VALUES (0) RETURNING pk),
             star AS (SELECT source_pk FROM boss_visit_spectrum WHERE spectrum_pk = %s),
             made AS (INSERT INTO apogee_coadded_spectrum_in_apstar
                          (spectrum_pk, source_pk, release, filetype, obj, snr, v_rad)
                      SELECT pk, source_pk, 'dr17', 'apStar', '2M00000000', 150, 20
                      FROM new, star)
        INSERT INTO apogee_net (spectrum_pk, source_pk, v_astra, teff, e_teff, logg, fe_h)
        SELECT pk, source_pk, b.v_astra, %s, 20, %s, %s
        FROM new, star, (SELECT v_astra FROM boss_net LIMIT 1) AS b""", spectrum, *values.values())


def _database(maintenance, name):
    """URL of a new database after `astra init`."""
    _execute(maintenance, sql.SQL('CREATE DATABASE {} TEMPLATE "template_bossnet"').format(
        sql.Identifier(name)))
    return maintenance.replace("/postgres?", f"/{name}?")


def _execute(url, statement):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()
