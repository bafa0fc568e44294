"""The synthesised grid as templates: radiative transfer of 2500 to 50,000 K, with TiO and He.

A file that `bossnet grid pack` made. What it can and cannot do is in the manual (docs/grid.rst).
"""

from collections.abc import Iterator
from pathlib import Path

from bossnet.grid.pack import PackedGrid
from bossnet.simulation.templates import Template


def read(path: Path) -> Iterator[Template]:
    """Every model of a packed grid.

    Raises:
        GridError: the file is no packed grid.
    """
    grid = PackedGrid.open(path)
    return (grid.template(index) for index in range(len(grid)))
