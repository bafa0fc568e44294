"""MaStar stacks: stars observed with the BOSS spectrographs, as ``sdss-mangadap`` ships them.

MaStarHC v2 (Yan et al. 2019, ApJ 883, 175; clustered for the MaNGA data analysis pipeline,
Westfall et al. 2019): 65 means of stars alike, 3632-10323 A, vacuum (the package's
``mastarhc2.ini`` says so) and at rest. Nothing says what the stars' parameters are: they carry a
velocity and no label.

Beside the models of thedoppler and PyHammer's M dwarfs nearly all are at rest to 4 km/s. Those
of `OFF` are not, by 10 to 25 km/s or by opposite amounts in blue and red (66), or are carbon
stars, late M giants and hot stars that nothing tells the frame of; they are left out.
"""

from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.sources.observed import cleaned, on_grid

FOLDER = Path("mangadap/data/spectral_templates/mastarhc_v2")  #: within the unpacked wheel
#: clusters that are left out
OFF = frozenset({"00", "02", "06", "08", "09", "66", "67", "68", "74", "88", "90", "96"})
ALIKE = 0.03  #: of the resolution: a file's may differ so much from `resolution`


def read(package: Path) -> list[Template]:
    """The stacks that are at rest, every label NaN.

    Args:
        package: folder into which the wheel of ``sdss-mangadap`` was unpacked.

    Raises:
        ConfigurationError: they are not there, or a file is not what it should be.
    """
    files = sorted((package / FOLDER).glob("MaStarHC_*.fits.gz"))
    if not files:
        raise ConfigurationError(
            f"no MaStar stacks under {package / FOLDER}: unpack the wheel of sdss-mangadap "
            "(pip download --no-deps sdss-mangadap) and give that folder")
    names = [file.name.removesuffix(".fits.gz").removeprefix("MaStarHC_") for file in files]
    return [Template(f"MaStarHC {name}", "mastar", np.nan, np.nan, np.nan, _flux(file),
                     resolution("mastar"))
            for name, file in zip(names, files, strict=True) if name not in OFF]


def _flux(path: Path) -> NDArray[np.float32]:
    with fits.open(path, memmap=False) as hdus:
        header, flux = hdus[0].header, np.asarray(hdus[0].data, np.float64)
        sres = np.asarray(hdus["SRES"].data, np.float64)
        loglam = header["CRVAL1"] + header["CDELT1"] * np.arange(flux.size)
    wavelength = 10.0**loglam
    expected = wavelength / np.interp(wavelength, TEMPLATE_WAVELENGTH, resolution("mastar"))
    if np.abs(sres / expected - 1).max() > ALIKE:
        raise ConfigurationError(f"{path}: its resolution is not that of the MaStar stacks of "
                                 "MaStarHC v2: unpack the wheel of sdss-mangadap 4.5.0")
    return on_grid(wavelength, cleaned(flux))
