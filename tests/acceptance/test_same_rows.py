"""The same seed gives the same row, however the work is done (contract, section 5)."""

import numpy as np
import pytest

from acceptance.conftest import Commands
from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, rows_of, tolerances
from bossnet.network.installed import DEFAULTS
from spectra import layouts


@pytest.fixture
def astra(astra):
    """With the shipped weights: a random network hardly minds the noise."""
    astra.weights = DEFAULTS["boss"]
    return astra


def run(astra, *options):
    """A run with four draws."""
    return run_inside(astra, "--draws", 4, *options)


@pytest.fixture
def faint(tmp_path):
    """A spectrum whose noise takes it below zero in many pixels, gaps and a dead arm."""
    rng = np.random.default_rng(8)
    flux = rng.normal(0.4, 1, 3200)
    flux[700:720] = np.nan
    flux[2500:] = 0
    ivar = rng.uniform(0.5, 2, 3200) * (rng.random(3200) > 0.1)
    ivar[2500:] = 0
    return layouts.write(tmp_path / "faint.fits", [layouts.fits.PrimaryHDU(), layouts.table(
        "COADD", False, flux=("E", flux), loglam=("E", 3.58 + 1e-4 * np.arange(3200)),
        ivar=("E", ivar))])


@pytest.fixture
def paths(files, faint, tmp_path):
    """40 paths of spectra of many lengths, bright, faint and failing."""
    bad = tmp_path / "bad.fits"
    bad.write_bytes(b"not a FITS file")
    files = [*files, faint, layouts.spec(tmp_path / "short.fits", pixels=90), bad,
             tmp_path / "gone.fits", layouts.spec(tmp_path / "long.fits", pixels=4500)]
    return files * 4


def test_the_same_seed_gives_the_same_row_however_the_work_is_done(astra, paths):
    night = astra.register(paths)
    astra.run("--draws", 4)
    usual = rows_of(astra)
    assert [r["spectrum_pk"] for r in usual] == night
    assert sum(r["teff"] is not None for r in usual) == 32

    run(astra, "--tag", "one", "--batch-size", 1, "--readers", 1)
    assert_same_rows(usual, rows_of(astra, "one"))
    run(astra, "--tag", "many", "--batch-size", 19, "--readers", 3)
    assert_same_rows(usual, rows_of(astra, "many"))
    for where in ("spectrum_pk % 3 = 2", "spectrum_pk > 25", "spectrum_pk % 3 = 0", "true"):
        run(astra, "--tag", "other order", "--batch-size", 5, "--where", where)
    assert_same_rows(usual, rows_of(astra, "other order"))

    run(astra, "--overwrite", "--batch-size", 3)
    again = rows_of(astra)
    assert all(a["run_pk"] != u["run_pk"] for a, u in zip(again, usual, strict=True))
    assert_same_rows(usual, again)


def test_another_seed_or_another_noise_key_gives_other_noise_and_the_same_parameters(
        astra, paths):
    astra.register(paths[:10])
    run(astra)
    run(astra, "--tag", "seed", "--seed", 1)
    astra.sql("UPDATE spectrum SET noise_key = noise_key + 4294967296")  # in its high word alone
    run(astra, "--tag", "key")
    usual = rows_of(astra)
    noisy = {name for name in usual[0] if name.startswith(("e_", "raw_e_", "med_"))}
    others_too = [name for name in usual[0] if "flag" in name or name.startswith("rho_")]
    for tag in ("seed", "key"):
        others = rows_of(astra, tag)
        assert_same_rows(usual, others, but=[*noisy, *others_too])
        for one, other in zip(usual, others, strict=True):
            for name in noisy if one["teff"] else ():
                assert abs(one[name] - other[name]) > tolerances(one)[name], (tag, name)


def test_a_failed_spectrum_that_is_tried_again_gets_the_row_it_would_have_had(
        astra, paths, tmp_path):
    astra.register(paths[:10])
    run(astra, "--tag", "undisturbed")
    hidden = paths[1].rename(tmp_path / "hidden.fits")
    run(astra)
    assert rows_of(astra)[1]["teff"] is None
    hidden.rename(paths[1])
    run(astra, "--retry-failed")
    assert_same_rows(rows_of(astra, "undisturbed"), rows_of(astra))


def test_another_database_with_the_same_noise_keys_gives_the_same_rows(
        astra, paths, tmp_path, other_database_url):
    keys = astra.register(paths[:10])
    run(astra)
    home = tmp_path / "elsewhere"
    home.mkdir()
    elsewhere = Commands(other_database_url, home, astra.weights)
    elsewhere.register(paths[:7])  # so that the keys of the spectra are others
    other_keys = elsewhere.register(paths[:10])
    for key, noise_key in zip(other_keys, keys, strict=True):
        elsewhere.sql("UPDATE spectrum SET noise_key = %s WHERE pk = %s", noise_key, key)
    run(elsewhere)
    assert_same_rows(rows_of(astra), rows_of(elsewhere)[7:], but=["spectrum_pk"])
    before = rows_of(elsewhere)[:7]  # the first of them have the very same keys
    assert_same_rows(rows_of(astra)[:7], before)
