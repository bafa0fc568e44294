"""Writes spectra in the surveys' own file formats, with headers that say what they are.

A format a function, from a spectrum and what is known of it to FITS HDUs; `FORMATS` names them.
Everything written says RELEASE or DATA_V ``simulated``, so that none is taken for a real one.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.simulation.instruments import APOGEE, BOSS, LAMOST, Instrument
from bossnet.simulation.wavelengths import SPEED_OF_LIGHT
from bossnet.spectra.spectrum import Spectrum

RELEASE = "simulated"
V_ASTRA = "0.8.1"  #: of the mwmStar files' data model
PLATE_FIBERS, LAMOST_FIBERS, LAMOST_SPECTROGRAPHS = 1000, 250, 16


@dataclass(frozen=True, slots=True)
class Observation:
    """What a header says beside the spectrum.

    Attributes:
        number: of the spectrum, from 0; fibre and plate, or plan, follow from it.
        target: a number of the star, the same in all its spectra.
        mjd: day of the observation.
        ra: deg.
        dec: deg.
        v_rad: barycentric velocity, km/s.
        snr: median S/N per pixel.
    """

    number: int
    target: int
    mjd: int
    ra: float
    dec: float
    v_rad: float
    snr: float


@dataclass(frozen=True, slots=True)
class Format:
    """A file format of a survey.

    Attributes:
        name: as the truth table names it.
        instrument: whose spectra it holds.
        rest_frame: whether the star's velocity was taken out.
        file_name: of an observation.
        hdus: of a spectrum and its observation.
    """

    name: str
    instrument: Instrument
    rest_frame: bool
    file_name: Callable[[Observation], str]
    hdus: Callable[[Spectrum, Observation], fits.HDUList]

    def write(self, folder: Path, spectrum: Spectrum, observation: Observation) -> Path:
        """Writes the file and returns its path; the same input gives the same bytes."""
        path = folder / self.file_name(observation)
        buffer = BytesIO()
        self.hdus(spectrum, observation).writeto(buffer)
        data = buffer.getvalue()
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        return path


def inverse_variance(spectrum: Spectrum) -> NDArray[np.float32]:
    """(N,) as files hold it: 0 where a pixel is not usable."""
    with np.errstate(divide="ignore"):
        return np.where(spectrum.usable, spectrum.error ** np.float32(-2), np.float32(0))


def _plate(observation: Observation) -> tuple[int, int]:
    """Plate and fibre."""
    plate, fiber = divmod(observation.number, PLATE_FIBERS)
    return 9000 + plate, fiber + 1


def _catalogid(observation: Observation) -> int:
    return 27_021_597_000_000 + observation.target


def _sdss_id(observation: Observation) -> int:
    return 900_000_000 + observation.target


def _primary(cards: dict[str, object]) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU()
    hdu.header.update(cards)
    return hdu


def _coadd(spectrum: Spectrum, *, upper: bool) -> fits.BinTableHDU:
    """HDU 1 of a spec file: flux in 1e-17 erg/s/cm2/A over log10 of the wavelength in A."""
    pixels = spectrum.flux.size
    masks = np.where(spectrum.usable, 0, 1 << 24).astype(np.int32)  # COMBINEREJ
    wdisp = np.full(pixels, 1.0, np.float32)
    values = {"flux": ("E", spectrum.flux), "loglam": ("E", np.log10(spectrum.wavelength)),
              "ivar": ("E", inverse_variance(spectrum)), "and_mask": ("J", masks),
              "or_mask": ("J", masks), "wdisp": ("E", wdisp),
              "sky": ("E", np.zeros(pixels, np.float32))}
    columns = [fits.Column(name.upper() if upper else name, form, array=array)
               for name, (form, array) in values.items()]
    return fits.BinTableHDU.from_columns(columns, name="COADD")


def _row(name: str, values: dict[str, tuple[str, object]]) -> fits.BinTableHDU:
    """A table of one row: {column: (form, value)}."""
    return fits.BinTableHDU.from_columns(
        [fits.Column(column, form, array=np.array([value]))
         for column, (form, value) in values.items()], name=name)


def _redshift(observation: Observation) -> float:
    return observation.v_rad / SPEED_OF_LIGHT


def _spec_full(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """SDSS-V's ``specFull``: columns in capitals, a star told by its catalogid."""
    cards = {"TELESCOP": "SDSS 2.5-M", "OBSERVAT": "APO", "RUN2D": "v6_1_3",
             "RELEASE": RELEASE, "FIELDID": 100_000 + observation.number // PLATE_FIBERS,
             "HIERARCH CATALOGID": str(_catalogid(observation)), "MJD": observation.mjd,
             "RA": 180.0, "DEC": 0.0, "PLUG_RA": observation.ra, "PLUG_DEC": observation.dec,
             "VACUUM": True, "NEXP": 4, "EXPTIME": 3600.0}
    summary = _row("SPALL", {
        "CATALOGID": ("K", _catalogid(observation)), "SDSS_ID": ("K", _sdss_id(observation)),
        "MJD": ("J", observation.mjd), "RUN2D": ("10A", "v6_1_3"),
        "SN_MEDIAN_ALL": ("E", observation.snr), "CLASS": ("6A", "STAR"),
        "Z": ("E", _redshift(observation)), "ZWARNING": ("J", 0)})
    return fits.HDUList([_primary(cards), _coadd(spectrum, upper=True), summary])


