"""Visits of a star combined, against what is known of simulated ones."""

import numpy as np
import pytest

from bossnet.catalog.layouts import PARAMETERS, layout
from bossnet.catalog.stars import VISIT, combine, disagree, stars

COLUMNS = tuple(c for c in layout("survey", per_star=True).columns if c.origin == "star")


def visits(source_pk, **values):
    """Visits of stars, with these values and no others."""
    n = len(source_pk)
    batch = {c.key: np.zeros(n, {"float32": "f4", "int64": "i8"}[c.kind]) for c in VISIT}
    for p in PARAMETERS:
        batch[p][:], batch[f"e_{p}"][:] = np.nan, np.nan
    batch["source_pk"] = np.asarray(source_pk)
    for key, given in values.items():
        batch[key] = np.asarray(given, batch[key].dtype)
    return batch


def test_a_mean_is_weighted_by_errors():
    found = combine(visits([7, 7], v_rad=[10, 40], e_v_rad=[1, 2], snr=[3, 4], mjd=[5, -1],
                           result_flags=[1 << 13, 1 << 20]), COLUMNS)
    assert found["v_rad"] == pytest.approx([16])
    assert found["e_v_rad"] == pytest.approx([(4 / 5) ** 0.5])
    assert found["chi2_v_rad"] == pytest.approx([36 + 144])
    assert found["flag_discrepant_v_rad"].tolist() == [True]
    assert found["n_visits"].tolist() == [2]
    assert found["snr"] == pytest.approx([5])
    assert (found["min_mjd"].tolist(), found["max_mjd"].tolist()) == ([5], [5])
    assert found["result_flags"].tolist() == [(1 << 13) + (1 << 20)]
    assert np.isnan(found["logg"]).all()
    assert found["n_logg"].tolist() == [0]


def test_what_is_missing_in_a_visit_does_not_count():
    nan = np.nan
    found = combine(visits([1, 1, 2, 3, 3], logg=[4, nan, nan, 3, 4], e_logg=[0.1, nan, nan, nan,
                                                                             nan]), COLUMNS)
    assert found["n_visits"].tolist() == [1, 0, 2]
    assert found["logg"].tolist()[::2] == [4, 3.5]  # without any errors, the plain mean
    assert found["e_logg"][0] == pytest.approx(0.1)
    assert np.isnan(found["e_logg"][1:]).all()
    assert np.isnan(found["chi2_logg"]).all()
    assert found["flag_discrepant_logg"].tolist() == [False] * 3


def test_the_combination_of_simulated_repeats_is_unbiased_with_the_right_error():
    rng = np.random.default_rng(8)
    number = rng.integers(2, 9, 20_000)
    star = np.repeat(np.arange(len(number)), number)
    truth = {"log_teff": 3.7, "logg": 4.0, "fe_h": -0.5, "v_rad": 30.0}
    typical = {"log_teff": 0.01, "logg": 0.1, "fe_h": 0.1, "v_rad": 8.0}
    values = {}
    for p, scale in typical.items():
        errors = scale * rng.uniform(0.5, 3, len(star))
        values |= {p: truth[p] + errors * rng.normal(size=len(star)), f"e_{p}": errors}
    found = combine(visits(star, **values), COLUMNS)
    for p in PARAMETERS:
        pulls = (found[p] - truth[p]) / found[f"e_{p}"]
        assert abs(pulls.mean()) < 4 / len(number) ** 0.5
        assert pulls.std() == pytest.approx(1, abs=0.02)
        assert (found[f"chi2_{p}"] / (number - 1)).mean() == pytest.approx(1, abs=0.03)
        assert found[f"flag_discrepant_{p}"].mean() < 5e-4


def test_the_error_is_right_also_where_those_of_visits_are_from_few_draws():
    rng = np.random.default_rng(5)
    number = rng.integers(1, 9, 40_000)
    star = np.repeat(np.arange(len(number)), number)
    error = 8.0 * rng.uniform(0.5, 2, len(star))
    drawn = error * np.sqrt(rng.chisquare(19, len(star)) / 19)
    found = combine(visits(star, v_rad=error * rng.normal(size=len(star)), e_v_rad=drawn,
                           n_draws=np.full(len(star), 20)), COLUMNS)
    pulls = found["v_rad"] / found["e_v_rad"]
    for n in (2, 3, 5, 8):
        low, high = np.percentile(pulls[number == n], [16, 84])
        assert (high - low) / 2 == pytest.approx(1, abs=0.045)
    assert abs(np.median(pulls)) < 0.02
    assert found["flag_discrepant_v_rad"].mean() < 0.002
    assert found["e_v_rad"][number == 1] == pytest.approx(drawn[np.isin(star, np.flatnonzero(
        number == 1))])


def test_a_binary_with_100_km_s_between_visits_is_flagged():
    rng = np.random.default_rng(3)
    star = np.repeat(np.arange(1000), 2)
    velocity = np.tile([-50, 50], 1000) + rng.normal(0, 10, 2000)
    found = combine(visits(star, v_rad=velocity, e_v_rad=np.full(2000, 10.0)), COLUMNS)
    assert found["flag_discrepant_v_rad"].mean() > 0.99
    assert not found["flag_discrepant_logg"].any()


def test_the_limit_is_four_sigma():
    # What chi2 of 1, 2, 9 degrees of freedom exceeds by chance as often as 4 sigma (3.2e-5).
    limit = np.array([17.3, 20.7, 36.4])
    degrees = np.array([1, 2, 9])
    assert disagree(1.1 * limit, degrees).all()
    assert not disagree(0.9 * limit, degrees).any()
    assert not disagree(np.array([1e9]), np.array([0])).any()


def test_stars_are_the_same_however_their_visits_come():
    rng = np.random.default_rng(1)
    star = np.sort(rng.integers(0, 40, 200))
    whole = visits(star, v_rad=rng.normal(0, 9, 200), e_v_rad=rng.uniform(1, 9, 200))
    expected = combine(whole, COLUMNS)
    for size in (1, 7, 200):
        parts = [{k: v[i:i + size] for k, v in whole.items()} for i in range(0, 200, size)]
        found = list(stars(parts, COLUMNS))
        for key, values in expected.items():
            np.testing.assert_array_equal(np.concatenate([f[key] for f in found]), values)
