"""What a run is asked to do, and what of it decides the numbers it writes."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bossnet.flags import FAILED, names

PRECISION = "float32"  #: of the reference (contract, section 4)
METHOD = "draws"  #: of the uncertainties (contract, section 5)
MASKING = "none"  #: of pixels beyond those that are not finite (contract, section 3)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of `astra run` (contract, section 8).

    Attributes:
        where: the selection, or None.
        tables: spectrum tables to select from; empty for all that have rows.
        limit: at most so many spectra, or None.
        n_draws: noise realisations a spectrum.
        seed: of the noise, 32 bits.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the device's default.
        readers: reader processes.
        tag: keeps several results of one version apart.
        overwrite: make rows again that are there.
        retry_failed: only rows that failed and may now succeed.
        max_failures: fraction of the last spectra above which failures are an outage.
        snr_limit: below which ``flag_low_snr`` is set.
        command: as it was typed.
    """

    where: str | None = None
    tables: tuple[str, ...] = ()
    limit: int | None = None
    n_draws: int = 20
    seed: int = 0
    device: str = "auto"
    batch_size: int | None = None
    readers: int = 2
    tag: str = ""
    overwrite: bool = False
    retry_failed: bool = False
    max_failures: float = 0.5
    snr_limit: float = 5.0
    command: str = ""


@dataclass(frozen=True, slots=True)
class Decisive:
    """What decides the numbers of a row: rows of one version and tag share all of it."""

    weights: str
    weights_sha256: str
    n_draws: int
    seed: int
    uncertainty_method: str = METHOD
    precision: str = PRECISION
    masking: str = MASKING

    def differences(self, other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Entries in which other settings differ: name -> (theirs, ours)."""
        ours = {name: getattr(self, name) for name in self.__slots__ if name != "weights"}
        found = {name: (other.get(name), value) for name, value in ours.items()
                 if other.get(name) != value}
        if "weights_sha256" in found:
            found.pop("weights_sha256")
            found = {"weights": (other.get("weights"), self.weights), **found}
        return found


@dataclass(slots=True)
class Tally:
    """Counts of a run.

    Attributes:
        n_done: spectra that have their row.
        n_failed: failures among them.
        counts: of each flag, by its name.
    """

    n_done: int = 0
    n_failed: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, result_flags: int, times: int = 1) -> None:
        """One more row with these flags; ``times`` -1 takes one away."""
        self.n_done += times
        if result_flags & FAILED:
            self.n_failed += times
        for name in names(result_flags):
            self.counts[name] += times
