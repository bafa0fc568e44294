"""Co-added spectra are cleaned of noise and of what is not positive, and of nothing else."""

import numpy as np

from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources.observed import cleaned, noise, on_grid

PIXELS = 3000


def test_noise_is_the_scatter_of_pixels() -> None:
    rng = np.random.default_rng(1)
    flux = 5.0 + 0.001 * np.arange(PIXELS) + rng.normal(0.0, 0.2, PIXELS)
    assert np.median(noise(flux)) == np.clip(np.median(noise(flux)), 0.18, 0.22)


def test_a_good_spectrum_stays_as_it_is_but_for_pixels_that_are_not_positive() -> None:
    rng = np.random.default_rng(2)
    flux = 1.0 - 0.5 * np.exp(-0.5 * ((np.arange(PIXELS) - 1500) / 4.0) ** 2)
    flux += rng.normal(0.0, 0.01, PIXELS)
    damaged = flux.copy()
    damaged[700] = -0.3
    after = cleaned(damaged)
    others = np.arange(PIXELS) != 700
    np.testing.assert_array_equal(after[others], flux[others])
    assert after[700] == np.mean(flux[[699, 701]])


def test_where_only_noise_is_seen_its_level_stands_in() -> None:
    rng = np.random.default_rng(3)
    star = np.where(np.arange(PIXELS) < 1500, 0.05, 1.0)
    after = cleaned(star + rng.normal(0.0, 0.1, PIXELS))
    np.testing.assert_allclose(after[100:1300], 0.05, atol=0.06)
    assert np.std(np.diff(after[100:1300])) < 0.005  # was 0.14
    assert np.std(after[1700:]) > 0.08
    assert (after >= 0).all()


def test_a_coarser_spectrum_is_brought_onto_the_grid() -> None:
    wavelength = 10.0 ** np.arange(3.57, 4.0, 1e-4)
    flux = on_grid(wavelength, 3.0 * (wavelength / 6000.0) ** 2)
    inside = between(3720, 9990)
    assert flux.dtype == np.float32
    assert np.nanmedian(flux) == np.float32(1.0)
    ratio = flux[inside] / TEMPLATE_WAVELENGTH[inside] ** 2
    np.testing.assert_allclose(ratio / ratio[0], 1.0, rtol=1e-5)
    assert np.isnan(flux[0])
    assert np.isnan(flux[-1])
