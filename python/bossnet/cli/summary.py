"""What a run is going to do, would do, and has done, in words."""

from collections import Counter
from typing import TYPE_CHECKING

from rich.table import Table

from bossnet.cli.common import console

if TYPE_CHECKING:  # only then are they needed, and help is quick
    from bossnet.work.profile import Times
    from bossnet.work.settings import Settings
    from bossnet.work.summary import Summary


def announce(summary: "Summary") -> None:
    """What the planned run is."""
    if summary.weights_status == "demonstration":
        console.print(f"weights {summary.weights}: a demonstration, not for science")
    for table, reason in summary.left_out.items():
        console.print(f"left out: {table}: {reason}")
    on = f" on {summary.device}" if summary.device else ""  # not known before there is a worker
    console.print(f"run {summary.run_pk}: {summary.n_selected} spectra, {summary.weights}{on}")
    if summary.continues is not None:
        console.print(f"goes on with the overwriting that run {summary.continues} began")


def show_plan(summary: "Summary", settings: "Settings") -> None:
    """What a dry run has counted."""
    table = Table("table", "rows", "not selected", "have a row", "to do", box=None)
    for name, counts in summary.tables.items():
        table.add_row(name, str(counts.rows), str(counts.rows - counts.taken),
                      str(counts.taken - counts.todo), str(counts.todo))
    console.print(table)
    for name, reason in summary.left_out.items():
        console.print(f"left out: {name}: {reason}")
    limit = f" (--limit {settings.limit})" if settings.limit is not None else ""
    console.print(f"would take {summary.n_selected} spectra{limit}")


def show_summary(summary: "Summary", seconds: float) -> None:
    """What came of a run, within these seconds."""
    rate = f", {summary.n_done / seconds:.1f}/s" if seconds else ""
    console.print(f"run {summary.run_pk} {summary.state}: {summary.n_done} of "
                  f"{summary.n_selected} spectra have their row{rate}; {summary.n_failed} failed")
    if summary.n_done < summary.n_selected:
        console.print(f"{summary.n_selected - summary.n_done} have theirs from another run, made "
                      "at the same time")
    for name, number in Counter(summary.flags).most_common():
        console.print(f"  {number:>7}  {name}")
    if summary.profile is not None:
        _show_profile(summary.profile)
    if summary.n_failed:
        console.print(f"see `astra status {summary.run_pk}` for the reasons")


def _show_profile(profile: "dict[str, Times]") -> None:
    """Where the time went: each thread's stages, the longest first."""
    table = Table("thread", "stage", "s", "%", box=None)
    for thread, times in profile.items():
        wall = sum(times.values())
        for stage, seconds in sorted(times.items(), key=lambda item: -item[1]):
            table.add_row(thread, stage, f"{seconds:.2f}", f"{100 * seconds / wall:.1f}")
        table.add_row(thread, "all", f"{wall:.2f}", "100.0", end_section=True)
    console.print(table)
