"""The whole network up to its last hidden layer, for many prepared inputs together."""

from itertools import pairwise

import torch
from torch import Tensor

from bossnet.network.architecture import BossNet, LinearLayer
from bossnet.network.engine.choice import Way
from bossnet.network.engine.crew import Crew
from bossnet.network.engine.scratch import Scratch
from bossnet.network.engine.stack import SCALE, Stack

WIDTH = 128  #: inputs through the convolutions together; of more, a core's cache holds no tile
LANES = 16  #: inputs that one vector instruction takes


class Engine:
    """A frozen network's features on a CPU, in float32 within its rounding.

    The convolutions take `WIDTH` inputs at a time, the linear layers all that there are, so that
    their weights are read once for many spectra and draws.

    Args:
        module: the network, in evaluation mode; its weights are copied.
        first_linear: of the first linear layer's product, which reads most of the weights.
        measure: choose each layer's way by measurement, or else by counting.
    """

    def __init__(self, module: BossNet, *, first_linear: torch.dtype = torch.float32,
                 measure: bool = True) -> None:
        self._module, self._measure = module, measure
        self._stacks: dict[tuple[int, int], Stack] = {}
        self._scratch = Scratch()
        self._crew: Crew | None = None
        self._hidden: list[tuple[Tensor, Tensor]] = []  # (out, in) and (out, 1)
        hidden = [layer for layer in module.linear_sequential if isinstance(layer, LinearLayer)]
        for i, layer in enumerate(hidden):
            weight = layer.linear_layer.weight.detach()
            if i == 0:  # reads the pool by bins, where the module reads it by channels
                weight = weight.unflatten(1, (module.architecture.widths[-1], -1))
                weight = (weight.transpose(1, 2).flatten(1) / SCALE).to(first_linear)
            self._hidden.append((weight, layer.linear_layer.bias.detach().unsqueeze(1)))

    @torch.inference_mode()
    def features(self, x: Tensor) -> Tensor:
        """(B, L) prepared inputs -> (B, W) activations of the last hidden layer."""
        number, length = x.shape
        crew = self.crew
        stack = self._stack(length, crew)
        shape = self._module.architecture
        pooled = self._scratch.take("pooled", shape.adapt_pool_output_dim, shape.widths[-1],
                                    number)
        crew.each(lambda part, scratch: stack(x[part], pooled[:, :, part], scratch),
                  cuts(number, crew.threads))
        if not self._hidden:
            return (pooled / SCALE).permute(2, 1, 0).flatten(1)
        y = pooled.view(-1, number)
        for weight, bias in self._hidden:
            if weight.dtype == y.dtype:
                y = torch.addmm(bias, weight, y).relu_()
            else:
                y = (weight @ y.to(weight.dtype)).float().add_(bias).relu_()
        return y.T.contiguous()

    def ways(self, length: int) -> list[Way]:
        """How the convolutions are done for inputs of this length, in their order."""
        return self._stack(length, self.crew).ways

    @property
    def crew(self) -> Crew:
        """As many threads as torch may use at the moment."""
        threads = torch.get_num_threads()
        if self._crew is None or self._crew.threads != threads:
            self._crew = Crew(threads)
        return self._crew

    def _stack(self, length: int, crew: Crew) -> Stack:
        key = (length, crew.threads)
        if key not in self._stacks:
            self._stacks = dict(crew.each(lambda k, _: (k, Stack(
                self._module, k[0], width=WIDTH, measure=self._measure)), [key]))
        return self._stacks[key]


def cuts(number: int, threads: int) -> list[slice]:
    """Parts of at most `WIDTH` inputs, as many for each thread, of whole vectors but the last."""
    vectors = -(-number // LANES)
    parts = -(-vectors * LANES // WIDTH)
    parts = min(-(-parts // threads) * threads, vectors)
    edges = [LANES * (i * vectors // parts) for i in range(parts)] + [number]
    return [slice(a, b) for a, b in pairwise(edges)]
