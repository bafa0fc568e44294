"""The figures that a network is judged by."""

import numpy as np
import pytest

from bossnet.training.judge import robust_sigma


def test_of_a_normal_distribution_it_is_the_standard_deviation() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 100_000)
    assert robust_sigma(values) == pytest.approx(2.0, rel=0.02)


def test_a_few_wild_values_do_not_matter() -> None:
    values = np.arange(101.0)
    assert robust_sigma(values) == pytest.approx(34.0)
    assert robust_sigma(np.append(values[:-1], 1e9)) == pytest.approx(34.0)
