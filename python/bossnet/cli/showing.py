"""Runs and their workers, as they are shown to people."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bossnet.work.states import LIVE

WIDE = 200  #: signs of a line where no terminal says how many it shows
_STATES = ("running", "died", "failed", "stopped", "done")  #: of workers, what matters first

Run = dict[str, Any]


def output() -> Console:
    """Standard output."""
    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out.width = max(out.width, WIDE)
    return out


def overview(runs: list[Run]) -> RenderableType:
    """A line for each run, and what is wrong with the workers of those that go on."""
    if not runs:
        return Text("no runs yet: `astra run bossnet` makes one")
    table = Table("run", "task", "state", "started", "done", "failed", "rate/s", "left", "workers",
                  "tag", "where", box=None)
    for r in runs:
        table.add_row(str(r["pk"]), r["task"], r["state"], r["started"][:19],
                      f"{r['n_done']}/{_number(r['n_selected'])}", str(r["n_failed"]),
                      _rate(r["rate"]), duration(r["seconds_left"]), workers_in_words(r),
                      r["tag"], r["selection"] or "")
    troubles = [Text(f"run {r['pk']}: {trouble}") for r in runs if r["state"] in (*LIVE, "died")
                for trouble in troubles_of(r)]
    return Group(table, *troubles)


def one(r: Run, failed: list[Any]) -> RenderableType:
    """A run with its counts by flag, its workers, and its failures by reason."""
    lines = [f"run {r['pk']}: {r['task']}, {r['state']}"
             + (f": {r['error_message']}" if r["error_message"] else ""),
             f"  by {r['username']} on {r['hostname']}, started {r['started']}"
             + (f", finished {r['finished']}" if r["finished"] else ""),
             f"  where {r['selection'] or '(everything)'}"
             + (f", tag {r['tag']!r}" if r["tag"] else ""),
             f"  weights {r['weights']} ({r['weights_status']}), {_method(r)}, "
             + (f"{r['device']}, " if r["device"] else "") + f"version {r['software_version']}",
             f"  {progress(r, 'have their row')}",
             *_counts(r)]
    return Group(*map(Text, lines), *workers(r), *map(Text, _failures(failed)))


def whole(r: Run, chunks: dict[str, dict[str, int]], failed: list[Any]) -> RenderableType:
    """All that is known of a run: its record column by column, chunks, workers, failures."""
    names = [name for name in r if name not in ("workers", "counts")]
    width = max(map(len, names)) + 2
    lines = [(name.ljust(width) + _value(r[name])).rstrip() for name in names]
    lines += ["", "flags", *_counts(r)]
    lines += ["", "chunks", *(f"  {c['chunks']:>9}  {state}, {c['spectra']} spectra"
                              + (f"; workers died at them {c['deaths']} times" if c["deaths"]
                                 else "") for state, c in chunks.items())]
    return Group(*map(Text, lines), Text(""), *workers(r), *map(Text, _failures(failed)))


def progress(r: Run, done: str = "done") -> str:
    """How far a run is, in a line."""
    rate = f", {_rate(r['rate'])}/s" if r["rate"] else ""
    left = f", {duration(r['seconds_left'])} left" if r["seconds_left"] is not None else ""
    return (f"{r['n_done']} of {_number(r['n_selected'])} spectra {done}, {r['n_failed']} failed"
            f"{rate}{left}")


def line(r: Run) -> str:
    """A run in a line."""
    words = workers_in_words(r)
    return (f"run {r['pk']} {r['state']}: {progress(r)}" + (f"; workers: {words}" if words else "")
            + (f"; {r['error_message']}" if r["error_message"] else ""))


def workers(r: Run) -> Iterator[RenderableType]:
    """The workers of a run, and what is wrong with them."""
    if not r["workers"]:
        return
    table = Table("worker", "state", "where", "device", "sign of life", "chunks", "done", "failed",
                  "rate/s", "in database", box=None)
    for w in r["workers"]:
        life = f"{duration(w['silent'])} ago" if w["silent"] is not None else w["finished"][:19]
        share = f"{100 * w['t_database'] / w['t_work']:.1f} %" if w["t_work"] else ""
        device = " ".join(filter(None, (w["device"], w["arithmetic"])))
        table.add_row(str(w["pk"]), _state(w), place(w), device, life,
                      str(w["n_chunks"]), str(w["n_done"]), str(w["n_failed"]), _rate(w["rate"]),
                      share)
    yield table
    yield from map(Text, troubles_of(r))


def workers_in_words(r: Run) -> str:
    """How many workers of a run are in which state, and how long ago each was seen at most."""
    number = Counter(w["state"] for w in r["workers"])
    seen = max((w["silent"] for w in r["workers"] if w["state"] == "running"), default=0.0)
    return ", ".join(f"{number[state]} "
                     + (f"at work (seen {duration(seen)} ago)" if state == "running" else state)
                     for state in _STATES if number[state])


def troubles_of(r: Run) -> list[str]:
    """The workers of a run that died or failed, and why."""
    found = []
    for w in r["workers"]:
        if w["state"] == "died":
            why = f"no sign of life for {duration(w['silent'])}"
        elif w["state"] == "failed":
            why = w["error_message"] or "no reason is known"
        else:
            continue
        found.append(f"worker {w['pk']} ({place(w)}) {w['state']}: {why}")
    return found


def place(w: dict[str, Any]) -> str:
    """Where a worker is, or was."""
    return f"{w['hostname']}:{w['pid']}" + (f", job {w['slurm_job']}" if w["slurm_job"] else "")


def duration(seconds: float | None) -> str:
    """A time in words; empty for None."""
    if seconds is None:
        return ""
    for unit, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"


def _value(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _counts(r: Run) -> list[str]:
    return [f"  {number:>9}  {name}"
            for name, number in sorted(r["counts"].items(), key=lambda item: -item[1])]


def _failures(failed: Iterable[Any]) -> Iterator[str]:
    for f in failed:
        yield f"failed ({f.number}): {', '.join(f.reasons)}"
        for example in f.examples:
            yield f"  e.g. spectrum {example.spectrum_pk}: {example.error_message}"


def _state(w: dict[str, Any]) -> str:
    return "at work" if w["state"] == "running" else w["state"]


def _method(r: Run) -> str:
    how = f"{r['n_draws']} draws"
    return how if r["uncertainty_method"] == "draws" else f"{r['uncertainty_method']}, else {how}"


def _rate(rate: float | None) -> str:
    return f"{rate:.1f}" if rate else ""


def _number(n: int | None) -> str:
    return "?" if n is None else str(n)
