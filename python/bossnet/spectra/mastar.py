"""MaStar, the stellar library of MaNGA: ``goodspec`` and ``combspec``, a table of many spectra.

One binary table, a row a spectrum: of a visit (goodspec), or of a star over its visits (combspec).
Both come also at a common resolution (``-lsfpercent99.5``). Wavelengths are in vacuum and in the
star's rest frame, shifted by HELIOV (SDSS data model of DR15 and DR17).
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from astropy.io import fits

from bossnet.errors import BadFileError, MissingFileError
from bossnet.spectra import resolve, values
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey
from bossnet.spectra.table import Table

ARRAYS = ("wave", "flux", "ivar")  #: columns of pixels, a row a spectrum
VISITS, STARS = "mastar-goodspec", "mastar-combspec"  #: file types, as the files' names begin

_NAME = "mastar"
_VERSIONS = re.compile(r"mastar-(?:goodspec|combspec)-(v\d+_\d+_\d+)-(v\d+_\d+_\d+)")
_RESOLUTION = re.compile(r"-lsfpercent\d+(?:\.\d+)?")
_RUN2D = re.compile(r"(v\d+_\d+_\d+)-(v\d+_\d+_\d+)$")


def _recognise(hdus: fits.HDUList) -> str | None:
    table = Table.of(hdus, 1)
    if table is None or "mangaid" not in table.columns:
        return None
    pixels = {table.repeat(name) for name in ARRAYS}
    return _filetype(table) if len(pixels) == 1 and max(pixels) > 1 else None


def _filetype(table: Table) -> str:
    return VISITS if "mjd" in table.columns else STARS


def _read(hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in 1e-17 erg/s/cm2/A of one row; of the table nothing else is read."""
    table = Table(hdus[1])
    number = row.get("row")
    if number is None:
        if table.rows != 1:
            raise BadFileError(f"holds {table.rows} MaStar spectra, and nothing says which one: "
                               "give row, counted from 0")
        number = 0
    wavelength, flux, ivar = (table.floats(name, number) for name in ARRAYS)
    snr = row["snr"] if "snr" in row else values.real(table.value(number, "s2n"))
    spectrum = Spectrum.from_ivar(flux, ivar, wavelength, snr=snr, survey=_NAME)
    return replace(spectrum, frame_velocity=_frame_velocity(table, number))


def _frame_velocity(table: Table, row: int) -> float | None:
    """HELIOV [km/s], by which the spectrum was shifted; None where it was not well measured."""
    return None if table.value(row, "v_errcode") else values.real(table.value(row, "heliov"))


def _register(hdus: fits.HDUList, path: Path) -> list[Registration]:
    table = Table(hdus[1])
    resolution = _RESOLUTION.search(path.name)
    end = resolution[0] if resolution else ""
    named = _VERSIONS.search(path.name)
    release = values.text(hdus[0].header.get("RELEASE"))
    return [_registration(table, row, path, named, end, release) for row in range(table.rows)]


def _registration(table: Table, row: int, path: Path, named: re.Match[str] | None, end: str,
                  release: str | None) -> Registration:
    def whole(*names: str) -> int | None:
        return values.integer(table.value(row, *names))

    exposures = whole("nexp_used", "nexp_visit", "nexp")
    seconds = values.real(table.value(row, "exptime"))  # of an exposure, the median
    columns = {
        "release": release,
        "filetype": _filetype(table),
        "run2d": _reduction(table, row, named) + end,
        "mjd": whole("mjd"),
        "plateid": whole("plate"),
        "fiberid": whole("ifudesign"),
        "row": row,
        "spec_file": path.name,
        "telescope": "apo25m",
        "snr": values.real(table.value(row, "s2n")),
        "n_exp": exposures,
        "exptime": seconds * exposures if seconds and exposures else None,
        "path": str(path),
    }
    # IFURA and IFUDEC are the bundle's centre
    return Registration(columns, values.position(table.value(row, "objra", "ra"),
                                                 table.value(row, "objdec", "dec")))


def _reduction(table: Table, row: int, named: re.Match[str] | None) -> str:
    """DRPVER-MPROCVER, of the row or else of the file's name."""
    parts: list[Any] = [values.text(table.value(row, name)) for name in ("drpver", "mprocver")]
    if None in parts:
        if named is None:
            raise BadFileError("does not say which reduction it is of: no DRPVER and MPROCVER in "
                               f"row {row}, and its name is not mastar-goodspec-DRPVER-MPROCVER or "
                               "mastar-combspec-DRPVER-MPROCVER")
        parts = list(named.groups())
    return "-".join(parts)


def _resolve(row: Row) -> Path:
    versions = _RUN2D.match(str(row.get("run2d")))
    if row.get("filetype") != VISITS or versions is None:
        raise MissingFileError(f"a {row.get('filetype')} spectrum of {row.get('run2d')} has no "
                               "path, and sdss-access does not know such files: ingest the file")
    return resolve.full(row.get("release"), "mastargoodspec",
                        {"drpver": versions[1], "mastarver": versions[2]})


SURVEYS = (Survey(
    name=_NAME,
    title="MaStar goodspec and combspec",
    table="boss_visit_spectrum",
    identity=("release", "run2d", "fieldid", "plateid", "mjd", "catalogid", "fiberid", "row"),
    frame="rest",
    recognise=_recognise,
    read=_read,
    register=_register,
    resolve=_resolve,
    owns=lambda row: row.get("filetype") in (VISITS, STARS),
    is_legacy=lambda row: True,  # of SDSS-IV
),)
