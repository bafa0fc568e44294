"""Foreign spectra of the H band."""

import numpy as np
import pytest

from bossnet.evaluation import infrared
from bossnet.evaluation.foreign import kinds_of, observed
from bossnet.evaluation.light import RNG
from bossnet.simulation.instruments import APOGEE
from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import H_BAND_GRID

STARS = packaged("apogee")


def rng() -> RNG:
    return np.random.default_rng(3)


@pytest.mark.parametrize("kind", kinds_of(STARS), ids=lambda kind: kind.name)
def test_every_kind_is_observed_as_apogee_observes(kind):
    flux = kind.make(STARS, rng())
    assert flux.shape == (H_BAND_GRID.pixels,)
    assert np.isfinite(flux).all()
    one, again = (observed(kind, STARS, 50.0, rng(), instrument=APOGEE) for _ in range(2))
    assert one.wavelength.size == 8575
    assert one.survey == "apstar"
    np.testing.assert_array_equal(one.flux, again.flux)


def test_stars_of_the_optical_make_the_kinds_of_the_optical():
    assert {k.grid.kind for k in kinds_of(packaged())} == {"boss"}
    assert {k.grid.kind for k in kinds_of(STARS)} == {"apogee"}


def test_brackett_lines_stand_above_the_continuum():
    flux = infrared.emission_star(STARS, rng())
    at = int(np.argmin(np.abs(H_BAND_GRID.wavelength - 16811.1)))
    assert flux[at] > 1.02 * np.median(flux[at - 150:at + 150])


def test_a_cluster_has_no_sharp_lines():
    def roughness(flux):
        return np.std(np.diff(np.log(flux)))

    sharp = np.median([roughness(infrared.ordinary(STARS, np.random.default_rng(i)))
                       for i in range(20)])
    assert roughness(infrared.cluster(STARS, rng())) < 0.5 * sharp


def test_a_binary_has_twice_the_light():
    assert np.median(infrared.two_stars(STARS, rng())) == pytest.approx(2.0, abs=0.1)
