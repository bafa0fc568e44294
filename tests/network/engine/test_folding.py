import numpy as np
import pytest
import torch
from torch.nn import functional

from bossnet.network.engine import folding
from network.engine.made import settled


@pytest.mark.parametrize("kernel", [6, 7])
def test_a_folded_convolution_is_convolution_and_normalisation(kernel):
    module = settled(kernel_size=kernel)
    block = module.res_blocks[0]
    x = torch.randn(2, block.conv1.in_channels, 40)
    folded = folding.blocks(module)[0]
    one, two = folded.one, folded.two
    y = _by(one, x)
    np.testing.assert_allclose(y, block.bn1(block.conv1(x)), atol=1e-5)
    np.testing.assert_allclose(_by(two, y), block.bn2(block.conv2(y)), atol=1e-5)
    assert (one.padding, two.padding) == {6: (3, 2), 7: (3, 3)}[kernel]
    assert (one.length(40), two.length(one.length(40))) == {6: (41, 40), 7: (40, 40)}[kernel]


@pytest.mark.parametrize("kernel", [6, 7])
def test_the_position_adds_the_same_to_every_spectrum(kernel):
    module = settled(kernel_size=kernel)
    x = torch.randn(3, 1, 50)
    first = module.first_conv
    want = first.bn(first.conv_layer(module.pos_enc(x)))
    got = _by(folding.first(module), x) + torch.from_numpy(folding.position(module, 50).T)
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_the_position_by_hand():
    # A kernel of two, padded by one: out[i] = a sin(i - 1) + b sin(i) + bias, sin outside 0.
    module = settled(kernel_size=2, dim_mults=(1,), model_dim=1)
    first, bn = module.first_conv.conv_layer, module.first_conv.bn
    first.weight[:] = torch.tensor([[[9.0, 9.0], [2.0, 3.0]]])
    first.bias[:] = 5
    bn.running_mean[:], bn.running_var[:], bn.weight[:], bn.bias[:] = 1, 4 - bn.eps, 6, 7
    s1, s2 = np.sin([1.0, 2.0])
    want = (np.array([0, 3 * s1, 2 * s1 + 3 * s2, 2 * s2]) + 5 - 1) / 2 * 6 + 7
    np.testing.assert_allclose(folding.position(module, 3)[:, 0], want, atol=1e-6)


def _by(folded, x):
    return functional.conv1d(x.double(), torch.from_numpy(folded.weight),
                             torch.from_numpy(folded.bias), padding=folded.padding).float()
