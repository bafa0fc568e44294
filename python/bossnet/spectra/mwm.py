"""Milky Way Mapper's ``mwmStar`` and ``mwmVisit``: BOSS spectra in the star's rest frame."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from bossnet.errors import BadFileError
from bossnet.spectra import resolve, values
from bossnet.spectra.opening import hdu_at
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey
from bossnet.spectra.table import Table

PIXELS = 4648
FIRST_LOGLAM, LOGLAM_STEP = 3.5523, 1e-4  #: log10 angstrom (contract, section 1)
HDUS = {"apo25m": 1, "lco25m": 2}  #: where the BOSS spectra of each telescope are
EXTENSIONS = ("BOSS/APO", "BOSS/LCO")  #: what these are called
KEYS = ("spectrum_pk", "spectrum_pk_id")  #: the file's own key of a spectrum, by version

_NAME = "mwm"
_TELESCOPES = {"apo1m": "apo25m"}  # shares the HDU
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def _recognise(hdus: fits.HDUList) -> str | None:
    for number, name in zip(HDUS.values(), EXTENSIONS, strict=True):
        hdu = hdu_at(hdus, number)
        if hdu is None:
            return None
        if str(hdu.header.get("EXTNAME")).strip().upper() == name:
            return "mwmStar or mwmVisit"
        table = Table.of(hdus, number)
        if table is None or table.columns:
            return "mwmStar or mwmVisit" if table and _holds_spectra(table) else None
    return None


def _holds_spectra(table: Table) -> bool:
    return table.repeat("flux") == table.repeat("ivar") == PIXELS


def _spectra(hdus: fits.HDUList) -> Iterator[tuple[str, Table, int]]:
    """Telescope, table and row of every BOSS spectrum."""
    for telescope, number in HDUS.items():
        table = Table.of(hdus, number)
        if table and _holds_spectra(table):
            for row in range(table.rows):
                yield telescope, table, row


def _key(table: Table, row: int) -> int | None:
    return values.identifier(table.value(row, *KEYS))


def _read(hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in 1e-17 erg/s/cm2/A on the rest frame's fixed grid."""
    table, number = _chosen(hdus, row)
    loglam = (FIRST_LOGLAM + LOGLAM_STEP * np.arange(PIXELS)).astype(np.float32)
    snr = row["snr"] if "snr" in row else values.real(table.value(number, "snr"))
    return Spectrum.from_ivar(table.floats("flux", number), table.floats("ivar", number),
                              10 ** loglam, snr=snr, survey=_NAME)


def _chosen(hdus: fits.HDUList, row: Row) -> tuple[Table, int]:
    """The one spectrum that a row means, by telescope and key, else the only one."""
    telescope, key = row.get("telescope"), row.get("file_key")
    telescope = _TELESCOPES.get(str(telescope), telescope)
    found = [(table, number) for name, table, number in _spectra(hdus)
             if telescope not in HDUS or name == telescope]
    where = f" of {telescope}" if telescope in HDUS else ""
    if not found:
        raise BadFileError(f"holds no BOSS spectrum{where}")
    keys = [_key(*place) for place in found]
    if key is not None and any(k is not None for k in keys):
        found = [place for place, k in zip(found, keys, strict=True) if k == key]
        if not found:
            raise BadFileError(f"holds no BOSS spectrum{where} with {KEYS[0]} {key}")
    if len(found) > 1:
        raise BadFileError(f"holds {len(found)} BOSS spectra{where}, and nothing says which one: "
                           f"give telescope and file_key (the file's keys: {keys})")
    return found[0]


def _register(hdus: fits.HDUList, path: Path) -> list[Registration]:
    header = hdus[0].header
    spectra = list(_spectra(hdus))
    if not spectra:
        raise BadFileError("holds no BOSS spectrum")
    keyless = Counter(telescope for telescope, table, row in spectra
                      if _key(table, row) is None)
    for telescope, number in keyless.items():
        if number > 1:
            raise BadFileError(f"holds {number} BOSS spectra of {telescope} without {KEYS[0]}, "
                               "by which one would be told from another")
    return [_registration(header, telescope, table, row, path)
            for telescope, table, row in spectra]


