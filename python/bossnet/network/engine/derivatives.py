"""The derivatives of the network's outputs by its input, with the engine's convolutions.

The derivative of a convolution is a convolution: of the flipped kernel, channels exchanged. So the
way back through the network is one more pass for each output, in the layout of the way there:
the columns are first the outputs, then the spectra. On the way there, they are first the versions
of a spectrum, over which the slopes are averaged (see `bossnet.network.slopes`).
"""

import numpy as np
import torch
from torch import Tensor

from bossnet.network.architecture import BossNet, LinearLayer
from bossnet.network.engine import folding
from bossnet.network.engine.choice import choose
from bossnet.network.engine.crew import Crew
from bossnet.network.engine.scratch import Scratch
from bossnet.network.engine.stack import SCALE, Layer, Stack
from bossnet.network.slopes import Derived

COLUMNS = 128  #: through the convolutions together, on the way back


class Derivatives:
    """What `bossnet.network.slopes` does, on a CPU with less arithmetic, within float32's rounding.

    Args:
        module: the network, in evaluation mode.
        measure: choose each layer's way by measurement, or else by counting.
    """

    def __init__(self, module: BossNet, *, measure: bool = True) -> None:
        self._module, self._measure = module, measure
        self._both: dict[tuple[int, int, int], _ThereAndBack] = {}
        self._crew: Crew | None = None

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Derived:
        """(B, M, L) prepared inputs, M versions of each."""
        threads = torch.get_num_threads()
        if self._crew is None or self._crew.threads != threads:
            self._crew = Crew(threads)
        key = (x.shape[2], x.shape[1], threads)
        if key not in self._both:
            self._both = dict(self._crew.each(lambda k, _: (k, _ThereAndBack(
                self._module, k[0], k[1], measure=self._measure)), [key]))
        each = min(_together(self._module), -(-x.shape[0] // threads))
        parts = self._crew.each(self._both[key].derive, x.split(each))
        return Derived(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


class _ThereAndBack(Stack):
    """The way there keeps what the way back needs: the mean slopes, (pixels, C, B) each."""

    def __init__(self, module: BossNet, length: int, versions: int, *, measure: bool) -> None:
        super().__init__(module, length, width=versions * _together(module), measure=measure)

        def back(of: folding.Folded, rows: int) -> Layer:
            weight = of.weight[:, :, ::-1].transpose(1, 0, 2)
            convolution, way = choose(weight, np.zeros(len(weight)), length=rows, width=COLUMNS,
                                      measure=measure)
            return Layer(convolution, way, weight.shape[1], weight.shape[2] - 1 - of.padding, rows,
                         convolution.step)

        self._module, self._length, self._versions = module, length, versions
        self._head = module.linear_sequential[-1].get_parameter("weight").detach()
        self._first_back = back(folding.first(module), length)
        self._blocks_back = [(back(block.one, self.pixels),
                              back(block.two, block.one.length(self.pixels)))
                             for block in folding.blocks(module)]
        self._hidden = [layer.linear_layer for layer in module.linear_sequential
                        if isinstance(layer, LinearLayer)]

    @torch.inference_mode()
    def derive(self, x: Tensor, scratch: Scratch) -> Derived:
        """(B, M, L), few enough to do together."""
        number, versions, length = x.shape
        width = versions * number
        padded, inside = self._first.buffer("input", length, width, scratch)
        inside.copy_(x.permute(2, 1, 0).reshape(length, 1, width))
        inputs, target = self._input(0, width, scratch)
        self._begin(padded, target, scratch)
        for i, block in enumerate(self._blocks):
            following, after = self._input(i + 1, width, scratch)
            self._through(i, block, inputs, target, after, scratch)
            inputs, target = following, after
        pooled = torch.empty(self.pooled, self._channels, width)
        self._pool(target, pooled)
        features, outputs, slopes = self._linear(pooled)

        g = self._linear_back(slopes, number, scratch)
        for i in reversed(range(len(self._blocks))):
            g = self._block_back(i, g, number, scratch)
        return Derived(features[:number], outputs.unflatten(0, (versions, number)).transpose(0, 1),
                       self._begin_back(g, number, scratch))

    def _begin(self, padded: Tensor, target: Tensor, scratch: Scratch) -> None:
        earlier, later = self._slopes("first", target, scratch, parts=2)
        for start, y in self._first.outputs(padded, scratch):
            y.add_(self._position[start:start + y.shape[0]])
            begin, end = start // 2, (start + y.shape[0]) // 2
            larger = scratch.take("larger", end - begin, *y.shape[1:])
            torch.maximum(y[0::2], y[1::2], out=larger)
            self._elu(larger, target[begin:end], scratch)
            # What `_elu` leaves is the slope less 1, times SCALE.
            slope = self._apart((scratch.take("elu", *larger.shape) / SCALE).add_(1))
            which = self._apart(y[1::2] > y[0::2])
            torch.mean(slope * which, 2, out=later[begin:end])
            torch.mean(slope * ~which, 2, out=earlier[begin:end])

    def _through(self, i: int, block: tuple[Layer, Layer, int], padded: Tensor, x: Tensor,
                 target: Tensor, scratch: Scratch) -> None:
        """A residual block, as on the way there alone, with its slopes."""
        one, two, shift = block
        between, inside = two.buffer("between", one.length, x.shape[2], scratch)
        slope, = self._slopes(f"between {i}", inside, scratch)
        for start, y in one.outputs(padded, scratch):
            end = start + y.shape[0]
            self._elu(y, inside[start:end], scratch)
            self._mean(y, slope[start:end], scratch)
        slope, = self._slopes(f"after {i}", target, scratch)
        for start, y in two.outputs(between, scratch):
            end = start + y.shape[0]
            y[:, shift:shift + x.shape[1]].add_(x[start:end])
            self._elu(y, target[start:end], scratch)
            self._mean(y, slope[start:end], scratch)

    def _slopes(self, name: str, of: Tensor, scratch: Scratch, *, parts: int = 1) -> Tensor:
        """(parts, N, C, B), where the slopes of an ELU's results (N, C, M B) are kept."""
        width = of.shape[2] // self._versions
        return scratch.take(f"slopes {name}", parts, *of.shape[:2], width)

    def _mean(self, y: Tensor, slope: Tensor, scratch: Scratch) -> None:
        """The mean slopes of the ELU just taken of ``y``: it leaves them less 1, times SCALE."""
        torch.mean(self._apart(scratch.take("elu", *y.shape)), 2, out=slope)
        slope.div_(SCALE).add_(1)

    def _apart(self, x: Tensor) -> Tensor:
        """(..., M B) -> (..., M, B)."""
        return x.unflatten(-1, (self._versions, -1))

    def _linear(self, pooled: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Features, outputs, and in which part of the versions a hidden layer is not cut off."""
        y = (pooled / SCALE).permute(1, 0, 2).reshape(-1, pooled.shape[2])
        slopes = []
        for layer in self._hidden:
            y = torch.addmm(layer.bias.unsqueeze(1), layer.weight, y).relu_()
            slopes.append(self._apart((y > 0).float()).mean(1))
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

    def _block_back(self, i: int, g: Tensor, number: int, scratch: Scratch) -> Tensor:
        """From derivatives by a block's result to those by its input."""
        one, two = self._blocks_back[i]
        shift = self._blocks[i][2]
        width = g.shape[2]
        padded, inside = two.buffer("back", g.shape[0], width, scratch)
        slope = scratch.take(f"slopes after {i}", *g.shape[:2], number)
        _sloped(g, slope, inside)
        padded_one, inside_one = one.buffer("back between", two.length, width, scratch)
        slope = scratch.take(f"slopes between {i}", *inside_one.shape[:2], number)
        for start, y in two.outputs(padded, scratch):
            end = start + y.shape[0]
            _sloped(y, slope[start:end], inside_one[start:end])
        channels = self._blocks[i][0].channels
        before = scratch.take(f"back {i % 2}", one.length, channels, width)
        for start, y in one.outputs(padded_one, scratch):
            end = start + y.shape[0]
            torch.add(y, inside[start:end, shift:shift + channels], out=before[start:end])
        return before

    def _begin_back(self, g: Tensor, number: int, scratch: Scratch) -> Tensor:
        """(B, T, L), from derivatives by what the first block reads."""
        pixels, channels, width = g.shape
        padded, inside = self._first_back.buffer("back first", 2 * pixels, width, scratch)
        slopes = scratch.take("slopes first", 2, pixels, channels, number)
        for k, slope in enumerate(slopes):
            _sloped(g, slope, inside[k::2])
        made = torch.empty(self._length, width)
        for start, y in self._first_back.outputs(padded, scratch):
            made[start:start + y.shape[0]] = y[:, 0]
        return made.view(self._length, -1, number).permute(2, 1, 0).contiguous()


def _together(module: BossNet) -> int:
    """Inputs, so that there are `COLUMNS` on the way back."""
    return max(1, COLUMNS // module.architecture.num_targets)


def _sloped(g: Tensor, slope: Tensor, out: Tensor) -> None:
    """(N, C, T B) derivatives by an ELU's result, (N, C, B) slopes -> those by its argument."""
    shape = (*g.shape[:2], -1, slope.shape[2])
    torch.mul(g.view(shape), slope.unsqueeze(2), out=out.view(shape))
