"""The engine's derivatives are those that torch makes of the module and its mean slopes."""

import pytest
import torch

from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.engine.derivatives import Derivatives
from bossnet.network.slopes import MeanSlopes

SHAPES = {
    "even kernel": {"dim_mults": (1, 2), "adapt_pool_output_dim": 8, "num_linear": 1,
                    "linear_dim": 8, "kernel_size": 6},
    "odd kernel, no hidden layer": {"dim_mults": (1, 2, 4), "adapt_pool_output_dim": 7,
                                    "num_linear": 0, "kernel_size": 15},
    "three targets": {"num_targets": 3, "dim_mults": (1, 2), "adapt_pool_output_dim": 16,
                      "num_linear": 3, "linear_dim": 32, "kernel_size": 30}}


def network(shape):
    """Random weights, and batch normalisations that do something."""
    torch.manual_seed(0)
    module = BossNet(Architecture(**SHAPES[shape]))
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
            layer.weight.data.uniform_(-2, 2)
            layer.bias.data.normal_()
    return module.eval().requires_grad_(False)


def assert_close(some, others):
    for one, other in zip(some, others, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() < 1e-5 * other.abs().max()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("number", "versions", "length"),
                         [(1, 1, 500), (3, 3, 501), (37, 2, 300)])
def test_they_are_those_of_the_module(shape, number, versions, length):
    module = network(shape)
    x = torch.randn(number, versions, length)
    assert_close(Derivatives(module, measure=False)(x), MeanSlopes(module)(x))


def test_the_same_object_takes_any_number_length_and_threads():
    module = network("even kernel")
    derive, reference = Derivatives(module), MeanSlopes(module)
    threads = torch.get_num_threads()
    try:
        for number, length, each in ((5, 400, 1), (40, 400, 2), (2, 333, 2), (5, 400, 1)):
            torch.set_num_threads(each)
            x = torch.randn(number, 2, length)
            assert_close(derive(x), reference(x))
    finally:
        torch.set_num_threads(threads)
