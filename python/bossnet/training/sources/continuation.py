"""The red end of stars whose library stops short of the network's grid.

MILES ends at 7410 A, 29 % of the grid before its end. A star is continued by the model of its
labels, scaled where both are known, between 7000 and 7400 A; cool stars, whose molecules no
model here has, and a part of all draws by the red end of STELIB's most similar star.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training.sources.libraries import LibraryStar
from bossnet.training.sources.thedoppler import FE_H_RANGE, TEFF_RANGE, DopplerModels

OVERLAP = (7000.0, 7400.0)  #: angstrom, where the continuation is scaled
FROM = 7400.0  #: angstrom, where it begins
REACH = 9000.0  #: angstrom, to which a neighbour's spectrum has to go

RED = TEMPLATE_WAVELENGTH >= FROM  #: (9338,) the pixels that are continued


def model_red_end(star: LibraryStar, models: DopplerModels) -> NDArray[np.float32] | None:
    """The model's flux at RED, scaled to the star's; None where the models do not hold.

    A gravity or metallicity beyond the models' grid is taken at its edge, and an unknown
    metallicity as solar: the red of such stars is nearly featureless.
    """
    if not TEFF_RANGE[0] <= star.teff <= TEFF_RANGE[1]:
        return None
    fe_h = float(np.clip(np.nan_to_num(star.fe_h), *FE_H_RANGE))
    logg = models.nearest_gravity(star.teff, star.logg)
    return _scaled(models.flux(star.teff, logg, fe_h), star)


def neighbours_red_end(star: LibraryStar, others: Sequence[LibraryStar]
                       ) -> NDArray[np.float32] | None:
    """The flux at RED of the star of STELIB with the nearest labels, scaled; None without one."""
    reaching = [o for o in others if o.library == "stelib" and o.file != star.file
                and np.isfinite(o.flux[between(OVERLAP[0], REACH)]).all()]
    if not reaching:
        return None
    distance = [abs(np.log10(o.teff / star.teff)) / 0.02 + abs(o.logg - star.logg) / 1.0
                for o in reaching]
    nearest = int(np.argmin(distance))
    return _scaled(reaching[nearest].flux, star) if distance[nearest] < 6.0 else None


def _scaled(flux: NDArray[np.float32], star: LibraryStar) -> NDArray[np.float32]:
    overlap = between(*OVERLAP) & np.isfinite(star.flux) & np.isfinite(flux)
    return flux[RED] * (np.median(star.flux[overlap]) / np.median(flux[overlap]))
