"""A training set over the Kiel diagram: by survey, by weight, by catalogue (Figures 2, 4, 14)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from bossnet.training.weights import Weighting, density_weights

DPI = 130
#: Colours that the colour-blind tell apart (Okabe and Ito 2008).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
_MARKS = "osD^"
_TICKS = (2000, 3000, 5000, 10_000, 20_000, 50_000, 100_000)  #: K
_SURVEYS = {"boss": "#D55E00", "lamost": "#0072B2"}  #: red and blue, as in Figure 2


def draw(table: Table, path: Path) -> None:
    """Draws a training table that `assemble` made. Needs matplotlib (extra ``report``)."""
    figure = Figure(figsize=(15, 5.2), dpi=DPI, layout="constrained")
    by_survey, by_weight, by_catalogue = figure.subplots(1, 3, sharex=True, sharey=True)
    size = float(np.clip(2e4 / max(len(table), 1), 0.5, 18))
    for name, here in _groups(table, "survey"):
        _scatter(by_survey, table, here, size, label=name, marker="o",
                 color=_SURVEYS.get(name.lower(), "#009E73"))
    by_survey.set_title("By survey (as Figure 2)")
    weights = density_weights(table["log_teff"], table["logg"], np.ones(len(table)), Weighting()) \
        if len(table) > 2 else np.ones(len(table))
    order = np.argsort(weights)
    shown = by_weight.scatter(table["teff"][order], table["logg"][order], s=size, lw=0,
                              c=weights[order], cmap="viridis", rasterized=True)
    figure.colorbar(shown, ax=by_weight, label="weight in the loss by density")
    by_weight.set_title("By weight (as Figure 4)")
    for i, (name, here) in enumerate(_groups(table, "catalogue")):
        _scatter(by_catalogue, table, here, size, label=name, color=_COLOURS[i % len(_COLOURS)],
                 marker=_MARKS[i // len(_COLOURS) % len(_MARKS)])
    by_catalogue.set_title("By catalogue (as Figure 14)")
    for axes in (by_survey, by_catalogue):
        axes.legend(fontsize=8, markerscale=float(np.sqrt(18 / size)), loc="lower left")
    for axes in (by_survey, by_weight, by_catalogue):
        axes.set_xlabel("Teff [K]")
    by_survey.set_xscale("log")
    by_survey.xaxis.set_major_locator(FixedLocator(_TICKS))
    by_survey.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    by_survey.xaxis.set_minor_locator(NullLocator())
    by_survey.invert_xaxis()
    by_survey.invert_yaxis()
    by_survey.set_ylabel("log g [dex]")
    figure.savefig(path)


def _groups(table: Table, column: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The values of a column and where they are, the most frequent first."""
    names, numbers = np.unique(np.asarray(table[column]), return_counts=True)
    for name in names[np.argsort(-numbers, kind="stable")].tolist():
        yield name or "unknown", np.asarray(table[column] == name)


def _scatter(axes: Any, table: Table, here: NDArray[np.bool_], size: float, **how: Any) -> None:
    axes.scatter(table["teff"][here], table["logg"][here], s=size, lw=0, alpha=0.6,
                 rasterized=True, **how)
