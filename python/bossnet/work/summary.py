"""What came of a run, or would come of it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from bossnet.work.member import Outcome
from bossnet.work.profile import Times
from bossnet.work.selection import Counts


@dataclass(slots=True)
class Summary:
    """What came of a run, or would come of it.

    Attributes:
        run_pk: None of a dry run.
        continues: the first run of an interrupted overwriting that this one goes on with.
        state: ``done``, or ``planned`` of a dry run and of a run without a worker.
        n_selected: spectra that it took on.
        n_done: of these, spectra that have their row.
        n_failed: of these, failures.
        flags: how many rows carry each flag, by name.
        weights: the network's weights.
        weights_status: ``demonstration`` or ``science``.
        device: that this worker ran on.
        left_out: tables left out, with the reason.
        tables: counts of each table, of a dry run.
        worker_pk: this worker of it; None where there was none.
        worker_done: spectra whose row it wrote, failures among them.
        worker_failed: of these, failures.
        profile: where the worker's time went, as `Profile.report` says it; None: not asked for.
    """

    run_pk: int | None
    state: str
    n_selected: int
    n_done: int = 0
    n_failed: int = 0
    flags: dict[str, int] = field(default_factory=dict)
    weights: str = ""
    weights_status: str = ""
    device: str = ""
    continues: int | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Counts] = field(default_factory=dict)
    worker_pk: int | None = None
    worker_done: int = 0
    worker_failed: int = 0
    profile: dict[str, Times] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def take(self, outcome: Outcome) -> None:
        """How the run stands now."""
        self.state, self.n_done, self.n_failed = outcome.state, outcome.n_done, outcome.n_failed
        self.flags = outcome.counts
        self.worker_done, self.worker_failed = outcome.worker_done, outcome.worker_failed
