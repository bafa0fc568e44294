"""Giants of bossbrain: networks read from pickles as arrays, and worked out in numpy."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources.bossbrain import (
    ELEMENTS,
    FILES,
    Giants,
    continuum,
    drawn,
    usual,
)
from bossnet.training.sources.thedoppler import DopplerModels
from training.sources.made import emulator, write_emulator, write_giants

SUN = np.zeros(19)
FLAT = np.ones(TEMPLATE_WAVELENGTH.size)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch evil",)


@pytest.fixture(scope="module")
def giants(tmp_path_factory: pytest.TempPathFactory) -> Giants:
    folder = tmp_path_factory.mktemp("wheel")
    write_giants(folder)
    return Giants(folder)


def test_a_network_is_its_arithmetic(giants: Giants) -> None:
    # scaled Teff (4500 - 3500) / 2500 - 0.5 = -0.1, twice leaky: -1e-5; log g 2.8: 0.3
    flux = giants.normalised(4500.0, 2.8, 0.0, SUN)
    assert flux.dtype == np.float32
    expected = 0.3 + TEMPLATE_WAVELENGTH / 1e5 + 0.1 * -1e-5 + 0.2 * 0.3
    np.testing.assert_allclose(flux, expected, atol=1e-6)


@pytest.mark.parametrize(("teff", "level"), [(4099.0, 0.1), (4101.0, 0.3), (4951.0, 0.5)])
def test_each_network_has_its_temperatures(giants: Giants, teff: float, level: float) -> None:
    flux = giants.normalised(teff, 0.0, 0.0, SUN)
    hot = (teff - 3500.0) / 2500.0 - 0.5
    expected = level + 0.05 + 0.1 * (hot if hot > 0 else 1e-4 * hot) + 0.2 * 1e-4 * -0.5
    assert np.interp(5000.0, TEMPLATE_WAVELENGTH, flux) == pytest.approx(expected, abs=1e-6)


def test_a_template_is_flux_times_continuum(giants: Giants) -> None:
    template = giants.template(4500.0, 2.0, -0.5, continuum=TEMPLATE_WAVELENGTH)
    flux = giants.normalised(4500.0, 2.0, -0.5, usual(-0.5)) * TEMPLATE_WAVELENGTH
    np.testing.assert_allclose(template.flux, flux / np.median(flux), rtol=1e-5)
    assert (template.library, template.teff, template.logg, template.fe_h) == (
        "bossbrain", 4500.0, 2.0, -0.5)
    assert template.fwhm[0] == np.float32(1.2)


def test_labels_outside_of_the_training_are_refused(giants: Giants) -> None:
    assert giants.covers(3600.0, 0.5, -2.0)
    for labels in ((3400.0, 1.0, 0.0), (6100.0, 1.0, 0.0), (5000.0, 3.6, 0.0),
                   (5000.0, 1.0, -2.6)):
        assert not giants.covers(*labels)
        with pytest.raises(ConfigurationError, match="bossbrain has"):
            giants.normalised(*labels, SUN)
    with pytest.raises(ConfigurationError, match="bossbrain has"):
        giants.normalised(5000.0, 1.0, 0.0, SUN + 0.7)


def test_abundances_follow_the_galaxys_trend_with_scatter() -> None:
    assert usual(0.3).tolist() == SUN.tolist()
    assert usual(-2.0)[ELEMENTS.index("Mg")] == pytest.approx(0.35)
    assert usual(-0.4)[ELEMENTS.index("Ti")] == pytest.approx(0.14)
    assert usual(-2.0)[ELEMENTS.index("Ni")] == 0.0
    rng = np.random.default_rng(1)
    many = np.array([drawn(-0.4, rng) for _ in range(2000)])
    np.testing.assert_allclose(many.mean(axis=0), usual(-0.4), atol=0.01)
    np.testing.assert_allclose(many.std(axis=0), 0.1, rtol=0.06)


def test_a_pickle_that_names_a_program_is_refused(tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, _ in FILES:
        write_emulator(tmp_path, name, {"model": Evil()}, monkeypatch)
    with pytest.raises(ConfigurationError, match="system: refused"):
        Giants(tmp_path)
    assert not (tmp_path / "evil").exists()


def test_a_missing_package_and_a_foreign_file_are_said(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="pip download"):
        Giants(tmp_path)
    write_emulator(tmp_path, FILES[0][0], {"model": 1}, monkeypatch)
    with pytest.raises(ConfigurationError, match="not a network of bossbrain"):
        Giants(tmp_path)


def test_tensors_that_are_not_plain_floats_are_refused(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    made = emulator(0.1)
    made.model.double()  # type: ignore[attr-defined]
    write_emulator(tmp_path, FILES[0][0], made, monkeypatch)
    with pytest.raises(ConfigurationError, match="32-bit"):
        Giants(tmp_path)


def test_real_giants_are_like_the_models_of_thedoppler(sources: Path) -> None:
    giants, models = Giants(sources), DopplerModels(sources)
    smooth = np.ones(60) / 60
    optical = between(4500, 8900)
    for labels in ((4600.0, 2.0, 0.0), (5000.0, 2.5, -0.5), (5800.0, 3.2, -2.0)):
        template = giants.template(*labels, continuum=continuum(models, *labels), abundances=SUN)
        ratio = (np.convolve(template.flux, smooth, "same")
                 / np.convolve(models.template(*labels).flux, smooth, "same"))[optical]
        assert np.median(ratio) == pytest.approx(1.0, abs=0.04)
        assert np.std(ratio) < 0.05
