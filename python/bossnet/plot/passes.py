"""What a network makes of one spectrum: its inputs, its outputs and their slopes, draw by draw."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bossnet.network.declaration import Network
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import Exposure, check, realisations
from bossnet.network.preparation import FLOOR, collate, interpolate, standardise
from bossnet.network.slopes import MeanSlopes

AT_ONCE = 16  #: passes that are made together

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """Of one spectrum: L points of the grid, D draws, T parameters in the network's order.

    Attributes:
        flux: (L,) on the grid, or the native pixels where the network takes them.
        network_input: (L,), the logarithm of the flux as the network takes it.
        outputs: (T,), of the unperturbed spectrum, in the parameters' units.
        draws: (D, T), of the noise realisations.
        slopes: (T, L), derivative of each parameter by the natural logarithm of the flux at a
            point, the mean over the unperturbed spectrum and the draws; 0 where the input does not
            follow the flux (at its floor, or clipped).
    """

    flux: Array
    network_input: Array
    outputs: Array
    draws: Array
    slopes: Array


def passes(frozen: FrozenNetwork, network: Network, exposure: Exposure, *, n_draws: int,
           seed: int) -> Passes:
    """The passes that a prediction is made of, in float32 on the CPU, with their derivatives.

    The draws are those of every prediction with the same seed and noise key. Slopes are averaged
    over them (Smilkov et al. 2017, arXiv:1706.03825, with the noise that the spectrum has), as
    those of a single spectrum jump with every bend of the network.

    Raises:
        WeightsError: the weights are for another network.
    """
    check(frozen.card, network, origin=str(frozen.path))
    derive = MeanSlopes(frozen.module)
    pixels = collate([exposure.flux], [exposure.error], [exposure.wavelength],
                     network.grid if network.interpolates else None, torch.device("cpu"))
    key = torch.from_numpy(np.array([exposure.noise_key & 0xFFFFFFFFFFFFFFFF], np.uint64)
                           .view(np.int64))
    first: tuple[Array, Array] | None = None
    outputs: list[Array] = []
    total: Array = np.zeros(())
    for k in range(-1, n_draws, AT_ONCE):
        flux = realisations(pixels, key, seed, range(k, min(k + AT_ONCE, n_draws)))
        if network.interpolates:
            flux = interpolate(flux, pixels)
        x = standardise(flux)
        made = derive(x[0].unsqueeze(1))
        outputs.append(made.outputs[:, 0].double().numpy())
        logarithm = torch.log(flux.clamp(min=FLOOR))
        follows = (flux > FLOOR) & (x >= logarithm)
        total = total + (made.derivatives.double() * follows[0].unsqueeze(1)).sum(0).numpy()
        if first is None:
            first = flux[0, 0].double().numpy(), x[0, 0].double().numpy()
    assert first is not None
    std, mean = np.array(frozen.card.label_std), np.array(frozen.card.label_mean)
    every = np.concatenate(outputs) * std + mean
    return Passes(*first, every[0], every[1:], total / len(every) * std[:, np.newaxis])


def in_kelvin(log_teff: float) -> float:
    """By how many K the temperature changes with log10 of it, at this one."""
    return math.log(10) * 10.0**log_teff
