"""Which network reads a spectrum, where no weights are named."""

from pathlib import Path
from typing import Any

from bossnet.errors import SpectrumError
from bossnet.network import BOSS, NETWORKS
from bossnet.network.declaration import Network
from bossnet.spectra import SURVEYS, open_fits


def network_of(item: Any) -> Network:
    """The network that reads a survey's file; the optical one for all else."""
    if not isinstance(item, str | Path):
        return BOSS
    try:
        with open_fits(Path(item)) as hdus:
            tables = {s.table for s in SURVEYS.values() if s.recognise(hdus)}
    except SpectrumError:  # it is no FITS file, or will be refused
        return BOSS
    return next((n for n in NETWORKS.values() if tables & set(n.spectrum_tables)), BOSS)
