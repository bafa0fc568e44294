"""The templates that come with the package."""

import csv
from pathlib import Path

import numpy as np
import pytest

from bossnet.simulation.templates import Template, load, packaged, resolution, save
from bossnet.simulation.wavelengths import H_BAND_GRID, TEMPLATE_WAVELENGTH, between
from bossnet.training.split import split_of

canonical = pytest.importorskip(
    "bossnet.training.reserved", reason="needs the extra train (scipy)").canonical


@pytest.fixture(scope="module")
def templates() -> list[Template]:
    return packaged()


def test_some_dozens_of_stars_span_the_kiel_diagram(templates: list[Template]) -> None:
    teff = np.array([t.teff for t in templates])
    logg = np.array([t.logg for t in templates])
    assert len(templates) >= 40
    assert teff.min() < 4000
    assert teff.max() > 9000
    assert logg.min() < 1
    assert logg.max() > 4.5
    assert all(np.isfinite(t.fe_h) for t in templates)


def test_each_is_known_over_the_networks_whole_range(templates: list[Template]) -> None:
    for template in templates:
        assert template.flux.shape == template.fwhm.shape == TEMPLATE_WAVELENGTH.shape
        assert np.isfinite(template.flux[between(3800, 8900)]).all()
        assert np.nanmedian(template.flux) == pytest.approx(1.0, rel=2e-3)


def test_no_reserved_star_is_among_them(templates: list[Template], shared: Path) -> None:
    with (shared / "data" / "templates" / "RESERVED.csv").open() as file:
        reserved = {canonical(row["star"]) for row in csv.DictReader(file) if row["star"]}
    assert len(reserved) > 250
    assert not reserved & {canonical(t.star) for t in templates}


def test_they_come_with_their_notice() -> None:
    from importlib.resources import files

    notice = (files("bossnet.simulation") / "data" / "NOTICE.txt").read_text()
    assert "MILES" in notice
    assert "STELIB" in notice
    assert "Redistribution" in notice


def test_a_saved_template_is_the_same_when_loaded(tmp_path: Path,
                                                  templates: list[Template]) -> None:
    one = templates[0]
    unknown = Template("X", "stelib", 5000.0, 3.0, float("nan"), one.flux, resolution("stelib"))
    save(tmp_path / "t.npz", [one, unknown], continued_from=[7400.0, None])
    back, other = load(tmp_path / "t.npz")
    assert (back.star, back.library, back.teff) == (one.star, one.library, one.teff)
    np.testing.assert_allclose(back.flux, one.flux, rtol=2e-3)
    assert np.isnan(other.fe_h)
    assert other.fwhm[-1] == np.float32(3.0)
    assert back.fwhm[-1] < back.fwhm[0]


def test_resolution_follows_from_the_librarys_name() -> None:
    def at(library: str, wavelength: float) -> float:
        fwhm = resolution(library)
        assert fwhm.dtype == np.float32
        return float(np.interp(wavelength, TEMPLATE_WAVELENGTH, fwhm))

    assert at("miles", 5000.0) == pytest.approx(2.5)
    assert at("bossbrain", 9000.0) == pytest.approx(1.2)
    assert at("pyhammer", 6000.0) == pytest.approx(6000 / 2150, rel=1e-3)  # as BOSS
    assert at("mastar", 4450.0) == pytest.approx(4450 / 1693, rel=0.01)  # its files' SRES
    assert at("mastar", 8850.0) == pytest.approx(8850 / 2261, rel=0.01)
    for model in ("thedoppler", "corv"):
        assert at(model, 5000.0) == pytest.approx(0.68 * 5000 * 0.5e-4 * np.log(10), rel=1e-3)


def test_models_of_the_h_band_come_with_the_package_too() -> None:
    models = packaged("apogee")
    assert len(models) == 32
    assert min(m.teff for m in models) < 3600
    for model in models:
        assert model.grid is H_BAND_GRID
        assert model.flux.shape == model.fwhm.shape == H_BAND_GRID.wavelength.shape
        assert np.isfinite(model.flux).all()
        assert np.isfinite([model.teff, model.logg, model.fe_h]).all()
        assert split_of(model.star) == "validation"
    assert models[0].fwhm[0] == pytest.approx(0.68 * 15080 * 6e-6 * np.log(10), rel=1e-3)
