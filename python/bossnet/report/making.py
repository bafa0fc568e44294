"""`bossnet report`: what is asked, and the page that is written."""

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection

from bossnet import __version__
from bossnet.catalog.provenance import REFERENCE
from bossnet.errors import BossNetError, ConfigurationError
from bossnet.network.declaration import Network
from bossnet.report import (
    common,
    comparison,
    counts,
    distributions,
    failures,
    flagging,
    kiel,
    repeats,
    sequence,
    summary,
    uncertainties,
    velocities,
)
from bossnet.report.elements import Section
from bossnet.report.page import page
from bossnet.report.scope import Scope, opened
from bossnet.work.provenance import commit

SPECTRA = 5  #: files that are read of each range of temperature

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What was written.

    Attributes:
        path: the page.
        results: version and tag, or run, in words.
        verdict: whether they are sound.
        sections: of the page.
    """

    path: Path
    results: str
    verdict: summary.Verdict
    sections: list[Section]

    def as_dict(self) -> dict[str, Any]:
        """The numbers, for programs."""
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "results": self.results,
                "sections": {s.anchor: s.numbers | (
                    {"why_empty": s.why_empty} if s.why_empty else {}) for s in self.sections}}


def check(path: Path, *, overwrite: bool) -> None:
    """Whether a page can be written under this name. Raises ConfigurationError."""
    if path.suffix not in (".html", ".htm"):
        raise ConfigurationError(f"{path}: the report is a page: give it a name that ends in .html")
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent} is no folder: make it first")
    if path.is_dir() or (path.exists() and not overwrite):
        raise ConfigurationError(f"{path} is there already: give another name, or --overwrite")


def make(reader: Connection, network: Network, path: Path, *, roots: Mapping[str, Path],
         run: int | None = None, version: str | None = None, tag: str | None = None,
         against: int | None = None, spectra: int = SPECTRA, overwrite: bool = False,
         say: Say = lambda what: None) -> Report:
    """Writes a report.

    Args:
        reader: a connection of the reader role, without a transaction.
        network: whose results.
        path: of the page.
        roots: named folders of the configuration.
        run: only this run's rows.
        version: of the results, such as "0.1".
        tag: of the results.
        against: the run to compare with; by default the last before of another version or tag.
        spectra: how many files are read of each range of temperature.
        overwrite: replace a file that is there.
        say: told what is being done.

    Raises:
        ConfigurationError: as `check` and `scope.opened`; the run to compare with is not there.
        BossNetError: the file cannot be written.
    """
    check(path, overwrite=overwrite)
    with opened(reader, network, run=run, version=version, tag=tag) as scope:
        numbers, sections = _sections(scope, roots, spectra, say)
        verdict = summary.judge(numbers)
        plan = comparison.plan(scope, numbers, against)
        commands = {"plot": f"bossnet plot --version {scope.choice.written} --tag "
                            f"{shlex.quote(scope.choice.tag)} ", "sql": scope.of_star()}
        made = _made(scope, numbers)
    say("comparison with a run before")
    sections.append(comparison.section(comparison.ask(reader, plan)))
    text = page(f"{network.title}: {made['results']}", verdict, made, sections, commands)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as e:
        raise BossNetError(f"{path} cannot be written: {e.strerror or e}") from e
    finally:
        part.unlink(missing_ok=True)
    return Report(path, made["results"], verdict, sections)


def _sections(scope: Scope, roots: Mapping[str, Path], spectra: int, say: Say
              ) -> tuple[counts.Counts, list[Section]]:
    """The sections but the comparison, which has a transaction of its own."""
    say("counts")
    numbers = counts.ask(scope)
    sections = [summary.section(scope, numbers), failures.section(numbers),
                flagging.section(numbers)]
    for what, asked in (
            ("Kiel diagram", lambda: kiel.section(kiel.ask(scope))),
            ("spectra by temperature",
             lambda: sequence.section(sequence.ask(scope, roots, spectra))),
            ("distributions", lambda: distributions.section(distributions.ask(scope))),
            ("uncertainties", lambda: uncertainties.section(uncertainties.ask(scope))),
            ("repeated visits", lambda: repeats.section(repeats.ask(scope))),
            ("stars in common", lambda: common.section(common.ask(scope))),
            ("radial velocities", lambda: velocities.section(velocities.ask(scope)))):
        say(what)
        sections.append(asked())
    return numbers, sections


def _made(scope: Scope, numbers: counts.Counts) -> dict[str, str]:
    """What the page says of itself."""
    weights = dict.fromkeys(f"{r['weights']} ({r['weights_status']}, sha256 "
                            f"{str(r['weights_sha256'])[:12]})"
                            for r in numbers.runs if r["n_rows"])
    return {"results": str(scope.choice), "task": scope.network.name,
            "weights": ", ".join(weights) or "none",
            "made": datetime.now(UTC).isoformat(" ", "seconds").replace("+00:00", " UTC"),
            "software": f"astra-bossnet {__version__} {(commit() or '')[:12]}".rstrip(),
            "method": REFERENCE}
