"""The yardstick computes what it should: the naive ways agree with the reference predictor."""

import numpy as np
import pytest

from bossnet.bench.naive import BATCH, Naive, prepared
from bossnet.bench.networks import inputs, spectra
from bossnet.network import APOGEE, BOSS
from bossnet.network.prediction import DirectPredictor
from network.made import TINY, random_network

DRAWS = 400


@pytest.fixture(scope="module")
def exposures():
    return spectra(3, seed=2)


@pytest.mark.parametrize("way", ["one_at_a_time", "draw_by_draw"])
def test_a_naive_way_gives_the_references_parameters_and_spread(tiny, exposures, way):
    reference = DirectPredictor(tiny, BOSS).predict(exposures, n_draws=DRAWS, seed=0)
    naive = getattr(Naive(tiny, BOSS), way)(exposures, DRAWS)
    std = np.array(tiny.card.label_std)
    assert np.abs((naive.parameters - reference.parameters) / std).max() < 1e-4
    # Two estimates from 400 draws each of other noise: 5 % apart, of twelve the worst less than 20.
    np.testing.assert_allclose(naive.spread, reference.spread, rtol=0.2)


def test_spectra_of_apogee_are_taken_as_they_are(tmp_path):
    network = random_network(tmp_path / "a.safetensors", network=APOGEE, **TINY)
    exposures = spectra(2, APOGEE, seed=2)
    reference = DirectPredictor(network, APOGEE).predict(exposures, n_draws=0, seed=0)
    found = Naive(network, APOGEE).draw_by_draw(exposures, 2)
    std = np.array(network.card.label_std)
    assert np.abs((found.parameters - reference.parameters) / std).max() < 1e-4
    assert inputs(exposures, 1, APOGEE).shape == (4, APOGEE.grid.size)


def test_a_last_batch_may_be_smaller(tiny, exposures):
    many = (exposures * BATCH)[:BATCH + 1]
    found = Naive(tiny, BOSS).draw_by_draw(many, 2)
    assert found.parameters.shape == found.spread.shape == (BATCH + 1, 4)
    np.testing.assert_allclose(found.parameters[3:6], found.parameters[:3], rtol=1e-4)


def test_preparation_is_by_the_contract():
    grid = np.array([1, 2, 3], np.float32)
    wavelength = np.array([0.5, 1.5, np.nan, 2.5], np.float32)
    flux = np.array([1, 3, 9, -1], np.float32)
    # 2 and 1 between pixels; beyond the last one its value, at the floor.
    x = np.log(np.array([2, 1, 1e-6], np.float32))
    np.testing.assert_allclose(prepared(flux, wavelength, grid), x, rtol=1e-6)


def test_inputs_are_spectra_with_their_draws(exposures):
    x = inputs(exposures, 2)
    assert x.shape == (9, BOSS.grid.size)
    np.testing.assert_array_equal(
        x[3], prepared(exposures[1].flux, exposures[1].wavelength, BOSS.grid))
    assert (x[3] != x[4]).any()
