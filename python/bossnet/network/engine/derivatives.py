"""The derivatives of the network's outputs by its input, with the engine's convolutions.

The derivative of a convolution is a convolution: of the flipped kernel, channels exchanged. So the
way back through the network is one more pass for each output, in the layout of the way there:
the columns are first the outputs, then the spectra.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bossnet.network.architecture import BossNet, LinearLayer
from bossnet.network.engine import folding
from bossnet.network.engine.choice import choose
from bossnet.network.engine.crew import Crew
from bossnet.network.engine.scratch import Scratch
from bossnet.network.engine.stack import SCALE, Layer, Stack

COLUMNS = 64  #: through the convolutions together, on the way back


class Derived(NamedTuple):
    """Of B inputs of L pixels, T outputs.

    Attributes:
        features: (B, W), last hidden layer.
        outputs: (B, T).
        derivatives: (B, T, L), of the outputs by the input.
    """

    features: Tensor
    outputs: Tensor
    derivatives: Tensor


class Derivatives:
    """A frozen network's outputs and their derivatives on a CPU, within float32's rounding.

    Args:
        module: the network, in evaluation mode.
        measure: choose each layer's way by measurement, or else by counting.
    """

    def __init__(self, module: BossNet, *, measure: bool = True) -> None:
        self._module, self._measure = module, measure
        self._both: dict[tuple[int, int], _ThereAndBack] = {}
        self._crew: Crew | None = None

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Derived:
        """(B, L) prepared inputs."""
        threads = torch.get_num_threads()
        if self._crew is None or self._crew.threads != threads:
            self._crew = Crew(threads)
        key = (x.shape[1], threads)
        if key not in self._both:
            self._both = dict(self._crew.each(lambda k, _: (k, _ThereAndBack(
                self._module, k[0], measure=self._measure)), [key]))
        each = min(_together(self._module), -(-x.shape[0] // threads))
        parts = self._crew.each(self._both[key].derive, x.split(each))
        return Derived(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


class _ThereAndBack(Stack):
    """The way there keeps what the way back needs: every ELU's result, and which of two pixels."""

    def __init__(self, module: BossNet, length: int, *, measure: bool) -> None:
        super().__init__(module, length, width=_together(module), measure=measure)

        def back(of: folding.Folded, rows: int) -> Layer:
            weight = of.weight[:, :, ::-1].transpose(1, 0, 2)
            convolution, way = choose(weight, np.zeros(len(weight)), length=rows, width=COLUMNS,
                                      measure=measure)
            return Layer(convolution, way, weight.shape[1], weight.shape[2] - 1 - of.padding, rows,
                         convolution.step)

        self._module, self._length = module, length
        self._head = module.linear_sequential[-1].get_parameter("weight").detach()
        self._first_back = back(folding.first(module), length)
        self._blocks_back = [(back(block.one, self.pixels),
                              back(block.two, block.one.length(self.pixels)))
                             for block in folding.blocks(module)]
        self._hidden = [layer.linear_layer for layer in module.linear_sequential
                        if isinstance(layer, LinearLayer)]

    @torch.inference_mode()
    def derive(self, x: Tensor, scratch: Scratch) -> Derived:
        """(B, L), few enough to do together."""
        number = x.shape[0]
        padded, inside = self._first.buffer("input", x.shape[1], number, scratch)
        inside.copy_(x.T.unsqueeze(1))
        activations = [self._input(0, number, scratch)]
        self._begin(padded, activations[0][1], scratch)
        between = []
        for i, block in enumerate(self._blocks):
            activations.append(self._input(i + 1, number, scratch))
            between.append(self._through(i, block, activations[i], activations[i + 1][1], scratch))
        pooled = torch.empty(self.pooled, self._channels, number)
        self._pool(activations[-1][0], pooled)
        features, outputs, slopes = self._linear(pooled)

        g = self._linear_back(slopes, number, scratch)
        for i in reversed(range(len(self._blocks))):
            g = self._block_back(i, g, activations[i + 1][1], between[i], scratch)
        return Derived(features, outputs, self._begin_back(g, activations[0][1], scratch))

    def _input(self, i: int, width: int, scratch: Scratch) -> tuple[Tensor, Tensor]:
        """As on the way there alone, but every block's is kept."""
        if i < len(self._blocks):
            return self._blocks[i][0].buffer(f"kept {i}", self.pixels, width, scratch)
        return super()._input(i, width, scratch)

    def _begin(self, padded: Tensor, target: Tensor, scratch: Scratch) -> None:
        later = scratch.take("later", *target.shape)
        for start, y in self._first.outputs(padded, scratch):
            y.add_(self._position[start:start + y.shape[0]])
            begin, end = start // 2, (start + y.shape[0]) // 2
            torch.gt(y[1::2], y[0::2], out=later[begin:end])
            larger = scratch.take("larger", end - begin, *y.shape[1:])
            torch.maximum(y[0::2], y[1::2], out=larger)
            self._elu(larger, target[begin:end], scratch)

    def _through(self, i: int, block: tuple[Layer, Layer, int], x: tuple[Tensor, Tensor],
                 target: Tensor, scratch: Scratch) -> Tensor:
        """A residual block; what is between its convolutions is kept."""
        one, two, shift = block
        padded, inside = two.buffer(f"between {i}", one.length, x[1].shape[2], scratch)
        for start, y in one.outputs(x[0], scratch):
            self._elu(y, inside[start:start + y.shape[0]], scratch)
        channels = x[1].shape[1]
        for start, y in two.outputs(padded, scratch):
            end = start + y.shape[0]
            y[:, shift:shift + channels].add_(x[1][start:end])
            self._elu(y, target[start:end], scratch)
        return inside

    def _linear(self, pooled: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Features, outputs, and where each hidden layer is not cut off."""
        y = (pooled / SCALE).permute(1, 0, 2).reshape(-1, pooled.shape[2])
        slopes = []
        for layer in self._hidden:
            y = torch.addmm(layer.bias.unsqueeze(1), layer.weight, y).relu_()
            slopes.append(y > 0)
        features = y.T.contiguous()
        return features, self._module.head(features), slopes

    def _linear_back(self, slopes: list[Tensor], number: int, scratch: Scratch) -> Tensor:
        """(pixels, C, T B), derivatives by what is pooled."""
        g = self._head.T.unsqueeze(2).expand(-1, -1, number)  # (W, T, B)
        for layer, slope in zip(reversed(self._hidden), reversed(slopes), strict=True):
            g = (layer.weight.T @ (g * slope.unsqueeze(1)).flatten(1)).unflatten(1, (-1, number))
        g = g.reshape(self._channels, self.pooled, -1).permute(1, 0, 2).flatten(1)
        whole = scratch.take("pooled back", self.pixels, g.shape[1]).zero_()
        for some in self._bins:
            members, pixels = some.means.shape
            whole[some.start:some.start + pixels].addmm_(
                some.means.T, g[some.first:some.first + members])
        return whole.view(self.pixels, self._channels, -1)

    def _block_back(self, i: int, g: Tensor, result: Tensor, between: Tensor, scratch: Scratch
                    ) -> Tensor:
        """From derivatives by a block's result to those by its input."""
        one, two = self._blocks_back[i]
        shift = self._blocks[i][2]
        width = g.shape[2]
        padded, inside = two.buffer("back", g.shape[0], width, scratch)
        _sloped(g, result, inside)
        padded_one, inside_one = one.buffer("back between", two.length, width, scratch)
        for start, y in two.outputs(padded, scratch):
            end = start + y.shape[0]
            _sloped(y, between[start:end], inside_one[start:end])
        channels = self._blocks[i][0].channels
        before = scratch.take(f"back {i % 2}", one.length, channels, width)
        for start, y in one.outputs(padded_one, scratch):
            end = start + y.shape[0]
            torch.add(y, inside[start:end, shift:shift + channels], out=before[start:end])
        return before

    def _begin_back(self, g: Tensor, result: Tensor, scratch: Scratch) -> Tensor:
        """(B, T, L), from derivatives by what the first block reads."""
        pixels, channels, width = g.shape
        padded, inside = self._first_back.buffer("back first", 2 * pixels, width, scratch)
        sloped = scratch.take("back sloped", *g.shape)
        _sloped(g, result, sloped)
        later = scratch.take("later", *result.shape)
        number = later.shape[2]
        shape = (pixels, channels, width // number, number)
        torch.mul(sloped.view(shape), later.unsqueeze(2), out=inside[1::2].view(shape))
        torch.sub(sloped, inside[1::2], out=inside[0::2])
        made = torch.empty(self._length, width)
        for start, y in self._first_back.outputs(padded, scratch):
            made[start:start + y.shape[0]] = y[:, 0]
        return made.view(self._length, -1, number).permute(2, 1, 0).contiguous()


def _together(module: BossNet) -> int:
    """Inputs, so that there are `COLUMNS` on the way back."""
    return max(1, COLUMNS // module.architecture.num_targets)


def _sloped(g: Tensor, result: Tensor, out: Tensor) -> None:
    """Derivatives by an ELU's result (N, C, T B) -> by its argument; results are times SCALE."""
    slope = (result / SCALE).clamp_(max=0).add_(1)  # 1, or the exponential
    shape = (*g.shape[:2], -1, result.shape[2])
    torch.mul(g.view(shape), slope.unsqueeze(2), out=out.view(shape))
