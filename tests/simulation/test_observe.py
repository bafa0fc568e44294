"""One way to dress a spectrum."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bossnet.simulation.instruments import BOSS, LAMOST, Instrument, of_kind
from bossnet.simulation.observe import Conditions, observe
from bossnet.simulation.reddening import transmission
from bossnet.simulation.templates import Template, packaged
from bossnet.simulation.wavelengths import SPEED_OF_LIGHT
from bossnet.spectra.spectrum import Spectrum

CLEAN = Conditions(flux_level=100.0, flux_error=0.0, resolution=0.0, sky_residual=0.0,
                   telluric_residual=0.0, spikes=0.0, dead_pixels=0.0)


@pytest.fixture(scope="module")
def sun() -> Template:
    return min(packaged(), key=lambda t: abs(t.teff - 5772) / 500 + abs(t.logg - 4.4))


def seen(template: Template, instrument: Instrument = BOSS, *, rv: float = 0.0, snr: float = 50.0,
         ebv: float = 0.0, seed: int = 1, conditions: Conditions = CLEAN) -> Spectrum:
    return observe(template, instrument, rv, snr, ebv, np.random.default_rng(seed),
                   conditions=conditions)


def shift(one: Spectrum, other: Spectrum) -> float:
    """Velocity of one spectrum relative to another, km/s, by cross-correlation of their lines."""
    def lines(spectrum: Spectrum) -> NDArray[np.float64]:
        used = (spectrum.wavelength > 4200) & (spectrum.wavelength < 6800)
        flux = spectrum.flux[used].astype(np.float64)
        return flux / np.convolve(np.pad(flux, 50, mode="edge"), np.ones(101) / 101, "valid") - 1

    a, b = lines(one), lines(other)
    lags = np.arange(-12, 13)
    match = [np.sum(a[20:-20] * np.roll(b, k)[20:-20]) for k in lags]
    best = int(np.argmax(match))
    low, top, high = match[best - 1 : best + 2]
    pixels = lags[best] + 0.5 * (low - high) / (low - 2 * top + high)
    return float(pixels * np.log(10) * 1e-4 * SPEED_OF_LIGHT)


@pytest.mark.parametrize("instrument", of_kind("boss").values(), ids=of_kind("boss"))
@pytest.mark.parametrize("snr", [5.0, 30.0, 200.0])
def test_the_signal_to_noise_ratio_is_as_asked(sun: Template, instrument: Instrument,
                                               snr: float) -> None:
    spectrum = seen(sun, instrument, snr=snr)
    clean = seen(sun, instrument, snr=1e6)
    used = (spectrum.wavelength > 4000) & (spectrum.wavelength < 8900)
    assert np.median((clean.flux / spectrum.error)[used]) == pytest.approx(snr, rel=0.02)
    scatter = (spectrum.flux - clean.flux) / spectrum.error
    assert np.std(scatter[used]) == pytest.approx(1.0, abs=0.05)
    assert spectrum.snr == snr


@pytest.mark.parametrize("rv", [-280.0, -40.0, 0.0, 75.0, 300.0])
def test_the_velocity_put_in_is_found_by_cross_correlation(sun: Template, rv: float) -> None:
    assert shift(seen(sun, rv=rv, snr=100), seen(sun, snr=1e6)) == pytest.approx(rv, abs=6.0)


def test_the_same_seed_gives_the_same_spectrum_and_another_another(sun: Template) -> None:
    usual = Conditions()
    one, same, other = (seen(sun, seed=s, conditions=usual) for s in (5, 5, 6))
    np.testing.assert_array_equal(one.flux, same.flux)
    np.testing.assert_array_equal(one.error, same.error)
    assert not np.array_equal(one.flux, other.flux)


def test_the_flux_level_and_the_reddening_are_as_asked(sun: Template) -> None:
    plain, red = seen(sun, snr=1e5), seen(sun, snr=1e5, ebv=0.3)
    assert np.median(plain.flux) == pytest.approx(100.0, rel=0.01)
    blue = (plain.wavelength > 4000) & (plain.wavelength < 4500)
    end = (plain.wavelength > 8500) & (plain.wavelength < 8900)
    taken = (np.median(red.flux[blue] / plain.flux[blue])
             / np.median(red.flux[end] / plain.flux[end]))
    blue_light, red_light = transmission(np.array([4250.0, 8700.0]), 0.3)
    assert taken == pytest.approx(blue_light / red_light, rel=0.02)


def test_dead_pixels_have_no_inverse_variance(sun: Template) -> None:
    spectrum = seen(sun, LAMOST, conditions=Conditions(dead_pixels=0.2, dead_flux_zero=True))
    assert np.mean(~spectrum.usable) == pytest.approx(0.2, abs=0.03)
    assert (spectrum.flux[~spectrum.usable] == 0).all()


@pytest.mark.parametrize(("arm", "dead"), [("blue", (3600, 5700)), ("red", (6400, 10000))])
def test_a_dead_arm_is_all_zero(sun: Template, arm: str, dead: tuple[float, float]) -> None:
    spectrum = seen(sun, conditions=Conditions(dead_arm=arm))
    inside = (spectrum.wavelength > dead[0]) & (spectrum.wavelength < dead[1])
    assert (spectrum.flux[inside] == 0).all()
    assert not spectrum.usable[inside].any()
    assert spectrum.usable.any()


def test_a_gap_is_all_zero(sun: Template) -> None:
    spectrum = seen(sun, conditions=Conditions(gap=(5600.0, 6000.0)))
    inside = (spectrum.wavelength > 5600) & (spectrum.wavelength < 6000)
    assert (spectrum.flux[inside] == 0).all()
    assert not spectrum.usable[inside].any()


def test_the_shape_of_the_noise_follows_throughput_and_sky(sun: Template) -> None:
    spectrum = seen(sun, conditions=Conditions(flux_error=0.0, sky_level=3.0))
    relative = spectrum.error / np.maximum(spectrum.flux, 1.0)

    def at(wavelength: float) -> float:
        return float(np.median(relative[np.abs(spectrum.wavelength - wavelength) < 3]))

    assert at(3700) > 2 * at(5000)
    assert at(10300) > 2 * at(7500)
    assert at(5579) > 1.5 * at(5540)  # the sky's strongest line


def test_a_template_that_ends_early_gives_zeros_beyond(sun: Template) -> None:
    flux = sun.flux.copy()
    flux[len(flux) // 2:] = np.nan
    spectrum = seen(Template("half", "miles", sun.teff, sun.logg, sun.fe_h, flux, sun.fwhm))
    beyond = spectrum.wavelength > 7000
    assert (spectrum.flux[beyond] == 0).all()
    assert not spectrum.usable[beyond].any()
    assert np.isfinite(spectrum.flux).all()


def test_a_spectrum_of_which_nothing_is_known_is_zero(sun: Template) -> None:
    flux = np.where(np.arange(sun.flux.size) < 100, sun.flux, np.float32(np.nan))
    spectrum = seen(Template("none", "miles", sun.teff, sun.logg, sun.fe_h, flux, sun.fwhm),
                    conditions=Conditions(dead_arm="blue"))
    assert (spectrum.flux == 0).all()
    assert not spectrum.has_uncertainty


def test_it_is_quick_enough_to_train_with(sun: Template) -> None:
    from time import process_time

    rng = np.random.default_rng(0)
    began = process_time()
    for _ in range(50):
        observe(sun, BOSS, 10.0, 30.0, 0.05, rng)
    assert (process_time() - began) / 50 < 1 / 60  # about 1/500 on a quiet core
