"""Spectra that come with the package, to measure a network's arithmetic and its speed with."""

import numpy as np

from bossnet.network.declaration import Network
from bossnet.network.prediction import Exposure
from bossnet.simulation.instruments import of_kind
from bossnet.simulation.observe import observe
from bossnet.simulation.templates import packaged

SNR = (10.0, 30.0, 100.0)  #: median per pixel, in turn
VELOCITY = 80.0  #: km/s, scatter where files are not in the star's frame


def has_stars(network: Network) -> bool:
    """Whether any come for it; of another package's network none do."""
    return bool(of_kind(network.kind))


def stars(network: Network) -> list[Exposure]:
    """The packaged stars as the network's instrument would see them, always the same."""
    instrument = next(iter(of_kind(network.kind).values()))
    scatter = instrument.fastest if instrument.rest_frame else VELOCITY
    exposures = []
    for i, star in enumerate(packaged(network.kind)):
        rng = np.random.default_rng(i)
        seen = observe(star, instrument, rng.normal(0.0, scatter), SNR[i % len(SNR)], 0.05, rng)
        exposures.append(Exposure(seen.flux, seen.error, seen.wavelength, noise_key=i))
    return exposures
