"""How often each flag is set, by spectrum table."""

from bossnet.flags import FLAGS
from bossnet.report import style
from bossnet.report.counts import Counts
from bossnet.report.elements import Figure, Section, Table
from bossnet.report.quantities import count


def section(counts: Counts) -> Section:
    """The section."""
    found = counts.flags()
    if not found:
        return Section("flags", "Flags", why_empty="No row has a flag.", numbers={"flags": {}})
    flags = [f for f in FLAGS if f.name in found]
    tables = counts.tables
    data = [{"type": "bar", "orientation": "h", "name": table,
             "y": [f.name.removeprefix("flag_") for f in flags],
             "x": [round(100 * counts.number(f.mask, table) / counts.number(table=table), 4)
                   for f in flags],
             "marker": {"color": style.COLOURS[i % len(style.COLOURS)]},
             "hovertemplate": f"%{{y}}: %{{x:.3g}} % of {table}<extra></extra>"}
            for i, table in enumerate(tables)]
    layout = style.layout(140 + (14 + 12 * len(tables)) * len(flags),
                          xaxis={"title": {"text": "% of the table's spectra"},
                                 "rangemode": "tozero"},
                          yaxis={"type": "category", "autorange": "reversed"}, barmode="group",
                          showlegend=len(tables) > 1,
                          legend={"orientation": "h", "y": 1.02, "yanchor": "bottom",
                                  "traceorder": "normal"})
    figure = Figure("flags", "How often each flag is set, by spectrum table",
                    "Flags that no row has are left out.", data, layout)
    rows = [(f.name, str(f.bit), "bad" if f.bad else "warn" if f.warn else "information",
             f.meaning, count(counts.number(f.mask)),
             *(f"{100 * counts.number(f.mask, t) / counts.number(table=t):.2f}" for t in tables))
            for f in FLAGS]
    table = Table("Every flag, when it is set, and in how many rows", (
        "flag", "bit", "part of", "set when", "rows", *(f"% of {t}" for t in tables)), rows)
    return Section("flags", "Flags", figures=[figure], tables=[table], numbers={
        "flags": found,
        "by_table": {t: {f.name: counts.number(f.mask, t) for f in flags} for t in tables}})
