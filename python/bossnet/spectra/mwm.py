"""Milky Way Mapper's ``mwmStar`` and ``mwmVisit``: BOSS and APOGEE spectra in one file, in the
star's rest frame."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
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

KEYS = ("spectrum_pk", "spectrum_pk_id")  #: the file's own key of a spectrum, by version


@dataclass(frozen=True, slots=True)
class Part:
    """The spectra of one instrument in these files (contract, section 1).

    Attributes:
        name: of the survey that they are read as.
        instrument: for people, and in the names of HDUs.
        hdus: where the spectra of each telescope are.
        pixels: of a spectrum.
        first, step: log10 angstrom of the first pixel, and from one to the next.
        version: the column of the reduction's version.
        velocities: columns of a visit's velocity, the first that there is.
        holds_gaps: whether pixels without inverse variance are gaps, which take no noise.
    """

    name: str
    instrument: str
    hdus: Mapping[str, int]
    pixels: int
    first: float
    step: float
    version: str
    velocities: tuple[str, ...]
    holds_gaps: bool = False


BOSS = Part("mwm", "BOSS", {"apo25m": 1, "lco25m": 2}, 4648, 3.5523, 1e-4, "run2d",
            ("xcsao_v_rad", "v_rad"))
APOGEE = Part("mwm_apogee", "APOGEE", {"apo25m": 3, "lco25m": 4}, 8575, 4.179, 6e-6, "apred",
              ("v_rad",), holds_gaps=True)
PARTS = (BOSS, APOGEE)

_TELESCOPES = {"apo1m": "apo25m"}  # shares the HDU
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def _recognise(part: Part, hdus: fits.HDUList) -> str | None:
    """The layout, unless only the other instrument has spectra in it."""
    layout = _layout(hdus)
    if layout is None or _holds_any(part, hdus):
        return layout
    return None if any(_holds_any(other, hdus) for other in PARTS) else layout


def _holds_any(part: Part, hdus: fits.HDUList) -> bool:
    return any(True for _ in _spectra(part, hdus))


def _layout(hdus: fits.HDUList) -> str | None:
    """By what stands where BOSS spectra are, and maybe none."""
    for telescope, number in BOSS.hdus.items():
        hdu = hdu_at(hdus, number)
        if hdu is None:
            return None
        name = f"{BOSS.instrument}/{telescope.removesuffix('25m').upper()}"
        if str(hdu.header.get("EXTNAME")).strip().upper() == name:
            return "mwmStar or mwmVisit"
        table = Table.of(hdus, number)
        if table is None or table.columns:
            return "mwmStar or mwmVisit" if table and _holds_spectra(table, BOSS) else None
    return None


def _holds_spectra(table: Table, part: Part) -> bool:
    return table.repeat("flux") == table.repeat("ivar") == part.pixels


def _spectra(part: Part, hdus: fits.HDUList) -> Iterator[tuple[str, Table, int]]:
    """Telescope, table and row of every spectrum."""
    for telescope, number in part.hdus.items():
        table = Table.of(hdus, number)
        if table and _holds_spectra(table, part):
            for row in range(table.rows):
                yield telescope, table, row


def _key(table: Table, row: int) -> int | None:
    return values.identifier(table.value(row, *KEYS))


def _read(part: Part, hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in 1e-17 erg/s/cm2/A on the rest frame's fixed grid."""
    table, number = _chosen(part, hdus, row)
    loglam = (part.first + part.step * np.arange(part.pixels)).astype(np.float32)
    flux, ivar = table.floats("flux", number), table.floats("ivar", number)
    snr = row["snr"] if "snr" in row else values.real(table.value(number, "snr"))
    if not part.holds_gaps:
        return Spectrum.from_ivar(flux, ivar, 10 ** loglam, snr=snr, survey=part.name)
    with np.errstate(all="ignore"):
        error = np.where(ivar > 0, ivar ** np.float32(-0.5), np.float32(np.nan))
    return Spectrum.from_error(flux, error, 10 ** loglam, snr=snr, survey=part.name)


def _chosen(part: Part, hdus: fits.HDUList, row: Row) -> tuple[Table, int]:
    """The one spectrum that a row means, by telescope and key, else the only one."""
    telescope, key = row.get("telescope"), row.get("file_key")
    telescope = _TELESCOPES.get(str(telescope), telescope)
    found = [(table, number) for name, table, number in _spectra(part, hdus)
             if telescope not in part.hdus or name == telescope]
    where = f" of {telescope}" if telescope in part.hdus else ""
    if not found:
        raise BadFileError(f"holds no {part.instrument} spectrum{where}")
    keys = [_key(*place) for place in found]
    if key is not None and any(k is not None for k in keys):
        found = [place for place, k in zip(found, keys, strict=True) if k == key]
        if not found:
            raise BadFileError(f"holds no {part.instrument} spectrum{where} with {KEYS[0]} {key}")
    if len(found) > 1:
        raise BadFileError(f"holds {len(found)} {part.instrument} spectra{where}, and nothing says "
                           f"which one: give telescope and file_key (the file's keys: {keys})")
    return found[0]


def _register(part: Part, hdus: fits.HDUList, path: Path) -> list[Registration]:
    spectra = list(_spectra(part, hdus))
    keyless = Counter(telescope for telescope, table, row in spectra
                      if _key(table, row) is None)
    for telescope, number in keyless.items():
        if number > 1:
            raise BadFileError(f"holds {number} {part.instrument} spectra of {telescope} without "
                               f"{KEYS[0]}, by which one would be told from another")
    return [_registration(part, hdus[0].header, telescope, table, row, path)
            for telescope, table, row in spectra]


def _registration(part: Part, header: fits.Header, telescope: str, table: Table, row: int,
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
        part.version: values.text(table.value(row, part.version)),
        "snr": values.real(table.value(row, "snr")),
        "v_rad": _frame_velocity(part, table, row, is_visit),
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


def _frame_velocity(part: Part, table: Table, row: int, is_visit: bool) -> float | None:
    """The barycentric velocity [km/s] that was taken out of the spectrum.

    A visit that is not in the stack was not shifted by a trusted velocity: unknown.
    """
    if not is_visit:
        return values.real(table.value(row, "v_rad"))
    if table.value(row, "in_stack") is False:
        return None
    return values.real(table.value(row, *part.velocities))


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


def _survey(part: Part, table: str) -> Survey:
    return Survey(
        name=part.name,
        title=f"mwmStar and mwmVisit ({part.instrument})",
        table=table,
        identity=("release", "filetype", "v_astra", "sdss_id", "telescope", part.version,
                  "file_key"),
        frame="rest",
        recognise=partial(_recognise, part),
        read=partial(_read, part),
        register=partial(_register, part),
        resolve=_resolve,
    )


SURVEYS = (_survey(BOSS, "boss_combined_spectrum"), _survey(APOGEE, "apogee_combined_spectrum"))
