"""Pulls of noise: the noise-free spectrum, its realisations, and what becomes of them."""

import numpy as np
import pytest

from bossnet.evaluation.dressed import dressings
from bossnet.evaluation.groups import Group
from bossnet.evaluation.noise_pulls import pull_table, pulls, realisations, realise, width
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


@pytest.fixture(scope="module", params=[BOSS, LAMOST], ids=["BOSS", "LAMOST"])
def realised(request):
    """Forty realisations of a star at S/N 30: flux, error, usable, each (40, N)."""
    (dressing,) = dressings([0], [request.param], [30.0], seed=4)
    spectra = list(realisations(TEMPLATES[0], dressing, 40))
    return tuple(np.array([getattr(s, name) for s in spectra])
                 for name in ("flux", "error", "usable"))


def test_realisations_differ_by_the_noise_that_their_errors_tell(realised):
    flux, error, usable = realised
    scatter = robust_sigma(((flux - flux.mean(axis=0)) / error)[usable])
    assert scatter == pytest.approx(1.0, abs=0.02)
    own = np.broadcast_to(error.min(axis=0), error.shape)
    np.testing.assert_allclose(error[usable], own[usable], rtol=1e-6)  # the same in all of them


def test_a_dead_pixel_has_noise_as_its_neighbours_have_and_the_error_of_the_cap(realised):
    flux, error, usable = realised
    inside = np.zeros(usable.shape, bool)
    inside[:, 1000:3000] = True
    own = error.min(axis=0)  # of each pixel, where it is alive
    away = (flux - np.median(flux, axis=0)) / own
    dead = inside & ~usable
    assert dead.sum() > 200
    assert robust_sigma(away[dead]) == pytest.approx(robust_sigma(away[inside & usable]), abs=0.15)
    assert np.median((error / own)[dead]) > 3


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


@pytest.mark.parametrize(("instrument", "expected"), [(BOSS, 0.97), (LAMOST, 0.68)])
def test_an_exact_uncertainty_gives_pulls_of_width_one_but_for_dead_pixels(
        means, instrument, expected):
    todo = dressings(range(3), [instrument], [10.0, 100.0], seed=0)
    (found,) = realise(TEMPLATES.__getitem__, todo, 60, [means])
    assert found.predicted.shape == (6, 60, 4)
    assert found.snr.tolist() == [10.0, 100.0] * 3
    rows = pull_table([Group("S/N", f"{snr:g}", found.snr == snr) for snr in (10, 100)],
                      found.pulls)
    # With LAMOST 5 % of the pixels have 5 errors in place of 1: 1 / sqrt(0.95 + 0.05 x 25) = 0.67.
    widths = [row.of[name].width for row in rows for name in COLUMNS]
    assert widths == pytest.approx([expected] * 8, abs=0.17)
    assert np.mean(widths) == pytest.approx(expected, abs=0.06)
    assert all(row.of[name].number == 180 for row in rows for name in COLUMNS)


def test_realisations_are_the_same_again_and_differ_from_one_another(means):
    todo = dressings([1], [BOSS], [30.0], seed=0)
    one, two = (realise(TEMPLATES.__getitem__, todo, 5, [means])[0]
                for _ in range(2))
    np.testing.assert_array_equal(one.predicted, two.predicted)
    assert len(np.unique(one.predicted[0, :, 0])) == 5
    assert one.labels[0, COLUMNS.index("v_rel")] == pytest.approx(todo[0].rv)
