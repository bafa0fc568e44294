"""Whether a faster arithmetic may stand in for the reference: measured, never assumed.

It may while its predictions differ from the reference's by less than `LIMIT` of the spectrum's own
reported uncertainty, at the `PERCENTILE`th percentile over the packaged stars' spectra. What was
measured is remembered, by the weights' digest and all else that it depends on.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from bossnet.errors import ConfigurationError
from bossnet.network.declaration import Network
from bossnet.network.fast import fastest
from bossnet.network.frozen import FrozenNetwork
from bossnet.network.prediction import FLOAT32, DirectPredictor, Exposure
from bossnet.simulation.instruments import BOSS, Instrument
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged

LIMIT, PERCENTILE = 0.01, 99.0
DRAWS = 20  #: for the uncertainties
SNR = (10.0, 30.0, 100.0)  #: median per pixel, in turn
REMEMBERED = "gates.json"  #: in the home folder

_INSTRUMENTS = {"boss": BOSS}  # of networks that packaged stars can be shown to


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
    device = candidate.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    key = ", ".join([frozen.card.sha256, candidate.arithmetic, name, torch.__version__,
                     version("astra-bossnet")])
    known = _remembered(home / REMEMBERED)
    if key not in known:
        measured = difference(candidate, DirectPredictor(frozen, network),
                              spectra(_INSTRUMENTS[network.kind]))
        _remember(home / REMEMBERED, known | {key: measured})
        return Gate(measured)
    return Gate(known[key])


def difference(candidate: DirectPredictor, reference: DirectPredictor,
               exposures: Sequence[Exposure]) -> float:
    """Of two predictors' parameters, in uncertainties, at the percentile over spectra and all."""
    got = candidate.predict(exposures, n_draws=DRAWS, seed=0)
    wanted = reference.predict(exposures, n_draws=0, seed=0).parameters
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.abs(got.parameters - wanted) / got.spread
    found[got.parameters == wanted] = 0.0  # also where a network has no spread at all
    return float(np.percentile(np.nan_to_num(found, nan=np.inf), PERCENTILE, method="higher"))


def spectra(instrument: Instrument) -> list[Exposure]:
    """The packaged stars as an instrument would see them, always the same."""
    exposures = []
    for i, star in enumerate(packaged()):
        rng = np.random.default_rng(i)
        seen = observe(star, instrument, rng.normal(0.0, 80.0), SNR[i % len(SNR)], 0.05, rng)
        exposures.append(Exposure(seen.flux, seen.error, seen.wavelength, noise_key=i))
    return exposures


def _remembered(path: Path) -> dict[str, float]:
    try:
        values = json.loads(path.read_text())
        return {str(key): float(value) for key, value in values.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # not there, or not ours: measured anew


def _remember(path: Path, values: dict[str, float]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        part.write_text(json.dumps(values, indent=1))
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)  # a home that cannot be written to: measured each time
