"""Templates for tests of the training: packaged stars, and what is made of their fluxes."""

from collections.abc import Iterator

import numpy as np

from bossnet.simulation.templates import Template, packaged, resolution
from bossnet.training.dataset import Entry
from bossnet.training.split import SPLITS

RED_END = 7400.0  #: angstrom, from which MILES stars are continued


def entries() -> Iterator[Entry]:
    """Two entries a MILES star and one a STELIB star, six white dwarfs, six models, three stacks.

    All but the stars are made of the fluxes of stars.
    """
    stars = packaged()
    for i, star in enumerate(stars):
        split = {8: "validation", 9: "test"}.get(i % 10, "train")
        yield Entry(star, split, RED_END if star.library == "miles" else np.nan)
        if star.library == "miles":
            yield Entry(star, split, RED_END)
    for i in range(6):
        split = SPLITS[max(0, i - 3)]
        yield Entry(labelled(f"DA {i}", "corv", 9000.0 + 4000 * i, 7.5 + 0.2 * i, np.nan,
                             like=stars[-1 - i]), split)
        yield Entry(labelled(f"model {i}", "thedoppler", 5000.0 + 300 * i, 4.5 - 0.6 * (i % 4),
                             -0.2 * i, like=stars[10 + i]), split)
    for i, split in enumerate(SPLITS):
        yield Entry(labelled(f"stack {i}", "mastar", np.nan, np.nan, np.nan, like=stars[20 + i]),
                    split)


def labelled(name: str, library: str, teff: float, logg: float, fe_h: float, *,
             like: Template) -> Template:
    """A template of these labels with the flux of another."""
    return Template(name, library, teff, logg, fe_h, like.flux, resolution(library))
