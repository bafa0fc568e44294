"""What a kind of foreign spectrum is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bossnet.evaluation.light import RNG, Array
from bossnet.simulation.templates import Template
from bossnet.simulation.wavelengths import OPTICAL_GRID, Grid

Maker = Callable[[Sequence[Template], RNG], Array]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of spectrum.

    Attributes:
        name: for tables.
        make: (stars, generator) -> (G,) flux on the grid, as seen from here.
        fixed_snr: where its S/N is part of what it is, and not free.
        grid: of the templates that it is made of.
    """

    name: str
    make: Maker
    fixed_snr: float | None = None
    grid: Grid = OPTICAL_GRID
