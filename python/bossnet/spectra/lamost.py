"""LAMOST low resolution, in the layouts of DR1, DR2 to DR7, and DR8 and later (contract, 1)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.errors import BadFileError, MissingFileError
from bossnet.spectra import values
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Registration, Row, Survey
from bossnet.spectra.table import Table

IMAGE_ROWS = 5  #: flux, ivar, wavelength or pseudo-continuum, andmask, ormask
TABLE_COLUMNS = ("flux", "ivar", "wavelength", "andmask", "ormask")
SHORTEST_WAVELENGTH = 1000.0  #: angstrom; a pseudo-continuum lies about 1

_NAME = "lamost"
_MISSING = -9999.0  # what the survey writes for no redshift and no S/N
_MEDIUM = re.compile(r"(COADD_)?[BR](-\d+)?$")  # the arms and exposures of a medium-resolution file
_FILE_NAME = re.compile(r"spec-(\d{5})-(.+)_sp(\d+)-(\d+)\.fits")


def _recognise(hdus: fits.HDUList) -> str | None:
    header = hdus[0].header
    if not _is_lamost(header):
        return None
    if _is_image(header):
        return "LAMOST image"
    table = Table.of(hdus, 1)
    if table is None:
        return None
    if _MEDIUM.match(str(hdus[1].header.get("EXTNAME", "")).strip()):
        raise BadFileError("a LAMOST medium-resolution spectrum, which the network was not "
                           "trained on; of LAMOST, low resolution would be read")
    arrays = all(table.repeat(name) > 0 for name in TABLE_COLUMNS)
    return "LAMOST table" if arrays and table.rows == 1 else None


def _is_image(header: fits.Header) -> bool:
    return header.get("NAXIS") == 2 and header.get("NAXIS2") == IMAGE_ROWS


def _is_lamost(header: fits.Header) -> bool:
    return "LAMOST" in str(header.get("TELESCOP", "")).upper() or _layers(header).startswith("flux")


def _layers(header: fits.Header) -> str:
    """What the rows of the image are, as the header says."""
    return str(header.get("EXTEN0", "")).lower()


def _read(hdus: fits.HDUList, row: Row) -> Spectrum:
    """Flux in the survey's relative units on a heliocentric, vacuum, log-linear grid."""
    header = hdus[0].header
    if _is_image(header):
        flux, ivar, third = hdus[0].data[:3]
        wavelength = _wavelength(third, header)
    else:
        table = Table(hdus[1])
        flux, ivar, wavelength = (table.floats(name, 0) for name in TABLE_COLUMNS[:3])
    if not len(flux) == len(ivar) == len(wavelength):
        raise BadFileError(f"corrupt: {len(flux)} fluxes, {len(ivar)} inverse variances and "
                           f"{len(wavelength)} wavelengths")
    snr = row["snr"] if "snr" in row else _snr(header)["snr"]
    return Spectrum.from_ivar(flux, ivar, wavelength, snr=snr, survey=_NAME)


def _wavelength(third: NDArray[Any], header: fits.Header) -> NDArray[np.float32]:
    """The image's third row, (N,) angstrom; DR1 has a pseudo-continuum there, and the grid in the
    header."""
    if not _is_continuum(third, _layers(header)):
        return np.ascontiguousarray(third, dtype=np.float32)
    try:
        first, step = float(header["COEFF0"]), float(header["COEFF1"])
    except (KeyError, TypeError, ValueError):
        raise BadFileError("its third row holds no wavelengths, and its header no numbers COEFF0 "
                           "and COEFF1") from None
    loglam = (first + step * np.arange(third.size)).astype(np.float32)
    return 10 ** loglam  # in float32 (contract, 1)


def _is_continuum(third: NDArray[Any], layers: str) -> bool:
    if "continuum" in layers:
        return True
    if not (third > SHORTEST_WAVELENGTH).any():
        return True
    ascending = bool(third[0] > SHORTEST_WAVELENGTH and (np.diff(third) >= 0).all())
    return not ascending and "wavelength" not in layers


def _snr(header: fits.Header) -> dict[str, float | None]:
    """S/N in the five bands, SNRU or SN_U by release, and ``snr``: r, else g (contract, 6)."""
    bands = {f"snr{band}": values.real(header.get(f"SNR{band}", header.get(f"SN_{band}")),
                                       missing=_MISSING)
             for band in "UGRIZ"}
    bands = {name.lower(): value for name, value in bands.items()}
    bands["snr"] = bands["snrg"] if bands["snrr"] is None else bands["snrr"]
    return bands


def _register(hdus: fits.HDUList, path: Path) -> list[Registration]:
    header = hdus[0].header
    columns = {
        "release": values.text(header.get("DATA_V")),  # DR1 and early DR2 do not say it
        "obsid": values.identifier(header.get("OBSID")),
        "mjd": values.integer(header.get("MJD")),
        "class": values.text(header.get("CLASS")),
        "subclass": values.text(header.get("SUBCLASS")),
        "z": values.real(header.get("Z"), missing=_MISSING),
        "path": str(path),
    }
    source = values.position(header.get("RA"), header.get("DEC"))
    columns |= {"ra": source.get("ra"), "dec": source.get("dec")}
    return [Registration(columns | _identity(header, path) | _snr(header), source)]


def _identity(header: fits.Header, path: Path) -> dict[str, Any]:
    """Night, plan, spectrograph and fibre; from the name where the header is silent."""
    identity = {
        "lmjd": values.integer(header.get("LMJD")),
        "planid": values.text(header.get("PLANID")),
        "spid": values.integer(header.get("SPID")),
        "fiberid": values.integer(header.get("FIBERID")),  # DR2 has it as a string
    }
    if None in identity.values() and (name := _FILE_NAME.search(path.name)):
        named = {"lmjd": int(name[1]), "planid": name[2], "spid": int(name[3]),
                 "fiberid": int(name[4])}
        identity = named | values.known(identity)
    if missing := [name.upper() for name, value in identity.items() if value is None]:
        raise BadFileError(f"does not say which spectrum it is: {', '.join(missing)} not in its "
                           "header, and its name is not spec-LMJD-PLANID_spNN-NNN.fits")
    return identity


def _resolve(row: Row) -> Path:
    raise MissingFileError(f"LAMOST spectrum {row.get('lmjd')}-{row.get('planid')}_"
                           f"sp{row.get('spid')}-{row.get('fiberid')} has no path, and LAMOST "
                           "files are found by path only: ingest the file")


SURVEYS = (Survey(
    name=_NAME,
    title="LAMOST low resolution",
    table="lamost_spectrum",
    identity=("release", "lmjd", "planid", "spid", "fiberid"),
    frame="barycentric",
    recognise=_recognise,
    read=_read,
    register=_register,
    resolve=_resolve,
),)
