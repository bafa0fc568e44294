"""The figures that a network is judged by."""

import numpy as np
import pytest
import torch

from bossnet.network.architecture import Architecture, BossNet
from bossnet.training.judge import Labelled, judge, predict

PIXELS = 64


@pytest.fixture
def constant() -> BossNet:
    """A network that says 1 and -2, normalised, of whatever it is shown."""
    network = BossNet(Architecture(num_targets=2, dim_mults=(1, 2), adapt_pool_output_dim=8,
                                   num_linear=1, linear_dim=8, kernel_size=6)).eval()
    with torch.no_grad():
        network.linear_sequential[-1].weight.zero_()
        network.linear_sequential[-1].bias.copy_(torch.tensor([1.0, -2.0]))
    return network


def spectra(number: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(1, 2, (number, PIXELS)).astype(np.float32)


def test_outputs_are_the_same_in_whatever_batches(constant: BossNet) -> None:
    found = predict(constant, spectra(7), batch=3)
    assert found.shape == (7, 2)
    np.testing.assert_allclose(found, [[1.0, -2.0]] * 7)
    network = BossNet(constant.architecture).eval()
    np.testing.assert_allclose(predict(network, spectra(7), batch=3),
                               predict(network, spectra(7), batch=100), atol=1e-6)


def test_loss_scatter_and_offset_by_hand(constant: BossNet) -> None:
    # De-normalised, the outputs are 1 x 10 + 100 = 110 and -2 x 2 + 5 = 1.
    labels = np.stack([110 + np.arange(-50.0, 51.0), np.full(101, 3.0)], axis=1).astype(np.float32)
    labels[:91, 1] = np.nan
    first = np.arange(101) < 51
    loss, table = judge(constant, Labelled(spectra(101), labels, {
        "all": np.ones(101, bool), "first": first, "none": np.zeros(101, bool)}),
        names=["a", "b"], mean=[100.0, 5.0], std=[10.0, 2.0])
    # Normalised, a differs by k / 10 for k from -50 to 50, and b by 1 in ten spectra.
    squares = sum((k / 10) ** 2 for k in range(-50, 51)) + 10
    assert loss == pytest.approx(squares / 111, rel=1e-5)
    assert table == {"all": {"a": [34.0, 0.0, 101], "b": [0.0, -2.0, 10]},
                     "first": {"a": [17.0, 25.0, 51]}}
