"""A network's derivatives under noise: with the mean slopes of several versions of a spectrum.

The tangent at one spectrum tells what an infinitely small error does. Over errors as they are,
each ELU, ReLU and maximum bends; the line that serves best has in each place about the mean of the
slopes there (Gelb 1974, "Applied Optimal Estimation", chapter 6: statistical linearisation). So the
network goes over M versions of a spectrum, and its derivatives are those of a chain of linear
layers with the versions' mean slopes between. Of one version they are the derivatives themselves.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bossnet.network.architecture import BossNet, LinearLayer, ResBlock


class Derived(NamedTuple):
    """Of B inputs of L pixels in M versions each; T outputs.

    Attributes:
        features: (B, W), last hidden layer, of the first version.
        outputs: (B, M, T).
        derivatives: (B, T, L), of the outputs by the input, with mean slopes.
    """

    features: Tensor
    outputs: Tensor
    derivatives: Tensor


class MeanSlopes:
    """The derivatives as torch makes them: the reference of `engine.derivatives.Derivatives`.

    Args:
        module: the network, in evaluation mode.
    """

    def __init__(self, module: BossNet) -> None:
        self._module = module
        self._blocks = [block for block in module.res_blocks if isinstance(block, ResBlock)]
        self._hidden = [layer for layer in module.linear_sequential
                        if isinstance(layer, LinearLayer)]

    def __call__(self, x: Tensor) -> Derived:
        """(B, M, L) prepared inputs, M versions of each."""
        with torch.no_grad():
            features, slopes = self._there(x.flatten(0, 1).unsqueeze(1), x.shape[1])
            outputs = self._module.head(features).unflatten(0, x.shape[:2])
        with torch.enable_grad():
            # A spectrum's outputs depend on its own input alone: one pass serves the whole batch.
            y = torch.zeros_like(x[:, 0]).requires_grad_()
            linear = self._linear(y.unsqueeze(1), slopes)
            rows = [torch.autograd.grad(linear[:, t].sum(), y, retain_graph=True)[0]
                    for t in range(linear.shape[1])]
        return Derived(features.unflatten(0, x.shape[:2])[:, 0], outputs, torch.stack(rows, dim=1))

    def _there(self, x: Tensor, versions: int) -> tuple[Tensor, list[Tensor]]:
        """(B M, 1, L) -> features (B M, W), and the mean slopes (B, ...) in their order."""
        module, slopes = self._module, list[Tensor]()

        def mean(slope: Tensor) -> None:
            slopes.append(slope.unflatten(0, (-1, versions)).mean(1))

        def elu(a: Tensor) -> Tensor:
            y = functional.elu(a)
            mean(y.clamp(max=0) + 1)  # 1, or the exponential
            return y

        first = module.first_conv
        pairs = _pairs(functional.elu(first.bn(first.conv_layer(module.pos_enc(x)))))
        y, which = pairs.max(dim=-1)
        mean((y.clamp(max=0) + 1).unsqueeze(-1) * functional.one_hot(which, 2))
        for block in self._blocks:
            between = elu(block.bn1(block.conv1(y)))
            y = elu(block.bn2(block.conv2(between)) + functional.pad(y, block.pad))
        y = module.pool(y).flatten(1)
        for layer in self._hidden:
            y = layer(y)
            mean((y > 0).to(y.dtype))
        return y, slopes

    def _linear(self, x: Tensor, slopes: list[Tensor]) -> Tensor:
        """(B, 1, L) -> (B, T), of the linear chain, but for a constant."""
        module, following = self._module, iter(slopes)
        first = module.first_conv
        shape = x.shape[0], first.conv_layer.in_channels - 1, x.shape[2]
        y = first.bn(first.conv_layer(torch.cat([x, x.new_zeros(shape)], dim=1)))
        y = (_pairs(y) * next(following)).sum(-1)
        for block in self._blocks:
            between = block.bn1(block.conv1(y)) * next(following)
            y = block.bn2(block.conv2(between)) + functional.pad(y, block.pad)
            y = y * next(following)
        y = module.pool(y).flatten(1)
        for layer in self._hidden:
            y = layer.linear_layer(y) * next(following)
        return module.head(y)


def _pairs(x: Tensor) -> Tensor:
    """(B, C, L) -> (B, C, L // 2, 2), of which the maximum is taken; an odd last one is out."""
    return x[..., :x.shape[-1] // 2 * 2].unflatten(-1, (-1, 2))
