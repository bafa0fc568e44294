"""The naive ways, as someone with the paper and the plain module at hand would write them.

The yardstick of `bossnet bench`. Preparation is numpy, one spectrum after the other; noise is
numpy's; the network is the plain module in float32. Two ways differ in what a pass of the network
takes together:

- `one_at_a_time`: for each spectrum a pass of it, and one of all its draws;
- `draw_by_draw`: for a batch of spectra a pass of them, and one of each of their draws. The
  published program does so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import Exposure
from bossnet.network.preparation import FLOOR, HEADROOM, PERCENTILE, kept_pixels

BATCH = 64  #: spectra that `draw_by_draw` takes together


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """B spectra, T parameters in the network's order, de-normalised.

    Attributes:
        parameters: (B, T), of the unperturbed spectra.
        spread: (B, T), standard deviation over the draws; NaN without draws.
    """

    parameters: NDArray[np.float64]
    spread: NDArray[np.float64]


class Naive:
    """A frozen network used naively.

    Args:
        frozen: the network.
        network: its declaration.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        seed: of the noise.
    """

    def __init__(self, frozen: FrozenNetwork, network: Network, *, device: str = "cpu",
                 seed: int = 0) -> None:
        self.module = frozen.module.to(device)
        self.device, self._grid = device, network.grid if network.interpolates else None
        self._mean, self._std = np.array(frozen.card.label_mean), np.array(frozen.card.label_std)
        self._rng = np.random.default_rng(seed)

    def one_at_a_time(self, exposures: Sequence[Exposure], n_draws: int) -> Estimates:
        """Two passes a spectrum, of 1 and of ``n_draws`` inputs."""
        parameters, spread = [], []
        for e in exposures:
            parameters.append(self._outputs([self._input(e)])[0])
            draws = self._outputs([self._noisy(e) for _ in range(n_draws)])
            spread.append(draws.std(axis=0, ddof=1))
        return Estimates(np.array(parameters), np.array(spread))

    def draw_by_draw(self, exposures: Sequence[Exposure], n_draws: int) -> Estimates:
        """1 + ``n_draws`` passes for each `BATCH` spectra."""
        parts = []
        for start in range(0, len(exposures), BATCH):
            some = exposures[start:start + BATCH]
            parameters = self._outputs([self._input(e) for e in some])
            draws = np.array([self._outputs([self._noisy(e) for e in some])
                              for _ in range(n_draws)])
            parts.append((parameters, draws.std(axis=0, ddof=1)))
        return Estimates(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _noisy(self, exposure: Exposure) -> NDArray[np.float32]:
        noise = self._rng.standard_normal(exposure.flux.size, dtype=np.float32)
        return self._input(exposure, exposure.flux + exposure.error * noise)

    def _input(self, exposure: Exposure, flux: NDArray[np.float32] | None = None
               ) -> NDArray[np.float32]:
        return prepared(exposure.flux if flux is None else flux, exposure.wavelength, self._grid)

    def _outputs(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        x = torch.from_numpy(np.stack(inputs)).unsqueeze(1).to(self.device)
        with torch.no_grad():
            outputs: NDArray[np.float64] = self.module(x).cpu().double().numpy()
        return outputs * self._std + self._mean


def prepared(flux: NDArray[np.float32], wavelength: NDArray[np.float32],
             grid: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """A spectrum as the network takes it, (G,): on a grid, or as it is (contract, section 3)."""
    on_grid = flux
    if grid is not None:
        kept = kept_pixels(flux, wavelength)
        on_grid = np.interp(grid, wavelength[kept], flux[kept]).astype(np.float32)
    x = np.log(np.maximum(on_grid, np.float32(FLOOR)))
    return np.minimum(x, np.percentile(x, PERCENTILE) + np.float32(HEADROOM), dtype=np.float32)
