"""An outage must not become a release (contract, section 8)."""

import os
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

WINDOW, LEAST = 1000, 200  #: spectra that are looked back at, and needed to judge at all


@dataclass(frozen=True, slots=True)
class Trouble:
    """A spectrum that failed for an outward reason."""

    spectrum_pk: int
    path: str | None
    message: str


class OutageWatch:
    """Looks at the last spectra of a worker and says when it must stop.

    Args:
        max_failures: the fraction of the window above which it is an outage.

    Attributes:
        seen: spectra so far.
        others: the windows of the run's other workers together: how many spectra, how many of
            them failed for an outward reason.
    """

    def __init__(self, max_failures: float = 0.5) -> None:
        self.max_failures = max_failures
        self.seen = 0
        self.others = 0, 0
        self._last: deque[Trouble | None] = deque(maxlen=WINDOW)
        self._failed = 0

    def add(self, trouble: Trouble | None) -> None:
        """One more spectrum, with its trouble if it failed for an outward reason."""
        if len(self._last) == WINDOW and self._last[0] is not None:
            self._failed -= 1
        self._last.append(trouble)
        self.seen += 1
        self._failed += trouble is not None

    @property
    def window(self) -> tuple[int, int]:
        """How many spectra are looked back at, and how many of them failed so."""
        return len(self._last), self._failed

    @property
    def is_outage(self) -> bool:
        """Whether the run must stop: by the windows of all of its workers, if this one has its
        part in it."""
        number, failed = (ours + theirs for ours, theirs
                          in zip(self.window, self.others, strict=True))
        return self._failed > 0 and self._is_too_much(number, failed)

    @property
    def is_alone(self) -> bool:
        """Whether this worker must stop, while the others do well."""
        return self._is_too_much(*self.window) and not self.is_outage

    @property
    def is_suspicious(self) -> bool:
        """Whether it may become one: so many failed, of however few."""
        return self._failed > self.max_failures * len(self._last)

    def _is_too_much(self, number: int, failed: int) -> bool:
        return number >= LEAST and failed > self.max_failures * number

    def may_judge(self, number: int | None) -> bool:
        """Whether spectrum ``number`` (from 0) is among those looked back at; None is not."""
        return number is not None and self.max_failures < 1 and self.seen - number <= WINDOW

    @property
    def troubles(self) -> list[Trouble]:
        """The failures of the window."""
        return [t for t in self._last if t is not None]

    def describe(self) -> str:
        """How many failed, and what they have in common."""
        troubles = self.troubles
        said = Counter(_without_path(t) for t in troubles).most_common(1)[0]
        text = (f"{len(troubles)} of the last {len(self._last)} spectra failed; "
                f"{said[1]} of them: {said[0]}")
        place = _common_folder(t.path for t in troubles)
        return text + (f"; all lie under {place}" if place else "")


def _without_path(trouble: Trouble) -> str:
    return trouble.message.replace(trouble.path, "FILE") if trouble.path else trouble.message


def _common_folder(paths: Iterable[str | None]) -> str | None:
    known = [os.path.dirname(p) for p in paths if p]
    if not known:
        return None
    try:
        common = os.path.commonpath(known)
    except ValueError:
        return None
    return common if common not in ("", "/") else None
