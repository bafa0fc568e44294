"""Stars in common: their spectra of two surveys side by side (paper, Figure 6 right, Table 2)."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from psycopg2 import sql

from bossnet.report import style
from bossnet.report.elements import Figure, Section, Star, Table
from bossnet.report.pairs import Width, as_numbers, width
from bossnet.report.quantities import Shown, axis, count, shown
from bossnet.report.scope import Scope, values

NAMED = 60  #: of the most discrepant stars of each parameter, drawn as points
LISTED = 5  #: of these in the table
#: The last row of the paper's Table 2 (BOSS against LAMOST, withheld test set): scatter, offset.
PAPER = {("boss", "BOSS", "LAMOST"): {"logg": (0.105, 0.026), "log_teff": (0.011, 0.0007),
                                      "fe_h": (0.104, -0.017)}}


@dataclass(frozen=True, slots=True)
class Discrepant:
    """A star with its best spectrum of each side."""

    source_pk: int
    spectrum_a: int
    spectrum_b: int
    a: float
    b: float
    pull: float | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the stars in common.

    Attributes:
        difference: of a minus b.
        pull: the same over its error.
        cells: numbers by place in a and in b.
        stars: the most discrepant.
    """

    difference: Width
    pull: Width
    cells: list[tuple[int, int, int]]
    stars: list[Discrepant]


@dataclass(frozen=True, slots=True)
class Common:
    """Two surveys' names, and each parameter of the stars they have in common."""

    kind: str
    a: str
    b: str
    of: dict[str, Parameter]


def surveys(tables: tuple[str, ...]) -> dict[str, list[str]]:
    """Spectrum tables by the survey whose name they begin with."""
    found: dict[str, list[str]] = defaultdict(list)
    for table in tables:
        found[table.partition("_")[0].upper()].append(table)
    return dict(found)


def ask(scope: Scope) -> list[Common]:
    """The stars in common of every two surveys of a scope."""
    return [_ask(scope, one, two) for one, two in combinations(surveys(scope.tables).items(), 2)]


def _ask(scope: Scope, one: tuple[str, list[str]], two: tuple[str, list[str]]) -> Common:
    columns = [name for p in scope.parameters for name in (p, f"e_{p}")]
    found = scope.ask(
        "stars_in_common", tables_a=sql.Literal(one[1]), tables=sql.Literal(one[1] + two[1]),
        limit=sql.Literal(NAMED), values=sql.SQL(", ").join(map(sql.Identifier, columns)),
        pairs=values([_pair(name) for name in scope.parameters]))
    of = {row[1]: row for row in found if row[0] == "statistics"}
    cells: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    stars: dict[str, list[Discrepant]] = defaultdict(list)
    for kind, name, number, x, y, _, pulls, *keys in found:
        if kind == "cell":
            cells[name].append((int(x), int(y), number))
        elif kind == "star":
            source, one_key, two_key = keys
            stars[name].append(Discrepant(source, one_key, two_key, x, y, pulls[0]))
    return Common(scope.network.kind, one[0], two[0], {
        name: Parameter(width(of[name][2], of[name][5]), width(of[name][2], of[name][6]),
                        cells[name], stars[name])
        for name in scope.parameters if name in of})


def _pair(name: str) -> tuple[str, sql.Composable, sql.Composable, sql.Composable, sql.Composable]:
    """For VALUES: a parameter, its two values, the variance of their difference, its step."""
    a, b, e_a, e_b = (sql.Identifier(side, column) for column in (name, f"e_{name}")
                      for side in ("a", "b"))
    return name, a, b, sql.SQL("{} ^ 2 + {} ^ 2").format(e_a, e_b), sql.Literal(shown(name).step)


