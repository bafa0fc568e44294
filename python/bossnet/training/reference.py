"""The reference of `flag_out_of_distribution`, and its limit (contract, section 6).

    reference = make_reference(features of training spectra)
    card = replace(card, ood_limit=limit(distances(reference, features of test spectra)))
    frozen.save(path, network.state_dict(), card, reference=reference)
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.network.architecture import BossNet
from bossnet.network.distance import PREFIX, Reference, terms
from bossnet.network.preparation import standardise

AXES = 20  #: leading components that are the sheet's coordinates
SMALLEST = 1e-6  #: variance over the largest, below which a component is rounding
RIDGE = 1e-5  #: of the terms' mean square, so that few spectra do not give wild coefficients
EACH = 3  #: spectra a term at least
FLAGGED = 0.01  #: of the test set


def features_of(network: BossNet, batches: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Batches of fluxes on the network's grid, (B, G) each -> (N, W) features."""
    network.eval()
    device = next(network.parameters()).device
    parts = []
    with torch.inference_mode():
        for flux in batches:
            x = standardise(torch.from_numpy(flux).to(device))
            parts.append(network.features(x.unsqueeze(1)).cpu().numpy())
    return np.concatenate(parts)


def make_reference(features: NDArray[np.floating], *, axes: int = AXES
                   ) -> dict[str, NDArray[np.float32]]:
    """The quadratic sheet through the features of training spectra.

    The leading components are given back by its linear terms; the others, in which a star's
    features merely follow, by least squares.

    Args:
        features: (N, W) of spectra dressed as the training's, at least `EACH` for each term.
        axes: fewer are taken where the features do not vary in as many directions, or are fewer
            than twice as many.

    Returns:
        The tensors for `frozen.save`.

    Raises:
        ConfigurationError: too few spectra, or features that are not finite or do not vary.
    """
    features = np.asarray(features, np.float64)
    if not np.isfinite(features).all():
        raise ConfigurationError("features of training spectra that are not finite: leave those "
                                 "spectra out")
    centre = features.mean(axis=0)
    variance, directions = np.linalg.eigh(np.atleast_2d(np.cov(features.T)))
    variance, directions = variance[::-1], directions[:, ::-1]
    if variance[0] <= 0:
        raise ConfigurationError("features of training spectra that do not vary")
    p = min(axes, max(1, centre.size // 2), int((variance > SMALLEST * variance[0]).sum()))
    onto = directions[:, :p] / np.sqrt(variance[:p])
    x = terms(torch.from_numpy((features - centre) @ onto)).numpy()
    if len(x) < EACH * x.shape[1]:
        raise ConfigurationError(f"{len(x)} training spectra for a sheet of {x.shape[1]} terms: "
                                 f"give at least {EACH * x.shape[1]}")
    normal = x.T @ x + RIDGE * len(x) * np.eye(x.shape[1])
    surface = np.linalg.solve(normal, x.T @ features)
    named = {"centre": centre, "axes": onto, "surface": surface}
    return {PREFIX + name: a.astype(np.float32) for name, a in named.items()}


def distances(reference: Mapping[str, NDArray[np.float32]], features: NDArray[np.floating]
              ) -> NDArray[np.float64]:
    """(N, W) features -> (N,) distances, as the frozen network will give them."""
    built = Reference.of(reference, width=features.shape[1], origin="the reference made here")
    return built.distance(torch.from_numpy(np.asarray(features))).numpy()


def limit(distance: NDArray[np.float64], flagged: float = FLAGGED) -> float:
    """The distance beyond which this part of the test set lies.

    Raises:
        ConfigurationError: a distance is not finite, or there are too few to tell.
    """
    if not np.isfinite(distance).all():
        raise ConfigurationError("distances of test spectra that are not finite: leave those "
                                 "spectra out")
    if distance.size * flagged < 1:
        raise ConfigurationError(f"{distance.size} test spectra cannot show where {flagged:g} of "
                                 f"them lie beyond: give at least {int(np.ceil(1 / flagged))}")
    return float(np.quantile(distance, 1 - flagged))
