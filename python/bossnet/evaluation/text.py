"""Tables of an evaluation as plain text."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bossnet.evaluation.figures import ByKind
from bossnet.evaluation.foreign import ORDINARY
from bossnet.evaluation.noise_pulls import PullRow
from bossnet.evaluation.quantities import QUANTITIES, Quantity
from bossnet.evaluation.statistics import FAR, LEAST, Row

NONE, GAP = "-", "  "
TITLES = [q.title for q in QUANTITIES]
Cells = list[str]
Heading = tuple[str, list[str]]  #: a heading, and those of the columns under it
_SMALL = f"Fewer than {LEAST} spectra have no numbers ({NONE})."


def one(rows: Sequence[Row]) -> str:
    """One network: scatter and offset as in the paper's Table 2, then its uncertainties."""
    shown = [row for row in rows if _tells(row)]
    kinds = [row.kind for row in shown]
    return "\n\n".join((
        _lined([("", [""]), ("sigma", TITLES), ("offset", TITLES), ("", ["spectra"])],
               [[r.name, *(_cell(r.of[q.column].sigma, q.digits) for q in QUANTITIES),
                 *(_cell(r.of[q.column].offset, q.digits) for q in QUANTITIES), str(r.spectra)]
                for r in shown], kinds),
        _lined([("", [""]), ("error", TITLES), ("pull", TITLES), ("n", TITLES)],
               [[r.name, *(_cell(r.of[q.column].error, q.digits) for q in QUANTITIES),
                 *(_cell(r.of[q.column].pull, 2) for q in QUANTITIES),
                 *(str(r.of[q.column].number) for q in QUANTITIES)] for r in shown], kinds),
        "sigma: half the 16th-to-84th percentile width of predicted minus label; offset: its "
        "median;\nerror: median of the reported uncertainties; pull: half the 16th-to-84th "
        "percentile width of\n(predicted minus label) / uncertainty; n: spectra with that label. "
        "RV in km/s, all else in dex.\n" + _SMALL))


def beside(names: Sequence[str], tables: Sequence[Sequence[Row]]) -> str:
    """Several networks on the same spectra, a block for each parameter; the better is marked."""
    blocks = [_block(q, names, tables) for q in QUANTITIES]
    return "\n\n".join((*blocks, "* the smallest sigma, and the smallest offset. The sigma of n "
                        "spectra is known to\nabout 1/sqrt(n) of itself. " + _SMALL))


def noise(rows: Sequence[PullRow], *, counted: str = "spectra") -> str:
    """Pulls of noise: widths, and what lies beyond 3; ``counted`` is what rows are of."""
    return _lined([("", [""]), ("width", TITLES), (f"beyond {FAR:g}", TITLES), ("", [counted])],
                  [[r.name, *(_cell(r.of[q.column].width, 2) for q in QUANTITIES),
                    *(_per_cent(r.of[q.column].beyond_3) for q in QUANTITIES), str(r.spectra)]
                   for r in rows], [r.kind for r in rows])


def foreign(table: ByKind) -> str:
    """How often each kind of spectrum is flagged, and how far off it is."""
    at = [f"{snr:g}" for snr in table.snr]
    lines = [[kind, *(_per_cent(v, 1) for v in _known(flagged)),
              *(_cell(v, 2) for v in _known(distance))]
             for kind, flagged, distance in zip(table.kinds, table.flagged, table.distance,
                                                strict=True)]
    return _lined([("", [""]), ("flagged at S/N", at), ("distance / limit at S/N", at)], lines,
                  ["stars" if kind == ORDINARY.name else "foreign" for kind in table.kinds])


def _block(q: Quantity, names: Sequence[str], tables: Sequence[Sequence[Row]]) -> str:
    heads: list[Heading] = [("", [""]), *((name, ["sigma", "offset", "pull"]) for name in names),
                            ("", ["n"])]
    lines, kinds = [], []
    for those in zip(*tables, strict=True):
        if not any(_tells(row) for row in those):
            continue
        numbers = [row.of[q.column] for row in those]
        sigma = _marked([n.sigma for n in numbers], q.digits, key=float)
        offset = _marked([n.offset for n in numbers], q.digits, key=abs)
        pull = [_cell(n.pull, 2) for n in numbers]
        kinds.append(those[0].kind)
        lines.append([those[0].name, *(cell for cells in zip(sigma, offset, pull, strict=True)
                                       for cell in cells), str(max(n.number for n in numbers))])
    return f"{q.title} [{q.scatter_unit}]\n" + _lined(heads, lines, kinds)


def _tells(row: Row) -> bool:
    """Crossed groups that are too small for any number are left to the record."""
    return " and " not in row.kind or any(s.number >= LEAST for s in row.of.values())


def _cell(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _per_cent(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _marked(values: Sequence[float | None], digits: int, *, key: Callable[[float], float]) -> Cells:
    """The cells, with a mark at the one that is smaller than all others as it is printed."""
    shown = [None if v is None else round(key(v), digits) for v in values]
    known = [s for s in shown if s is not None]
    best = min(known) if len(known) > 1 and known.count(min(known)) == 1 else None
    return [_cell(v, digits) + ("*" if best is not None and s == best else " ")
            for v, s in zip(values, shown, strict=True)]


def _lined(heads: Sequence[Heading], lines: Sequence[Cells], kinds: Sequence[str]) -> str:
    """Columns to the right but for the first, under headings of several; kinds are spaced."""
    names = [name for _, columns in heads for name in columns]
    widths = [max(len(line[i]) for line in (names, *lines)) for i in range(len(names))]
    over, place = "", 0
    for head, columns in heads:
        width = len(GAP.join(" " * w for w in widths[place:place + len(columns)]))
        missing = len(head) - width
        if missing > 0:
            widths[place] += missing
            width += missing
        over += head.center(width) + GAP
        place += len(columns)
    text = [over.rstrip(), _line(names, widths)]
    for line, (before, kind) in zip(lines, pairwise(["", *kinds]), strict=True):
        text += ([""] if kind != before else []) + [_line(line, widths)]
    return "\n".join(text)


def _line(cells: Cells, widths: Sequence[int]) -> str:
    first, *rest = (cell.ljust(w) if i == 0 else cell.rjust(w)
                    for i, (cell, w) in enumerate(zip(cells, widths, strict=True)))
    return GAP.join([first, *rest]).rstrip()
