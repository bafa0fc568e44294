"""What a catalogue says of itself: by which command it was made, and how its results were."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bossnet import __version__
from bossnet.catalog.choice import Choice
from bossnet.flags import FLAGS
from bossnet.work.provenance import commit, without_passwords
from bossnet.work.selection import Selection

REFERENCE = "Sizemore et al. 2024, AJ 167, 173"
#: Of a run's record, what was the same for all rows of a version and tag, or is told as a list.
_OF_RUNS = ("weights", "weights_sha256", "weights_status", "seed", "n_draws", "uncertainty_method",
            "precision", "masking", "noise_model")
_MANY = 20  #: runs that are named one by one

Provenance = dict[str, str]


def provenance(choice: Choice, selection: Selection, runs: list[dict[str, Any]], *, task: str,
               layout: str, per: str, blanks: bool) -> Provenance:
    """What there is to say, in order; every value a text.

    Args:
        choice: which results.
        selection: of which spectra.
        runs: that made them, as `choice.runs` has them.
        task: that they are of.
        layout: of the columns.
        per: spectrum or star.
        blanks: whether unreliable parameters were left out.
    """
    return {
        "reference": REFERENCE,
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", ""),
        "command": without_passwords(["astra", *sys.argv[1:]]),
        "software": f"astra-bossnet {__version__}",
        "commit": commit() or "",
        "task": task, "layout": layout, "per": per,
        "unreliable": "left out" if blanks else "kept, see flags",
        "version": choice.written, "tag": choice.tag,
        "selection": selection.where or "", "tables": ", ".join(selection.tables),
        "runs": _listed([r["pk"] for r in runs]),
        "run_software": _different(r["software_version"] for r in runs),
        "run_commit": _different(r["software_commit"] for r in runs),
        **{name: _different(r[name] for r in runs) for name in _OF_RUNS}}


def flags() -> dict[str, str]:
    """Each bit of ``result_flags``: its number, and its name with its meaning."""
    return {str(flag.bit): f"{flag.name}: {flag.meaning}" for flag in FLAGS}


def _different(values: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(v) for v in values if v is not None))


def _listed(runs: list[int]) -> str:
    if len(runs) > _MANY:
        return f"{len(runs)} runs from {runs[0]} to {runs[-1]}"
    return ", ".join(map(str, runs))
