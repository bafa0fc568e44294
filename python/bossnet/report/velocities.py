"""Radial velocities against the survey's own."""

from collections import defaultdict
from dataclasses import dataclass

from psycopg2 import sql

from bossnet.report import style
from bossnet.report.elements import Figure, Section, Star, Table
from bossnet.report.pairs import Width, as_numbers, width
from bossnet.report.quantities import count, shown
from bossnet.report.scope import PACKAGE, Scope
from bossnet.work.queries import query

LIGHT = 299_792.458  #: km/s
LEAST_R = 6.0  #: of the cross-correlation, above which XCSAO's velocity is trusted (paper, 2.3)
STEP, REACH = 5.0, 200.0  #: km/s
WORST = 15
#: The survey's own velocity of a spectrum table: the columns that its statement (own_velocity_...)
#: needs, and what it is.
OWN = {
    "boss_visit_spectrum": ({"xcsao_v_rad", "xcsao_e_v_rad", "xcsao_rxc"},
                            f"xcsao_v_rad, where xcsao_rxc > {LEAST_R:g}"),
    "boss_combined_spectrum": ({"v_rad"}, "v_rad, the velocity that was taken out"),
    "lamost_spectrum": ({"z", "class"}, "c z, where class is STAR; its error is not known"),
}


@dataclass(frozen=True, slots=True)
class OfTable:
    """v_rad minus the survey's own among the spectra of a table, km/s.

    Attributes:
        difference: of all.
        pull: over the error.
        bins: numbers by bin.
        by_snr: by quarters of a decade of S/N.
    """

    difference: Width
    pull: Width
    bins: dict[int, int]
    by_snr: dict[int, Width]


@dataclass(frozen=True, slots=True)
class Velocities:
    """What the section is drawn from.

    Attributes:
        has_velocity: whether the network predicts one.
        of: each table.
        worst: spectrum, star, velocity, the survey's own, difference, in its error.
    """

    has_velocity: bool
    of: dict[str, OfTable]
    worst: list[tuple[int, int | None, float, float, float, float | None]]


def ask(scope: Scope) -> Velocities:
    """The velocities of a scope."""
    parts = [query(f"own_velocity_of_{table}", package=PACKAGE, light=sql.Literal(LIGHT),
                   least_r=sql.Literal(LEAST_R))
             for table, (needs, _) in OWN.items()
             if scope.columns.get(table, set()).issuperset(needs)]
    if not scope.network.has_velocity or not parts:
        return Velocities(scope.network.has_velocity, {}, [])
    own = sql.SQL(" UNION ALL ").join(parts)
    bins: dict[str, dict[int, int]] = defaultdict(dict)
    by_snr: dict[str, dict[int, Width]] = defaultdict(dict)
    of: dict[str, tuple[Width, Width]] = {}
    for kind, table, place, number, differences, pulls in scope.ask(
            "velocities", velocities=own, step=sql.Literal(STEP), reach=sql.Literal(REACH)):
        if kind == "statistics":
            of[table] = width(number, differences), width(number, pulls)
        elif kind == "histogram":
            bins[table][place] = number
        else:
            by_snr[table][place] = width(number, differences)
    worst = scope.ask("worst_velocities", velocities=own, limit=sql.Literal(WORST))
    return Velocities(True, {t: OfTable(*of[t], bins[t], by_snr[t]) for t in sorted(of)}, worst)


def section(v: Velocities) -> Section:
    """The section."""
    title = "Radial velocities"
    if not v.of:
        why = ("No spectrum with a reliable velocity has a trustworthy one of the survey: "
               + "; ".join(f"{table}: {said}" for table, (_, said) in OWN.items()) + "."
               if v.has_velocity else "This network predicts no velocity.")
        return Section("velocities", title, why_empty=why, numbers={"tables": {}})
    data = []
    for i, (table, found) in enumerate(v.of.items()):
        colour = style.COLOURS[i % len(style.COLOURS)]
        number = found.difference.number
        data.append(style.histogram({b: n / number / STEP for b, n in found.bins.items()} or {0: 0},
                                    STEP, panel=0, name=table, colour=colour))
        known = [(10 ** ((b + 0.5) / 4), w) for b, w in sorted(found.by_snr.items())
                 if w.sigma is not None]
        data.append({"type": "scatter", "mode": "lines+markers", "name": table, "showlegend": False,
                     "x": [round(x, 3) for x, _ in known],
                     "y": [round(w.sigma or 0, 3) for _, w in known],
                     "customdata": [[w.number, round(w.offset or 0, 2)] for _, w in known],
                     "line": {"color": colour},
                     "hovertemplate": "S/N %{x:.3g}: scatter %{y:.1f}, offset %{customdata[1]:.1f} "
                                      "km/s, %{customdata[0]} spectra<extra></extra>",
                     **style.on(1)})
    difference = "RV minus the survey's own [km s<sup>−1</sup>]"
    panels: list[style.Panel] = [({"title": {"text": difference}, "range": [-REACH, REACH]},
               {"title": {"text": "part of the spectra per km s<sup>−1</sup>"},
                "rangemode": "tozero"}, "Differences"),
              ({"title": {"text": "S/N per pixel"}, "type": "log"},
               {"title": {"text": "scatter [km s<sup>−1</sup>]"}, "rangemode": "tozero"},
               "Scatter by S/N")]
    figure = Figure("velocities", "Radial velocity minus the survey's own",
                    "Left: all spectra. Right: half the 16th-to-84th percentile width in quarters "
                    "of a decade of S/N.", data,
                    style.grid(panels, high=340, legend=len(v.of) > 1))
    of = shown("v_rad")
    widths = Table("RV minus the survey's own [km/s]", (
        "table", "its own velocity", "spectra", "scatter", "offset", "width in units of the errors"
        ), [(name, OWN[name][-1], count(f.difference.number), of.written(f.difference.sigma),
             of.written(f.difference.offset, sign=True), "-" if f.pull.sigma is None
             else f"{f.pull.sigma:.2f}") for name, f in v.of.items()])
    worst = Table("Velocities that differ most from the survey's own [km/s]", (
        "star", "spectrum", "RV", "the survey's", "difference", "in its error"), [
        ("unknown" if source is None else str(source), Star(key), f"{a:.1f}", f"{b:.1f}",
         f"{d:+.1f}", "-" if pull is None else f"{pull:+.1f}")
        for key, source, a, b, d, pull in v.worst], folded=True)
    return Section("velocities", title, figures=[figure], tables=[widths, worst], numbers={
        "tables": {name: {"difference": as_numbers(f.difference), "pull": as_numbers(f.pull)}
                   for name, f in v.of.items()}})
