"""Model spectra of the package ``thedoppler`` (Nidever 2019, MIT): cubic polynomials in labels.

Two models, of cool stars (3500-8000 K) and of hot dwarfs (8000-40 000 K), each a polynomial
for the normalised flux of every pixel and one for log10 of the continuum, made with The Cannon
(Ness et al. 2015). They have no TiO, so in the optical they hold between about 4250 and
38 000 K. In the H band CO, CN and OH are in them, and they hold from 3500 K: APOGEE's own
velocities and first parameters (``RV_TEFF``) are found with them.

The files are pickles of arrays. They are read with everything but numpy's arrays forbidden, so
no code of theirs can run.
"""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import OPTICAL_GRID, Grid, air_to_vacuum

FILES = tuple(f"doppler/data/cannongrid_3000_18000_{kind}_norm_cubic_model.pkl"
              for kind in ("coolstars", "hotdwarfs"))
TEFF_RANGE = (4250.0, 38000.0)  #: K, where the models are good in the optical
COOLEST = {"boss": TEFF_RANGE[0], "apogee": 3500.0}  #: K, by the kind of the templates' grid
NEAR = 0.06  #: of log10 Teff, within which the grids have points at every temperature
FE_H_RANGE = (-2.5, 0.5)  #: dex
BOUNDARY = 8000.0  #: K, between the two models
_ALLOWED = {("numpy", "dtype"), ("numpy", "ndarray"), ("numpy._core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "scalar")}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")  # its name since numpy 1.26
        if (module, name) not in _ALLOWED:
            raise ConfigurationError(f"a model of thedoppler asks for {module}.{name}: refused")
        return super().find_class(module, name)


@dataclass(frozen=True, slots=True, eq=False)
class _Polynomial:
    """Coefficients of a model on a grid of templates."""

    flux: NDArray[np.float32]  #: (G, 20)
    continuum: NDArray[np.float32]  #: (G, 20), of log10
    labels: NDArray[np.float32]  #: (M, 3) Teff, log g, [Fe/H] of the grid it was made from
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]


class DopplerModels:
    """Both models, on a grid of templates of G pixels."""

    def __init__(self, package: Path, *, grid: Grid = OPTICAL_GRID) -> None:
        """Reads the models below the folder that the wheel of ``thedoppler`` was unpacked into.

        Raises:
            ConfigurationError: they are not there, or hold more than arrays.
        """
        self.grid = grid
        self._models = [_read(package / file, grid) for file in FILES]

    def _model(self, teff: float) -> _Polynomial:
        return self._models[0 if teff <= BOUNDARY else 1]

    def covers(self, teff: float, logg: float, fe_h: float) -> bool:
        """Whether labels are in the interior of the grid a model was made from.

        That is: within the temperatures where the models are good, and with points of the grid
        nearby both above and below in gravity and in metallicity.
        """
        if not COOLEST[self.grid.kind] <= teff <= TEFF_RANGE[1]:
            return False
        labels = self._model(teff).labels
        near = np.abs(np.log10(labels[:, 0] / teff)) < NEAR
        for column, value in ((1, logg), (2, fe_h)):
            values = labels[near, column]
            if values.size == 0 or not values.min() <= value <= values.max():
                return False
        return True

    def nearest_gravity(self, teff: float, logg: float) -> float:
        """The gravity itself, or the end of the models' range at this temperature."""
        labels = self._model(teff).labels
        near = labels[np.abs(np.log10(labels[:, 0] / teff)) < NEAR, 1]
        return float(np.clip(logg, near.min(), near.max()))

    def flux(self, teff: float, logg: float, fe_h: float) -> NDArray[np.float32]:
        """Surface flux, relative, (G,); labels outside of a model's grid extrapolate."""
        model, terms = self._at(teff, logg, fe_h)
        return np.minimum(model.flux @ terms, 1.0) * 10.0 ** (model.continuum @ terms)

    def continuum(self, teff: float, logg: float, fe_h: float) -> NDArray[np.float32]:
        """Surface flux of the continuum, relative, (G,)."""
        model, terms = self._at(teff, logg, fe_h)
        return np.power(10.0, model.continuum @ terms, dtype=np.float32)

    def _at(self, teff: float, logg: float, fe_h: float
            ) -> tuple[_Polynomial, NDArray[np.float32]]:
        model = self._model(teff)
        return model, _terms((np.array([teff, logg, fe_h]) - model.centre) / model.scale)

    def template(self, teff: float, logg: float, fe_h: float) -> Template:
        """The model of these labels as a template, its flux near 1."""
        flux = self.flux(teff, logg, fe_h)
        return Template(f"model {teff:.0f} {logg:.2f} {fe_h:+.2f}", "thedoppler", teff, logg, fe_h,
                        flux / np.median(flux), resolution("thedoppler", grid=self.grid), self.grid)


def _terms(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 and the 19 products of three scaled labels up to the third degree, in the files' order."""
    t, g, f = x
    return np.array([1, t, g, f, t**2, g * t, f * t, g**2, f * g, f**2, t**3, g * t**2, f * t**2,
                     g**2 * t, f * g * t, f**2 * t, g**3, f * g**2, f**2 * g, f**3], np.float32)


def _read(path: Path, onto: Grid) -> _Polynomial:
    if not path.is_file():
        raise ConfigurationError(
            f"no {path}: unpack the wheel of thedoppler (pip download --no-deps thedoppler) and "
            "give that folder")
    with path.open("rb") as file:
        data = _ArraysOnly(file, encoding="latin1").load()
    labels = np.asarray(data["training_set_labels"], np.float32)
    # The Cannon scales labels by their 95 % range about the median; the files do not hold these
    scale = np.ptp(np.percentile(labels, [2.5, 97.5], axis=0), axis=0)
    continuum = data["continuum"]
    coarse = np.log10(air_to_vacuum(continuum["dispersion"]))
    return _Polynomial(
        flux=_rebin(air_to_vacuum(data["dispersion"]), data["theta"], onto.edges),
        continuum=np.stack([np.interp(onto.loglam, coarse, c) for c in continuum["theta"].T],
                           axis=1).astype(np.float32),
        labels=labels, centre=np.percentile(labels, 50, axis=0).astype(np.float64), scale=scale)


def _rebin(wavelength: NDArray[np.float64], theta: NDArray[np.float64],
           edges: NDArray[np.float64]) -> NDArray[np.float32]:
    """Means between edges (G + 1,) of finely sampled coefficients, (G, 20)."""
    width = np.gradient(wavelength)[:, None]
    total = np.concatenate([np.zeros((1, theta.shape[1])), np.cumsum(theta * width, axis=0)])
    bounds = np.append(wavelength - np.gradient(wavelength) / 2,
                       wavelength[-1] + np.gradient(wavelength)[-1] / 2)
    at = np.stack([np.interp(edges, bounds, column) for column in total.T], axis=1)
    return (np.diff(at, axis=0) / np.diff(edges)[:, None]).astype(np.float32)
