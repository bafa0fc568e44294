"""Crowded regions are made thinner, by chance that the order of stars does not change."""

import numpy as np
import pytest

from bossnet.labels.configuration import Thinning
from bossnet.labels.thinning import at_edge, chance, in_cells, most

STARS = np.array([f"Gaia {i}" for i in range(4000)])


def test_chances_are_a_stars_own_and_spread_evenly():
    chances = chance(STARS, 0)
    np.testing.assert_array_equal(chance(STARS[::-1], 0), chances[::-1])
    assert not np.array_equal(chance(STARS, 1), chances)
    np.testing.assert_allclose(np.histogram(chances, 10, (0, 1))[0], 400, atol=80)


def test_so_many_stay_of_those_and_all_of_the_others():
    among = np.arange(4000) % 2 == 0
    kept = most(chance(STARS, 0), among, 50)
    assert kept[~among].all()
    assert kept[among].sum() == 50


def test_the_step_at_an_edge_becomes_a_slope():
    """10 stars a bin below, 200 in each bin above, and 50 beyond."""
    width = 0.032
    edge = np.log10(7000)
    step = width / 8
    below = np.repeat(edge - (np.arange(8) + 0.5) * step, 10)
    crowd = np.repeat(edge + (np.arange(8) + 0.5) * step, 200)
    beyond = np.repeat(edge + width + (np.arange(8) + 0.5) * step, 50)
    log_teff = np.concatenate([below, crowd, beyond])
    crowding = log_teff > edge
    kept = at_edge(chance(STARS[:log_teff.size], 0), log_teff, crowding,
                   Thinning(edge=7000, width=width))
    assert kept[~crowding].all()
    assert kept[log_teff > edge + width].all()
    counts = [int(kept[80 + 200 * i:80 + 200 * (i + 1)].sum()) for i in range(8)]
    assert counts == [round(10 + 40 * (i + 0.5) / 8) for i in range(8)]


def test_without_an_edge_nothing_is_thinned():
    log_teff = np.full(10, np.log10(7010))
    assert at_edge(chance(STARS[:10], 0), log_teff, np.ones(10, bool), Thinning(edge=0)).all()


def test_a_cell_holds_so_many_stars_and_others_are_left_alone():
    log_teff = np.r_[np.full(100, 3.7051), np.full(5, 3.9051)]
    logg = np.full(105, 4.05)
    kept = in_cells(chance(STARS[:105], 0), log_teff, logg, Thinning(most=20))
    assert kept[:100].sum() == 20
    assert kept[100:].all()
    assert in_cells(chance(STARS[:105], 0), log_teff, logg, Thinning()).all()


@pytest.mark.parametrize("wrong", [{"edge": -1}, {"width": 0}, {"most": -1}, {"cell": (0, 1)}])
def test_absurd_values_are_refused(wrong):
    with pytest.raises(Exception, match="above 0"):
        Thinning(**wrong)
