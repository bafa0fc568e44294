"""BOSS and SDSS spectrographs: ``spec``, ``specLite`` and ``specFull`` files (contract, 1)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from bossnet.errors import BadFileError, MissingFileError
from bossnet.spectra import resolve, values
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey
from bossnet.spectra.table import Table

REQUIRED = ("flux", "loglam", "ivar")  #: columns of HDU 1; they may be in any case
LAST_LEGACY_RELEASE = 17  #: DR17 closed SDSS I-IV

_NAME = "boss"
_TELESCOPES = {"APO": "apo25m", "LCO": "lco25m"}
_LEGACY_RUN2D = re.compile(r"\d+$|v5_")  # 26, 103, 104 of SDSS-I and II; v5_* of BOSS and eBOSS
_SDSS5_RUN2D = re.compile(r"v[6-9]_|master")
_FILE_NAME = re.compile(r"spec-(\d+)p?-(\d{5})-(\d+)\.fits")
_COADD_NAME = re.compile(r"spec-([A-Za-z]\w*)-(\d{5})-(\d+)\.fits")
_COADD = re.compile(r"(\w+)-([A-Za-z]\w*?)(?:_(apo|lco))?$")  #: run2d and scheme of a co-add's row
_WITHOUT_OBSERVATORY = ("v6_0", "v6_1")  #: where a scheme's name has it, if any, within itself
_LEGACY_FIBERS = 1000  #: a spectrograph's plate had no more; a longer number is a catalogid
_FIRST_EXPOSURE = 4  #: HDU; `lite` files end before it


def _recognise(hdus: fits.HDUList) -> str | None:
    if str(hdus[0].header.get("TELESCOP", "")).startswith("LAMOST"):
        return None  # its medium-resolution tables have these columns too
    table = Table.of(hdus, 1)
    return "spec" if table and all(table.repeat(name) == 1 for name in REQUIRED) else None


def _read(hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in 1e-17 erg/s/cm2/A on a barycentric, vacuum, log-linear wavelength grid."""
    table = Table(hdus[1])
    loglam = table.floats("loglam")
    with np.errstate(all="ignore"):
        wavelength = 10 ** loglam  # in float32: the network notices the difference (contract, 1)
    snr = row["snr"] if "snr" in row else values.real(_Summary(hdus)("SN_MEDIAN_ALL"))
    return Spectrum.from_ivar(table.floats("flux"), table.floats("ivar"), wavelength,
                              snr=snr, survey=_NAME)


class _Summary:
    """What a file says of its spectrum, in the primary header or the one row of HDU 2."""

    def __init__(self, hdus: fits.HDUList) -> None:
        self._header = hdus[0].header
        self._table = Table.of(hdus, 2)  # SPECOBJ or SPALL; it may be missing

    def __call__(self, *names: str) -> Any:
        """The first that the header gives, else that HDU 2 gives, else None."""
        for name in names:
            value = self._header.get(name)
            if value not in (None, "") and not isinstance(value, fits.card.Undefined):
                return value
        return self.of_table(*names)

    def of_table(self, *names: str) -> Any:
        return self._table.value(0, *(name.lower() for name in names)) if self._table else None


def _register(hdus: fits.HDUList, path: Path) -> list[Registration]:
    summary = _Summary(hdus)
    columns = {
        "release": values.text(summary("RELEASE")),
        "run2d": values.text(summary("RUN2D", "VERS2D") if _is_sdss5(summary)
                             else summary("RUN2D")),
        "mjd": values.integer(summary("MJD")),
        "telescope": _telescope(summary),
        "snr": values.real(summary.of_table("SN_MEDIAN_ALL")),
        "n_exp": values.integer(summary("NEXP")),
        "exptime": values.real(summary("EXPTIME")),
        "zwarning_flags": values.integer(summary.of_table("ZWARNING")),
        "spec_file": path.name,
        "xcsao_v_rad": values.real(summary.of_table("XCSAO_RV")),
        "xcsao_e_v_rad": values.real(summary.of_table("XCSAO_ERV")),
        "xcsao_teff": values.real(summary.of_table("XCSAO_TEFF")),
        "xcsao_logg": values.real(summary.of_table("XCSAO_LOGG")),
        "xcsao_fe_h": values.real(summary.of_table("XCSAO_FEH")),
        "xcsao_rxc": values.real(summary.of_table("XCSAO_RXC")),
        "row": None,
        "path": str(path),
    }
    if (coadd := _coadd(summary, path)) and columns["run2d"]:
        columns["run2d"] = f"{columns['run2d']}-{coadd}"
    identity = _identity(hdus, summary, path, coadd)
    columns |= identity
    name = _FILE_NAME.search(path.name) or _COADD_NAME.search(path.name)
    if columns["mjd"] is None and name:
        columns["mjd"] = int(name[2])
    return [Registration(columns, _source(summary, identity["catalogid"]))]


def _is_sdss5(summary: _Summary) -> bool:
    return values.integer(summary("FIELDID", "FIELD")) is not None \
        and values.identifier(summary("CATALOGID")) is not None


def _coadd(summary: _Summary, path: Path) -> str | None:
    """The scheme of a co-add over fields, such as ``allepoch``, which stands in a field's place."""
    field = summary("FIELDID", "FIELD")
    if values.integer(field) is not None:
        return None
    named = _COADD_NAME.search(path.name)
    return named[1] if named else None


