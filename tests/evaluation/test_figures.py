"""What figures show, and that they can be drawn."""

import sys

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.evaluation import drawing
from bossnet.evaluation.figures import by_kind, histogram, kiel_map, limits, versus
from bossnet.evaluation.flagging import Rate
from bossnet.evaluation.sample import Outcomes

NAN = np.nan


def test_only_what_has_a_label_and_a_prediction_is_shown():
    label, predicted = np.array([1.0, NAN, 3.0, 4.0]), np.array([1.5, 2.0, NAN, 4.5])
    shown = versus(label, predicted, np.ones(4), np.array([10.0, 20.0, 30.0, 40.0]))
    assert (shown.label.tolist(), shown.predicted.tolist()) == ([1.0, 4.0], [1.5, 4.5])
    assert shown.snr.tolist() == [10.0, 40.0]
    assert shown.statistics.number == 2


def test_the_kiel_map_holds_the_median_of_each_bin():
    log_teff = np.array([3.701, 3.705, 3.719, 3.75, NAN])
    logg = np.array([4.41, 4.5, 4.55, 2.0, 4.5])
    found = kiel_map(log_teff, logg, np.array([0.1, 0.3, 0.2, 0.9, 5.0]))
    assert found.median.shape == found.number.shape == (found.logg.size - 1,
                                                        found.log_teff.size - 1)
    row, column = np.searchsorted(found.logg, 4.5) - 1, np.searchsorted(found.log_teff, 3.705) - 1
    assert (found.number[row, column], found.median[row, column]) == (3, pytest.approx(0.2))
    assert found.number.sum() == 4
    assert np.isnan(found.median[found.number == 0]).all()


def test_a_kiel_map_of_nothing_is_empty():
    found = kiel_map(np.full(3, NAN), np.ones(3), np.ones(3))
    assert found.number.sum() == 0


def test_a_histogram_is_a_density_and_says_what_is_outside():
    values = np.array([-0.1, 0.1, 0.2, 7.0, NAN])
    found = histogram(values)
    assert (found.number, found.outside) == (4, 0.25)
    assert np.sum(found.density * np.diff(found.edges)) == pytest.approx(0.75)


def test_an_axis_is_not_stretched_by_one_wild_value():
    low, high = limits(np.append(np.linspace(0, 1, 1000), 1e6))
    assert (low, high) == pytest.approx((0.0, 1.0), abs=0.1)
    assert limits(np.array([NAN])) == (0.0, 1.0)
    low, high = limits(np.full(9, 3.0))
    assert low < 3.0 < high


RATES = [Rate("ordinary star", 10.0, 50, 0.02, 0.5), Rate("ordinary star", 30.0, 50, 0.0, 0.4),
         Rate("noise only", 0.01, 50, 1.0, 3.0),
         Rate("quasar", 10.0, 50, 0.5, 1.1), Rate("quasar", 30.0, 50, 0.9, 2.2)]


def test_rates_are_a_table_of_kinds_and_signal_to_noise_ratios():
    found = by_kind(RATES)
    assert found.kinds == ["ordinary star", "noise only", "quasar"]
    assert found.snr.tolist() == [0.01, 10.0, 30.0]
    np.testing.assert_array_equal(found.flagged, [[NAN, 0.02, 0.0], [1.0, NAN, NAN],
                                                  [NAN, 0.5, 0.9]])
    np.testing.assert_array_equal(found.distance[2], [NAN, 1.1, 2.2])


def test_rates_of_one_and_of_two_networks_are_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra report")
    for number in (1, 2):
        drawing.foreign(tmp_path / "a.png", ["one", "two"][:number], [by_kind(RATES)] * number)
        assert (tmp_path / "a.png").stat().st_size > 10_000


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match=r"astra-bossnet\[report\].*--no-figures"):
        drawing.check()


@pytest.mark.parametrize("number", [0, 1, 40])
def test_figures_are_drawn_of_few_spectra_and_of_none_with_labels(tmp_path, number):
    pytest.importorskip("matplotlib", reason="needs the extra report")
    rng = np.random.default_rng(0)
    labels = np.full((40, 4), NAN)
    labels[:number] = rng.normal(loc=[4.0, 3.8, 0.0, 0.0], size=(number, 4))
    outcomes = [Outcomes(rng.normal(size=(40, 4)), rng.uniform(size=(40, 4)), np.full(40, 30.0),
                         np.full(40, "boss"), []) for _ in range(2)]
    names = ["one", "two"]
    drawing.versus_labels(tmp_path / "a.png", names, labels, np.full(40, 30.0), outcomes)
    drawing.uncertainties(tmp_path / "b.png", names, labels, outcomes)
    drawing.pulls(tmp_path / "c.png", names, labels, outcomes)
    for name in "abc":
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
