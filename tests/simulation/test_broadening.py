"""Shifting, broadening and rotating a template."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bossnet.simulation.broadening import FWHM_PER_SIGMA, PIXEL_VELOCITY, resample, rotate
from bossnet.simulation.instruments import BOSS
from bossnet.simulation.templates import resolution
from bossnet.simulation.wavelengths import SPEED_OF_LIGHT, TEMPLATE_WAVELENGTH

LINE = 6000.0


def narrow_line() -> NDArray[np.float32]:
    """A template with one emission line a pixel wide over a flat continuum of 1."""
    flux = np.ones(TEMPLATE_WAVELENGTH.size, np.float32)
    flux[np.argmin(np.abs(TEMPLATE_WAVELENGTH - LINE))] = 100.0
    return flux


def moments(wavelength: NDArray[np.float64], excess: NDArray[np.float64]) -> tuple[float, float]:
    """Centre and standard deviation of a line, angstrom."""
    weight = excess / excess.sum()
    centre = float((wavelength * weight).sum())
    return centre, float(np.sqrt(((wavelength - centre) ** 2 * weight).sum()))


@pytest.mark.parametrize("rv", [-300.0, -17.3, 0.0, 34.5, 212.0])
def test_a_line_is_moved_by_its_velocity_and_gets_the_instruments_width(rv: float) -> None:
    template = resolution("thedoppler")
    seen = resample(narrow_line(), template, loglam=BOSS.loglam, target_fwhm=BOSS.fwhm, rv=rv)
    near = np.abs(BOSS.wavelength - LINE) < 40
    centre, width = moments(BOSS.wavelength[near], seen[near].astype(np.float64) - 1)
    rest = TEMPLATE_WAVELENGTH[np.argmin(np.abs(TEMPLATE_WAVELENGTH - LINE))]
    assert (centre / rest - 1) * SPEED_OF_LIGHT == pytest.approx(rv, abs=1.5)
    expected = np.interp(LINE, BOSS.wavelength, BOSS.fwhm) / FWHM_PER_SIGMA
    assert width == pytest.approx(expected, rel=0.05)


def test_unknown_pixels_stay_unknown_and_do_not_spread_far() -> None:
    flux = np.ones(TEMPLATE_WAVELENGTH.size, np.float32)
    flux[TEMPLATE_WAVELENGTH > 7400] = np.nan
    seen = resample(flux, resolution("miles"), loglam=BOSS.loglam, target_fwhm=BOSS.fwhm, rv=0.0)
    assert np.isnan(seen[BOSS.wavelength > 7401]).all()
    known = (BOSS.wavelength > 3570) & (BOSS.wavelength < 7390)
    np.testing.assert_allclose(seen[known], 1.0, rtol=1e-5)


def test_pixels_beyond_the_template_are_unknown() -> None:
    flux = np.ones(TEMPLATE_WAVELENGTH.size, np.float32)
    seen = resample(flux, resolution("thedoppler"), loglam=BOSS.loglam, target_fwhm=BOSS.fwhm,
                    rv=-1500.0)
    beyond = BOSS.wavelength > 10360
    assert np.isnan(seen[beyond]).all()
    assert np.isfinite(seen[BOSS.wavelength < 10330]).all()


def test_rotation_keeps_a_lines_strength_and_reaches_as_far_as_it_should() -> None:
    vsini = 200.0
    line = narrow_line() - 1
    turned = rotate(line, vsini)
    assert turned.sum() == pytest.approx(line.sum(), rel=1e-5)
    reach = (np.flatnonzero(turned > 1e-3) - np.argmax(line)) * PIXEL_VELOCITY
    assert np.abs(reach).max() == pytest.approx(vsini, abs=PIXEL_VELOCITY)
    np.testing.assert_allclose(turned, np.roll(turned[::-1], 2 * np.argmax(line) + 1
                                               - turned.size), atol=1e-4)


def test_slow_rotation_changes_nothing() -> None:
    line = narrow_line()
    assert rotate(line, PIXEL_VELOCITY / 2) is line
