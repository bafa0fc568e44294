"""From a file to a Spectrum (contract, sections 1 and 2): one module a survey.

A survey is any module of this package with a tuple ``SURVEYS`` of Survey declarations:
adding one is adding a file. Other packages have theirs, by entry points (``bossnet.declared``). The
layout is recognised from the content, never from the name.
"""

import os
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from astropy.io import fits

from bossnet import declared
from bossnet.declared import Declarations
from bossnet.errors import BadFileError
from bossnet.spectra.opening import open_fits
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey

__all__ = ["SURVEYS", "Registered", "Registration", "Row", "Spectrum", "Survey", "describe",
           "open_fits", "read", "recognise", "register", "surveys_of", "would_read"]

_HDUS_DESCRIBED = 3
_COLUMNS_DESCRIBED = 6


def _declared() -> Iterator[Survey]:
    for module in pkgutil.iter_modules(__path__):
        yield from getattr(import_module(f"{__name__}.{module.name}"), "SURVEYS", ())


#: Every survey whose spectra are read, by its name.
SURVEYS: Mapping[str, Survey] = Declarations(_declared(), attribute="name",
                                             group=declared.SURVEYS)


class Registered(NamedTuple):
    """What a file holds.

    Attributes:
        found: the surveys of which it holds spectra, and what to register of each spectrum.
        refusals: why spectra of another survey in the same file are not registered.
    """

    found: list[tuple[Survey, list[Registration]]]
    refusals: list[str]


def read(path: str | os.PathLike[str], row: Row | None = None, *, table: str | None = None
         ) -> Spectrum:
    """The spectrum in a file; of several, the one that the row of a spectrum table says.

    Args:
        path: of the file.
        row: of the table, by column name.
        table: of which the row is, where the file may hold spectra of several.

    Raises:
        MissingFileError: the file is not there, is a folder, or cannot be opened.
        BadFileError: not a layout that is read, truncated or corrupt, or it does not hold that row.
        ReadError: the storage failed after the file was opened.
    """
    with open_fits(path) as hdus:
        surveys = recognise(hdus)
        survey = next((s for s in surveys if s.table == table), surveys[0])
        return survey.read(hdus, row or {})


def register(path: str | os.PathLike[str]) -> Registered:
    """What to register of each spectrum of a file; there is at least one.

    Raises:
        MissingFileError: the file is not there, is a folder, or cannot be opened.
        BadFileError: not a layout that is read, truncated or corrupt, or without an identity.
        ReadError: the storage failed after the file was opened.
    """
    with open_fits(path) as hdus:
        surveys, found, refused = recognise(hdus), [], []
        for survey in surveys:
            try:
                if registrations := survey.register(hdus, Path(path)):
                    found.append((survey, registrations))
            except BadFileError as e:
                refused.append(e)
        if not found:
            raise refused[0] if refused else BadFileError(
                f"holds no spectrum, though it has the layout of {surveys[0].title}")
    return Registered(found, [str(e) for e in refused])


def recognise(hdus: fits.HDUList) -> list[Survey]:
    """The surveys whose layout an open file has: several where their spectra share a file.

    Raises:
        BadFileError: there is none; the message says what was found.
    """
    found = [survey for survey in SURVEYS.values() if survey.recognise(hdus)]
    if not found:
        raise BadFileError(f"not a spectrum that is read: found {describe(hdus)}; {would_read()}")
    return found


def surveys_of(table: str, row: Row) -> list[Survey]:
    """The surveys of which a row of a spectrum table can be."""
    return [s for s in SURVEYS.values() if s.table == table and s.owns(row)]


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
