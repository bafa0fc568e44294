"""What of a spectrum was not taken as it is."""

import numpy as np

from bossnet.network import APOGEE, BOSS
from bossnet.plot.masks import masks
from bossnet.spectra.spectrum import Spectrum


def spectrum(**altered):
    wavelength = np.arange(3700.0, 9000.0, 1.0)
    parts = {"flux": np.full(wavelength.size, 10.0), "ivar": np.ones(wavelength.size)}
    for name, places in altered.items():
        for place, value in places.items():
            parts[name][place] = value
    return Spectrum.from_ivar(parts["flux"], parts["ivar"], wavelength)


def test_a_pixel_without_flux_is_dropped():
    found = masks(spectrum(flux={100: np.nan}), BOSS)
    assert np.flatnonzero(found.dropped).tolist() == [100]
    assert not found.without_error.any()


def test_a_pixel_without_inverse_variance_has_the_cap_for_its_error():
    found = masks(spectrum(ivar={200: 0.0, 201: -1.0}), BOSS)
    assert np.flatnonzero(found.without_error).tolist() == [200, 201]
    assert not found.dropped.any()
    assert not found.capped.any()


def test_an_error_beyond_the_cap_is_capped():
    found = masks(spectrum(ivar={300: 0.01, 301: 0.05}), BOSS)  # 10 and 4.5 times the others'
    assert np.flatnonzero(found.capped).tolist() == [300]


def test_errors_that_are_all_alike_are_not_capped():
    assert not masks(spectrum(), BOSS).capped.any()


def test_a_range_without_good_pixels_is_not_covered():
    gap = {i: 0.0 for i in range(1000, 1100)}  # 4700 to 4799
    found = masks(spectrum(ivar=gap), BOSS)
    (first, last), = found.uncovered
    assert 4701 <= first <= 4704
    assert 4796 <= last <= 4799


def test_the_gaps_between_apogees_chips_are_not_covered():
    flux = np.ones(APOGEE.grid.size)
    flux[3000:3100] = np.nan
    star = Spectrum.from_error(flux, np.full(flux.size, 0.1), APOGEE.grid)
    found = masks(star, APOGEE)
    assert found.without_error.sum() == 100
    assert len(found.uncovered) == 1
