"""Spectra that are there in Python: arrays, tables of astropy, spectra of specutils."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.anywhere.hints import COLUMNS, Hints
from bossnet.anywhere.raw import Part, Raw, air_in, frame_in
from bossnet.anywhere.tables import floats, spectra
from bossnet.anywhere.units import parse
from bossnet.errors import BadFileError


def is_spectrum(item: object) -> bool:
    """Whether it is a spectrum as `specutils` has it, which needs not be installed here."""
    return all(hasattr(item, name) for name in ("spectral_axis", "flux", "uncertainty"))


def read(item: Any, hints: Hints) -> Iterator[Raw]:
    """The spectra of a mapping of arrays or quantities, a Table, or a `specutils` spectrum.

    Raises:
        BadFileError: what it holds is no spectrum.
    """
    if is_spectrum(item):
        yield from _of_specutils(item)
    elif isinstance(item, Table):
        yield from spectra(item, hints)
    else:
        yield _of_arrays(item)


def _of_arrays(arrays: Mapping[str, Any]) -> Raw:
    """From arrays by the names of `hints.COLUMNS`."""
    unknown = set(arrays) - set(COLUMNS)
    missing = {"wavelength", "flux"} - set(arrays)
    if unknown or missing:
        raise BadFileError(f"arrays are named {', '.join(COLUMNS)}, of which wavelength and flux "
                           f"must be there: found {', '.join(map(str, arrays)) or 'none'}")
    parts = {name: Part(floats(values), parse(getattr(values, "unit", None)), name)
             for name, values in arrays.items() if values is not None}
    return Raw(parts["wavelength"], parts["flux"], parts.get("error"), parts.get("ivar"))


def _of_specutils(spectrum: Any) -> Iterator[Raw]:
    """Each spectrum of a `specutils.Spectrum`, whose last axis is the spectral one."""
    axis, flux = spectrum.spectral_axis, spectrum.flux
    values = np.atleast_2d(np.asarray(flux.value, np.float64))
    if spectrum.mask is not None:
        values = np.where(np.atleast_2d(spectrum.mask), np.nan, values)
    values = values.reshape(-1, values.shape[-1])
    error = _deviation(spectrum.uncertainty)
    meta = spectrum.meta or {}
    header = {str(k).upper(): v for k, v in (meta.get("header") or meta).items()}
    for row, light in enumerate(values):
        deviation = None if error is None \
            else error.reshape(-1, error.shape[-1])[row]
        yield Raw(Part(np.asarray(axis.value, np.float64), parse(axis.unit), "spectral_axis"),
                  Part(light, parse(flux.unit), "flux"),
                  None if deviation is None else Part(deviation, None, "uncertainty"),
                  is_air=air_in(header, header.get("CTYPE1")), frame=frame_in(header))


def _deviation(uncertainty: Any) -> NDArray[np.float64] | None:
    """The standard deviations that an uncertainty of astropy stands for, in the flux's unit."""
    if uncertainty is None:
        return None
    from astropy.nddata import StdDevUncertainty

    with np.errstate(all="ignore"):
        return np.atleast_2d(np.asarray(
            uncertainty.represent_as(StdDevUncertainty).array, np.float64))
