"""The small networks of theborg, worked by hand."""

import numpy as np
import pytest

from bossnet.training.sources.emulator import Emulator

#: Two labels from 0 to 10 and 0 to 100, two hidden units, one output.
NETWORK = Emulator(np.array([0.0, 0.0]), np.array([10.0, 100.0]), (
    (np.array([[1.0, 0.0], [0.0, 2.0]], np.float32), np.array([0.0, 0.1], np.float32)),
    (np.array([[1.0, 1.0]], np.float32), np.array([3.0], np.float32))))


def test_labels_are_scaled_and_negative_activations_leak() -> None:
    # scaled: 0.3 and -0.4; hidden: 0.3 and 0.1 - 0.8 = -0.7, which leaks to -0.007
    assert NETWORK(np.array([8.0, 10.0]))[0] == pytest.approx(3.0 + 0.3 - 0.007)


def test_many_labels_give_what_each_gives_alone() -> None:
    labels = np.random.default_rng(0).uniform(0.0, 10.0, (5, 2))
    np.testing.assert_allclose(NETWORK(labels), [NETWORK(row) for row in labels])
