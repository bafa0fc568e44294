"""Spectra in FITS images of one axis, whose wavelengths are in the header (WCS)."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS

from bossnet.anywhere.raw import Part, Raw, air_in, frame_in
from bossnet.anywhere.units import Unit, parse
from bossnet.errors import BadFileError
from bossnet.spectra.opening import hdu_at

ERRORS = ("ERR", "ERROR", "ERRS", "SIGMA", "STDDEV", "UNCERT", "UNCERTAINTY", "NOISE")
IVARS = ("IVAR", "INVVAR")  #: names of the HDUs beside the flux

_ALGORITHM = re.compile(r"(WAVE|AWAV|FREQ|WAVN|ENER)-")  # a scale that is not linear
_SPECTRAL = re.compile(r"WAVE|AWAV|LAMBDA|FREQ|WAVN|ENER|LINEAR|ANGSTROM|LOG|$")
_LOGLAM = (3.0, 4.6)  # log10 angstrom
_HDUS = 100  #: of a file, at which looking for a spectrum ends


def read(hdus: fits.HDUList) -> Raw | None:
    """The spectrum of the first image of one axis of wavelength; None if there is none.

    Raises:
        BadFileError: there is one without wavelengths, or they make no sense.
    """
    images = list(_images(hdus))
    for hdu, flux in images:
        header = hdu.header if "CRVAL1" in hdu.header or "COEFF0" in hdu.header \
            else hdus[0].header
        axis = _axis(header, flux.size)
        if axis is None:
            continue
        kind = str(header.get("CTYPE1", ""))
        unit = parse(hdu.header.get("BUNIT"))
        beside = {str(other.header.get("EXTNAME", "")).strip().upper(): values
                  for other, values in images if other is not hdu and values.size == flux.size}
        is_air = air_in(header, kind)
        if is_air is None and kind.strip().upper().startswith("WAVE"):
            is_air = False  # as the standard has it (Greisen et al. 2006, A&A 446, 747)
        return Raw(axis, Part(flux, unit, "flux"), _part(beside, ERRORS), _part(beside, IVARS),
                   is_air, frame_in(header))
    if images:
        raise BadFileError(f"an image of {images[0][1].size} pixels whose header does not say "
                           "their wavelengths: no CRVAL1 and CDELT1 (or CD1_1), nor COEFF0 and "
                           "COEFF1, of a spectral axis")
    return None


def _images(hdus: fits.HDUList) -> Iterator[tuple[Any, np.ndarray]]:
    """Every image of more than one pixel along one axis, (N,) float64."""
    for number in range(_HDUS):
        hdu = hdu_at(hdus, number)
        if hdu is None:
            return
        lengths = [hdu.header.get(f"NAXIS{i}") for i in range(1, (hdu.header["NAXIS"] or 0) + 1)]
        if isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU) and lengths \
                and lengths[0] > 1 and set(lengths[1:]) <= {1}:
            yield hdu, np.asarray(hdu.data, np.float64).ravel()


def _part(beside: dict[str, np.ndarray], names: tuple[str, ...]) -> Part | None:
    name = next((name for name in names if name in beside), None)
    return Part(beside[name], None, name) if name else None


def _axis(header: fits.Header, pixels: int) -> Part | None:
    """The wavelengths of the first axis; None if it is no spectral one."""
    index = np.arange(pixels, dtype=np.float64)
    kind, unit = str(header.get("CTYPE1", "")).strip().upper(), header.get("CUNIT1")
    if "COEFF0" in header and "COEFF1" in header:  # SDSS
        return Part(float(header["COEFF0"]) + float(header["COEFF1"]) * index,
                    parse("log(Angstrom)"), "COEFF0")
    step = header.get("CD1_1", header.get("CDELT1"))
    if "CRVAL1" not in header or not step or not _SPECTRAL.match(kind):
        return None
    first, reference = float(header["CRVAL1"]), float(header.get("CRPIX1", 1.0))
    said = parse(unit)
    base = said.base if said and said.base.is_equivalent(u.m) else u.AA
    # IRAF's way to say so, and MaNGA's, in whose WAVE-LOG the numbers are logarithms.
    is_log10 = header.get("DC-FLAG") == 1 or "LOG10" in kind \
        or ("LOG" in kind and base == u.AA and _LOGLAM[0] < first < _LOGLAM[1])
    if _ALGORITHM.match(kind) and not is_log10:
        return _by_algorithm(header, index)
    values = first + float(step) * (index + 1.0 - reference)
    return Part(values, Unit(base, True) if is_log10 else said, "CRVAL1")


def _by_algorithm(header: fits.Header, index: np.ndarray) -> Part:
    """A scale that is linear in the logarithm, or in another quantity (Greisen et al. 2006)."""
    header = header.copy()
    if not header.get("CUNIT1") and float(header["CRVAL1"]) > 1.0 \
            and header["CTYPE1"].upper().startswith(("WAVE", "AWAV")):
        header["CUNIT1"] = "Angstrom"  # metres they are not
    wcs = WCS(header, naxis=[1])
    return Part(np.asarray(wcs.wcs_pix2world(index, 0)[0], np.float64),
                parse(wcs.wcs.cunit[0]), "CTYPE1")
