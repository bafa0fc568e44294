"""Progress over spectra: a bar on a terminal, or a line now and then where there is none."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from bossnet.cli.common import console

EVERY = 30.0  #: seconds between two lines where there is no terminal


class Shown:
    """How far a command is with its spectra; a context manager.

    Args:
        failed: what is said of those that ended without parameters.
        quiet: show nothing.

    Attributes:
        seconds: from the beginning to the last spectrum that was done; 0 without one.
    """

    def __init__(self, *, failed: str, quiet: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
            TextColumn("{task.fields[failed]} " + failed), console=console,
            disable=quiet or not console.is_terminal)
        self._of_failed, self._quiet = failed, quiet
        self._failed, self._said, self.seconds = 0, 0.0, 0.0

    def __enter__(self) -> "Shown":
        self._progress.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._progress.stop()

    def begin(self, total: int) -> None:
        """The clock starts: so many spectra are to be done."""
        self._bar = self._progress.add_task("spectra", total=total, rate="", failed=0)
        self._task = self._progress.tasks[0]

    def advance(self, done: int, failed: int) -> None:
        """So many more are done, so many of them without parameters."""
        self._failed += failed
        self._progress.update(self._bar, advance=done, failed=self._failed)
        self.seconds = self._task.elapsed or self.seconds
        self._progress.update(self._bar, rate=f"{self._rate:.1f}/s")
        if self._quiet or console.is_terminal or self.seconds - self._said < EVERY:
            return
        self._said = self.seconds
        left = ((self._task.total or 0) - self._task.completed) / self._rate if self._rate else 0
        console.print(f"{self.line()}, {left:.0f} s left")

    @property
    def _rate(self) -> float:
        return self._task.completed / (self.seconds or 1e-9)

    def line(self) -> str:
        """How far it is, in a line."""
        return (f"{self._task.completed:.0f} of {self._task.total:.0f} spectra, "
                f"{self._rate:.1f}/s, {self._failed} {self._of_failed}")
