"""The convolutions of a frozen network with their batch normalisations folded into them.

In evaluation a batch normalisation is a scale and a shift of each channel: the scale goes into
the convolution's weights, the shift becomes its bias. The positional channel is the same for every
spectrum, so that what it adds to the first convolution is computed once, in `position`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from bossnet.network.architecture import BossNet, ResBlock


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """One convolution.

    Attributes:
        weight: (out, in, k) float64.
        bias: (out,) float64.
        padding: zeros before and after its input.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    padding: int

    def length(self, of_input: int) -> int:
        """Of its output."""
        return of_input + 2 * self.padding - self.weight.shape[2] + 1


def fold(convolution: nn.Conv1d, normalisation: nn.BatchNorm1d) -> Folded:
    """A convolution and the batch normalisation after it, in evaluation, as one convolution."""
    mean, variance = normalisation.running_mean, normalisation.running_var
    assert mean is not None
    assert variance is not None
    scale = _numbers(normalisation.weight) / np.sqrt(_numbers(variance) + normalisation.eps)
    bias = -_numbers(mean) if convolution.bias is None \
        else _numbers(convolution.bias) - _numbers(mean)
    padding = int(convolution.padding[0])
    return Folded(_numbers(convolution.weight) * scale[:, None, None],
                  bias * scale + _numbers(normalisation.bias), padding)


def first(module: BossNet) -> Folded:
    """The first convolution, of the spectrum alone; the rest of it is in `position`."""
    whole = fold(module.first_conv.conv_layer, module.first_conv.bn)
    return Folded(whole.weight[:, :1], np.zeros_like(whole.bias), whole.padding)


def position(module: BossNet, length: int) -> NDArray[np.float64]:
    """(length', out): what the positional channel and all biases add to the first convolution.

    Args:
        module: the network.
        length: pixels of its input.
    """
    whole = fold(module.first_conv.conv_layer, module.first_conv.bn)
    channel = module.pos_enc(torch.zeros(1, 1, length))[:, 1:].double()
    added = functional.conv1d(channel, torch.from_numpy(whole.weight[:, 1:]),
                              torch.from_numpy(whole.bias), padding=whole.padding)
    return np.ascontiguousarray(added[0].numpy().T)


@dataclass(frozen=True, slots=True, eq=False)
class FoldedBlock:
    """A residual block.

    Attributes:
        one, two: its convolutions.
        shift: the channel of its output that the first one of its input is added to.
    """

    one: Folded
    two: Folded
    shift: int


def blocks(module: BossNet) -> list[FoldedBlock]:
    """The residual blocks in their order."""
    return [FoldedBlock(fold(block.conv1, block.bn1), fold(block.conv2, block.bn2), block.pad[2])
            for block in module.res_blocks if isinstance(block, ResBlock)]


def _numbers(tensor: torch.Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()
