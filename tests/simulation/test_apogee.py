"""What APOGEE makes of a star: line-spread function, gaps, noise, bad pixels."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bossnet.network import APOGEE as NETWORK
from bossnet.simulation.instruments import APOGEE
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import H_BAND_GRID, SPEED_OF_LIGHT
from bossnet.spectra.spectrum import Spectrum

WAVELENGTH = APOGEE.wavelength
CLEAN = Conditions(flux_level=500.0, flux_error=0.0, resolution=0.0, sky_residual=0.0,
                   sky_level=0.0, telluric_residual=0.0, spikes=0.0, dead_pixels=0.0,
                   frame_velocity=0.0)


def template(flux: NDArray[np.floating] | None = None) -> Template:
    """A star at rest on the H band's grid; without a flux one that is flat."""
    values = np.ones(H_BAND_GRID.pixels) if flux is None else flux
    return Template("made", "thedoppler", 4500.0, 2.0, 0.0, values.astype(np.float32),
                    resolution("thedoppler", grid=H_BAND_GRID), H_BAND_GRID)


def seen(star: Template, *, rv: float = 0.0, snr: float = 100.0, seed: int = 1,
         conditions: Conditions = CLEAN) -> Spectrum:
    return observe(star, APOGEE, rv, snr, 0.0, np.random.default_rng(seed), conditions=conditions)


def line(at: float) -> Template:
    """One pixel far brighter than the others."""
    flux = np.ones(H_BAND_GRID.pixels)
    flux[np.argmin(np.abs(H_BAND_GRID.wavelength - at))] = 1000.0
    return template(flux)


@pytest.mark.parametrize("at", [15300.0, 16000.0, 16700.0])
def test_a_sharp_line_is_as_wide_as_the_line_spread_function(at: float) -> None:
    spectrum = seen(line(at), snr=1e7)
    near = np.abs(WAVELENGTH - at) < 5
    profile, x = spectrum.flux[near].astype(float), WAVELENGTH[near]
    profile -= np.median(spectrum.flux[spectrum.usable])
    centre = np.sum(x * profile) / profile.sum()
    sigma = np.sqrt(np.sum((x - centre) ** 2 * profile) / profile.sum())
    assert 2.355 * sigma == pytest.approx(at / 22500, rel=0.08)


def test_a_residual_velocity_moves_the_lines() -> None:
    still, moved = (seen(line(16000.0), rv=rv, snr=1e7).flux.astype(float) for rv in (0.0, 12.0))
    near = np.abs(WAVELENGTH - 16000.0) < 5

    def centre(flux: NDArray[np.float64]) -> float:
        above = flux[near] - np.median(flux[APOGEE.seen])
        return float(np.sum(WAVELENGTH[near] * above) / above.sum())

    assert (centre(moved) / centre(still) - 1) * SPEED_OF_LIGHT == pytest.approx(12.0, abs=0.5)


def test_the_gaps_are_those_of_the_network_and_hold_nothing() -> None:
    spectrum = seen(template())
    for first, last in NETWORK.gaps:
        inside = (first + 6 < WAVELENGTH) & (last - 3 > WAVELENGTH)
        assert (spectrum.flux[inside] == 0).all()
        assert (spectrum.error[inside] == 0).all()  # so that they take no noise
        assert not spectrum.usable[inside].any()
    assert np.mean(spectrum.flux == 0) == pytest.approx(780 / 8575, abs=0.01)  # as apStar files


def test_the_gaps_move_with_the_velocity_that_was_taken_out() -> None:
    still = seen(template())
    moved = seen(template(), conditions=replace(CLEAN, frame_velocity=100.0))
    pixels = round(100.0 / SPEED_OF_LIGHT / (np.log(10) * 6e-6))
    np.testing.assert_array_equal(np.roll(still.flux == 0, -pixels)[100:-100],
                                  (moved.flux == 0)[100:-100])


@pytest.mark.parametrize("snr", [10.0, 100.0])
def test_the_signal_to_noise_ratio_is_as_asked(snr: float) -> None:
    spectrum, clean = seen(template(), snr=snr), seen(template(), snr=1e7)
    right = spectrum.usable & (spectrum.error < 0.9 * spectrum.error.max())  # not beside gaps
    assert np.median(clean.flux[right] / spectrum.error[right]) == pytest.approx(snr, rel=0.03)
    scatter = (spectrum.flux - clean.flux)[right] / spectrum.error[right]
    assert np.std(scatter) == pytest.approx(1.0, abs=0.04)


def test_errors_grow_towards_the_end_of_the_second_chip_and_on_the_skys_lines() -> None:
    error = seen(template(), conditions=replace(CLEAN, sky_level=1.0)).error

    def at(wavelength: float) -> float:
        return float(np.median(error[np.abs(WAVELENGTH - wavelength) < 1.5]))

    assert at(16400.0) > 1.5 * at(16100.0)
    assert error[np.argmin(np.abs(WAVELENGTH - 15332.4))] > 1.5 * at(15320.0)


def test_bad_pixels_lie_together_and_have_the_capped_error() -> None:
    spectrum = seen(template(), conditions=replace(CLEAN, dead_pixels=0.05))
    capped = spectrum.error == 5 * np.float32(np.median(
        spectrum.error[spectrum.error > 0]))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], capped, [0]])))
    lengths = edges[1::2] - edges[::2]
    assert np.median(lengths) >= 8
    assert 0.04 < capped.sum() / APOGEE.seen.sum() < 0.10  # with what is beside the gaps


def test_lines_are_deeper_or_shallower_but_the_continuum_stays() -> None:
    flux = np.ones(H_BAND_GRID.pixels)
    flux[500::40] = 0.3
    plain = seen(template(flux), snr=1e7)
    varied = seen(template(flux), snr=1e7, conditions=replace(CLEAN, unlike=0.3))
    ratio = np.log(varied.flux[plain.usable] / plain.flux[plain.usable])
    depth = np.log(plain.flux[plain.usable] / np.median(plain.flux[plain.usable]))
    lines = depth < np.percentile(depth, 3)
    assert 3 * np.std(ratio[depth > -0.01]) < np.std(ratio[lines])


def test_the_same_seed_gives_the_same_spectrum_and_another_another_frame() -> None:
    one, same, other = (seen(template(), seed=s, conditions=Conditions()) for s in (5, 5, 6))
    np.testing.assert_array_equal(one.flux, same.flux)
    assert not np.array_equal(one.flux == 0, other.flux == 0)
