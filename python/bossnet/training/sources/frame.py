"""Observed templates without labels to trust, brought to the models' rest frame.

A co-added spectrum carries the velocities' zero point of the survey that it is from: PyHammer's F
and G dwarfs are 8 km/s to the blue of thedoppler's models, its A stars up to 13 km/s to the red,
the MaStar stacks 0 to 3 km/s. (`bossnet.training.rest_frame` does the same for library stars,
with the model of their labels.)
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.broadening import resample
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_LOGLAM, between, doppler_factor
from bossnet.training.doppler import DopplerModels

RANGE = (4200.0, 6800.0)  #: angstrom, over which a template is compared with models
SMOOTH = 151  #: pixels, of the running mean that both are divided by
STEP = 20.0  #: km/s
VELOCITIES = np.arange(-100.0, 101.0, STEP)
ALIKE = 0.85  #: correlation below which a template is left as it is
WITHIN = 40.0  #: km/s, beyond which a frame is not believed to be off
COOLEST = 4800.0  #: K: what is most like the coolest models may be cooler, with TiO, which moves it
LABELS = [(teff, logg, fe_h) for teff in (4400.0, COOLEST, 5300.0, 5800.0, 6300.0, 6900.0, 7500.0,
                                          9000.0, 12000.0, 20000.0, 30000.0)
          for logg in ((2.0, 4.5) if teff < 6000 else (4.0,)) for fe_h in (-1.0, 0.0)]


class Frames:
    """The models at every velocity, as sharp as one library."""

    def __init__(self, models: DopplerModels, library: str) -> None:
        """Prepares the comparison: half a second.

        Args:
            models: of thedoppler.
            library: whose resolution (`simulation.templates.resolution`) is compared at.
        """
        self._used = between(*RANGE)
        width = resolution(library).astype(np.float64)
        self._labels = [labels for labels in LABELS if models.covers(*labels)]
        self._models = np.array([self._shifted(models.template(*labels), width)
                                 for labels in self._labels])

    def velocity(self, flux: NDArray[np.float32]) -> float | None:
        """Velocity in km/s of a (9338,) flux; None where no model is like it."""
        observed = _features(flux)[self._used]
        match = self._models @ (observed / np.linalg.norm(observed))
        model, _ = np.unravel_index(int(np.argmax(match)), match.shape)
        curve = match[model]
        best = int(np.clip(np.argmax(curve), 1, curve.size - 2))
        curvature = curve[best - 1] - 2 * curve[best] + curve[best + 1]
        rv = float(VELOCITIES[best] + STEP / 2 * (curve[best - 1] - curve[best + 1]) / curvature)
        if (curve.max() < ALIKE or abs(rv) > WITHIN or self._labels[int(model)][0] < COOLEST):
            return None
        return rv

    def at_rest(self, template: Template) -> Template:
        """The template in the models' rest frame, or as it is where no model is like it."""
        rv = self.velocity(template.flux)
        if rv is None:
            return template
        at = TEMPLATE_LOGLAM - np.log10(doppler_factor(rv))
        return replace(template, flux=np.interp(TEMPLATE_LOGLAM, at, template.flux).astype(
            np.float32))

    def _shifted(self, model: Template, width: NDArray[np.float64]) -> NDArray[np.float64]:
        """(velocities, pixels used) features of a model, each of norm 1."""
        rows = [_features(resample(model.flux, model.fwhm, loglam=TEMPLATE_LOGLAM,
                                   target_fwhm=width, rv=rv))[self._used] for rv in VELOCITIES]
        return np.array([row / np.linalg.norm(row) for row in rows])


def _features(flux: NDArray[np.float32]) -> NDArray[np.float64]:
    """Flux over its running mean, less the mean of that; 0 where not known."""
    known = np.isfinite(flux)
    padded = np.pad(np.where(known, flux, np.nanmedian(flux)).astype(np.float64), SMOOTH // 2,
                    mode="edge")
    level = np.convolve(padded, np.ones(SMOOTH) / SMOOTH, mode="valid")
    ratio = np.where(known & (level > 0), flux / np.where(level > 0, level, 1.0), 1.0)
    inside = between(*RANGE)
    centred: NDArray[np.float64] = ratio - ratio[inside].mean()
    return centred
