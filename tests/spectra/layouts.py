"""Small files of every layout, made to the surveys' data models, for tests."""

import gzip
from pathlib import Path

import numpy as np
from astropy.io import fits

PIXELS = 60


def arrays(pixels: int = PIXELS, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flux, ivar and log10 wavelength, float64, of a noisy flat spectrum."""
    rng = np.random.default_rng(seed)
    flux = 10 + rng.normal(size=pixels)
    ivar = rng.uniform(0.5, 2, size=pixels)
    ivar[3:4] = 0
    return flux, ivar, 3.6 + 1e-4 * np.arange(pixels)


def spec(path: Path, *, code: str = "E", upper: bool = False, pixels: int = PIXELS,
         summary: bool = True, exposures: int = 0, **header: object) -> Path:
    """A legacy BOSS file: COADD, SPALL, and tables of exposures."""
    primary = fits.PrimaryHDU()
    primary.header.update({
        "TELESCOP": "SDSS 2.5-M", "RA": 150.0, "DEC": 2.0, "PLUG_RA": 151.25, "PLUG_DEC": 2.5,
        "PLATEID": 4055, "MJD": 55359, "FIBERID": 7, "RUN2D": "v5_13_2", "NEXP": 4,
        "EXPTIME": 1800.5} | header)
    flux, ivar, loglam = arrays(pixels)
    hdus = [primary, table("COADD", upper, flux=(code, flux), loglam=(code, loglam),
                           ivar=(code, ivar), and_mask=("J", np.zeros(pixels)))]
    if summary:
        hdus.append(table("SPALL", True, CLASS=("6A", ["STAR"]), SN_MEDIAN=("5E", np.ones((1, 5))),
                          SN_MEDIAN_ALL=("E", [12.5]), ZWARNING=("J", [4]), Z=("E", [1e-4]),
                          PLUG_RA=("D", [151.25]), PLUG_DEC=("D", [2.5])))
    for number in range(exposures):
        hdus.append(table(f"B1-{number}", False, flux=(code, flux), loglam=(code, loglam)))
    return write(path, hdus)


def spec_full(path: Path, **columns: object) -> Path:
    """An SDSS-V file, whose star is named in SPALL only."""
    primary = fits.PrimaryHDU()
    primary.header.update({"TELESCOP": "SDSS 2.5-M", "OBSERVAT": "LCO", "PLATEID": "",
                           "FIELDID": "112360", "MJD": 60000, "RUN2D": "v6_1_3", "RA": 150.0,
                           "DEC": 2.0, "NEXP": 8, "EXPTIME": 7200.6})
    flux, ivar, loglam = arrays()
    said = {
        "CATALOGID": ("K", [27021598150202075]), "SDSS_ID": ("K", [54459273]),
        "GAIA_ID": ("K", [3107096203698444672]), "PLUG_RA": ("D", [150.1]),
        "PLUG_DEC": ("D", [2.1]), "SN_MEDIAN_ALL": ("E", [33.5]), "ZWARNING": ("K", [0]),
        "XCSAO_RV": ("E", [-20.5]), "XCSAO_ERV": ("E", [1.5]), "XCSAO_RXC": ("E", [9.0]),
        "XCSAO_TEFF": ("E", [5777.0]), "XCSAO_LOGG": ("E", [np.nan]),
        "XCSAO_FEH": ("E", [-0.25]), "BP_MAG": ("E", [15.5]), "RP_MAG": ("E", [-999.0])}
    return write(path, [
        primary, table("COADD", True, flux=("E", flux), loglam=("E", loglam), ivar=("E", ivar)),
        table("SPALL", True, **(said | columns))])


def lamost_image(path: Path, *, release: int = 7, dtype: str = ">f4", **header: object) -> Path:
    """DR1 (a pseudo-continuum in row 2) or DR2 to DR7."""
    flux, ivar, loglam = arrays()
    third = np.full(PIXELS, 1.01) if release == 1 else 10 ** loglam
    primary = fits.PrimaryHDU(np.array([flux, ivar, third, 0 * flux, 0 * flux]).astype(dtype))
    named = "Subcontinuum" if release == 1 else "Wavelength"
    primary.header.update(_lamost_header(release) | {
        "EXTEN0": f"Flux Inverse {named} Andmask Ormask", "COEFF0": loglam[0], "COEFF1": 1e-4}
        | header)
    return write(path, [primary])


def lamost_table(path: Path, *, code: str = "E", upper: bool = True, extension: str = "COADD",
                 **header: object) -> Path:
    """DR8 and later."""
    flux, ivar, loglam = arrays()
    primary = fits.PrimaryHDU()
    primary.header.update(_lamost_header(9) | header)
    columns = {"FLUX": flux, "IVAR": ivar, "WAVELENGTH": 10 ** loglam, "ANDMASK": 0 * flux,
               "ORMASK": 0 * flux}
    named = {name: (f"{PIXELS}{code}", [values]) for name, values in columns.items()}
    return write(path, [primary, table(extension, upper, **named)])


def _lamost_header(release: int) -> dict[str, object]:
    header = {"TELESCOP": "LAMOST", "LMJD": 55859, "PLANID": "F5902", "SPID": 1,
              "RA": 332.5, "DEC": -2.1, "CLASS": "STAR", "SUBCLASS": "G0", "Z": -9999.0}
    if release <= 2:
        return header | {"MJD": 55860, "FIBERID": "005", "SN_G": 8.5, "SN_R": 16.5}
    return header | {"MJD": 55858, "FIBERID": 5, "SNRG": 8.5, "SNRR": 16.5, "OBSID": 101005,
                     "DATA_V": f"LAMOST DR{release}"}


def mwm(path: Path, *, visits: int = 0, lco: int = 0, keys: bool = True, code: str = "E",
        upper: bool = False, boss: bool = True, apogee: int = 0) -> Path:
    """mwmStar with a co-add of APO (and of LCO), or mwmVisit with so many visits of each; of
    APOGEE so many of APO."""
    primary = fits.PrimaryHDU()
    primary.header.update({"SDSS_ID": 54459273, "V_ASTRA": "0.8.1", "RA": 150.25, "DEC": -2.5,
                           "HIERARCH GAIA_DR3_SOURCE_ID": 3107096203698444672, "G_MAG": 14.5})
    hdus = [primary]
    for name, rows in (("BOSS/APO", boss * (visits or 1)), ("BOSS/LCO", boss * lco),
                       ("APOGEE/APO", apogee), ("APOGEE/LCO", 0)):
        hdus.append(_mwm_table(name, rows, bool(visits), keys, code, upper))
    return write(path, hdus)


def _mwm_table(name: str, rows: int, visit: bool, keys: bool, code: str, upper: bool
               ) -> fits.BinTableHDU:
    if not rows:
        return fits.BinTableHDU(name=name)
    telescope = {"APO": "apo25m", "LCO": "lco25m"}[name.split("/")[1]]
    first, pixels, version = {
        "BOSS/APO": (100, 4648, "run2d"), "BOSS/LCO": (200, 4648, "run2d"),
        "APOGEE/APO": (400, 8575, "apred")}[name]
    spectra = [arrays(pixels, seed=first + row) for row in range(rows)]
    columns = {
        "release": ("4A", ["dr20"] * rows), version: ("6A", ["v6_2_1"] * rows),
        "telescope": ("6A", [telescope] * rows), "snr": ("E", 20.0 + np.arange(rows)),
        "flux": (f"{pixels}{code}", [s[0] for s in spectra]),
        "ivar": (f"{pixels}{code}", [s[1] for s in spectra])}
    if keys:
        columns["spectrum_pk"] = ("K", first + np.arange(rows))
    if visit:
        columns |= {"mjd": ("J", 60000 + np.arange(rows)),
                    "xcsao_v_rad" if version == "run2d" else "v_rad": (
                        "E", -10.0 * np.arange(1, rows + 1)),
                    "in_stack": ("L", np.arange(rows) != 1)}
    else:
        columns |= {"min_mjd": ("J", [60000]), "max_mjd": ("J", [60010]), "v_rad": ("E", [-12.5])}
    return table(name, upper, **columns)


def mastar(path: Path, *, rows: int = 1, visits: bool = True, code: str = "D", pixels: int = 4563,
           **columns: object) -> Path:
    """MaStar's goodspec as in DR17 (as in DR15 with OBJRA and OBJDEC), or its combspec."""
    spectra = [arrays(pixels, seed=300 + row) for row in range(rows)]
    number = np.arange(rows)
    said = {"MANGAID": ("25A", [f"7-{row}" for row in range(rows)]),
            "DRPVER": ("8A", ["v3_1_1"] * rows), "MPROCVER": ("8A", ["v1_7_7"] * rows),
            "IFURA": ("D", 150.0 + 0 * number), "IFUDEC": ("D", 2.0 + 0 * number)}
    if visits:
        said |= {"PLATE": ("J", 9000 + 0 * number), "IFUDESIGN": ("6A", ["1901"] * rows),
                 "MJD": ("J", 58000 + number), "RA": ("D", 150.25 + number),
                 "DEC": ("D", 2.5 + 0 * number), "EXPTIME": ("E", [900.0] * rows),
                 "NEXP_VISIT": ("I", [4] * rows), "NEXP_USED": ("I", [3] * rows),
                 "HELIOV": ("E", -20.5 - number), "V_ERRCODE": ("I", number % 2),
                 "S2N": ("E", 80.0 + number)}
    said |= {"WAVE": (f"{pixels}{code}", [10 ** s[2] for s in spectra]),
             "FLUX": (f"{pixels}{code}", [s[0] for s in spectra]),
             "IVAR": (f"{pixels}{code}", [s[1] for s in spectra]),
             "MASK": (f"{pixels}J", np.zeros((rows, pixels)))}
    said = {name: value for name, value in (said | columns).items() if value is not None}
    return write(path, [fits.PrimaryHDU(), table("GOODVISITS", True, **said)])


def ap_star(path: Path, *, shape: tuple[int, ...] = (5, 8575), dtype: str = ">f4",
            **header: object) -> Path:
    """apStar; of several rows, the first is the co-add, and from the third on they are visits."""
    rng = np.random.default_rng(5)
    flux = rng.uniform(90, 110, shape).astype(dtype)
    error = rng.uniform(0.5, 2, shape).astype(dtype)
    flux[..., :10] = np.nan
    error[..., 10:20] = 1e14
    primary = fits.PrimaryHDU()
    primary.header.update({"OBJID": "2M17335483-2753043", "RA": 263.478474, "DEC": -27.884539,
                           "SNR": 154.0, "NVISITS": 3, "HEALPIX": 11410, "APRED": "1.3",
                           "VRAD": 15.5} | _visits(shape) | header)
    return write(path, [primary, fits.ImageHDU(flux), fits.ImageHDU(error),
                        fits.ImageHDU(np.zeros(shape, "i2"))])


def _visits(shape: tuple[int, ...]) -> dict[str, object]:
    """What an apStar's header says of its visits."""
    header: dict[str, object] = {}
    for i in range(1, shape[0] - 1 if len(shape) == 2 else 1):
        header |= {f"SFILE{i}": f"apVisit-1.3-apo25m-5815-{56396 + i}-{210 + i:03d}.fits",
                   f"FIBER{i}": 210 + i, f"JD{i}": 2456396.992 + i, f"VRAD{i}": -9.5 + i,
                   f"VHELIO{i}": 15.0 + i, f"SNRVIS{i}": 60.0 + i}
    return header


def table(extension: str, upper: bool, /, **columns: tuple[str, object]) -> fits.BinTableHDU:
    """A table of columns, each a format and its values."""
    made = [fits.Column(column.upper() if upper else column, code, array=np.asarray(values))
            for column, (code, values) in columns.items()]
    return fits.BinTableHDU.from_columns(made, name=extension)


def write(path: Path, hdus: list) -> Path:
    """The file; gzipped where the name says so."""
    fits.HDUList(hdus).writeto(path)
    return path


def gzipped(path: Path) -> Path:
    """The same file, gzipped, beside it."""
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    return packed
