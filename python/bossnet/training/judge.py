"""How good a network is on labelled spectra: robust scatter and offset of each parameter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from bossnet.evaluation.statistics import robust_sigma
from bossnet.network.architecture import BossNet
from bossnet.network.preparation import standardise
from bossnet.training.loss import masked_mse


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Spectra with known labels.

    Attributes:
        flux: (N, G) float32 on the network's grid.
        labels: (N, P) float32, NaN where not known.
        groups: name -> (N,) bool, subsets to be judged apart.
    """

    flux: NDArray[np.float32]
    labels: NDArray[np.float32]
    groups: Mapping[str, NDArray[np.bool_]]


def predict(network: BossNet, flux: NDArray[np.float32], *, batch: int = 64
            ) -> NDArray[np.float32]:
    """(N, G) fluxes on the grid -> (N, P) normalised outputs."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        parts = [network(standardise(torch.from_numpy(flux[i:i + batch]).to(device)).unsqueeze(1))
                 .cpu().numpy() for i in range(0, len(flux), batch)]
    return np.concatenate(parts)


def judge(network: BossNet, labelled: Labelled, *, names: Sequence[str], mean: ArrayLike,
          std: ArrayLike) -> tuple[float, dict[str, dict[str, list[float]]]]:
    """The loss, and robust sigma and median offset.

    Args:
        network: in evaluation mode.
        labelled: N spectra.
        names: (P,) of the parameters.
        mean: (P,) by which labels are normalised.
        std: likewise.

    Returns:
        The mean squared error of the normalised labels, all of them alike; and
        {group: {parameter: [sigma, offset, number]}}.
    """
    mean, std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    outputs = predict(network, labelled.flux)
    loss = masked_mse(torch.from_numpy(outputs),
                      torch.from_numpy((labelled.labels - mean) / std)).item()
    difference = outputs * std + mean - labelled.labels
    table: dict[str, dict[str, list[float]]] = {}
    for group, rows in labelled.groups.items():
        for column, name in enumerate(names):
            values = difference[rows, column]
            values = values[np.isfinite(values)]
            if values.size:
                table.setdefault(group, {})[name] = [
                    round(robust_sigma(values), 4), round(float(np.median(values)), 4),
                    int(values.size)]
    return loss, table
