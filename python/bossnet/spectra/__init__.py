"""From a file to a Spectrum (contract, sections 1 and 2): one module a survey.

A survey is any module of this package with a tuple ``SURVEYS`` of Survey declarations:
adding one is adding a file. The layout is recognised from the content, never from the name.
"""

import os
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from astropy.io import fits

from bossnet.errors import BadFileError
from bossnet.spectra.opening import open_fits
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey

__all__ = ["SURVEYS", "Registration", "Row", "Spectrum", "Survey", "describe", "open_fits",
           "read", "recognise", "register", "would_read"]

_HDUS_DESCRIBED = 3
_COLUMNS_DESCRIBED = 6


def _declared() -> Iterator[Survey]:
    for module in pkgutil.iter_modules(__path__):
        yield from getattr(import_module(f"{__name__}.{module.name}"), "SURVEYS", ())


#: Every survey whose spectra are read, by its name.
SURVEYS: dict[str, Survey] = {survey.name: survey for survey in _declared()}


def read(path: str | os.PathLike[str], row: Row | None = None) -> Spectrum:
    """The spectrum in a file; of several, the one that the row of a spectrum table says.

    Raises:
        MissingFileError: the file is not there, is a folder, or cannot be opened.
        BadFileError: not a layout that is read, truncated or corrupt, or it does not hold that row.
        ReadError: the storage failed after the file was opened.
    """
    with open_fits(path) as hdus:
        return recognise(hdus).read(hdus, row or {})


def register(path: str | os.PathLike[str]) -> tuple[Survey, list[Registration]]:
    """The survey of a file, and what to register of each spectrum in it.

    Raises:
        MissingFileError: the file is not there, is a folder, or cannot be opened.
        BadFileError: not a layout that is read, truncated or corrupt, or without an identity.
        ReadError: the storage failed after the file was opened.
    """
    with open_fits(path) as hdus:
        survey = recognise(hdus)
        return survey, survey.register(hdus, Path(path))


def recognise(hdus: fits.HDUList) -> Survey:
    """The survey whose layout an open file has. Raises BadFileError, saying what was found."""
    for survey in SURVEYS.values():
        if survey.recognise(hdus):
            return survey
    raise BadFileError(f"not a spectrum that is read: found {describe(hdus)}; {would_read()}")


def would_read() -> str:
    """The layouts of surveys that are read, for messages."""
    return "would read " + ", ".join(survey.title for survey in SURVEYS.values())


def describe(hdus: fits.HDUList) -> str:
    """What the first HDUs are, in words."""
    found = [f"HDU {number} {_of_hdu(hdu)}" for number, hdu
             in zip(range(_HDUS_DESCRIBED), hdus, strict=False)]
    return "; ".join(found)


def _of_hdu(hdu: fits.hdu.base.ExtensionHDU) -> str:
    header = hdu.header
    name = f" {header['EXTNAME']}" if header.get("EXTNAME") else ""
    lengths = [header.get(f"NAXIS{i}") for i in range(1, (header.get("NAXIS") or 0) + 1)]
    if "TFIELDS" in header:
        total = header["TFIELDS"]
        columns = [str(header.get(f"TTYPE{i}", "?"))
                   for i in range(1, min(total, _COLUMNS_DESCRIBED) + 1)]
        more = ", ..." if total > _COLUMNS_DESCRIBED else ""
        return f"a table{name} of {lengths[-1]} rows ({', '.join(columns)}{more})"
    return f"an image{name} of {' x '.join(map(str, lengths))}" if lengths else f"empty{name}"