def _identity(hdus: fits.HDUList, summary: _Summary, path: Path, coadd: str | None
              ) -> dict[str, Any]:
    """Which star on which field or plate; from the name where the file is silent."""
    if coadd:
        return _of_coadd(summary, path)
    field = values.integer(summary("FIELDID", "FIELD"))
    catalogid = values.identifier(summary("CATALOGID"))
    plate = values.integer(summary("PLATEID", "PLATE"))
    fiber = values.identifier(summary("FIBERID", "FIBER"))
    name = _FILE_NAME.search(path.name)
    if name and catalogid is None and (fiber is None or field is not None):
        if field is not None or int(name[3]) > _LEGACY_FIBERS:
            field, catalogid = field or int(name[1]), values.identifier(name[3])
        else:
            plate, fiber = plate or int(name[1]), values.identifier(name[3])
    if field is not None and catalogid is not None:
        return {"filetype": "specFull", "fieldid": field, "catalogid": catalogid,
                "plateid": None, "fiberid": None}
    if plate is None or fiber is None:
        raise BadFileError("does not say which spectrum it is: neither PLATEID and FIBERID "
                           "nor FIELDID and CATALOGID are there, nor is its name spec-*-*-*.fits")
    lite = Table.of(hdus, _FIRST_EXPOSURE) is None
    return {"filetype": "specLite" if lite else "spec", "fieldid": None, "catalogid": None,
            "plateid": plate, "fiberid": fiber}


def _of_coadd(summary: _Summary, path: Path) -> dict[str, Any]:
    named = _COADD_NAME.search(path.name)
    return {"filetype": "specFull_coadd", "fieldid": None, "plateid": None, "fiberid": None,
            "catalogid": values.identifier(summary("CATALOGID"))
            or values.identifier(named[3] if named else None)}


def _telescope(summary: _Summary) -> str | None:
    observatory = values.text(summary("OBSERVAT", "OBS"))
    if observatory:
        return _TELESCOPES.get(observatory.upper())
    return "apo25m" if "SDSS 2.5-M" in str(summary("TELESCOP")) else None


def _source(summary: _Summary, catalogid: int | None) -> dict[str, Any]:
    """The star: the header's RA and DEC are the field's centre, PLUG_RA and PLUG_DEC its own."""
    place = values.position(summary("PLUG_RA"), summary("PLUG_DEC")) \
        or values.position(summary.of_table("RACAT"), summary.of_table("DECCAT"))
    if catalogid is None:
        return place
    return place | values.known({
        "catalogid": catalogid,
        "sdss_id": values.identifier(summary.of_table("SDSS_ID")),
        "gaia_dr2_source_id": values.identifier(summary.of_table("GAIA_ID")),
        "g_mag": values.real(summary.of_table("GAIA_G_MAG"), missing=-999),
        "bp_mag": values.real(summary.of_table("BP_MAG"), missing=-999),
        "rp_mag": values.real(summary.of_table("RP_MAG"), missing=-999),
        "plx": values.real(summary.of_table("PARALLAX"), missing=-999),
    })


def _resolve(row: Row) -> Path:
    if row.get("filetype") == "specFull_coadd":
        return _resolve_coadd(row)
    legacy = row.get("fieldid") is None
    filetype = row.get("filetype") or ("spec" if legacy else "specFull")
    if legacy and filetype not in ("spec", "specLite"):
        raise MissingFileError(f"a {filetype} spectrum of release {row.get('release')} has no "
                               "path, and without fieldid sdss-access cannot tell it")
    if legacy and filetype == "specLite":
        filetype = "spec-lite"  # as sdss-access calls the legacy one
    names = ("run2d", "plateid", "mjd", "fiberid") if legacy \
        else ("run2d", "fieldid", "mjd", "catalogid")
    return resolve.full(row.get("release"), filetype, {name: row.get(name) for name in names})


def _resolve_coadd(row: Row) -> Path:
    parts = _COADD.match(str(row.get("run2d")))
    if parts is None:
        raise MissingFileError(f"a specFull_coadd spectrum of run2d {row.get('run2d')} has no "
                               "path, and that is not RUN2D-SCHEME, such as v6_1_3-allepoch")
    run2d, scheme, observatory = parts.groups(default="")
    if run2d.startswith(_WITHOUT_OBSERVATORY) and observatory:
        scheme, observatory = f"{scheme}_{observatory}", ""
    keywords = {name: row.get(name) for name in ("mjd", "catalogid")}
    return resolve.full(row.get("release"), "specFull_coadd",
                        keywords | {"run2d": run2d, "coadd": scheme, "obs": observatory})


def is_legacy(row: Row) -> bool:
    """Whether a spectrum is of SDSS I-IV: its reduction says so, else its release, else its ids."""
    run2d, release = str(row.get("run2d") or ""), str(row.get("release") or "").lower()
    if _LEGACY_RUN2D.match(run2d):
        return True
    if _SDSS5_RUN2D.match(run2d):
        return False
    if re.fullmatch(r"dr\d+", release):
        return int(release[2:]) <= LAST_LEGACY_RELEASE
    return row.get("catalogid") is None and row.get("plateid") is not None


SURVEYS = (Survey(
    name=_NAME,
    title="BOSS spec, specLite and specFull",
    table="boss_visit_spectrum",
    identity=("release", "run2d", "fieldid", "plateid", "mjd", "catalogid", "fiberid", "row"),
    frame="barycentric",
    recognise=_recognise,
    read=_read,
    register=_register,
    resolve=_resolve,
    owns=lambda row: not str(row.get("filetype")).startswith("mastar"),
    is_legacy=is_legacy,
),)
