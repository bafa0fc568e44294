"""BOSS Net (Sizemore et al. 2024) as a task of a survey's processing framework."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it is slow to import, and most of what is here does without
    from astropy.table import Table

__version__ = version("astra-bossnet")


def v_astra(version: str = __version__) -> int:
    """The version as the integer of the results table: major x 10^6 + minor x 10^3 + patch.

    Source: contract, section 7. A suffix such as ``rc1`` does not count.
    """
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if found is None:
        raise ValueError(f"{version!r} is no version such as 1.2.3")
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major * 1_000_000 + minor * 1_000 + patch


def predict(spectra: Any, *, weights: str | None = None, draws: int = 20, seed: int = 0,
            precision: str = "float32", device: str = "auto", air: bool | None = None,
            frame: str | None = None, columns: Mapping[str, str] | None = None,
            units: Mapping[str, str] | None = None) -> "Table":
    """Parameters, uncertainties and flags of spectra from anywhere, without a database.

    Args:
        spectra: one or several of: a path; a mapping of arrays or quantities ``wavelength``,
            ``flux`` and, if known, ``error`` or ``ivar``; a `Table`; a `specutils` spectrum.
        weights: name or path; by default the configuration's, else the package's, of the network
            that reads the first spectrum.
        draws: noise realisations of each spectrum, for the uncertainties; 0 for none.
        seed: of the noise.
        precision: of the network's arithmetic.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        air: whether wavelengths are in air; by default as a spectrum says, else in vacuum.
        frame: ``barycentric``, ``rest`` or ``topocentric``; by default as a spectrum says, else
            barycentric.
        columns: the names of a table's columns, by ``wavelength``, ``flux``, ``error``, ``ivar``.
        units: their units, in place of those that a spectrum says.

    Returns:
        A row a spectrum: parameters with uncertainties (masked where there are none), flags,
        notes on what was assumed or is missing, and the reason where it could not be read.

    Raises:
        ConfigurationError: an argument cannot be used.
        WeightsError: the weights are damaged.
    """
    from bossnet.anywhere import predicting

    return predicting.predict(spectra, weights=weights, draws=draws, seed=seed,
                              precision=precision, device=device, air=air, frame=frame,
                              columns=columns, units=units)
