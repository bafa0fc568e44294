"""What has changed between two runs, as counts and statistics; `difference` finds it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bossnet.flags import FAILED
from bossnet.work.status import Example


@dataclass(slots=True)
class Rows:
    """How many spectra.

    Attributes:
        a: with a row of the first run.
        b: of the second.
        both: of both.
        lost: of the first only.
        gained: of the second only.
        failed: of both, that failed in the second only.
        recovered: of both, that failed in the first only.
        same: of both, with the same parameters, uncertainties and flags.
    """

    a: int = 0
    b: int = 0
    both: int = 0
    lost: int = 0
    gained: int = 0
    failed: int = 0
    recovered: int = 0
    same: int = 0

    def add(self, a: int | None, b: int | None, number: int, same: int) -> None:
        """So many spectra more with these flags, None where a run has no row of them."""
        self.a += number if a is not None else 0
        self.b += number if b is not None else 0
        if a is None or b is None:
            self.gained += number if a is None else 0
            self.lost += number if b is None else 0
            return
        self.both += number
        self.same += same
        self.failed += number if b & ~a & FAILED else 0
        self.recovered += number if a & ~b & FAILED else 0


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One flag, among the spectra with a row of both runs.

    Attributes:
        name: of the flag.
        a: how many have it in the first run.
        b: in the second.
        set: in the second only.
        cleared: in the first only.
    """

    name: str
    a: int
    b: int
    set: int
    cleared: int


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter, second run minus first, among the spectra with a row of both.

    Attributes:
        parameter: its column.
        region: of the Kiel diagram by the first run's parameters, or None for all.
        usable_a: in how many spectra it is usable (not NULL in the catalogue) in the first run.
        usable_b: in the second.
        number: in both; the rest is of these.
        offset: the median; None for fewer than five, as is the scatter.
        scatter: half the 16th-to-84th percentile width.
        largest: absolute.
        beyond: the fraction that has changed by more than one uncertainty, the larger of the two.
        errors: the median of the second uncertainty in units of the first.
    """

    parameter: str
    region: str | None
    usable_a: int
    usable_b: int
    number: int
    offset: float | None
    scatter: float | None
    largest: float | None
    beyond: float | None
    errors: float | None


@dataclass(frozen=True, slots=True)
class Worst:
    """A spectrum in which a parameter has changed much.

    Attributes:
        parameter: its column.
        spectrum_pk: the spectrum.
        source_pk: its object.
        a: by the first run.
        b: by the second.
        difference: second minus first.
        error: the larger uncertainty.
        set: flags of the second run only.
        cleared: of the first only.
    """

    parameter: str
    spectrum_pk: int
    source_pk: int | None
    a: float
    b: float
    difference: float
    error: float | None
    set: list[str]
    cleared: list[str]


@dataclass(slots=True)
class Difference:
    """Two runs compared.

    Attributes:
        a: the first run, as `work.status.record` has it.
        b: the second.
        settings: what differs between the two, by column of ``bossnet_run``.
        rows: counts of spectra.
        newly_failed: spectra that failed in the second run only, with the reason: the first few.
        lost: spectra with a row of the first run only: the first few.
        flags: those that any spectrum has.
        parameters: in total and by region, in the order of the network's.
        worst: the largest changes of each.
    """

    a: dict[str, Any]
    b: dict[str, Any]
    settings: dict[str, tuple[Any, Any]]
    rows: Rows
    newly_failed: list[Example] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    flags: list[FlagChange] = field(default_factory=list)
    parameters: list[Change] = field(default_factory=list)
    worst: list[Worst] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
