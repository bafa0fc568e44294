"""Training spectra by number."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.training.store import Store, StoredStar

from bossnet.network.boss import BOSS
from bossnet.simulation.templates import packaged
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.draws import Draws, blend, with_red_end
from bossnet.training.sources.continuation import FROM, RED

MEAN, STD = [3.9, 3.8, -0.4, -7.4], [0.9, 0.1, 0.5, 60.9]


@pytest.fixture(scope="module")
def draws() -> Draws:
    stars = [StoredStar(t, (t.flux[RED],), "train") for t in packaged()]
    return Draws(Store(stars), seed=3, mean=MEAN, std=STD)


def test_a_draw_is_the_same_whenever_it_is_made(draws: Draws) -> None:
    flux, labels = draws[17]
    again, same = draws[17]
    np.testing.assert_array_equal(flux, again)
    np.testing.assert_array_equal(labels, same)
    assert not np.array_equal(flux, draws[18][0])


def test_a_draw_is_on_the_networks_grid_with_its_labels_normalised(draws: Draws) -> None:
    for index in range(40):
        flux, labels = draws[index]
        drawn = draws.draw(index)
        assert flux.shape == BOSS.grid.shape
        assert flux.dtype == labels.dtype == np.float32
        assert np.isfinite(flux).all()
        np.testing.assert_allclose(labels * STD + MEAN, drawn.labels, rtol=1e-3, atol=1e-3)
        assert 3.4 < drawn.labels[1] < 4.2


def test_both_instruments_and_all_flux_scales_come_up(draws: Draws) -> None:
    drawn = [draws.draw(i) for i in range(200)]
    assert {d.spectrum.survey for d in drawn} == {"boss", "lamost"}
    levels = [np.median(d.spectrum.flux[d.spectrum.usable]) for d in drawn]
    assert min(levels) < 0.5
    assert max(levels) > 5000


def test_the_red_end_is_mostly_the_best_and_now_and_then_missing() -> None:
    template = packaged()[20]
    star = StoredStar(template, (np.full(int(RED.sum()), 2.0, np.float32),), "train")
    rng = np.random.default_rng(0)
    ends = [with_red_end(star, rng).flux[RED] for _ in range(400)]
    missing = np.mean([np.isnan(e).all() for e in ends])
    best = np.mean([(e == 2.0).all() for e in ends])
    assert 0.02 < missing < 0.12
    assert 0.6 < best < 0.95
    np.testing.assert_array_equal(with_red_end(star, rng).flux[~RED], template.flux[~RED])
    assert TEMPLATE_WAVELENGTH[RED][0] >= FROM


def test_a_blend_lies_between_its_stars() -> None:
    one, two = packaged()[20:22]
    half = blend(one, two, 0.5)
    assert np.log10(half.teff) == pytest.approx((np.log10(one.teff) + np.log10(two.teff)) / 2)
    assert half.logg == pytest.approx((one.logg + two.logg) / 2)
    assert np.nanmedian(blend(one, two, 1.0).flux / one.flux) == pytest.approx(1.0, rel=2e-3)
