"""Many inputs through all convolutions and the pool, side by side.

Activations are kept times log2(e): then the exponential of an ELU is a power of two, which
torch takes several times faster. The convolutions' biases and the position's map are scaled for
that, and whoever reads the pool undoes it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bossnet.network.architecture import BossNet
from bossnet.network.engine import folding
from bossnet.network.engine.choice import Way, choose
from bossnet.network.engine.convolution import Convolution
from bossnet.network.engine.scratch import Scratch

SCALE = math.log2(math.e)  #: of activations
POOLED = 64  #: rows of activations that the pool takes together, about


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution with the place of its input.

    Attributes:
        convolution: what does it.
        way: how.
        channels: of its input.
        padding: zeros before its input.
        length: of its output.
        step: rows of output a call.
    """

    convolution: Convolution
    way: Way
    channels: int
    padding: int
    length: int
    step: int

    def buffer(self, name: str, filled: int, width: int, scratch: Scratch) -> tuple[Tensor, Tensor]:
        """An input with its padding and all that the last call reads; and what is to be filled."""
        last = (-(-self.length // self.step) - 1) * self.step
        rows = max(last + self.convolution.reads, filled + self.padding)
        whole = scratch.padded(name, self.padding, filled, rows, self.channels, width)
        return whole, whole[self.padding:self.padding + filled]

    def outputs(self, padded: Tensor, scratch: Scratch) -> Iterator[tuple[int, Tensor]]:
        """The output, a few rows at a time with the first's number; each valid until the next."""
        for start in range(0, self.length, self.step):
            y = self.convolution(padded[start:start + self.convolution.reads], scratch)
            yield start, y[:min(self.step, self.length - start)]


class Stack:
    """The convolutions and the pool of a network, for inputs of one length.

    Args:
        module: the network, in evaluation mode.
        length: pixels of an input.
        width: inputs at once, for which the ways are chosen.
        measure: choose by measurement, or else by counting.
    """

    def __init__(self, module: BossNet, length: int, *, width: int, measure: bool = True) -> None:
        def layer(of: folding.Folded, rows: int, *, scale: float = 1.0, even: int = 1) -> Layer:
            convolution, way = choose(of.weight * scale, of.bias * SCALE, length=rows,
                                      width=width, measure=measure)
            return Layer(convolution, way, of.weight.shape[1], of.padding, rows,
                         convolution.step - convolution.step % even)

        first = folding.first(module)
        self.pixels = first.length(length) // 2  # the maximum over two leaves an odd last one out
        self._first = layer(first, 2 * self.pixels, scale=SCALE, even=2)
        added = folding.position(module, length)[:2 * self.pixels] * SCALE
        self._position = torch.from_numpy(added.astype(np.float32)).unsqueeze(2)
        self._blocks: list[tuple[Layer, Layer, int]] = []
        for block in folding.blocks(module):
            between = block.one.length(self.pixels)
            self._blocks.append((layer(block.one, between),
                                 layer(block.two, block.two.length(between)), block.shift))
        self._channels = module.architecture.widths[-1]
        self.pooled = module.architecture.adapt_pool_output_dim
        self._bins = bins(self.pixels, self.pooled)
        self._minus = torch.tensor(-SCALE)

    @property
    def ways(self) -> list[Way]:
        """How each convolution is done, in their order."""
        return [self._first.way, *(layer.way for block in self._blocks for layer in block[:2])]

    @torch.inference_mode()
    def __call__(self, x: Tensor, out: Tensor, scratch: Scratch) -> None:
        """(B, L) inputs -> (P, C, B) pooled activations times `SCALE`, into ``out``."""
        width = x.shape[0]
        padded, inside = self._first.buffer("input", x.shape[1], width, scratch)
        inside.copy_(x.T.unsqueeze(1))
        inputs, target = self._input(0, width, scratch)
        self._begin(padded, target, scratch)
        for i, block in enumerate(self._blocks):
            following, after = self._input(i + 1, width, scratch)
            self._block(block, inputs, target, after, scratch)
            inputs, target = following, after
        self._pool(inputs, out)

    def _input(self, i: int, width: int, scratch: Scratch) -> tuple[Tensor, Tensor]:
        """Where residual block ``i`` finds its input; after the last, what is pooled."""
        name = f"activations {i % 2}"
        if i < len(self._blocks):
            return self._blocks[i][0].buffer(name, self.pixels, width, scratch)
        whole = scratch.take(name, self.pixels, self._channels, width)
        return whole, whole

    def _begin(self, padded: Tensor, target: Tensor, scratch: Scratch) -> None:
        """The first convolution, its ELU, and the larger of two neighbours: in the better order."""
        for start, y in self._first.outputs(padded, scratch):
            y.add_(self._position[start:start + y.shape[0]])
            larger = scratch.take("larger", y.shape[0] // 2, *y.shape[1:])
            torch.maximum(y[0::2], y[1::2], out=larger)
            begin = start // 2
            self._elu(larger, target[begin:begin + larger.shape[0]], scratch)

    def _block(self, block: tuple[Layer, Layer, int], padded: Tensor, x: Tensor, target: Tensor,
               scratch: Scratch) -> None:
        """A residual block, from its padded input and that input itself to the next one's."""
        one, two, shift = block
        between, inside = two.buffer("between", one.length, x.shape[2], scratch)
        for start, y in one.outputs(padded, scratch):
            self._elu(y, inside[start:start + y.shape[0]], scratch)
        for start, y in two.outputs(between, scratch):
            end = start + y.shape[0]
            y[:, shift:shift + x.shape[1]].add_(x[start:end])
            self._elu(y, target[start:end], scratch)

    def _elu(self, x: Tensor, out: Tensor, scratch: Scratch) -> None:
        """ELU of ``x / SCALE``, times SCALE: the larger of x and SCALE (2^x - 1), x at most 0."""
        y = scratch.take("elu", *x.shape)
        torch.clamp(x, max=0, out=y)
        torch.add(self._minus, y.exp2_(), alpha=SCALE, out=y)
        torch.maximum(x, y, out=out)

    def _pool(self, x: Tensor, out: Tensor) -> None:
        """(pixels, C, B) -> the bins' means, (P, C, B)."""
        for some in self._bins:
            rows = x[some.start:some.start + some.means.shape[1]].flatten(1)
            means = torch.mm(some.means, rows).view(-1, *x.shape[1:])
            out[some.first:some.first + some.means.shape[0]] = means


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Neighbouring bins of an adaptive pool.

    Attributes:
        first: number of the first bin.
        start: the first pixel of any.
        means: (bins, pixels) float32, what takes the mean of each bin's pixels.
    """

    first: int
    start: int
    means: Tensor


def bins(pixels: int, number: int) -> list[Bins]:
    """The bins of an adaptive pool, in groups of about `POOLED` pixels.

    Bin i is of the pixels from floor(i pixels / P) to before ceil((i + 1) pixels / P).
    """
    i = np.arange(number)
    start, end = i * pixels // number, -(-(i + 1) * pixels // number)
    together = max(1, POOLED * number // pixels)
    groups = []
    for first in range(0, number, together):
        s, e = start[first:first + together, None], end[first:first + together, None]
        pixel = np.arange(s[0, 0], e[-1, 0])
        means = ((pixel >= s) & (pixel < e)) / (e - s)
        groups.append(Bins(first, int(s[0, 0]), torch.from_numpy(means.astype(np.float32))))
    return groups
