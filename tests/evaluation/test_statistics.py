"""The numbers of tables, worked by hand."""

import subprocess
import sys

import numpy as np
import pytest

from bossnet.evaluation.groups import Group
from bossnet.evaluation.statistics import Statistics, robust_sigma, statistics, table

EVEN = np.arange(101.0) - 50.0  # its 16th and 84th percentiles are -34 and 34


def test_robust_sigma_is_the_standard_deviation_of_what_is_normal_and_ignores_wild_values():
    values = np.random.default_rng(0).normal(3.0, 2.0, 100_000)
    assert robust_sigma(values) == pytest.approx(2.0, rel=0.02)
    assert robust_sigma(EVEN) == 34.0
    assert robust_sigma(np.append(EVEN[:-1], 1e9)) == 34.0


def test_what_is_torch_free_stays_so():
    code = "import sys, bossnet.evaluation.statistics as s; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_sigma_is_half_the_percentile_width_and_the_offset_the_median():
    of = statistics(EVEN + 7.0, np.full(101, 10.0))
    assert (of.number, of.sigma, of.offset, of.error) == (101, 34.0, 7.0, 10.0)
    assert of.pull == pytest.approx(3.4)
    assert of.beyond_3 == pytest.approx((27 + 13) / 101)  # 31 to 57, and -43 to -31


def test_what_has_no_label_or_no_prediction_does_not_count():
    difference = np.concatenate([EVEN, np.full(50, np.nan)])
    assert statistics(difference, np.ones(151)) == statistics(EVEN, np.ones(101))


def test_few_values_have_a_number_and_no_width():
    assert statistics(np.arange(4.0), np.ones(4)) == Statistics(4)
    assert statistics(np.arange(5.0), np.ones(5)).sigma is not None


def test_without_uncertainties_there_are_no_pulls():
    for error in (np.full(101, np.nan), np.zeros(101)):
        of = statistics(EVEN, error)
        assert (of.sigma, of.error, of.pull, of.beyond_3) == (34.0, None, None, None)


def test_a_table_knows_offset_and_scatter_of_each_parameter_in_each_group():
    labels = np.zeros((202, 4))
    labels[:101, 2] = np.nan  # no [Fe/H] in the first half
    predicted = np.stack([np.tile(EVEN, 2) * scale for scale in (0.01, 0.001, 0.1, 1.0)], axis=1)
    predicted[101:] += [0.5, 0.02, -0.3, 12.0]
    predicted[5] = np.nan  # one without parameters
    first = np.arange(202) < 101
    one, two = table([Group("half", "one", first), Group("half", "two", ~first)], labels,
                     predicted, np.full((202, 4), 0.1))
    assert (one.spectra, two.spectra) == (100, 101)
    assert one.of["fe_h"] == Statistics(0)
    assert one.of["logg"].number == 100
    assert [two.of[c].offset for c in ("logg", "log_teff", "fe_h", "v_rel")] == pytest.approx(
        [0.5, 0.02, -0.3, 12.0])
    assert [two.of[c].sigma for c in ("logg", "log_teff", "fe_h", "v_rel")] == pytest.approx(
        [0.34, 0.034, 3.4, 34.0])
