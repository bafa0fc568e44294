"""A noise model recovers what was done to errors, on stars that it was not fitted to."""

import numpy as np
import pytest

from bossnet.evaluation.noise_fit import LEAST, fit, modelled, pulls, split, table
from bossnet.evaluation.quantities import COLUMNS
from bossnet.evaluation.repeats import Differences, against_labels, pairs
from bossnet.network.noise_model import Law, NoiseModel
from evaluation.repeated import TYPICAL, results


def model_of(fitted):
    return NoiseModel({c: f.law for c, f in fitted.items() if f.law is not None})


def held_out(measured, *, seed=0):
    """Widths by the raw and by the fitted errors of pairs that were held out, and the model."""
    some, held = split(pairs(measured), 0.5, seed=seed)
    model = model_of(fit(some, None))
    assert len(held) > 1000
    return table(held, pulls(held, NoiseModel())), table(held, pulls(held, model)), model


@pytest.mark.parametrize("told", [0.7, 1.0, 1.5])
def test_errors_that_were_mis_stated_are_right_on_other_stars(told):
    before, after, model = held_out(results(6000, 4, factor=lambda snr: 1 / told, seed=3))
    for column in COLUMNS:
        assert before[0].of[column].width == pytest.approx(1 / told, rel=0.05)
        assert after[0].of[column].width == pytest.approx(1, abs=0.05)
        law = model.laws[column]
        assert law.factor == pytest.approx([1 / told] * len(law.factor), rel=0.15)
        assert law.floor[0] < 0.2 * TYPICAL[column] / told


def test_a_factor_that_depends_on_snr_is_right_at_every_snr():
    _, after, _ = held_out(results(4000, 4, factor=lambda snr: 2.0 - 0.3 * np.log(snr / 5)))
    for row in after:
        if row.spectra > 1000:
            for column in COLUMNS:
                assert row.of[column].width == pytest.approx(1, abs=0.1), row.name


def test_a_floor_is_found():
    _, after, model = held_out(results(3000, 4, floor=0.5))
    for column in COLUMNS:
        assert model.laws[column].floor[0] == pytest.approx(0.5 * TYPICAL[column], rel=0.25)
        assert after[0].of[column].width == pytest.approx(1, abs=0.05)


def test_binaries_do_not_widen_the_errors_of_all():
    some, _ = split(pairs(results(2000, 4, factor=lambda snr: 1.3, binaries=0.03)), 0, seed=0)
    for fitted in fit(some, None).values():
        assert fitted.law.factor == pytest.approx([1.3] * len(fitted.law.factor), rel=0.12)
        assert 0.03 < fitted.outliers < 0.13


def test_from_labels_alone_come_factor_and_floor_and_an_offset_is_no_error():
    measured = results(4000, 1, factor=lambda snr: 1.4, floor=0.4)
    differences = against_labels(measured)
    shifted = Differences(differences.star, differences.snr, differences.teff,
                          {c: d + 2 * TYPICAL[c] for c, d in differences.difference.items()},
                          differences.raw)
    for column, fitted in fit(None, shifted).items():
        assert fitted.offset == pytest.approx(2 * TYPICAL[column], rel=0.1)
        assert fitted.law.floor[0] == pytest.approx(0.4 * TYPICAL[column], rel=0.25)
        away = shifted.difference[column] - fitted.offset
        width = np.percentile(away / modelled(shifted, column, fitted.law), [16, 84])
        assert width == pytest.approx([-1, 1], abs=0.07)


def test_beside_repeats_labels_only_raise_the_floor():
    repeats = pairs(results(2000, 2, factor=lambda snr: 1.4))
    labelled = against_labels(results(1500, 1, factor=lambda snr: 1.4, floor=2.0, seed=2))
    alone, both = fit(repeats, None), fit(repeats, labelled)
    for column in COLUMNS:
        assert both[column].law.factor == alone[column].law.factor
        assert both[column].law.floor[0] == pytest.approx(2 * TYPICAL[column], rel=0.15)
    small = against_labels(results(1500, 1, seed=3))
    assert fit(repeats, small)["logg"].law == alone["logg"].law


def test_too_few_differences_or_none_leave_raw_errors():
    found = fit(pairs(results(LEAST - 1, 2)), None)
    assert {f.law for f in found.values()} == {None}
    assert found["logg"].number == LEAST - 1
    same = pairs(results(300, 2))
    same.difference["logg"][:] = 0.0
    assert fit(same, None)["logg"].law is None
    assert fit(same, None)["fe_h"].law is not None


def test_a_star_is_on_one_side_only():
    some, held = split(pairs(results(300, 6)), 0.4, seed=3)
    assert not set(some.star) & set(held.star)
    assert len(some) + len(held) == 1500
    assert 0.3 < len(held) / 1500 < 0.5
    again, _ = split(pairs(results(300, 6)), 0.4, seed=3)
    np.testing.assert_array_equal(again.star, some.star)


def test_the_error_of_a_difference_is_of_both_visits():
    two = Differences(np.array(["a"]), np.array([[10.0, 40.0]]), np.array([[5e3, 5e3]]),
                      {"logg": np.array([1.0])}, {"logg": np.array([[0.3, 0.4]])})
    assert modelled(two, "logg", None) == pytest.approx([0.5])
    assert modelled(two, "logg", Law((2.0,), (0.1,))) == pytest.approx([1.02**0.5])
    assert pulls(two, NoiseModel())[0, COLUMNS.index("logg")] == pytest.approx(2.0)
    assert np.isnan(pulls(two, NoiseModel())[0, COLUMNS.index("fe_h")])
