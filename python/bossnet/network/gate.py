"""Whether a faster arithmetic may stand in for the reference: measured, never assumed.

It may while its predictions differ from the reference's by less than `LIMIT` of the spectrum's own
reported uncertainty, at the `PERCENTILE`th percentile over the packaged stars' spectra. What was
measured is remembered, by the weights' digest and all else that it depends on.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.fast import fastest
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.packaged import has_stars, stars
from bossnet.network.prediction import FLOAT32, DirectPredictor, Exposure
from bossnet.network.remembered import remembered

LIMIT, PERCENTILE = 0.01, 99.0
DRAWS = 20  #: for the uncertainties
REMEMBERED = "gates.json"  #: in the home folder


@dataclass(frozen=True, slots=True)
class Gate:
    """What was measured of an arithmetic.

    Attributes:
        difference: from the reference, in uncertainties, at the percentile; inf where some
            prediction of it is not finite.
    """

    difference: float

    @property
    def passed(self) -> bool:
        return self.difference < LIMIT

    def __str__(self) -> str:
        return (f"{100 * self.difference:.2g} % of their uncertainty ({PERCENTILE:.0f}th "
                f"percentile over packaged spectra; {100 * LIMIT:.0f} % is allowed)")


def allowed(frozen: FrozenNetwork, network: Network, *, home: Path, device: str = "cpu",
            batch_size: int | None = None, precision: str = FLOAT32) -> DirectPredictor:
    """The fastest predictor of this precision that passes; in float32 else the reference itself.

    Args:
        frozen: the network.
        network: its declaration.
        home: where measurements are remembered, if it can be written to.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the default.
        precision: of `prediction`.

    Raises:
        WeightsError: the weights are for another network, or need a newer version.
        ConfigurationError: this precision is not good enough for these weights.
    """
    candidate = fastest(frozen, network, device=device, batch_size=batch_size,
                        precision=precision)
    if type(candidate) is DirectPredictor and precision == FLOAT32:
        return candidate  # the reference
    if not has_stars(network):
        if precision != FLOAT32:
            raise ConfigurationError(f"--precision {precision}: no spectra come with the package "
                                     f"to judge it for {network.title}: use --precision float32")
        return DirectPredictor(frozen, network, device=device, batch_size=batch_size)
    gate = judge(candidate, frozen, network, home=home)
    if gate.passed:
        return candidate
    if precision != FLOAT32:
        raise ConfigurationError(f"--precision {precision}: with {frozen.card.name} predictions "
                                 f"differ from float32's by {gate}: use --precision float32")
    logging.getLogger(__name__).warning(
        "with %s the faster arithmetic differs by %s: the plain module is used",
        frozen.card.name, gate)
    return DirectPredictor(frozen, network, device=device, batch_size=batch_size)


def judge(candidate: DirectPredictor, frozen: FrozenNetwork, network: Network, *, home: Path
          ) -> Gate:
    """Measures an arithmetic, or remembers what was measured; arguments as of `allowed`."""
    return Gate(remembered(
        home / REMEMBERED, f"{frozen.card.sha256}, {candidate.arithmetic}, {candidate.model}",
        lambda: difference(candidate, DirectPredictor(frozen, network),
                           stars(network))))


def difference(candidate: DirectPredictor, reference: DirectPredictor,
               exposures: Sequence[Exposure]) -> float:
    """Of two predictors' parameters, in uncertainties, at the percentile over spectra and all."""
    got = candidate.predict(exposures, n_draws=DRAWS, seed=0)
    wanted = reference.predict(exposures, n_draws=0, seed=0).parameters
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.abs(got.parameters - wanted) / got.spread
    found[got.parameters == wanted] = 0.0  # also where a network has no spread at all
    return float(np.percentile(np.nan_to_num(found, nan=np.inf), PERCENTILE, method="higher"))
