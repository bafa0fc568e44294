"""A network's passes over one spectrum, against its predictor and against small changes of flux."""

import numpy as np
import pytest

from bossnet.network import BOSS
from bossnet.network.prediction import DirectPredictor, Exposure
from bossnet.plot import drivers
from bossnet.plot.passes import in_kelvin, passes

GRID = BOSS.grid.astype(np.float64)
DRAWS = 20


@pytest.fixture(scope="module")
def exposure(seen):
    """A star like the Sun, on the grid itself, so that a change of flux is one of the input."""
    spectrum, _ = seen(5800.0)
    flux, error = (np.interp(GRID, spectrum.wavelength, a).astype(np.float32)
                   for a in (spectrum.flux, spectrum.error))
    return Exposure(flux, error, BOSS.grid, noise_key=77)


def raised(exposure, wavelength, by):
    """With a Gaussian bump of this relative height, as wide as the window."""
    sigma = drivers.window(GRID) / np.sqrt(2 * np.pi)
    bump = 1 + by * np.exp(-0.5 * ((GRID - wavelength) / sigma) ** 2)
    return Exposure((exposure.flux * bump).astype(np.float32), exposure.error, BOSS.grid,
                    exposure.noise_key)


def test_the_draws_are_those_of_a_prediction(shipped, exposure):
    predicted = DirectPredictor(shipped, BOSS).predict([exposure], n_draws=DRAWS, seed=5)
    made = passes(shipped, BOSS, exposure, n_draws=DRAWS, seed=5)
    std = np.array(shipped.card.label_std)
    np.testing.assert_allclose(made.outputs, predicted.parameters[0], atol=1e-4 * std.min())
    np.testing.assert_allclose(made.draws.std(0, ddof=1), predicted.spread[0], rtol=1e-2)
    np.testing.assert_allclose(np.median(made.draws, axis=0), predicted.median[0],
                               atol=1e-4 * std.max())
    np.testing.assert_allclose(np.corrcoef(made.draws.T), predicted.correlation[0], atol=1e-2)


def test_further_draws_leave_the_first_as_they_are(shipped, exposure):
    few, many = (passes(shipped, BOSS, exposure, n_draws=n, seed=5).draws for n in (3, 19))
    np.testing.assert_allclose(many[:3], few, atol=1e-4)


@pytest.mark.parametrize("parameter", range(4))
def test_the_response_is_what_a_raised_flux_does(shipped, exposure, parameter):
    made = passes(shipped, BOSS, exposure, n_draws=0, seed=0)
    response = drivers.response(made.slopes[parameter])
    place = GRID[np.argmax(np.abs(response))]
    by = 1e-3  # so little that the network does not bend
    up, down = (passes(shipped, BOSS, raised(exposure, place, sign * by), n_draws=0,
                       seed=0).outputs[parameter] for sign in (1, -1))
    assert (up - down) / (2 * by) * drivers.RAISED == pytest.approx(
        response[np.argmax(np.abs(response))], rel=0.05)


def test_with_draws_it_is_what_a_raised_flux_does_to_their_mean(shipped, exposure):
    made = passes(shipped, BOSS, exposure, n_draws=DRAWS, seed=5)
    response = drivers.response(made.slopes)
    for parameter in range(4):
        top = np.argmax(np.abs(response[parameter]))
        up, down = (passes(shipped, BOSS, raised(exposure, GRID[top], by), n_draws=DRAWS, seed=5)
                    for by in (0.005, -0.005))
        change = [np.vstack([p.outputs, p.draws])[:, parameter].mean() for p in (up, down)]
        assert change[0] - change[1] == pytest.approx(response[parameter, top], rel=0.1)


def test_kelvin_are_those_of_the_logarithm():
    assert in_kelvin(3.7) * 1e-5 == pytest.approx(10**3.70001 - 10**3.7, rel=1e-4)


def test_where_the_flux_is_not_positive_nothing_follows_it(shipped, exposure):
    flux = exposure.flux.copy()
    flux[1000:1050] = -1.0
    made = passes(shipped, BOSS, Exposure(flux, exposure.error, BOSS.grid), n_draws=0, seed=0)
    assert (made.slopes[:, 1000:1050] == 0).all()
    assert (made.slopes[:, :1000] != 0).any()
    np.testing.assert_allclose(made.network_input[1000:1050], np.log(1e-6), rtol=1e-6)


def test_where_the_input_is_clipped_nothing_follows_the_flux(shipped, exposure):
    flux = exposure.flux.copy()
    flux[2000] *= 100.0
    made = passes(shipped, BOSS, Exposure(flux, exposure.error, BOSS.grid), n_draws=0, seed=0)
    assert (made.slopes[:, 2000] == 0).all()
    assert made.network_input[2000] < np.log(flux[2000])
