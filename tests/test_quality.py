import numpy as np
import pytest

from bossnet.network import APOGEE, BOSS
from bossnet.quality import assess
from bossnet.spectra.spectrum import Spectrum


def spectrum(low=3700.0, high=9000.0, n=5300, **change):
    arrays = {"flux": np.linspace(1, 2, n), "ivar": np.full(n, 4.0),
              "wavelength": np.linspace(low, high, n)} | change
    return Spectrum.from_ivar(**arrays)


def test_a_whole_spectrum():
    quality = assess(spectrum(), BOSS)
    assert quality.has_data
    assert quality.uncovered == 0
    assert quality.snr == pytest.approx(3.0, rel=0.01)


@pytest.mark.parametrize(("high", "uncovered"), [(8645.0, 0.05), (6350.0, 0.5), (3900.0, 0.98)])
def test_coverage_is_the_fraction_of_the_grid_near_a_usable_pixel(high, uncovered):
    got = assess(spectrum(high=high), BOSS).uncovered
    assert got == pytest.approx(uncovered, abs=0.001)
    dead = spectrum()
    dead = Spectrum.from_ivar(dead.flux, np.where(dead.wavelength > high, 0, 4), dead.wavelength)
    assert assess(dead, BOSS).uncovered == pytest.approx(uncovered, abs=0.001)


def test_chip_gaps_are_not_missed():
    n = 8575
    flux = np.linspace(1, 2, n)
    error = np.ones(n)
    for low, high in APOGEE.gaps:
        error[(APOGEE.grid > low) & (APOGEE.grid < high)] = np.nan
    quality = assess(Spectrum.from_error(flux, error, APOGEE.grid), APOGEE)
    assert quality.uncovered == 0


@pytest.mark.parametrize("change", [
    {"flux": np.full(5300, np.nan)}, {"flux": np.ones(5300)}, {"flux": np.zeros(5300)},
    {"wavelength": np.linspace(9500, 9600, 5300)},
    {"flux": np.where(np.arange(5300) == 2000, 1.0, np.nan)},
    {"flux": np.where(np.arange(5300) < 99, np.arange(5300), np.nan)}])
def test_what_holds_no_data(change):
    assert not assess(spectrum(**change), BOSS).has_data


def test_the_signal_to_noise_ratio_of_a_dead_fibre_is_not_known():
    quality = assess(spectrum(ivar=np.zeros(5300)), BOSS)
    assert not quality.has_uncertainty
    assert quality.snr is None
    assert quality.has_data
    assert quality.uncovered == 1


def test_errors_that_stand_in_do_not_overflow():
    spectrum = Spectrum.from_ivar([3e38, 3.1e38], [0, 0], [4000, 5000])
    assert spectrum.error == pytest.approx([3.05e37] * 2)
