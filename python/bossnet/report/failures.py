"""Failures by reason, in flags and in words, with one of each to look at."""

from bossnet.report import style
from bossnet.report.counts import Counts
from bossnet.report.elements import Figure, Section, Star, Table
from bossnet.report.quantities import count, plural


def section(counts: Counts) -> Section:
    """The section."""
    if not counts.failed:
        return Section("failures", "Failures", why_empty="No spectrum failed.",
                       numbers={"failed": 0})
    reasons = list(counts.reasons.items())
    data = [{"type": "bar", "orientation": "h", "x": [n for _, n in reasons],
             "y": [short(name) for name, _ in reasons],
             "marker": {"color": style.BLUE},
             "hovertemplate": "%{y}: %{x} spectra<extra></extra>"}]
    figure = Figure(
        "failures", "Failed spectra by reason",
        "The flags that say why a spectrum has no parameters. flag_runtime_exception is always "
        "among them; alone it is an unforeseen error.", data,
        style.layout(140 + 40 * len(reasons),
                     xaxis={"title": {"text": "spectra"}, "rangemode": "tozero"},
                     yaxis={"type": "category", "autorange": "reversed"}))
    table = Table("What the messages say, paths and numbers taken out; and one of each kind",
                  ("message", "flags", "number", "one of them", "its message"), [
        (kind.kind, short(" ".join(kind.reasons)), count(kind.number), Star(kind.spectrum_pk),
         kind.example) for kind in counts.kinds])
    return Section("failures", "Failures", [
        f"{plural(counts.failed, 'spectrum', 'spectra')} of {count(counts.rows)} failed; each is a "
        "row with its reason in error_message."], [figure], [table],
        numbers={"failed": counts.failed, "reasons": counts.reasons,
                 "messages": [{"kind": k.kind, "number": k.number, "spectrum_pk": k.spectrum_pk,
                               "example": k.example} for k in counts.kinds]})


def short(names: str) -> str:
    """Names of flags without what they all have; the first says nothing beside others."""
    found = [name.removeprefix("flag_") for name in names.split()]
    return ", ".join([name for name in found if name != "runtime_exception"] or found)
