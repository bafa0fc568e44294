"""Observed stars in the models' rest frame, which the velocity's zero point is that of.

Libraries' own frames are off by 5 to 20 km/s. A co-added spectrum carries the zero point of the
survey that it is from: PyHammer's F and G dwarfs are 8 km/s to the blue of thedoppler's models,
its A stars up to 13 km/s to the red, the MaStar stacks 0 to 3 km/s.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.broadening import resample
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_LOGLAM, between, doppler_factor
from bossnet.training.sources.libraries import LibraryStar
from bossnet.training.sources.thedoppler import FE_H_RANGE, TEFF_RANGE, DopplerModels

RANGE = (4200.0, 6800.0)  #: angstrom, over which a star is compared with models
SMOOTH = 151  #: pixels, of the running mean that both are divided by
STEP = 20.0  #: km/s
VELOCITIES = np.arange(-100.0, 101.0, STEP)

#: Correlation below which a star is left as it is, and km/s beyond which its frame is not
#: believed to be off: where its labels are known, and where the model is looked for.
LABELLED_ALIKE, LABELLED_WITHIN = 0.75, 60.0
ALIKE, WITHIN = 0.85, 40.0
COOLEST = 4800.0  #: K: what is most like the coolest models may be cooler, with TiO, which moves it
LABELS = [(teff, logg, fe_h) for teff in (4400.0, COOLEST, 5300.0, 5800.0, 6300.0, 6900.0, 7500.0,
                                          9000.0, 12000.0, 20000.0, 30000.0)
          for logg in ((2.0, 4.5) if teff < 6000 else (4.0,)) for fe_h in (-1.0, 0.0)]

_USED = between(*RANGE)


def star_at_rest(star: LibraryStar, models: DopplerModels) -> LibraryStar:
    """A star with labels in the rest frame of the model of these.

    Where the models hold and the star is like one; else as the library has it.
    """
    if not TEFF_RANGE[0] <= star.teff <= TEFF_RANGE[1]:
        return star
    fe_h = float(np.clip(np.nan_to_num(star.fe_h), *FE_H_RANGE))
    model = models.template(star.teff, models.nearest_gravity(star.teff, star.logg), fe_h)
    match = _moved(model, resolution(star.library)) @ _features(star.flux)
    rv = _peak(match)
    if match.max() < LABELLED_ALIKE or abs(rv) > LABELLED_WITHIN:
        return star
    return replace(star, flux=_taken_out(star.flux, rv))


class Frames:
    """The models at every velocity, as sharp as one library, for templates without labels."""

    def __init__(self, models: DopplerModels, library: str) -> None:
        """Prepares the comparison: half a second.

        Args:
            models: of thedoppler.
            library: whose resolution (`simulation.templates.resolution`) is compared at.
        """
        self._labels = [labels for labels in LABELS if models.covers(*labels)]
        self._models = np.array([_moved(models.template(*labels), resolution(library))
                                 for labels in self._labels])

    def velocity(self, flux: NDArray[np.float32]) -> float | None:
        """Velocity in km/s of a (9338,) flux; None where no model is like it."""
        match = self._models @ _features(flux)
        model, _ = np.unravel_index(int(np.argmax(match)), match.shape)
        rv = _peak(match[model])
        if match.max() < ALIKE or abs(rv) > WITHIN or self._labels[int(model)][0] < COOLEST:
            return None
        return rv

    def at_rest(self, template: Template) -> Template:
        """The template in the models' rest frame, or as it is where no model is like it."""
        rv = self.velocity(template.flux)
        return template if rv is None else replace(template, flux=_taken_out(template.flux, rv))


def _moved(model: Template, fwhm: NDArray[np.float32]) -> NDArray[np.float64]:
    """(velocities, pixels used) features of a model at this resolution."""
    return np.array([_features(resample(model.flux, model.fwhm, loglam=TEMPLATE_LOGLAM,
                                        target_fwhm=fwhm.astype(np.float64), rv=rv))
                     for rv in VELOCITIES])


def _features(flux: NDArray[np.float32]) -> NDArray[np.float64]:
    """(pixels used) flux over its running mean, of mean 0 and norm 1; 0 where not known.

    The product of two is their correlation.
    """
    known = np.isfinite(flux)
    padded = np.pad(np.where(known, flux, np.nanmedian(flux)).astype(np.float64), SMOOTH // 2,
                    mode="edge")
    level = np.convolve(padded, np.ones(SMOOTH) / SMOOTH, mode="valid")
    ratio = np.where(known & (level > 0), flux / np.where(level > 0, level, 1.0), 1.0)[_USED]
    centred: NDArray[np.float64] = ratio - ratio.mean()
    return centred / np.linalg.norm(centred)


def _peak(match: NDArray[np.float64]) -> float:
    """The velocity where the correlation is highest, km/s, by a parabola through three."""
    best = int(np.clip(np.argmax(match), 1, match.size - 2))
    before, top, after = match[best - 1:best + 2]
    return float(VELOCITIES[best] + STEP / 2 * (before - after) / (before - 2 * top + after))


def _taken_out(flux: NDArray[np.float32], rv: float) -> NDArray[np.float32]:
    at = TEMPLATE_LOGLAM - np.log10(doppler_factor(rv))
    return np.interp(TEMPLATE_LOGLAM, at, flux).astype(np.float32)
