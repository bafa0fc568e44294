"""The order of a grid's models: labels that fill the space, from the first on."""

import numpy as np
import pytest

from bossnet.errors import GridError
from bossnet.grid.plan import ALPHA_RANGE, gravities, labels_of, sequence


def test_a_longer_plan_begins_with_the_shorter_one():
    assert sequence(300, seed=6)[:64] == sequence(64, seed=6)
    assert sequence(64, seed=6) != sequence(64, seed=7)


def test_the_corners_of_the_unit_cube_are_the_ends_of_the_labels():
    low, high = labels_of((0.0, 0.0, 0.0, 0.0)), labels_of((1.0, 1.0, 1.0, 1.0))
    assert (low.teff, low.logg, low.fe_h) == (2500.0, -0.5, -4.0)
    assert (high.teff, high.logg, high.fe_h) == (50000.0, 5.0, 0.75)
    assert (low.alpha_fe, high.alpha_fe) == (0.05, 0.3)


def test_a_fifth_of_a_thousand_models_are_below_3700_kelvin_and_a_tenth_above_15000():
    teff = np.array([labels.teff for labels in sequence(1024, seed=6)])
    assert 0.17 < np.mean(teff < 3700) < 0.23
    assert 0.08 < np.mean(teff > 15000) < 0.13


@pytest.mark.parametrize("beginning", [64, 256])
def test_any_beginning_fills_every_quarter_of_each_label(beginning):
    labels = sequence(beginning, seed=6)
    parts = np.array([((one.logg - low) / (high - low), one.fe_h > -0.3125)
                      for one in labels for low, high in [gravities(one.teff)]])
    counts = np.histogram(parts[:, 0], bins=4, range=(0, 1))[0]
    assert counts.min() >= 0.9 * beginning / 4
    assert np.mean(parts[:, 1]) == pytest.approx(1.0625 / 1.75 * 0.64, abs=0.03)


def test_gravities_and_alpha_are_within_what_atmospheres_there_are():
    for one in sequence(512, seed=3):
        low, high = gravities(one.teff)
        assert low - 0.001 <= one.logg <= high + 0.001
        assert ALPHA_RANGE[0] <= one.alpha_fe <= ALPHA_RANGE[1]
    assert gravities(2500.0) == (-0.5, 5.5)
    assert gravities(50000.0) == (4.75, 5.0)


def test_a_plan_of_no_models_is_refused():
    with pytest.raises(GridError, match="0 models"):
        sequence(0, seed=1)
