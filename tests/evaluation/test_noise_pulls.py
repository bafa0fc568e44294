"""Pulls of noise: the noise-free spectrum, its realisations, and what becomes of them."""

import numpy as np
import pytest

from bossnet.evaluation.dressed import dressings
from bossnet.evaluation.groups import Group
from bossnet.evaluation.noise_pulls import noise_free, pull_table, pulls, realise, width
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.statistics import robust_sigma
from bossnet.network.boss import BOSS as NETWORK
from bossnet.network.prediction import Predictions
from bossnet.simulation.instruments import BOSS, LAMOST
from bossnet.simulation.templates import packaged
from bossnet.task import BossNetTask

TEMPLATES = packaged()[:3]


class Means:
    """A predictor whose uncertainty is known: means of the flux in four parts of the grid."""

    network = NETWORK

    def __init__(self, card):
        self.card = card

    def predict(self, batch, *, n_draws, seed):
        inside = [(e.wavelength > 3900) & (e.wavelength < 8800) for e in batch]
        flux = np.array([[part.mean() for part in np.array_split(e.flux[i].astype(float), 4)]
                         for e, i in zip(batch, inside, strict=True)])
        error = np.array([[np.sqrt((part**2).sum()) / part.size
                           for part in np.array_split(e.error[i].astype(float), 4)]
                          for e, i in zip(batch, inside, strict=True)])
        n = len(batch)
        return Predictions(flux, error, flux, np.zeros((n, 4, 4)), np.zeros((n, 1), np.float32),
                           np.full(n, np.nan))


@pytest.fixture
def means(tiny):
    """The task of that predictor."""
    return BossNetTask(Means(tiny.card))


@pytest.mark.parametrize("instrument", [BOSS, LAMOST])
def test_the_noise_free_spectrum_is_the_observed_one_without_its_noise(instrument):
    for dressing in dressings([0], [instrument], [10.0, 100.0], seed=4):
        observed = dressing.spectrum(TEMPLATES[0])
        clean, size = noise_free(TEMPLATES[0], dressing)
        np.testing.assert_array_equal(clean.error, observed.error)
        np.testing.assert_array_equal(clean.usable, observed.usable)
        inside = clean.usable & (clean.error < 0.99 * clean.error.max())  # else the cap holds
        np.testing.assert_allclose(size[inside], clean.error[inside], rtol=1e-6)
        noise = (observed.flux - clean.flux)[inside] / size[inside]
        assert robust_sigma(noise) == pytest.approx(1.0, abs=0.08)  # sky lines are above it
        assert np.median(noise) == pytest.approx(0.0, abs=0.08)


def test_a_dead_pixel_has_noise_as_its_neighbours_have():
    clean, size = noise_free(TEMPLATES[0], dressings([0], [LAMOST], [30.0], seed=1)[0])
    dead = np.flatnonzero(~clean.usable[1000:3000]) + 1000
    assert dead.size > 50
    assert np.median(size[dead] / size[dead - 1]) == pytest.approx(1.0, abs=0.02)
    assert np.median(clean.error[dead] / size[dead]) > 3  # which the cap says otherwise


def test_the_pull_is_taken_from_the_mean_over_the_realisations():
    predicted = np.arange(1.0, 6.0).reshape(1, 5, 1)
    np.testing.assert_allclose(pulls(predicted, np.full((1, 5, 1), 2.0)).ravel(),
                               [-1.0, -0.5, 0.0, 0.5, 1.0])
    predicted[0, 4] = np.nan  # 1, 2, 3, 4 have the mean 2.5
    np.testing.assert_allclose(pulls(predicted, np.ones((1, 5, 1)))[0, :, 0],
                               [-1.5, -0.5, 0.5, 1.5, np.nan])
    assert np.isnan(pulls(predicted, np.zeros((1, 5, 1)))).all()


def test_width_and_outliers_of_pulls():
    values = np.append(np.arange(101.0) - 50, np.nan)
    assert width(values).width == 34.0
    assert width(values).beyond_3 == pytest.approx(94 / 101)
    assert width(values[:4]).width is None


def test_an_exact_uncertainty_gives_pulls_of_width_one(means):
    todo = dressings(range(3), [BOSS], [10.0, 100.0], seed=0)
    (found,) = realise(TEMPLATES.__getitem__, todo, 60, [means], seed=3)
    assert found.predicted.shape == (6, 60, 4)
    assert found.snr.tolist() == [10.0, 100.0] * 3
    rows = pull_table([Group("S/N", f"{snr:g}", found.snr == snr) for snr in (10, 100)],
                      found.pulls)
    # A little under 1, as the cap gives dead pixels more than their noise.
    widths = [row.of[name].width for row in rows for name in COLUMNS]
    assert widths == pytest.approx([1.0] * 8, abs=0.17)
    assert np.mean(widths) == pytest.approx(0.97, abs=0.06)
    assert all(row.of[name].number == 180 for row in rows for name in COLUMNS)


def test_realisations_are_the_same_again_and_differ_from_one_another(means):
    todo = dressings([1], [BOSS], [30.0], seed=0)
    one, two = (realise(TEMPLATES.__getitem__, todo, 5, [means], seed=3)[0]
                for _ in range(2))
    np.testing.assert_array_equal(one.predicted, two.predicted)
    assert len(np.unique(one.predicted[0, :, 0])) == 5
    assert one.labels[0, COLUMNS.index("v_rel")] == pytest.approx(todo[0].rv)
