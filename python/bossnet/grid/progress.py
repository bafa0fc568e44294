"""How far a grid is, by temperature."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bossnet.grid.folder import GridFolder

EDGES = (2500, 3000, 3500, 4500, 6000, 8000, 12000, 25000, 50001)  #: kelvin


@dataclass(frozen=True)
class Region:
    """The models between two temperatures.

    Attributes:
        first: kelvin.
        last: kelvin.
        computed: models.
        failed: models.
        seconds: of a processor, median a model, None where there is none.
        logg: range of what was computed, None where there is none.
        fe_h: range of what was computed, None where there is none.
    """

    first: int
    last: int
    computed: int
    failed: int
    seconds: float | None
    logg: tuple[float, float] | None
    fe_h: tuple[float, float] | None

    def described(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        """For people."""
        text = f"{self.first:>7} to {self.last:>5}{self.computed:10}{self.failed:8}"
        if self.seconds is None or self.logg is None or self.fe_h is None:
            return text
        return (f"{text}{self.seconds:11.1f}  {self.logg[0]:.1f} to {self.logg[1]:.1f}, "
                f"{self.fe_h[0]:+.1f} to {self.fe_h[1]:+.1f}")


def regions(grid: GridFolder) -> list[Region]:
    """What was computed and what failed, by temperature."""
    made = [grid.model(index) for index in grid.done()]
    failed = [grid.labels[index].teff for index in grid.failed()]
    found = []
    for first, last in pairwise(EDGES):
        here = [model for model in made if first <= model.labels.teff < last]
        ends = [(min(values), max(values)) if (values := [getattr(model.labels, name)
                                                          for model in here]) else None
                for name in ("logg", "fe_h")]
        found.append(Region(
            first, min(last, 50000), len(here), sum(first <= teff < last for teff in failed),
            float(np.median([model.seconds for model in here])) if here else None, *ends))
    return found
