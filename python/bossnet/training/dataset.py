"""The rest-frame store: every star and model that training spectra are dressed from.

A folder of three files, of which nothing is executed:

- ``dataset.json``: the format, what it was made from and how, digests of the other two;
- ``templates.ecsv``: one row a template: its star, library, split and labels;
- ``flux.npy``: (n, G) float16 on the grid of one kind of network, read as it is needed.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import GRIDS, OPTICAL_GRID, Grid
from bossnet.training.names import canonical
from bossnet.training.split import SPLITS

FORMAT = 1
DESCRIPTION, TABLE, FLUX = "dataset.json", "templates.ecsv", "flux.npy"
COLUMNS = ("star", "library", "split", "teff", "logg", "fe_h", "continued_from")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A template on its way into a dataset.

    Attributes:
        template: the star or model.
        split: ``train``, ``validation`` or ``test``, the same for every entry of one star.
        continued_from: angstrom from which on its flux is not its own, NaN where all of it is.
    """

    template: Template
    split: str
    continued_from: float = np.nan


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Templates with their labels, NaN where not known; n rows.

    Attributes:
        folder: where it is.
        description: the content of ``dataset.json``.
        star: (n,) names; the entries of one star share it.
        library: (n,) sources.
        split: (n,).
        teff: (n,) K.
        logg: (n,) dex.
        fe_h: (n,) dex.
        continued_from: (n,) angstrom; NaN where all of the flux is the template's own.
        flux: (n, G) float16, NaN where not known; memory-mapped.
        grid: its wavelengths; its kind is that of the networks that the dataset is for.
    """

    folder: Path
    description: dict[str, Any]
    star: NDArray[np.str_]
    library: NDArray[np.str_]
    split: NDArray[np.str_]
    teff: NDArray[np.float64]
    logg: NDArray[np.float64]
    fe_h: NDArray[np.float64]
    continued_from: NDArray[np.float64]
    flux: NDArray[np.float16]
    grid: Grid = OPTICAL_GRID

    def __len__(self) -> int:
        return len(self.star)

    @classmethod
    def open(cls, folder: Path) -> "Dataset":
        """The dataset in a folder.

        Raises:
            ConfigurationError: there is none, or its files do not fit each other.
        """
        try:
            description = json.loads((folder / DESCRIPTION).read_text())
            table = Table.read(folder / TABLE, format="ascii.ecsv")
            flux = np.load(folder / FLUX, mmap_mode="r", allow_pickle=False)
            columns = [np.asarray(table[name]) for name in COLUMNS]
            grid = next((one for one in GRIDS.values()
                         if described(one).items() <= description.items()), None)
            form = (flux.dtype, flux.shape)
        except (OSError, EOFError, ValueError, KeyError, AttributeError) as error:
            raise ConfigurationError(f"{folder} is no dataset ({error}): make one with "
                                     "`bossnet dataset build`") from error
        if grid is None:
            raise ConfigurationError(f"{folder}: the dataset is of another format or grid than "
                                     "this version's: build it again")
        if form != (np.float16, (len(table), grid.pixels)):
            raise ConfigurationError(f"{folder}: {len(table)} rows, but flux of {flux.shape} "
                                     f"{flux.dtype}: build it again")
        if "sha256" in description and description["sha256"] != _digests(folder):
            raise ConfigurationError(f"{folder}: altered since it was made, as the digests of its "
                                     "files are not those in its description: build it again")
        return cls(folder, description, flux=flux, grid=grid,
                   **dict(zip(COLUMNS, columns, strict=True)))

    def rows(self, split: str, library: str | None = None) -> NDArray[np.intp]:
        """The rows of a split, of one library or of all."""
        chosen = self.split == split
        if library is not None:
            chosen &= self.library == library
        return np.flatnonzero(chosen)

    def template(self, row: int) -> Template:
        """A row as a template that `simulation.observe` dresses."""
        library, end = str(self.library[row]), float(self.continued_from[row])
        return Template(
            str(self.star[row]), library, float(self.teff[row]), float(self.logg[row]),
            float(self.fe_h[row]), np.array(self.flux[row], np.float32),
            resolution(library, continued_from=np.inf if np.isnan(end) else end, grid=self.grid),
            self.grid)

    def counts(self) -> dict[str, dict[str, int]]:
        """Numbers of different stars, {library: {split: number}}."""
        found: dict[str, dict[str, int]] = {}
        for library in dict.fromkeys(self.library.tolist()):
            found[library] = {split: len(set(self.star[self.rows(split, library)].tolist()))
                              for split in SPLITS}
        return found


def write(folder: Path, entries: Iterable[Entry], *, made_from: dict[str, Any]) -> Dataset:
    """Writes a dataset, its templates scaled to a median flux of 1.

    A dataset in the folder is replaced once all the templates are there; who has it open keeps
    what was opened.

    Args:
        folder: made if it is not there.
        entries: the templates.
        made_from: sources, versions, seed, for ``dataset.json``.

    Raises:
        ConfigurationError: there are no templates, they are not all on one grid, or a star is
            in two splits.
    """
    rows, flux, grids = [], [], set()
    splits: dict[str, str] = {}
    for entry in entries:
        t = entry.template
        split = splits.setdefault(canonical(t.star), entry.split)
        if split != entry.split:
            raise ConfigurationError(f"{t.star} is in two splits, {split} and {entry.split}: all "
                                     "of a star belong to one")
        rows.append((t.star, t.library, entry.split, t.teff, t.logg, t.fe_h,
                     entry.continued_from))
        grids.add(t.grid)
        flux.append((t.flux / np.nanmedian(t.flux)).astype(np.float16))
    if not rows:
        raise ConfigurationError(f"no templates for a dataset in {folder}")
    if len(grids) > 1:
        raise ConfigurationError(f"{folder}: a dataset is for one kind of network, but templates "
                                 f"are of {', '.join(sorted(grid.kind for grid in grids))}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)  # last comes what makes it whole
    (folder / FLUX).unlink(missing_ok=True)
    np.save(folder / FLUX, np.array(flux))
    table = Table(rows=rows, names=COLUMNS, dtype=[*["str"] * 3, *["f8"] * 4])
    table.write(folder / TABLE, format="ascii.ecsv", overwrite=True)
    (folder / DESCRIPTION).write_text(json.dumps(
        described(grids.pop()) | {"made_from": made_from, "sha256": _digests(folder)}, indent=2))
    return Dataset.open(folder)


def described(grid: Grid) -> dict[str, float]:
    """What the description says of a dataset's grid, and is told by."""
    return {"format": FORMAT, "first_angstrom": grid.first, "dex": grid.dex,
            "pixels": grid.pixels}


def _digests(folder: Path) -> dict[str, str]:
    """Of table and fluxes: what a training was made from, to the last bit."""
    found = {}
    for name in (TABLE, FLUX):
        with (folder / name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