def _spec(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """The ``spec`` file of SDSS-IV (lite): a star told by plate and fibre."""
    plate, fiber = _plate(observation)
    cards = {"TELESCOP": "SDSS 2.5-M", "RUN2D": "v5_13_2", "RELEASE": RELEASE,
             "PLATEID": plate, "MJD": observation.mjd, "FIBERID": fiber,
             "RA": 180.0, "DEC": 0.0, "PLUG_RA": observation.ra, "PLUG_DEC": observation.dec,
             "VACUUM": True, "BUNIT": "1E-17 erg/cm^2/s/Ang", "NEXP": 4, "EXPTIME": 3600.0}
    summary = _row("SPECOBJ", {
        "PLATE": ("J", plate), "MJD": ("J", observation.mjd), "FIBERID": ("J", fiber),
        "RUN2D": ("10A", "v5_13_2"), "SN_MEDIAN_ALL": ("E", observation.snr),
        "CLASS": ("6A", "STAR"), "Z": ("E", _redshift(observation)), "ZWARNING": ("J", 0)})
    return fits.HDUList([_primary(cards), _coadd(spectrum, upper=False), summary])


def _mwm_star(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """``mwmStar``: a star's co-added spectra in its rest frame, here one of APO."""
    cards = {"V_ASTRA": V_ASTRA, "RELEASE": RELEASE, "SDSS_ID": _sdss_id(observation),
             "HIERARCH CATALOGID": _catalogid(observation), "RA": observation.ra,
             "DEC": observation.dec}
    pixels = spectrum.flux.size
    spectra = fits.BinTableHDU.from_columns([
        fits.Column("sdss_id", "K", array=[_sdss_id(observation)]),
        fits.Column("telescope", "6A", array=["apo25m"]),
        fits.Column("run2d", "6A", array=["v6_1_3"]),
        fits.Column("filetype", "7A", array=["mwmStar"]),
        fits.Column("spectrum_pk", "K", array=[observation.number + 1]),
        fits.Column("snr", "E", array=[observation.snr]),
        fits.Column("v_rad", "E", array=[observation.v_rad]),
        fits.Column("min_mjd", "J", array=[observation.mjd]),
        fits.Column("max_mjd", "J", array=[observation.mjd]),
        fits.Column("flux", f"{pixels}E", array=spectrum.flux[None]),
        fits.Column("ivar", f"{pixels}E", array=inverse_variance(spectrum)[None])])
    empty = [fits.BinTableHDU(name=name) for name in ("BOSS/LCO", "APOGEE/APO", "APOGEE/LCO")]
    spectra.name = "BOSS/APO"
    return fits.HDUList([_primary(cards), spectra, *empty])


def _ap_star(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """``apStar`` of one visit: images of flux, error and mask, NaN in the chips' gaps."""
    cards = {"OBJID": _ap_star_object(observation), "RELEASE": RELEASE, "APRED": RELEASE,
             "TELESCOP": "apo25m", "FIELD": "SIMULATED", "RA": observation.ra,
             "DEC": observation.dec, "SNR": observation.snr, "NVISITS": 1,
             "VHELIO": observation.v_rad, "CRVAL1": float(APOGEE.loglam[0]), "CDELT1": 6e-6,
             "BUNIT": "Flux (10^-17 erg/s/cm^2/Ang)"}
    gap = spectrum.error == 0
    mask = np.where(spectrum.usable, 0, 1).astype(np.int32)  # BADPIX
    images = (np.where(gap, np.nan, spectrum.flux), np.where(gap, np.nan, spectrum.error), mask)
    return fits.HDUList([_primary(cards), *(fits.ImageHDU(image[None]) for image in images)])


def _ap_star_object(observation: Observation) -> str:
    return f"SIM{observation.number:08d}-{observation.mjd}"


def _ap_star_name(observation: Observation) -> str:
    return f"apStar-{RELEASE}-apo25m-{_ap_star_object(observation)}.fits"


def _mwm_visit(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """``mwmVisit``: the visits of a star, each in its rest frame, here one of APO."""
    hdus = _mwm_star(spectrum, observation)
    of_a_star = {"filetype", "min_mjd", "max_mjd", "v_rad"}
    kept = [column for column in hdus[1].columns if column.name not in of_a_star]
    hdus[1] = fits.BinTableHDU.from_columns([
        fits.Column("filetype", "8A", array=["mwmVisit"]),
        fits.Column("mjd", "J", array=[observation.mjd]),
        fits.Column("xcsao_v_rad", "E", array=[observation.v_rad]),
        fits.Column("in_stack", "L", array=[True]), *kept], name=hdus[1].name)
    return hdus


def _mastar(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """MaStar's ``goodspec``, a table of a row for each visit; here of one."""
    plate, bundle = _plate(observation)
    pixels = spectrum.flux.size
    table = fits.BinTableHDU.from_columns([
        fits.Column("MANGAID", "25A", array=[f"60-{observation.target}"]),
        fits.Column("DRPVER", "8A", array=["v3_1_1"]),
        fits.Column("MPROCVER", "8A", array=["v1_7_7"]),
        fits.Column("PLATE", "J", array=[plate]),
        fits.Column("IFUDESIGN", "6A", array=[str(bundle)]),
        fits.Column("MJD", "J", array=[observation.mjd]),
        fits.Column("RA", "D", array=[observation.ra]),
        fits.Column("DEC", "D", array=[observation.dec]),
        fits.Column("EXPTIME", "E", array=[900.0]), fits.Column("NEXP_USED", "I", array=[3]),
        fits.Column("HELIOV", "E", array=[observation.v_rad]),
        fits.Column("V_ERRCODE", "I", array=[0]),
        fits.Column("S2N", "E", array=[observation.snr]),
        fits.Column("WAVE", f"{pixels}D", array=spectrum.wavelength[None]),
        fits.Column("FLUX", f"{pixels}D", array=spectrum.flux[None]),
        fits.Column("IVAR", f"{pixels}D", array=inverse_variance(spectrum)[None]),
        fits.Column("MASK", f"{pixels}J", array=(~spectrum.usable).astype(np.int32)[None])],
        name="GOODVISITS")
    return fits.HDUList([_primary({"RELEASE": RELEASE}), table])


def _lamost_fiber(observation: Observation) -> tuple[str, int, int]:
    """Plan, spectrograph and fibre."""
    rest, fiber = divmod(observation.number, LAMOST_FIBERS)
    plan, spectrograph = divmod(rest, LAMOST_SPECTROGRAPHS)
    return f"SIMULATED{plan:02d}", spectrograph + 1, fiber + 1


def _lamost_cards(observation: Observation) -> dict[str, object]:
    plan, spectrograph, fiber = _lamost_fiber(observation)
    cards: dict[str, object] = {
        "TELESCOP": "LAMOST", "DATA_V": f"LAMOST {RELEASE}", "OBSID": observation.number + 1,
        "LMJD": observation.mjd + 1, "MJD": observation.mjd, "PLANID": plan,
        "SPID": spectrograph, "FIBERID": fiber, "RA": observation.ra, "DEC": observation.dec,
        "VACUUM": True, "HELIO": True, "COEFF0": float(LAMOST.loglam[0]), "COEFF1": 1e-4,
        "CLASS": "STAR", "SUBCLASS": "Non", "Z": _redshift(observation)}
    return cards | {f"SNR{band}": round(observation.snr, 2) for band in "UGRIZ"}


def _lamost_image(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """LAMOST DR2 to DR7: one image of flux, ivar, wavelength and two masks."""
    mask = (~spectrum.usable).astype(np.float32)
    rows = [spectrum.flux, inverse_variance(spectrum), spectrum.wavelength, mask, mask]
    hdu = fits.PrimaryHDU(np.array(rows, np.float32))
    hdu.header.update(_lamost_cards(observation)
                      | {"EXTEN0": "Flux, Inverse, Wavelength, Andmask, Ormask"})
    return fits.HDUList([hdu])


def _lamost_first(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """LAMOST DR1: as later images, but with a pseudo-continuum for wavelengths, which the header's
    grid has; and with older names of S/N."""
    [hdu] = _lamost_image(spectrum, observation)
    hdu.data[2] = 1.0
    hdu.header["EXTEN0"] = "Flux Inverse Subcontinuum Andmask Ormask"
    for band in "UGRIZ":
        hdu.header[f"SN_{band}"] = hdu.header.pop(f"SNR{band}")
    return fits.HDUList([hdu])


def _lamost_table(spectrum: Spectrum, observation: Observation) -> fits.HDUList:
    """LAMOST DR8 and later: a table of one row of arrays."""
    mask = (~spectrum.usable).astype(np.float32)
    columns = {"FLUX": spectrum.flux, "IVAR": inverse_variance(spectrum),
               "WAVELENGTH": spectrum.wavelength, "ANDMASK": mask, "ORMASK": mask,
               "NORMALIZATION": np.full_like(mask, -9999.0)}
    table = fits.BinTableHDU.from_columns(
        [fits.Column(name, f"{mask.size}E", array=values[None])
         for name, values in columns.items()], name="COADD")
    return fits.HDUList([_primary(_lamost_cards(observation)), table])


def _lamost_name(suffix: str) -> Callable[[Observation], str]:
    def name(observation: Observation) -> str:
        plan, spectrograph, fiber = _lamost_fiber(observation)
        return f"spec-{observation.mjd + 1}-{plan}_sp{spectrograph:02d}-{fiber:03d}{suffix}"
    return name


def _spec_full_name(observation: Observation) -> str:
    field = 100_000 + observation.number // PLATE_FIBERS
    return f"spec-{field}-{observation.mjd}-{_catalogid(observation)}.fits"


def _spec_name(observation: Observation) -> str:
    plate, fiber = _plate(observation)
    return f"spec-{plate:04d}-{observation.mjd}-{fiber:04d}.fits"


def _mastar_name(observation: Observation) -> str:
    plate, bundle = _plate(observation)
    return f"mastar-goodspec-v3_1_1-v1_7_7-{plate}-{bundle}-{observation.mjd}.fits"


def _mwm_visit_name(observation: Observation) -> str:
    return _mwm_name(observation).replace("Star", "Visit")


def _mwm_name(observation: Observation) -> str:
    return f"mwmStar-{V_ASTRA}-{_sdss_id(observation)}.fits"


FORMATS = {f.name: f for f in (
    Format("specFull", BOSS, False, _spec_full_name, _spec_full),
    Format("lamost-table", LAMOST, False, _lamost_name(".fits.gz"), _lamost_table),
    Format("spec", BOSS, False, _spec_name, _spec),
    Format("lamost-image", LAMOST, False, _lamost_name(".fits"), _lamost_image),
    Format("mwmStar", BOSS, True, _mwm_name, _mwm_star),
    Format("mwmVisit", BOSS, True, _mwm_visit_name, _mwm_visit),
    Format("mastar", BOSS, True, _mastar_name, _mastar),
    Format("lamost-dr1", LAMOST, False, _lamost_name(".fits"), _lamost_first),
    Format("apStar", APOGEE, True, _ap_star_name, _ap_star))}
#: Those that a survey has if nothing else is said: the same seed is to make the same files.
USUAL = ("specFull", "lamost-table", "spec", "lamost-image", "mwmStar")
