"""Two runs compared, as it is shown to people."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from bossnet.evaluation.quantities import QUANTITIES
from bossnet.evaluation.statistics import LEAST
from bossnet.work.changes import Change, Difference, Worst

_OF = {q.column: q for q in QUANTITIES}


def parts(d: Difference) -> Iterator[RenderableType]:
    """What there is to say, piece by piece."""
    a, b = d.a["pk"], d.b["pk"]
    for name, run in (("A", d.a), ("B", d.b)):
        yield Text(f"{name}: run {run['pk']} ({run['state']}), {run['started'][:19]}, weights "
                   f"{run['weights']}, version {run['software_version']}, tag {run['tag']!r}")
    yield Text("settings: " + ("; ".join(
        f"{name} {_setting(name, was)}, then {_setting(name, now)}"
        for name, (was, now) in d.settings.items()) or "the same"))
    rows = d.rows
    yield Text(f"rows: {rows.a} of run {a}, {rows.b} of run {b}; {rows.both} spectra have both; "
               f"{rows.lost} lost, {rows.gained} gained")
    if d.lost:
        yield Text(f"lost, e.g. spectrum {', '.join(map(str, d.lost))}")
    if not rows.both:
        yield Text("no spectrum has a row of both: there is nothing to compare (--whole compares "
                   "all rows of their tags)")
        return
    yield Text(f"of both: {rows.failed} failed in {b} only, {rows.recovered} in {a} only; "
               f"{rows.same} are the same to the last digit")
    for example in d.newly_failed:
        yield Text(f"failed in {b} only, e.g. spectrum {example.spectrum_pk}: "
                   f"{example.error_message}")
    yield from _flags(d)
    yield from _parameters(d)
    yield from _worst(d)


def _flags(d: Difference) -> Iterator[RenderableType]:
    yield Text(f"\nflags, among the {d.rows.both} spectra of both")
    table = Table("", *map(_right, ("A", "B", "set", "cleared")), box=None)
    for f in d.flags:
        table.add_row(f.name, *map(str, (f.a, f.b, f.set, f.cleared)))
    yield table if d.flags else Text("  none is set")


def _parameters(d: Difference) -> Iterator[RenderableType]:
    yield Text("\nparameters: in how many spectra they are usable; B minus A where in both; "
               "regions by A")
    table = Table("", *(_right(name) for name in (
        "in A", "in B", "in both", "offset", "scatter", "largest", "> 1 sigma", "sigma B/A")),
        box=None)
    for column, changes in groupby(d.parameters, lambda c: c.parameter):
        for c in changes:
            title = f"{_OF[column].title} [{_OF[column].scatter_unit}]"
            table.add_row(f"  {c.region}" if c.region else title, *_cells(c))
    yield table
    yield Text(f"offset: the median; scatter: half the 16th-to-84th percentile width, both of "
               f"{LEAST} spectra or more;\n> 1 sigma: changed by more than the larger of the two "
               "uncertainties; sigma B/A: the median of their ratio")


def _cells(c: Change) -> list[str]:
    digits = _OF[c.parameter].digits
    return [*map(str, (c.usable_a, c.usable_b, c.number)), _signed(c.offset, digits),
            _plain(c.scatter, digits), _plain(c.largest, digits),
            "-" if c.beyond is None else f"{100 * c.beyond:.1f} %", _plain(c.errors, 2)]


def _worst(d: Difference) -> Iterator[RenderableType]:
    if not d.worst:
        return
    yield Text("\nthe largest changes")
    table = Table("", "spectrum", "source", *(_right(name) for name in (
        "A", "B", "B minus A", "in sigma")), "flags set (+) and cleared (-)", box=None)
    for column, worst in groupby(d.worst, lambda w: w.parameter):
        for i, w in enumerate(worst):
            table.add_row(_OF[column].title if i == 0 else "", *_line(w))
    yield table


def _line(w: Worst) -> list[str]:
    digits = _OF[w.parameter].digits
    flags = [f"+{name}" for name in w.set] + [f"-{name}" for name in w.cleared]
    return [str(w.spectrum_pk), "" if w.source_pk is None else str(w.source_pk),
            f"{w.a:.{digits}f}", f"{w.b:.{digits}f}", _signed(w.difference, digits),
            _plain(abs(w.difference) / w.error if w.error else None, 1), " ".join(flags)]


def _setting(name: str, value: Any) -> str:
    if name == "weights_sha256" and value:
        return str(value)[:12]
    return ", ".join(value) if isinstance(value, list) else str(value)


def _right(name: str) -> Column:
    return Column(name, justify="right")


def _plain(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _signed(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:+.{digits}f}"
