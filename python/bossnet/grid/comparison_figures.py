"""The figures of a comparison: spectra star by star, and all differences by region."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bossnet.grid.compare import GIANT
from bossnet.grid.progress import EDGES
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH

if TYPE_CHECKING:
    from bossnet.grid.compare import Compared, Row

A_PAGE = 8  #: spectra
LIMIT = 0.3  #: of the differences, beyond which the colours end


def draw(made: Sequence["Compared"], rows: Sequence["Row"], out: Path) -> None:
    """Write ``spectra-TEFF-PAGE.png`` and ``regions.png`` to a folder."""
    for first, last in pairwise(EDGES):
        here = sorted((one for one in made if first <= one.star.teff < last),
                      key=lambda one: (one.star.logg, one.star.teff))
        for page, start in enumerate(range(0, len(here), A_PAGE), 1):
            _spectra(here[start:start + A_PAGE], out / f"spectra-{first}-{page}.png")
    _regions(rows, out / "regions.png")


def _spectra(made: Sequence["Compared"], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 2.4 * len(made) + 0.6), layout="constrained")
    axes = figure.subplots(len(made), 1, sharex=True, squeeze=False)[:, 0]
    for axis, one in zip(axes, made, strict=True):
        star, labels = one.star, one.labels
        own = np.where(one.own, star.flux, np.nan)
        axis.plot(TEMPLATE_WAVELENGTH, own, color="black", lw=0.7, label=star.library)
        axis.plot(TEMPLATE_WAVELENGTH, one.model, color="tab:red", lw=0.7, alpha=0.8,
                  label="synthesised")
        axis.set_ylim(0, 1.15 * np.nanquantile(np.maximum(np.nan_to_num(own), one.model), 0.995))
        axis.set_title(f"{star.library} {star.star}: {star.teff:.0f} K, log g {star.logg:.2f}, "
                       f"[Fe/H] {star.fe_h:+.2f} (model {labels.logg:.2f}, {labels.fe_h:+.2f}, "
                       f"[alpha/Fe] {labels.alpha_fe:+.2f})", fontsize=8, loc="left")
        axis.set_ylabel("flux")
    axes[0].legend(fontsize=7, loc="upper right")
    axes[-1].set_xlim(3550, 10400)
    axes[-1].set_xlabel("wavelength in vacuum (angstrom)")
    figure.savefig(path, dpi=90)


def _regions(rows: Sequence["Row"], path: Path) -> None:
    """Star over model, in the mean of each class of star, and the scatter of its lines."""
    from matplotlib.figure import Figure

    regions = sorted({(row.first, row.last, row.feature) for row in rows})
    classes = [(first, last, giant) for first, last in pairwise(EDGES) for giant in (False, True)]
    figure = Figure(figsize=(13, 11), layout="constrained")
    panels = figure.subplots(2, 1)
    for axis, name, colours, low in ((panels[0], "shape", "RdBu_r", -LIMIT),
                                     (panels[1], "lines", "viridis", 0.0)):
        values = np.full((len(classes), len(regions)), np.nan)
        for i, (first, last, giant) in enumerate(classes):
            for j, region in enumerate(regions):
                found = [getattr(row, name) for row in rows
                         if first <= row.teff < last and (row.logg < GIANT) == giant
                         and (row.first, row.last, row.feature) == region]
                if found:
                    values[i, j] = np.median(found)
        image = axis.imshow(values, cmap=colours, vmin=low, vmax=LIMIT, aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                axis.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=7,
                          color="black" if name == "shape" or value > LIMIT / 2 else "white")
        axis.set_yticks(range(len(classes)), [
            f"{first}-{last} K {'giants' if giant else 'dwarfs'}"
            for first, last, giant in classes], fontsize=7)
        axis.set_xticks(range(len(regions)), [f"{first:.0f}\n{feature}"
                                              for first, _, feature in regions],
                        rotation=60, fontsize=7)
        axis.set_title("star over model less 1, percent, median" if name == "shape" else
                       "scatter of the lines, percent, median", loc="left", fontsize=9)
        figure.colorbar(image, ax=axis)
    figure.savefig(path, dpi=90)
