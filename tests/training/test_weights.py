"""Sample weights by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("scipy", reason="needs the extra train")

from scipy.stats import gaussian_kde

from bossnet.errors import ConfigurationError
from bossnet.training.weights import SCALE, Weighting, _evaluate, density_weights, sample_weights

NO_CEILING = 1e9
COLUMNS = ("logg", "log_teff", "fe_h", "v_rel")
SUN = {"logg": 4.4, "log_teff": 3.76, "fe_h": 0.0, "v_rel": 20.0}

#: Ten stars of each of two temperatures far apart, the cooler ones drawn nine times more often.
LOG_TEFF = np.repeat([3.70, 4.20], 10)
LOGG = np.tile(np.linspace(1.0, 5.0, 10), 2)
OFTEN = np.repeat([0.09, 0.01], 10)


def two_clusters(**settings: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    weights = density_weights(LOG_TEFF, LOGG, OFTEN, Weighting(**settings))
    return weights[:10], weights[10:]


def test_what_is_drawn_nine_times_more_often_weighs_a_ninth() -> None:
    often, seldom = two_clusters(ceiling=NO_CEILING)
    np.testing.assert_allclose(seldom / often, 9.0, rtol=0.02)
    # With the mean over what is drawn 1: 0.9 w + 0.1 x 9 w = 1, so w = 1 / 1.8.
    assert np.median(often) == pytest.approx(1 / 1.8, rel=0.1)
    assert np.median(seldom) == pytest.approx(9 / 1.8, rel=0.1)


def test_the_mean_over_what_is_drawn_is_1_before_the_ceiling() -> None:
    for strength in (0.3, 1.0):
        weights = density_weights(LOG_TEFF, LOGG, 7 * OFTEN,
                                  Weighting(strength=strength, ceiling=NO_CEILING))
        assert np.average(weights, weights=OFTEN) == pytest.approx(1.0, rel=1e-6)


def test_the_ceiling_cuts_and_changes_nothing_below_it() -> None:
    often, seldom = two_clusters(ceiling=2.0)
    assert (seldom == 2.0).all()
    np.testing.assert_array_equal(often, two_clusters(ceiling=NO_CEILING)[0])


def test_strength_is_an_exponent_and_0_makes_all_alike() -> None:
    often, seldom = two_clusters(strength=0.5, ceiling=NO_CEILING)
    np.testing.assert_allclose(seldom / often, 3.0, rtol=0.02)
    assert all((part == 1).all() for part in two_clusters(strength=0.0))


def test_what_has_no_labels_or_is_not_drawn_weighs_1_and_changes_no_other() -> None:
    more = [np.append(values, extra) for values, extra in (
        (LOG_TEFF, [np.nan, 3.7, 3.7]), (LOGG, [4.0, np.nan, 4.5]), (OFTEN, [0.5, 0.5, 0.0]))]
    weights = density_weights(*more, Weighting())
    assert weights.dtype == np.float32
    assert weights[-3:].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_array_equal(weights[:-3], np.concatenate(two_clusters()))


def test_too_few_for_a_density_weigh_1() -> None:
    assert density_weights([3.7, 4.2], [4.0, 4.5], [0.9, 0.1], Weighting()).tolist() == [1.0, 1.0]


def test_labels_on_one_line_are_refused_unless_no_density_is_asked_for() -> None:
    line = ([3.6, 3.7, 3.8, 3.9], [4.0] * 4, [1.0] * 4)
    with pytest.raises(ConfigurationError, match="one line"):
        density_weights(*line, Weighting())
    assert density_weights(*line, Weighting(strength=0.0)).tolist() == [1.0] * 4


def test_the_table_of_densities_is_good_to_some_per_cent() -> None:
    points = np.random.default_rng(1).normal(0.0, 1.0, (2, 400)) / np.array(SCALE)[:, None]
    density = gaussian_kde(points)
    np.testing.assert_allclose(_evaluate(density, points), density(points), rtol=0.15)
    assert np.median(np.abs(_evaluate(density, points) / density(points) - 1)) < 0.02


def weights_of(base: float = 1.0, *, snr: float = 50.0, weighting: Weighting | None = None,
               **labels: float) -> dict[str, float]:
    values = np.array([(SUN | labels)[column] for column in COLUMNS], np.float32)
    given = Weighting(dwarfs=2, metal_poor=3, fast=5) if weighting is None else weighting
    weights = sample_weights(base, values, COLUMNS, given, snr=snr)
    assert weights.dtype == np.float32
    return dict(zip(COLUMNS, weights.tolist(), strict=True))


@pytest.mark.parametrize(("labels", "expected"), [
    ({}, (1, 1, 1, 1)),
    ({"logg": 8.0, "fe_h": np.nan}, (2, 2, 2, 10)),  # a white dwarf: x 2, its velocity x 5 more
    ({"logg": 5.6}, (2, 2, 2, 10)),
    ({"logg": 5.4}, (1, 1, 1, 1)),
    ({"fe_h": -1.5}, (1, 1, 3, 1)),
    ({"fe_h": -0.9}, (1, 1, 1, 1)),
    ({"v_rel": 250.0}, (1, 1, 1, 5)),
    ({"v_rel": -250.0}, (1, 1, 1, 5)),
    ({"v_rel": 199.0}, (1, 1, 1, 1)),
    ({"fe_h": -2.0, "v_rel": -300.0}, (1, 1, 3, 5)),
    ({"logg": 5.8, "fe_h": -2.0, "v_rel": 300.0}, (2, 2, 6, 10)),
    ({"logg": np.nan, "log_teff": np.nan, "fe_h": np.nan}, (1, 1, 1, 1))])
def test_the_papers_extra_weights(labels: dict[str, float], expected: tuple[float, ...]) -> None:
    assert tuple(weights_of(**labels).values()) == expected
    assert tuple(weights_of(0.25, **labels).values()) == tuple(w / 4 for w in expected)


def test_metallicities_of_hot_stars_have_a_factor_of_their_own() -> None:
    hot = Weighting(hot=0.25, metal_poor=2.0)
    assert weights_of(weighting=hot, log_teff=np.log10(9000.0))["fe_h"] == 0.25
    assert weights_of(weighting=hot, log_teff=np.log10(9000.0), fe_h=-2.0)["fe_h"] == 0.5
    assert weights_of(weighting=hot, log_teff=np.log10(8000.0))["fe_h"] == 1.0
    assert weights_of(weighting=hot, log_teff=np.log10(9000.0))["logg"] == 1.0


@pytest.mark.parametrize(("snr", "expected"), [(12.0, 0.5), (6.0, 0.2), (36.0, 0.9)])
def test_noisy_spectra_count_less(snr: float, expected: float) -> None:
    found = weights_of(snr=snr, weighting=Weighting(noisy=12.0))
    assert list(found.values()) == pytest.approx([expected] * 4)
    assert list(weights_of(snr=snr, weighting=Weighting()).values()) == [1.0] * 4


def test_parameters_have_factors_by_name() -> None:
    found = weights_of(weighting=Weighting(parameters={"log_teff": 4.0, "v_rel": 0.5}, fast=3.0),
                       v_rel=400.0)
    assert found == {"logg": 1.0, "log_teff": 4.0, "fe_h": 1.0, "v_rel": 1.5}


def test_a_network_may_have_fewer_parameters() -> None:
    assert sample_weights(1.0, np.array([-2.0], np.float32), ("fe_h",), Weighting(),
                          snr=10.0).tolist() == [2.0]


@pytest.mark.parametrize("settings", [{"strength": -1.0}, {"ceiling": 0.0}, {"fast": -1.0},
                                      {"parameters": {"logg": -1.0}}])
def test_weights_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="not negative"):
        Weighting(**settings)
