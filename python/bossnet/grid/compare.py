"""Models against stars and other models of the same labels, by wavelength.

A model is computed for the labels of each star chosen, so that nothing but the synthesis and the
labels is judged. What is compared are templates of a dataset, which holds no star that is
reserved for evaluation.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from bossnet.errors import GridError
from bossnet.grid.plan import ALPHA_RANGE, ALPHA_TREND, Labels, gravities
from bossnet.grid.program import Tools
from bossnet.grid.progress import EDGES
from bossnet.grid.run import spectrum
from bossnet.grid.synthesis import Settings
from bossnet.simulation.broadening import resample
from bossnet.simulation.templates import Template, resolution
from bossnet.simulation.wavelengths import TEMPLATE_LOGLAM, TEMPLATE_WAVELENGTH, between
from bossnet.training.dataset import Dataset

LIBRARIES = ("miles", "stelib", "pyhammer", "thedoppler", "bossbrain")
GIANT = 3.5  #: log g below which a star is one
SCALED = (5500.0, 6500.0)  #: angstrom, where star and model are made alike
#: Angstrom in vacuum, and what is there.
REGIONS = (
    (3650.0, 3900.0, "Balmer edge, CN"), (3900.0, 4000.0, "Ca II H and K"),
    (4000.0, 4450.0, "G band"), (4450.0, 4800.0, "blue"), (4800.0, 5050.0, "H beta, TiO"),
    (5050.0, 5350.0, "Mg b, MgH"), (5350.0, 5850.0, "TiO"), (5850.0, 5950.0, "Na D, He I"),
    (5950.0, 6500.0, "TiO, CaH"), (6500.0, 6620.0, "H alpha"), (6620.0, 7050.0, "TiO, CaH"),
    (7050.0, 7400.0, "TiO"), (7400.0, 8150.0, "TiO, VO, K I"), (8150.0, 8450.0, "TiO, Na I"),
    (8450.0, 8750.0, "Ca II triplet"), (8750.0, 9200.0, "Paschen lines"),
    (9200.0, 10300.0, "TiO, FeH"))
SMOOTH = 301  #: pixels, of the running median that lines are told from the shape by
TABLE = "comparison.ecsv"


@dataclass(frozen=True, eq=False)
class Compared:
    """A star and the model of its labels.

    Attributes:
        star: the template.
        labels: that the model was computed for.
        model: (9338,) at the star's resolution, scaled like it.
        own: (9338,) the pixels that are the star's own.
    """

    star: Template
    labels: Labels
    model: NDArray[np.float64]
    own: NDArray[np.bool_]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """(9338,) star over model, NaN where the star is not known."""
        return np.where(self.own, self.star.flux / self.model, np.nan)


@dataclass(frozen=True)
class Row:
    """How a star and its model differ in one region.

    Attributes:
        star: its name.
        library: where it is from.
        teff: kelvin.
        logg: dex.
        fe_h: dex.
        first: angstrom.
        last: angstrom.
        feature: what is there.
        shape: median of star over model, less 1.
        lines: robust scatter of star over model about its running median.
    """

    star: str
    library: str
    teff: float
    logg: float
    fe_h: float
    first: float
    last: float
    feature: str
    shape: float
    lines: float


def compare(dataset: Dataset, tools: Tools, out: Path, *, each: int = 2,
            say: Callable[[str], None] = print) -> list[Compared]:
    """Compare models with templates and write a table and figures.

    Args:
        dataset: of templates with labels.
        tools: the program.
        out: folder to write to.
        each: templates of each library and class of star.
        say: takes a line a star.

    Raises:
        GridError: there is nothing to compare.
    """
    from bossnet.grid.comparison_figures import draw

    out.mkdir(parents=True, exist_ok=True)
    atmospheres, made = tools.atmospheres(), []
    for row in chosen(dataset, each):
        star = dataset.template(row)
        try:
            labels = labels_for(star)
            flux = spectrum(labels, tools, atmospheres, Settings(), out)
        except GridError as error:
            say(f"{star.star}: {error}")
            continue
        made.append(beside(star, labels, flux, end=float(dataset.continued_from[row])))
        say(f"{len(made)}: {star.library} {star.star}, {star.teff:.0f} K, log g {star.logg:.2f}")
    if not made:
        raise GridError(f"{dataset.folder} has no template that a model could be compared with")
    rows = [row for one in made for row in differences(one)]
    table = Table(rows=[asdict(row) for row in rows])
    for name, digits in (("shape", 4), ("lines", 4)):
        table[name] = np.round(table[name], digits)
    table.write(out / TABLE, format="ascii.ecsv", overwrite=True)
    draw(made, rows, out)
    return made


def chosen(dataset: Dataset, each: int) -> list[int]:
    """Rows of the dataset: some of each library, temperature and luminosity class."""
    rng = np.random.default_rng(0)
    rows: list[int] = []
    known = np.isfinite(dataset.teff) & np.isfinite(dataset.logg)
    for library in LIBRARIES:
        here = known & (dataset.library == library)
        for first, last in pairwise(EDGES):
            for giant in (False, True):
                found = np.flatnonzero(here & (dataset.teff >= first) & (dataset.teff < last)
                                       & ((dataset.logg < GIANT) == giant))
                _, one_a_star = np.unique(dataset.star[found], return_index=True)
                found = found[one_a_star]
                rows += sorted(int(row) for row in rng.permutation(found)[:each])
    return rows


def labels_for(star: Template) -> Labels:
    """What a model of the star is computed for: gravity within the atmospheres, usual alpha."""
    fe_h = float(np.clip(np.nan_to_num(star.fe_h), -4.0, 1.5))
    low, high = gravities(star.teff)
    alpha = float(np.clip(np.interp(fe_h, *np.transpose(ALPHA_TREND)), *ALPHA_RANGE))
    return Labels(star.teff, float(np.clip(star.logg, low, high)), fe_h, alpha)


def beside(star: Template, labels: Labels, flux: NDArray[np.float32], *,
           end: float = np.nan) -> Compared:
    """A star and a model's flux, made alike in resolution and scale.

    Args:
        star: the template.
        labels: of the model.
        flux: (9338,) of the model.
        end: angstrom, from which on the star's flux is not its own; NaN where all is.
    """
    smooth = resample(flux / np.median(flux), resolution("synthesised"), loglam=TEMPLATE_LOGLAM,
                      target_fwhm=star.fwhm.astype(np.float64), rv=0.0).astype(np.float64)
    own = np.isfinite(star.flux) & np.isfinite(smooth) & (star.flux > 0)
    if np.isfinite(end):
        own &= end > TEMPLATE_WAVELENGTH
    scaled = own & between(*SCALED)
    if not scaled.any():
        raise GridError(f"{star.star} is not known between {SCALED[0]:.0f} and {SCALED[1]:.0f} A")
    return Compared(star, labels, smooth * np.median(star.flux[scaled] / smooth[scaled]), own)


def differences(one: Compared) -> list[Row]:
    """How a star and its model differ, by region; regions that the star lacks are left out."""
    ratio = one.ratio
    local = ratio / _running_median(ratio)
    rows = []
    for first, last, feature in REGIONS:
        here = between(first, last) & np.isfinite(local)
        if here.mean() < 0.9 * between(first, last).mean():
            continue
        spread = np.diff(np.quantile(local[here], (0.16, 0.84)))[0] / 2
        rows.append(Row(one.star.star, one.star.library, one.star.teff, one.star.logg,
                        one.star.fe_h, first, last, feature,
                        float(np.median(ratio[here]) - 1), float(spread)))
    return rows


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """At every 50th pixel, and straight lines between."""
    centres = np.arange(0, values.size, 50)
    half = SMOOTH // 2
    medians = np.full(centres.size, np.nan)
    for k, centre in enumerate(centres):
        window = values[max(0, centre - half):centre + half + 1]
        if np.isfinite(window).mean() > 0.5:
            medians[k] = np.nanmedian(window)
    known = np.isfinite(medians)
    if not known.any():
        return np.full(values.size, np.nan)
    return np.interp(np.arange(values.size), centres[known], medians[known])
