"""The developers' guide, tried: a survey and a network of another package, `tests/outside`."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from network.made import TINY, random_network

OUTSIDE = Path(__file__).parents[1] / "outside"


@pytest.fixture
def halpha(monkeypatch):
    """The other package, here."""
    monkeypatch.syspath_prepend(OUTSIDE)
    return importlib.import_module("halpha")


@pytest.fixture
def installed(astra):
    """The commands where the other package is installed and its tables are made."""
    astra.environment["PYTHONPATH"] = str(OUTSIDE)
    astra.sql((OUTSIDE / "halpha.sql").read_text())
    astra("init")
    return astra


def coude(path, exposure, **header):
    """A file of that survey."""
    rng = np.random.default_rng(exposure)
    flux = fits.PrimaryHDU(rng.uniform(90, 110, 400).astype("f4"))
    flux.header.update({"INSTRUME": "COUDE", "RELEASE": "n1", "EXPOSURE": exposure, "RA": 10.0,
                        "DEC": 1.0 + exposure, "CRVAL1": 635.0, "CDELT1": 0.1, "VBARY": 12.0,
                        "SNR": 50.0} | header)
    fits.HDUList([flux, fits.ImageHDU(np.full(400, 2, "f4"))]).writeto(path)
    return path


def test_both_together_are_less_than_a_hundred_lines():
    written = [path for path in OUTSIDE.rglob("*") if path.is_file()
               and "__pycache__" not in path.parts]
    assert sum(len(path.read_text().splitlines()) for path in written) < 100


def test_a_survey_and_a_network_of_another_package_run_end_to_end(installed, halpha, tmp_path):
    for exposure in range(3):
        coude(tmp_path / f"{exposure}.fits", exposure)
    (tmp_path / "2.fits").rename(tmp_path / "gone.fits")
    coude(tmp_path / "2.fits", 2)
    installed("ingest", *tmp_path.glob("[0-2].fits"))
    again = json.loads(installed("ingest", "--json", tmp_path / "0.fits").stdout)
    assert (again["new"], again["known"]) == (0, 1)
    (tmp_path / "2.fits").unlink()
    weights = random_network(tmp_path / "halpha.safetensors", network=halpha.HALPHA, **TINY).path
    done = installed("run", "halphanet", "--weights", weights, "--draws", 3)
    assert "3 of 3 spectra have their row" in done.stderr
    first, second, third = installed.sql(
        "SELECT r.*, s.exposure FROM halpha_net AS r JOIN coude_spectrum AS s "
        "USING (spectrum_pk) JOIN source AS o ON o.pk = r.source_pk ORDER BY exposure")
    assert first["teff"] == pytest.approx(10 ** first["log_teff"], rel=1e-5)
    assert first["e_logg"] > 0
    assert (first["fe_h"], first["v_rad"], first["snr"]) == (None, None, 50)
    assert first["logg"] != second["logg"]
    assert "2.fits: cannot be opened" in third["error_message"]
    assert "halphanet" in installed("status").stdout
    assert installed.sql("SELECT count(*) AS n FROM boss_net") == [{"n": 0}]


def test_what_it_reads_is_in_the_file_s_units_and_frame(halpha, tmp_path):
    with fits.open(coude(tmp_path / "a.fits", 1)) as hdus:
        spectrum = halpha.COUDE.read(hdus, {})
    assert spectrum.wavelength[0] == pytest.approx(6350 * (1 + 12 / 299_792.458), rel=1e-7)
    assert (spectrum.error == 2).all()


def test_a_package_that_cannot_be_imported_is_named(astra, tmp_path):
    folder = tmp_path / "broken-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[bossnet.surveys]\nx = nowhere_at_all:X\n")
    astra.environment["PYTHONPATH"] = str(tmp_path)
    done = astra("ingest", tmp_path, status=2)
    assert "broken: its entry point x = nowhere_at_all:X in bossnet.surveys cannot be imported" \
        in done.stderr


def test_predict_knows_it_without_a_database(installed, halpha, tmp_path):
    weights = random_network(tmp_path / "halpha.safetensors", network=halpha.HALPHA, **TINY).path
    done = installed("predict", "--json", "--weights", weights, "--draws", 0,
                     coude(tmp_path / "a.fits", 1), program="bossnet")
    [found] = json.loads(done.stdout)["spectra"]
    assert found["teff"] > 0
    assert "v_rad" not in found
