"""Predictions on a CPU with less arithmetic than the plain module's, within float32's rounding."""

import torch
from torch import Tensor

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.engine import Engine
from bossnet.network.engine.engine import WIDTH
from bossnet.network.engine.scratch import Scratch
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import BFLOAT16, FLOAT32, TF32, DirectPredictor
from bossnet.network.preparation import NativePixels

TOGETHER = 21  #: draws of one spectrum made together: what a core's cache holds


class FastPredictor(DirectPredictor):
    """The reference, but each spectrum's inputs are made while the cache holds them, on a thread.

    And the network's features are computed by `engine.Engine`.

    Args:
        frozen: the network.
        network: its declaration.
        batch_size: spectra at once, or None for the default.
        precision: `FLOAT32`, or `BFLOAT16` for the first linear layer's products.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
    """

    _computes = "engine"

    def __init__(self, frozen: FrozenNetwork, network: Network, *,
                 batch_size: int | None = None, precision: str = FLOAT32) -> None:
        super().__init__(frozen, network, batch_size=batch_size or full(2),
                         precision=precision)
        self._engine = Engine(frozen.module, first_linear=(
            torch.bfloat16 if precision == BFLOAT16 else torch.float32))
        self._scratch = Scratch()

    def _inputs(self, pixels: NativePixels, key: Tensor, seed: int, draws: range) -> Tensor:
        spectra, length = pixels.flux.shape[0], self.network.grid.size
        x = self._scratch.take("inputs", spectra, len(draws), length)
        parts = [(i, range(k, min(k + TOGETHER, len(draws))))
                 for i in range(spectra) for k in range(0, len(draws), TOGETHER)]

        @torch.inference_mode()  # which holds for one thread alone
        def make(part: tuple[int, range], _: Scratch) -> None:
            i, which = part
            x[i, which.start:which.stop] = super(FastPredictor, self)._inputs(
                pixels.only(i), key[i:i + 1], seed, draws[which.start:which.stop])[0]

        self._engine.crew.each(make, parts)
        return x

    def _features(self, x: Tensor) -> Tensor:
        return self._engine.features(x)


def full(parts: int) -> int:
    """Spectra of which each thread has so many whole parts of the engine's, with 20 draws."""
    return max(1, parts * WIDTH * torch.get_num_threads() // TOGETHER)


def fastest(frozen: FrozenNetwork, network: Network, *, device: str = "cpu",
            batch_size: int | None = None, precision: str = FLOAT32) -> DirectPredictor:
    """The fastest predictor for a device and a precision; `gate` says whether it may be used.

    Args:
        frozen: the network.
        network: its declaration.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the default.
        precision: `FLOAT32` (the numbers are the reference's), `BFLOAT16`, or `TF32` on a CUDA
            device.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
        ConfigurationError: the device cannot compute with this precision.
    """
    if device == "cpu":
        if precision == TF32:
            raise ConfigurationError("--precision tf32 is one of CUDA devices: use float32")
        return FastPredictor(frozen, network, batch_size=batch_size, precision=precision)
    return DirectPredictor(frozen, network, device=device, batch_size=batch_size,
                           precision=precision)
