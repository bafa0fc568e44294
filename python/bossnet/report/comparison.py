"""These results against those of a run before: rows, flags, parameters, the largest changes."""

from dataclasses import dataclass
from itertools import groupby

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from bossnet.errors import ConfigurationError
from bossnet.report import style
from bossnet.report.counts import Counts
from bossnet.report.elements import Figure, Section, Star, Table
from bossnet.report.quantities import count, shown
from bossnet.report.scope import Scope
from bossnet.work.changes import Change, Difference
from bossnet.work.difference import compare
from bossnet.work.status import record

WORST = 5  #: changes of each parameter that are named


@dataclass(frozen=True, slots=True)
class Plan:
    """Which runs are compared.

    Attributes:
        before: the run of before; None where there is none.
        run: of the results that are reported on; None where there is none.
        is_asked: whether the run of before was named by the user.
        is_run: whether the report is of one run alone.
    """

    before: int | None
    run: int | None
    is_asked: bool
    is_run: bool


def plan(scope: Scope, counts: Counts, against: int | None) -> Plan:
    """The run to compare with: the one that was named, or the last of another version or tag."""
    made = [run["pk"] for run in counts.runs if run["n_rows"]]
    run = made[-1] if made else None
    before = against
    if before is None and made:
        found = scope.ask("previous_run", task=sql.Literal(scope.network.name),
                          run=sql.Literal(made[0]), version=sql.Literal(scope.choice.version),
                          tag=sql.Literal(scope.choice.tag))
        before = found[0][0] if found else None
    return Plan(before, run, against is not None, scope.choice.run is not None)


def ask(connection: Connection, of: Plan) -> Difference | str:
    """The difference, or the reason why there is none.

    Args:
        connection: without a transaction.
        of: which runs.

    Raises:
        ConfigurationError: the run that was named cannot be compared with.
    """
    if of.run is None:
        return "There are no rows."
    if of.before is None:
        return ("There is no run before of another version or tag. (--against RUN names one; "
                "`astra run --tag` keeps results apart.)")
    try:
        kinds = [(r["v_astra_major_minor"], r["tag"])
                 for r in (record(connection, key) for key in (of.before, of.run))]
        return compare(connection, of.before, of.run, worst=WORST,
                       whole=not of.is_run and kinds[0] != kinds[1])
    except ConfigurationError as e:
        if of.is_asked:
            raise
        return f"Run {of.before} came before, but: {e}."


def section(found: Difference | str) -> Section:
    """The section."""
    title = "Comparison with a run before"
    if isinstance(found, str):
        return Section("comparison", title, why_empty=found)
    a, b = found.a["pk"], found.b["pk"]
    rows = found.rows
    paragraphs = [
        f"A is run {a} (version {found.a['software_version']}, tag {found.a['tag']!r}, weights "
        f"{found.a['weights']}), B these results (run {b}).",
        f"{count(rows.a)} rows in A, {count(rows.b)} in B; {count(rows.both)} spectra have both, "
        f"{count(rows.same)} of them the same to the last digit. {count(rows.failed)} fail in B "
        f"only, {count(rows.recovered)} in A only."]
    if found.settings:
        paragraphs.append("What differs in how they were made: " + "; ".join(
            f"{name} {was!r}, then {now!r}" for name, (was, now) in found.settings.items()) + ".")
    if not rows.both:
        return Section("comparison", title, paragraphs, why_empty="No spectrum has a row of both.",
                       numbers=found.as_dict())
    figures = [_figure(found)] if any(c.offset is not None for c in found.parameters) else []
    return Section("comparison", title, paragraphs, figures, _tables(found),
                   numbers=found.as_dict())


def _of(change: Change) -> str:
    return "v_rad" if change.parameter == "v_rel" else change.parameter


def _figure(found: Difference) -> Figure:
    panels, data = [], []
    known = [c for c in found.parameters if c.offset is not None]
    for i, (_, changes) in enumerate(groupby(known, _of)):
        own = list(changes)
        of = shown(_of(own[0]))
        panels.append(({"title": {"text": f"B minus A [{of.unit}]"}},
                       {"type": "category", "autorange": "reversed"}, of.title))
        data.append({"type": "scatter", "mode": "markers",
                     "marker": {"color": style.BLUE, "size": 8},
                     "x": [float(f"{c.offset or 0:.6g}") for c in own],
                     "y": [c.region or "all" for c in own],
                     "error_x": {"type": "data", "color": style.BLUE,
                                 "array": [float(f"{c.scatter or 0:.4g}") for c in own]},
                     "customdata": [c.number for c in own],
                     "hovertemplate": "%{y}: %{x:+.4g}, %{customdata} spectra<extra></extra>",
                     **style.on(i)})
    return Figure("comparison", "What has changed, by region of the Kiel diagram",
                  "Points: the median of B minus A. Bars: the scatter, half the 16th-to-84th "
                  "percentile width.", data, style.grid(panels, high=240, gap=0.25))


def _tables(found: Difference) -> list[Table]:
    tables = [Table("Parameters, B minus A where both are usable", (
        "parameter", "region by A", "in both", "offset", "scatter", "largest", "% beyond 1 sigma",
        "sigma B / sigma A"), [
        (f"{of.title} [{of.unit}]", c.region or "all", count(c.number),
         of.written(c.offset, sign=True), of.written(c.scatter), of.written(c.largest),
         "-" if c.beyond is None else f"{100 * c.beyond:.1f}",
         "-" if c.errors is None else f"{c.errors:.2f}")
        for c in found.parameters for of in [shown(_of(c))]])]
    if found.flags:
        tables.append(Table("Flags, among the spectra of both", ("flag", "A", "B", "set",
                                                                 "cleared"), [
            (f.name, *map(count, (f.a, f.b, f.set, f.cleared))) for f in found.flags]))
    if found.newly_failed:
        tables.append(Table("Failed in B only, for instance", ("spectrum", "message"), [
            (Star(e.spectrum_pk), e.error_message) for e in found.newly_failed]))
    if found.worst:
        tables.append(Table("The largest changes", ("parameter", "spectrum", "A", "B", "B minus A",
                                                    "in sigma", "flags set (+) and cleared (-)"), [
            (of.title, Star(w.spectrum_pk), of.written(w.a), of.written(w.b),
             of.written(w.difference, sign=True),
             f"{abs(w.difference) / w.error:.1f}" if w.error else "-",
             " ".join([f"+{name}" for name in w.set] + [f"-{name}" for name in w.cleared]))
            for w in found.worst
            for of in [shown("v_rad" if w.parameter == "v_rel" else w.parameter)]], folded=True))
    return tables
