"""Derivatives with the mean slopes of several versions of an input."""

import torch

from bossnet.network.slopes import MeanSlopes
from network.engine.made import settled


def derivatives(module, x):
    """(B, L) -> (B, T, L), as torch makes them."""
    def outputs(one):
        return module(one.view(1, 1, -1))[0]

    return torch.stack([torch.autograd.functional.jacobian(outputs, one) for one in x])


def test_of_one_version_they_are_the_networks_own():
    module = settled()
    x = torch.randn(3, 201)
    made = MeanSlopes(module)(x.unsqueeze(1))
    torch.testing.assert_close(made.derivatives, derivatives(module, x), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(made.outputs[:, 0], module(x.unsqueeze(1)))
    torch.testing.assert_close(made.features, module.features(x.unsqueeze(1)))


def test_of_equal_versions_they_are_those_of_one():
    module = settled()
    x = torch.randn(2, 1, 200)
    some, one = MeanSlopes(module)(x.expand(-1, 3, -1)), MeanSlopes(module)(x)
    torch.testing.assert_close(some.derivatives, one.derivatives)
    torch.testing.assert_close(some.features, one.features)


def test_where_one_layer_bends_they_are_the_mean_of_the_versions_own():
    module = settled().double()
    with torch.no_grad():
        for bn in (m for m in module.modules() if isinstance(m, torch.nn.BatchNorm1d)):
            bn.bias += 100  # every ELU is at its straight part
        hidden = module.linear_sequential[0].linear_layer
        hidden.bias.zero_()
        hidden.bias -= hidden(module.pool(trunk(module, torch.zeros(1, 1, 200).double()))
                              .flatten(1))[0]
    x = 1e-4 * torch.randn(1, 4, 200).double()  # of two pixels the larger one remains it
    own = derivatives(module, x[0])
    assert (own[0] - own[1]).abs().max() > 0.1 * own.abs().max()
    made = MeanSlopes(module)(x).derivatives[0]
    torch.testing.assert_close(made, own.mean(dim=0))


def trunk(module, x):
    """What is pooled."""
    y = module.first_conv(module.pos_enc(x))
    for block in module.res_blocks:
        y = block(y)
    return y
