"""Computing a planned grid, one model a step, by any number of workers."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import GridError
from bossnet.grid.atmosphere import Atmospheres
from bossnet.grid.folder import Failure, GridFolder, Model
from bossnet.grid.plan import Labels
from bossnet.grid.program import Tools
from bossnet.grid.synthesis import Settings, synthesise
from bossnet.simulation.wavelengths import air_to_vacuum
from bossnet.training.sources.rebin import pixel_means

MOLECULES_BELOW = 7000.0  #: kelvin, effective: hotter stars show none
TITANIUM_OXIDE_BELOW = 5200.0  #: kelvin, effective: hotter stars show none of it


@dataclass(frozen=True)
class Counts:
    """What a worker did.

    Attributes:
        computed: models.
        failed: models.
    """

    computed: int
    failed: int


def run(grid: GridFolder, tools: Tools, *, limit: int | None = None,
        say: Callable[[str], None] = print) -> Counts:
    """Compute what is not yet computed, in the plan's order.

    A model that cannot be computed is recorded with its reason and passed over; Ctrl-C ends the
    program at work and leaves nothing half done. Several workers may share the folder.

    Args:
        grid: the planned grid.
        tools: the program.
        limit: of the models to compute now; None for all.
        say: takes a line a model.

    Raises:
        GridError: when the program is another than the grid was planned with.
    """
    if tools.described() != grid.tools:
        raise GridError(f"{tools.folder} is not the program that {grid.path} was planned with: "
                        "its models would not be alike")
    grid.tidy()
    atmospheres = tools.atmospheres()
    computed = failed = 0
    for index in range(grid.number):
        if limit is not None and computed + failed >= limit:
            break
        if grid.settled(index):
            continue
        with grid.claimed(index) as ours:
            if not ours:
                continue
            result = compute(grid, index, tools, atmospheres)
            grid.save(result)
        computed += isinstance(result, Model)
        failed += isinstance(result, Failure)
        labels = result.labels
        outcome = result.reason if isinstance(result, Failure) else "computed"
        say(f"{index} of {grid.number}: {labels.teff:.0f} K, log g {labels.logg:.2f}, [Fe/H] "
            f"{labels.fe_h:+.2f}, [alpha/Fe] {labels.alpha_fe:+.2f}: {outcome}, "
            f"{result.seconds:.1f} s")
    return Counts(computed, failed)


def compute(grid: GridFolder, index: int, tools: Tools,
            atmospheres: Atmospheres) -> Model | Failure:
    """One model, or why there is none."""
    labels, started = grid.labels[index], _processor()
    try:
        flux = spectrum(labels, tools, atmospheres, grid.settings, grid.path / "scratch")
    except GridError as error:
        return Failure(index, labels, str(error), _processor() - started)
    return Model(index, labels, flux, _processor() - started)


def spectrum(labels: Labels, tools: Tools, atmospheres: Atmospheres, settings: Settings,
             scratch: Path) -> NDArray[np.float32]:
    """(9338,) flux of a star on the optical grid of templates, erg/s/cm2/angstrom.

    Raises:
        GridError: there is no atmosphere, or the program fails.
    """
    molecules = [path for path, limit in ((tools.molecules, MOLECULES_BELOW),
                                          (tools.titanium_oxide, TITANIUM_OXIDE_BELOW))
                 if labels.teff < limit]
    wavelength, flux = synthesise(
        atmospheres(labels.teff, labels.logg, labels.fe_h, labels.alpha_fe),
        teff=labels.teff, logg=labels.logg, fe_h=labels.fe_h, alpha_fe=labels.alpha_fe,
        atoms=tools.atoms, program=tools.program, data=tools.data, settings=settings,
        molecules=molecules, scratch=scratch)
    means = pixel_means(air_to_vacuum(wavelength), flux).astype(np.float32)
    if not np.all(np.isfinite(means)):
        raise GridError(f"the spectrum reaches from {wavelength[0]:.1f} to {wavelength[-1]:.1f} "
                        "angstrom, not over the whole grid")
    return means


def _processor() -> float:
    """Seconds that this process and those it has waited for have had of a processor."""
    return sum(os.times()[:4])
