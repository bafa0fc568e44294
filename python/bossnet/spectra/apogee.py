"""APOGEE's ``apStar``: co-add and visits, in the star's rest frame (contract, section 1)."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

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
COADD, COADDS = 0, 2  #: the row of the co-add that is used; rows of co-adds before the visits

_NAME, _NAME_OF_VISITS = "apstar", "apstar_visit"
_MISSING = -9999.0  # as APOGEE writes it, or a little below
_TELESCOPE = re.compile(r"(?<![a-z0-9])(apo25m|apo1m|lco25m)(?![a-z0-9])")
_VISIT_FILE = re.compile(r"(a[ps])Visit-([^-]+)-")
_VISIT_OF = re.compile(r"-([^-]+)-(\d+)-(\d+)\.fits")  # plate, MJD, fibre in that file's name
_JD = 2_400_000.5  # of MJD 0


class _Visit(NamedTuple):
    """Which visit a row of the images is of; None where the header does not say."""

    row: int
    plate: str | None
    mjd: int | None
    fiber: int | None
    snr: float | None
    v_rad: float | None

    @property
    def key(self) -> tuple[str | None, int | None, int | None]:
        return self.plate, self.mjd, self.fiber


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
    return _spectrum(hdus, COADD, _real(hdus[0].header.get("SNR")), row, _NAME)


def _read_visit(hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in 1e-17 erg/s/cm2/A of the visit that the row says, by plate, MJD and fibre."""
    visits = _visits(hdus)
    wanted = {name: row[name] for name in ("plate", "mjd", "fiber") if row.get(name) is not None}
    found = [v for v in visits if all(str(getattr(v, name)) == str(value)
                                      for name, value in wanted.items())]
    if len(found) != 1:
        said = ", ".join(f"{name} {value}" for name, value in wanted.items()) or "no plate, mjd"
        raise BadFileError(f"holds {len(visits)} visits, {len(found)} of them of {said}: give "
                           "plate, mjd and fiber of one (those of the file: "
                           f"{'; '.join('-'.join(map(str, v.key)) for v in visits) or 'none'})")
    return _spectrum(hdus, found[0].row, found[0].snr, row, _NAME_OF_VISITS)


def _spectrum(hdus: fits.HDUList, number: int, snr: float | None, row: Row, survey: str
              ) -> Spectrum:
    loglam = (FIRST_LOGLAM + LOGLAM_STEP * np.arange(PIXELS)).astype(np.float32)
    return Spectrum.from_error(_row(hdus[1], number), _row(hdus[2], number), 10 ** loglam,
                               snr=row.get("snr", snr), survey=survey)


def _row(hdu: fits.ImageHDU, number: int) -> NDArray[Any]:
    """(8575,): only that row is read."""
    return hdu.section[number, :] if hdu.header["NAXIS"] == 2 else hdu.section[:]


def _visits(hdus: fits.HDUList) -> list[_Visit]:
    """The visits of a file, as its header tells them; a single one is its co-add, and not here.

    Raises:
        BadFileError: the header tells of more or fewer than there are.
    """
    header, shape = hdus[0].header, _shape(hdus, 1) or ()
    number = max(0, shape[0] - COADDS) if len(shape) == 2 else 0
    said = values.integer(header.get("NVISITS"))
    if number and said is not None and said != number:
        raise BadFileError(f"holds {number} visits, but its header tells of {said}")
    return [_visit(header, i) for i in range(1, number + 1)]


def _visit(header: fits.Header, i: int) -> _Visit:
    """The header's i-th visit, from 1."""
    of = _VISIT_OF.search(str(header.get(f"SFILE{i}", "")))
    jd = values.real(header.get(f"JD{i}"))
    return _Visit(row=COADDS + i - 1, plate=of[1] if of else None,
                  mjd=int(of[2]) if of else None if jd is None else int(jd - _JD),
                  fiber=int(of[3]) if of else values.integer(header.get(f"FIBER{i}")),
                  snr=_real(header.get(f"SNRVIS{i}")),
                  v_rad=_real(header.get(f"VHELIO{i}", header.get(f"VRAD{i}"))))


def _register(hdus: fits.HDUList, path: Path) -> list[Registration]:
    header = hdus[0].header
    columns, source = _of_star(header, path)
    # VRAD of the older files, which have VHELIO too, is the co-add's own residual
    velocity = header.get("VHELIO", header.get("VRAD"))
    return [Registration(columns | {
        "snr": _real(header.get("SNR")), "v_rad": _real(velocity),
        "n_visits": values.integer(header.get("NVISITS"))}, source)]


def _register_visits(hdus: fits.HDUList, path: Path) -> list[Registration]:
    visits = _visits(hdus)
    if len({visit.key for visit in visits}) < len(visits):
        raise BadFileError(f"holds {len(visits)} visits, of which its header does not tell one "
                           "from another by plate, MJD and fibre")
    columns, source = _of_star(hdus[0].header, path)
    return [Registration(columns | {
        "plate": visit.plate, "mjd": visit.mjd, "fiber": visit.fiber, "snr": visit.snr,
        "v_rad": visit.v_rad}, source) for visit in visits]


def _of_star(header: fits.Header, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What all spectra of a file share: columns of their table, and those of ``source``."""
    visit = _VISIT_FILE.search(str(header.get("SFILE1", "")))
    obj = values.text(header.get("OBJID") or header.get("OBJ"))
    if obj is None:
        raise BadFileError("does not say which star it is of: no OBJID in its header")
    healpix = values.integer(header.get("HEALPIX"))
    columns = {
        "release": values.text(header.get("RELEASE")),
        "filetype": "apStar",
        "apred": values.text(header.get("APRED")) or (visit[2] if visit else None),
        "telescope": _telescope(header, path, visit),
        "field": values.text(header.get("FIELD")),
        "obj": obj,
        "healpix": healpix,
        "path": str(path),
    }
    source = values.known({
        "sdss4_apogee_id": obj if obj.startswith("2M") else None,
        "sdss_id": values.identifier(header.get("SDSS_ID")),
        "catalogid": values.identifier(header.get("CATALOGID") or header.get("CATID")),
        "healpix": healpix,
    })
    return columns, values.position(header.get("RA"), header.get("DEC")) | source


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
    numbers = [re.fullmatch(r"dr(\d+)", str(row.get(name)).lower())
               for name in ("release", "apred")]
    return any(number is not None and int(number[1]) <= 17 for number in numbers)


_COADDS = Survey(
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
)
SURVEYS = (_COADDS, replace(
    _COADDS, name=_NAME_OF_VISITS, title="visits in APOGEE apStar",
    table="apogee_visit_spectrum_in_apstar",
    identity=(*_COADDS.identity, "plate", "mjd", "fiber"),
    read=_read_visit, register=_register_visits))
