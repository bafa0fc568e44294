"""APOGEE co-adds: ``apStar`` files, in the star's rest frame (contract, section 1)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.errors import BadFileError
from bossnet.spectra import resolve, values
from bossnet.spectra.opening import hdu_at
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey

PIXELS = 8575
FIRST_LOGLAM, LOGLAM_STEP = 4.179, 6e-6  #: log10 angstrom (contract, section 1)
VISIT_SHAPE = (3, 4096)  #: chips and pixels of an apVisit; dithers make it 4096
COADD = 0  #: the row of the co-add that is used; visits follow the co-adds

_NAME = "apstar"
_MISSING = -9999.0  # as APOGEE writes it, or a little below
_TELESCOPE = re.compile(r"(?<![a-z0-9])(apo25m|apo1m|lco25m)(?![a-z0-9])")
_VISIT_FILE = re.compile(r"(a[ps])Visit-([^-]+)-")


def _recognise(hdus: fits.HDUList) -> str | None:
    shape = _shape(hdus, 1)
    if shape is None or shape != _shape(hdus, 2):
        return None
    if shape == VISIT_SHAPE:
        raise BadFileError("an APOGEE apVisit of three chips, in the observed frame; of APOGEE, "
                           "apStar would be read")
    return "apStar" if len(shape) <= 2 and shape[-1] == PIXELS and shape[0] > 0 else None


def _shape(hdus: fits.HDUList, number: int) -> tuple[int, ...] | None:
    """The shape of an image, as numpy counts, from its header; None if it is none."""
    hdu = hdu_at(hdus, number)
    if not isinstance(hdu, fits.ImageHDU) or not hdu.header["NAXIS"]:
        return None
    return tuple(hdu.header[f"NAXIS{i}"] for i in range(hdu.header["NAXIS"], 0, -1))


def _read(hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in 1e-17 erg/s/cm2/A of the co-add."""
    loglam = (FIRST_LOGLAM + LOGLAM_STEP * np.arange(PIXELS)).astype(np.float32)
    snr = row["snr"] if "snr" in row else _real(hdus[0].header.get("SNR"))
    return Spectrum.from_error(_coadd(hdus[1]), _coadd(hdus[2]), 10 ** loglam,
                               snr=snr, survey=_NAME)


def _coadd(hdu: fits.ImageHDU) -> NDArray[Any]:
    """(8575,): only that row is read."""
    return hdu.section[COADD, :] if hdu.header["NAXIS"] == 2 else hdu.section[:]


def _register(hdus: fits.HDUList, path: Path) -> list[Registration]:
    header = hdus[0].header
    visit = _VISIT_FILE.search(str(header.get("SFILE1", "")))
    obj = values.text(header.get("OBJID") or header.get("OBJ"))
    if obj is None:
        raise BadFileError("does not say which star it is of: no OBJID in its header")
    healpix = values.integer(header.get("HEALPIX"))
    # VRAD of the older files, which have VHELIO too, is the co-add's own residual
    velocity = header.get("VHELIO", header.get("VRAD"))
    columns = {
        "release": values.text(header.get("RELEASE")),
        "filetype": "apStar",
        "apred": values.text(header.get("APRED")) or (visit[2] if visit else None),
        "telescope": _telescope(header, path, visit),
        "field": values.text(header.get("FIELD")),
        "obj": obj,
        "healpix": healpix,
        "snr": _real(header.get("SNR")),
        "v_rad": _real(velocity),
        "n_visits": values.integer(header.get("NVISITS")),
        "path": str(path),
    }
    source = values.known({
        "sdss4_apogee_id": obj if obj.startswith("2M") else None,
        "sdss_id": values.identifier(header.get("SDSS_ID")),
        "catalogid": values.identifier(header.get("CATALOGID") or header.get("CATID")),
        "healpix": healpix,
    })
    return [Registration(columns, values.position(header.get("RA"), header.get("DEC")) | source)]


def _real(value: Any) -> float | None:
    number = values.real(value)
    return None if number is None or number <= _MISSING else number


def _telescope(header: fits.Header, path: Path, visit: re.Match[str] | None) -> str | None:
    """Of the header; DR17 has it only in the file's path or, as a prefix, in its visits' names."""
    said = values.text(header.get("TELESCOP"))
    if said:
        return said
    if named := _TELESCOPE.search(str(path)):
        return named[1]
    return {"as": "lco25m", "ap": "apo25m"}[visit[1]] if visit else None


def _resolve(row: Row) -> Path:
    prefix = "as" if row.get("telescope") == "lco25m" else "ap"
    names = ("apred", "telescope", "field", "healpix", "obj")
    keywords = {name: row.get(name) for name in names} | {"apstar": "stars", "prefix": prefix}
    return resolve.full(row.get("release"), "apStar", keywords)


def is_legacy(row: Row) -> bool:
    """Whether it is of SDSS-IV or before: releases to DR17."""
    number = re.fullmatch(r"dr(\d+)", str(row.get("release") or row.get("apred") or "").lower())
    return number is not None and int(number[1]) <= 17


SURVEYS = (Survey(
    name=_NAME,
    title="APOGEE apStar",
    table="apogee_coadded_spectrum_in_apstar",
    identity=("release", "apred", "telescope", "obj"),
    frame="rest",
    recognise=_recognise,
    read=_read,
    register=_register,
    resolve=_resolve,
    is_legacy=is_legacy,
),)
