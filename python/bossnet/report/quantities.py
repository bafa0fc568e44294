"""How the catalogue's quantities are named, binned and written on a page."""

from dataclasses import dataclass

import numpy as np

TEFF_TICKS = (2000, 3000, 4000, 5000, 7000, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """One column of the catalogue.

    Attributes:
        column: its name.
        title: for text.
        axis: label of an axis, with its unit; plotly's HTML.
        unit: of a difference.
        digits: of a difference, after the point.
        step: of histograms and cells.
        reversed: whether the axis runs downwards, as the field draws it.
    """

    column: str
    title: str
    axis: str
    unit: str
    digits: int
    step: float
    reversed: bool = False

    def written(self, value: float | None, *, sign: bool = False) -> str:
        """A difference, error or scatter as text."""
        if value is None or not np.isfinite(value):
            return "-"
        rounded = round(value, self.digits) + 0.0  # no -0.0
        return f"{rounded:{'+' if sign else ''}.{self.digits}f}"


_KNOWN = {q.column: q for q in (
    Shown("log_teff", "log Teff", "T<sub>eff</sub> [K]", "dex", 4, 0.02, reversed=True),
    Shown("logg", "log g", "log g [dex, cm s<sup>−2</sup>]", "dex", 3, 0.1, reversed=True),
    Shown("fe_h", "[Fe/H]", "[Fe/H] [dex]", "dex", 3, 0.05),
    Shown("v_rad", "RV", "radial velocity [km s<sup>−1</sup>]", "km/s", 1, 10.0),
    Shown("snr", "S/N", "S/N per pixel", "", 0, 0.05))}


def shown(column: str) -> Shown:
    """A column; one of a network that is not known here goes by its own name, in dex."""
    return _KNOWN.get(column) or Shown(column, column, f"{column} [dex]", "dex", 3, 0.05)


def axis(column: str, low: float, high: float, *, narrow: bool = True) -> dict[str, object]:
    """An axis of plotly from low to high; of log Teff with ticks in K, decreasing to the right.

    Args:
        column: what it shows.
        low: its lower end.
        high: its upper end.
        narrow: whether there is room for a few ticks alone.
    """
    of = shown(column)
    ends = [high, low] if of.reversed else [low, high]
    found: dict[str, object] = {"title": {"text": of.axis}, "range": ends}
    if column == "log_teff":
        ticks = [t for t in TEFF_TICKS if not narrow or t not in (4000, 7000, 15_000, 30_000)]
        found |= {"tickvals": [round(float(np.log10(t)), 5) for t in ticks],
                  "ticktext": [str(t) for t in ticks], "tickangle": 0,
                  "tickfont": {"size": 12}}
    return found


def plural(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{count(number)} {one if number == 1 else many}"


def count(number: int) -> str:
    """A number in groups of three digits."""
    return f"{number:,}".replace(",", "\u202f")
