"""What a run is asked to do, and what of it decides the numbers it writes."""

from dataclasses import dataclass
from typing import Any

PRECISION = "float32"  #: the reference's (contract, section 4); `network.prediction` has others
DRAWS, LINEAR = "draws", "linear"  #: methods of the uncertainties (contract, section 5)
MASKING = "none"  #: of pixels beyond those that are not finite (contract, section 3)
SILENCE = 120.0  #: seconds without a sign of life after which a running run counts as dead


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of `astra run` (contract, section 8).

    Attributes:
        where: the selection, or None.
        tables: spectrum tables to select from; empty for all that have rows.
        limit: at most so many spectra, or None.
        n_draws: noise realisations a spectrum; with linear propagation, of those that fall back.
        seed: of the noise, 32 bits.
        uncertainty: `DRAWS` or `LINEAR`.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: spectra at once, or None for the device's default.
        readers: reader processes.
        tag: keeps several results of one version apart.
        overwrite: make rows again that are there.
        retry_failed: only rows that failed and may now succeed.
        max_failures: fraction of the last spectra above which failures are an outage.
        precision: of the network's arithmetic; other than `PRECISION`, used if it is good enough.
        fetch: whether files that sdss-access names may be fetched; None as configured.
        profile: whether to say where the time went.
        command: as it was typed.
    """

    where: str | None = None
    tables: tuple[str, ...] = ()
    limit: int | None = None
    n_draws: int = 20
    seed: int = 0
    uncertainty: str = DRAWS
    device: str = "auto"
    batch_size: int | None = None
    readers: int = 2
    tag: str = ""
    overwrite: bool = False
    retry_failed: bool = False
    max_failures: float = 0.5
    precision: str = PRECISION
    fetch: bool | None = None
    profile: bool = False
    command: str = ""


@dataclass(frozen=True, slots=True)
class Decisive:
    """What decides the numbers of a row: rows of one version and tag share all of it."""

    weights: str
    weights_sha256: str
    n_draws: int
    seed: int
    uncertainty_method: str = DRAWS
    precision: str = PRECISION
    masking: str = MASKING

    def differences(self, other: dict[str, Any]) -> str:
        """Entries in which other settings differ, in words; empty where in none."""
        ours = {name: getattr(self, name) for name in self.__slots__ if name != "weights"}
        found = {name: (other.get(name), value) for name, value in ours.items()
                 if other.get(name) != value}
        if "weights_sha256" in found:
            found.pop("weights_sha256")
            found = {"weights": (other.get("weights"), self.weights), **found}
        return "; ".join(f"{name} {theirs}, now {ours}" for name, (theirs, ours) in found.items())