def section(found: list[Common]) -> Section:
    """The section."""
    title = "Stars in common"
    if not found:
        return Section("common", title, why_empty="The spectra are of one survey alone.",
                       numbers={"pairs": []})
    there = [c for c in found if c.of]
    if not there:
        return Section("common", title, why_empty="No star has reliable parameters from spectra of "
                       "both " + ", nor of both ".join(f"{c.a} and {c.b}" for c in found) + ".",
                       numbers={"pairs": []})
    tables = [t for c in there for t in (_statistics(c), _worst(c))]
    return Section("common", title, [
        "Of each star the best spectrum (by S/N) of either survey."], [_figure(c) for c in there],
        tables, numbers={"pairs": [{"a": c.a, "b": c.b, "parameters": {
            name: {"difference": as_numbers(p.difference), "pull": as_numbers(p.pull)}
            for name, p in c.of.items()}} for c in there]})


def _figure(common: Common) -> Figure:
    panels, data = [], []
    for i, (name, p) in enumerate(common.of.items()):
        of = shown(name)
        low, high = _limits(p, of)
        x, y = (axis(name, low, high) | {"title": {"text": f"{of.axis}, {survey}"}}
                for survey in (common.a, common.b))
        panels.append((x, y, of.title))
        hover = (f"{of.title} %{{x:.4g}} by {common.a}, %{{y:.4g}} by {common.b}<br>")
        data += [style.density(p.cells, (of.step, of.step), panel=i, scale=False, hover=hover,
                               what="stars"),
                 style.line([low, high], [low, high], panel=i),
                 {"type": "scatter", "mode": "markers", "meta": "stars",
                  "x": [round(s.a, 4) for s in p.stars], "y": [round(s.b, 4) for s in p.stars],
                  "customdata": [[s.spectrum_a, s.source_pk, s.spectrum_b,
                                  "unknown" if s.pull is None else f"{s.pull:+.1f}"]
                                 for s in p.stars],
                  "marker": {"size": 5, "color": style.ORANGE, "symbol": "circle-open"},
                  "hovertemplate": hover + "star %{customdata[1]}: spectra %{customdata[0]}, "
                                   "%{customdata[2]}<br>%{customdata[3]} of its error"
                                   "<extra></extra>", **style.on(i)}]
    return Figure(f"common-{common.a}-{common.b}".lower(),
                  f"{common.b} against {common.a} for stars in common (paper, Figure 6 right)",
                  "Darker: more stars, logarithmic. Dashed: equal. Orange rings: the most "
                  "discrepant in units of their errors; hover or click them.", data,
                  style.grid(panels, high=400))


def _limits(p: Parameter, of: Shown) -> tuple[float, float]:
    places = [place for x, y, _ in p.cells for place in (x, x + 1, y, y + 1)]
    return min(places) * of.step, max(places) * of.step


def _statistics(common: Common) -> Table:
    paper = PAPER.get((common.kind, common.a, common.b), {})
    rows = []
    for name, p in common.of.items():
        of = shown(name)
        scatter, offset = (of.written(v) for v in paper.get(name, (None, None)))
        rows.append((f"{of.title} [{of.unit}]", count(p.difference.number),
                     of.written(p.difference.sigma), scatter,
                     of.written(p.difference.offset, sign=True), offset,
                     "-" if p.pull.sigma is None else f"{p.pull.sigma:.2f}"))
    return Table(f"{common.a} minus {common.b} (paper, Table 2, last row)", (
        "parameter", "stars", "scatter", "the paper's", "offset", "the paper's",
        "width in units of the errors (the paper: 1.2 to 1.5)" if paper
        else "width in units of the errors"), rows)


def _worst(common: Common) -> Table:
    rows = [(shown(name).title, str(s.source_pk), Star(s.spectrum_a), Star(s.spectrum_b),
             f"{s.a:.4g}", f"{s.b:.4g}", "-" if s.pull is None else f"{s.pull:+.1f}")
            for name, p in common.of.items() for s in p.stars[:LISTED]]
    return Table(f"Most discrepant between {common.a} and {common.b}", (
        "parameter", "star", common.a, common.b, f"by {common.a}", f"by {common.b}",
        "difference in its error"), rows, folded=True)
