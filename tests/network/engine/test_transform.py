import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.network.engine.transform import transform

SIZES = [(2, 1), (8, 1), (4, 2), (2, 4), (8, 4), (16, 12), (10, 6)]


def test_four_numbers_by_hand():
    x = np.array([[1.0], [2.0], [5.0], [3.0]])
    # 0: the sum; 2: the alternating sum; 1: (1 - 5) + i (3 - 2)
    np.testing.assert_allclose(transform(4, 1).forward(x)[:, 0], [11, 1, -4, 1], atol=1e-12)
    np.testing.assert_allclose(transform(2, 2).forward(x)[:, 0], [11, 1, -4, 1], atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_the_pairs_hold_each_frequency_once_with_its_value(size):
    n = size[0] * size[1]
    x = np.random.default_rng(0).normal(size=(n, 3))
    of = transform(*size)
    assert sorted(min(k, n - k) for k in of.frequencies) == list(range(n // 2))
    pairs = of.forward(x).reshape(n // 2, 2, 3)
    want = np.fft.fft(x, axis=0)[of.frequencies]
    np.testing.assert_allclose(pairs[0], [want[0].real, np.fft.fft(x, axis=0)[n // 2].real],
                               atol=1e-12)
    np.testing.assert_allclose(pairs[1:, 0] + 1j * pairs[1:, 1], want[1:], atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_its_matrices_can_be_inverted_without_loss(size):
    of = transform(*size)
    for matrix in [of.first, *(of.second if of.second is not None else [])]:
        assert np.linalg.cond(matrix) < 1.5


@pytest.mark.parametrize("size", [(3, 1), (4, 3), (0, 2), (4, 0)])
def test_odd_factors_are_refused(size):
    with pytest.raises(ConfigurationError, match="even"):
        transform(*size)