def _registration(header: fits.Header, telescope: str, table: Table, row: int,
                  path: Path) -> Registration:
    is_visit = _filetype(table, row) == "mwmVisit"
    identifiers = _identifiers(header, table, row)
    first, last = ("mjd", "mjd") if is_visit else ("min_mjd", "max_mjd")
    columns = {
        "release": values.text(table.value(row, "release") or header.get("RELEASE")),
        "filetype": "mwmVisit" if is_visit else "mwmStar",
        "v_astra": version_number(table.value(row, "v_astra") or header.get("V_ASTRA")
                                  or header.get("ASTRA")),
        "sdss_id": identifiers.get("sdss_id"),
        "telescope": values.text(table.value(row, "telescope")) or telescope,
        "run2d": values.text(table.value(row, "run2d")),
        "snr": values.real(table.value(row, "snr")),
        "v_rad": _frame_velocity(table, row, is_visit),
        "min_mjd": values.integer(table.value(row, first)),
        "max_mjd": values.integer(table.value(row, last)),
        "file_key": _key(table, row),
        "path": str(path),
    }
    if columns["sdss_id"] is None and columns["file_key"] is None:
        raise BadFileError("does not say which star it is of: neither sdss_id nor "
                           f"{KEYS[0]} is there")
    return Registration(columns, _source(header, identifiers))


def _filetype(table: Table, row: int) -> str:
    said = values.text(table.value(row, "filetype"))
    if said in ("mwmStar", "mwmVisit"):
        return said
    return "mwmVisit" if "in_stack" in table.columns else "mwmStar"


def _frame_velocity(table: Table, row: int, is_visit: bool) -> float | None:
    """The barycentric velocity [km/s] that was taken out of the spectrum.

    A visit that is not in the stack was not shifted by a trusted velocity: unknown.
    """
    if not is_visit:
        return values.real(table.value(row, "v_rad"))
    if table.value(row, "in_stack") is False:
        return None
    return values.real(table.value(row, "xcsao_v_rad", "v_rad"))


def _identifiers(header: fits.Header, table: Table, row: int) -> dict[str, int]:
    """Of the star, by column of ``source``; the header's names differ by version."""
    return values.known({
        "sdss_id": values.identifier(table.value(row, "sdss_id") or header.get("SDSS_ID")),
        "catalogid": values.identifier(table.value(row, "catalogid") or header.get("CATALOGID")
                                       or header.get("CATID") or header.get("CAT_ID")),
        "gaia_dr2_source_id": values.identifier(header.get("GAIA_DR2_SOURCE_ID")
                                                or header.get("GAIA2_ID")
                                                or header.get("GAIA_ID")),
        "gaia_dr3_source_id": values.identifier(header.get("GAIA_DR3_SOURCE_ID")
                                                or header.get("GAIA3_ID")),
        "tic_v8_id": values.identifier(header.get("TIC_V8_ID") or header.get("TIC_ID")),
    })


def _source(header: fits.Header, identifiers: dict[str, int]) -> dict[str, Any]:
    numbers = {name: values.real(header.get(name.upper()))
               for name in ("g_mag", "bp_mag", "rp_mag", "plx", "ebv")}
    return values.position(header.get("RA"), header.get("DEC")) | identifiers \
        | values.known(numbers)


def version_number(version: Any) -> int | None:
    """'0.8.1' as the survey's number 8001; a number stays (contract, section 7)."""
    if isinstance(version, str) and (parts := _VERSION.match(version)):
        major, minor, patch = map(int, parts.groups())
        return values.integer(major * 10**6 + minor * 10**3 + patch)
    return values.integer(version)


def version_text(number: Any) -> str | None:
    """8001 as '0.8.1', as file names have it; a text stays."""
    whole = values.integer(number)
    if whole is None:
        return values.text(number)
    return f"{whole // 10**6}.{whole // 10**3 % 1000}.{whole % 1000}"


def _resolve(row: Row) -> Path:
    keywords = {"v_astra": version_text(row.get("v_astra")), "sdss_id": row.get("sdss_id")}
    return resolve.full(row.get("release"), row.get("filetype") or "mwmStar", keywords)


SURVEYS = (Survey(
    name=_NAME,
    title="mwmStar and mwmVisit (BOSS)",
    table="boss_combined_spectrum",
    identity=("release", "filetype", "v_astra", "sdss_id", "telescope", "run2d", "file_key"),
    frame="rest",
    recognise=_recognise,
    read=_read,
    register=_register,
    resolve=_resolve,
),)
