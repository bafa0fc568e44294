"""How often `flag_out_of_distribution` is set for each kind of foreign spectrum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bossnet.errors import WeightsError
from bossnet.evaluation.foreign import EVERY_KIND, observed
from bossnet.evaluation.kinds import Kind
from bossnet.network.prediction import Exposure, Predictor
from bossnet.simulation.instruments import Instrument, of_kind
from bossnet.simulation.observe import USUAL, Conditions
from bossnet.simulation.templates import Template, packaged

SNRS = (10.0, 30.0, 100.0)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one kind is flagged.

    Attributes:
        kind: its name.
        snr: median S/N per pixel.
        number: of spectra.
        flagged: the part of them beyond the limit.
        distance: their median distance, in units of the limit.
    """

    kind: str
    snr: float
    number: int
    flagged: float
    distance: float


def flagged_rates(predictor: Predictor, *, kinds: Sequence[Kind] | None = None,
                  snrs: Sequence[float] = SNRS, number: int = 100,
                  stars: Sequence[Template] | None = None,
                  instruments: Sequence[Instrument] | None = None,
                  conditions: Callable[[np.random.Generator], Conditions] = lambda rng: USUAL,
                  seed: int = 0, progress: Callable[[int], None] = lambda done: None
                  ) -> list[Rate]:
    """The rate of every kind at every S/N; a kind that has its own S/N is given once.

    Args:
        predictor: of weights with a limit.
        kinds: of `foreign`; every one of the network's kind if None.
        snrs: median S/N per pixel.
        number: of spectra each.
        stars: that foreign spectra are made of; the packaged templates if None.
        instruments: taken in turn; those of the network's kind if None.
        conditions: of each observation, drawn.
        seed: of everything drawn.
        progress: told how many more spectra are done.

    Raises:
        WeightsError: the weights have no limit.
        ConfigurationError: no star is of the kind that a spectrum is to be made of.
    """
    limit = predictor.card.ood_limit
    if limit is None:
        raise WeightsError(f"weights {predictor.card.name!r} have no ood_limit: they flag nothing")
    network = predictor.card.network
    stars = packaged(network) if stars is None else stars
    kinds = EVERY_KIND[network] if kinds is None else kinds
    instruments = tuple(of_kind(network).values()) if instruments is None else instruments
    rates = []
    for place, kind in enumerate(kinds):
        for snr in _snrs(kind, snrs):
            exposures = []
            for i in range(number):
                rng = np.random.default_rng([seed, place, round(100 * snr), i])
                s = observed(kind, stars, snr, rng, instrument=instruments[i % len(instruments)],
                             conditions=conditions(rng))
                exposures.append(Exposure(s.flux, s.error, s.wavelength))
            distance = predictor.predict(exposures, n_draws=0, seed=0).distance
            rates.append(Rate(kind.name, snr, number, float((distance > limit).mean()),
                              float(np.median(distance)) / limit))
            progress(number)
    return rates


def spectra(number: int, *, kinds: Sequence[Kind], snrs: Sequence[float] = SNRS) -> int:
    """How many spectra there are, so many of every kind at every S/N."""
    return number * sum(len(_snrs(kind, snrs)) for kind in kinds)


def _snrs(kind: Kind, snrs: Sequence[float]) -> Sequence[float]:
    return snrs if kind.fixed_snr is None else (kind.fixed_snr,)
