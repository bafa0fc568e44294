"""The rest-frame store: every star and model that training spectra are dressed from.

Built once from the unpacked packages; a few seconds, 60 MB in memory, nothing on disk.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.broadening import resample
from bossnet.simulation.templates import LIBRARY_FWHM, Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_LOGLAM, between, doppler_factor
from bossnet.training.continuation import FROM, RED, model_red_end, neighbours_red_end
from bossnet.training.doppler import FE_H_RANGE, TEFF_RANGE, DopplerModels
from bossnet.training.libraries import LibraryStar, read_libraries
from bossnet.training.reserved import Reserved, canonical

SPLITS = ("train", "validation")
HELD_OUT = 10  #: one star in this many is for validation


@dataclass(frozen=True, slots=True, eq=False)
class StoredStar:
    """A star and the ends it may be given.

    Attributes:
        template: the star, its own flux; NaN where its library has none.
        red_ends: (n, number of RED pixels) continuations, the best first; none where the
            library reaches far enough, or nothing is alike.
        split: ``train`` or ``validation``, the same for every file of one star.
    """

    template: Template
    red_ends: tuple[NDArray[np.float32], ...]
    split: str

    def continued(self, red_end: NDArray[np.float32] | None) -> Template:
        """The template with this red end, or with none."""
        t = self.template
        flux = t.flux.copy()
        flux[RED] = np.nan if red_end is None else red_end
        fwhm = resolution(t.library, continued_from=FROM)
        return Template(t.star, t.library, t.teff, t.logg, t.fe_h, flux, fwhm)

    @property
    def best(self) -> Template:
        """The template with its best red end, if it needs one and there is one."""
        return self.continued(self.red_ends[0]) if self.red_ends else self.template


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Everything that can be dressed: stars, and models where there are any."""

    stars: list[StoredStar]
    models: DopplerModels | None = None

    def of(self, split: str) -> list[StoredStar]:
        return [star for star in self.stars if star.split == split]


def split_of(name: str) -> str:
    """The split of a star by its name alone, so that no star is ever in two."""
    return SPLITS[zlib.crc32(canonical(name).encode()) % HELD_OUT == 0]


def build(libraries: Path, models: Path, reserved: Path) -> Store:
    """The store, without any reserved star.

    Args:
        libraries: folder of the unpacked wheel of ``sdss-mangadap``.
        models: folder of the unpacked wheel of ``thedoppler``.
        reserved: CSV of the stars kept for evaluation.

    Raises:
        ConfigurationError: one of them is not what it should be.
    """
    doppler = DopplerModels(models)
    free, _ = Reserved(reserved).split(read_libraries(libraries))
    free = [_at_rest(star, doppler) for star in free]
    lenders = [star for star in free if split_of(star.names[0]) == "train"]
    return Store([_stored(star, lenders, doppler) for star in free], doppler)


def _stored(star: LibraryStar, others: Sequence[LibraryStar],
            models: DopplerModels) -> StoredStar:
    template = Template(star.names[0], star.library, star.teff, star.logg, star.fe_h, star.flux,
                        resolution(star.library))
    ends: tuple[NDArray[np.float32], ...] = ()
    if star.library == "miles":
        found = (model_red_end(star, models), neighbours_red_end(star, others))
        ends = tuple(end for end in found if end is not None)
    return StoredStar(template, ends, split_of(star.names[0]))


RANGE = (4200.0, 6800.0)  #: angstrom, over which a star's frame is compared with a model's
SMOOTH = 151  #: pixels, of the running mean that both are divided by
ALIKE = 0.75  #: correlation below which the star is left as it is
WITHIN = 60.0  #: km/s, beyond which a frame is not believed to be off


def _at_rest(star: LibraryStar, models: DopplerModels) -> LibraryStar:
    """The star in the models' rest frame: libraries' frames are off by 5 to 20 km/s.

    Where the models hold and the star is like one; else as the library has it.
    """
    if not TEFF_RANGE[0] <= star.teff <= TEFF_RANGE[1]:
        return star
    fe_h = float(np.clip(np.nan_to_num(star.fe_h), *FE_H_RANGE))
    model = models.template(star.teff, models.nearest_gravity(star.teff, star.logg), fe_h)
    used = between(*RANGE) & np.isfinite(star.flux)
    width = np.full(TEMPLATE_LOGLAM.shape, LIBRARY_FWHM[star.library])
    observed = _features(np.nan_to_num(star.flux, nan=1.0))[used]
    velocities = np.arange(-100.0, 101.0, 20.0)
    match = np.array([np.corrcoef(observed, _features(np.nan_to_num(resample(
        model.flux, model.fwhm, loglam=TEMPLATE_LOGLAM, target_fwhm=width, rv=v), nan=1.0))[used]
    )[0, 1] for v in velocities])
    best = int(np.clip(np.argmax(match), 1, match.size - 2))
    curvature = match[best - 1] - 2 * match[best] + match[best + 1]
    rv = velocities[best] + 10.0 * (match[best - 1] - match[best + 1]) / curvature
    if match[best] < ALIKE or abs(rv) > WITHIN:
        return star
    shifted = np.interp(TEMPLATE_LOGLAM, TEMPLATE_LOGLAM - np.log10(doppler_factor(rv)),
                        star.flux).astype(np.float32)
    return LibraryStar(star.file, star.library, star.names, star.teff, star.logg, star.fe_h,
                       shifted)


def _features(flux: NDArray[np.float32]) -> NDArray[np.float32]:
    """Flux over its running mean, less one."""
    padded = np.pad(flux, SMOOTH // 2, mode="edge")
    return flux / np.convolve(padded, np.ones(SMOOTH) / SMOOTH, mode="valid") - 1
