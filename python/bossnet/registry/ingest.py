"""`astra ingest`: find files, read what they say, register their spectra, say what was refused."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bossnet.config import Config
from bossnet.database import schema, survey
from bossnet.database.connection import connect
from bossnet.errors import SpectrumError
from bossnet.registry.finding import Refusal, find
from bossnet.registry.reading import Found, read_all
from bossnet.registry.registrar import Counts, Registrar
from bossnet.registry.summary import read_summary
from bossnet.spectra import SURVEYS

BATCH = 1000  #: spectra a transaction
LISTED = 100  #: refusals that are kept for the end; all are said when they happen
SUMMARY_SURVEY = "boss"  #: the survey whose spectra an spAll lists


@dataclass(slots=True)
class Ingested(Counts):
    """What `astra ingest` did, on top of what became of the spectra.

    Attributes:
        files: files (and rows of summaries) that were looked at.
        refused: those that were not registered.
        refusals: the first hundred of them.
        tables: spectra found, by table.
    """

    files: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def ingest(config: Config, paths: Iterable[str], *, summaries: Sequence[Path] = (),
           release: str | None = None, readers: int | None = None,
           say: Callable[[str], None] = lambda line: None,
           progress: Callable[[Ingested], None] = lambda so_far: None) -> Ingested:
    """Register the spectra of files and of summary tables; again is safe, and makes no second row.

    Memory does not grow with the number of spectra. What was registered before an interruption
    stays.

    Args:
        config: the configuration.
        paths: files, folders, globs and ``@lists``.
        summaries: spAll-like tables.
        release: data release of what does not say its own.
        readers: processes that read files; by default up to four.
        say: takes a line about a file that was refused or that another replaces.
        progress: called after every file.

    Raises:
        ConfigurationError: the schema shows the survey's own spectra, and takes no others.
        DatabaseError: no connection, or the schema is not at this version.
    """
    done = Ingested()
    connection = connect(config, application="astra ingest")
    try:
        schema.check(connection, config.schema)
        survey.refuse_if_shown(connection, config.schema)
        shelves: dict[str, _Shelf] = {}
        for item in _items(paths, summaries, readers):
            done.files += isinstance(item, Refusal) or not item.is_more
            if isinstance(item, Refusal):
                done.refused += 1
                done.refusals.extend([item] if len(done.refusals) < LISTED else [])
                say(f"{item.path}: refused: {item.reason}")
            else:
                if item.table not in shelves:
                    registrar = Registrar(connection, item.table, item.identity, config.roots, say)
                    shelves[item.table] = _Shelf(registrar, release, done)
                done.tables[item.table] = (done.tables.get(item.table, 0)
                                           + len(item.registrations))
                shelves[item.table].take(item)
            progress(done)
        for shelf in shelves.values():
            shelf.clear()
    finally:
        connection.close()
    progress(done)
    return done


def _items(paths: Iterable[str], summaries: Sequence[Path], readers: int | None
           ) -> Iterator[Found | Refusal]:
    survey = SURVEYS[SUMMARY_SURVEY]
    for summary in summaries:
        try:
            for row in read_summary(summary):
                yield row if isinstance(row, Refusal) \
                    else Found(summary, survey.table, survey.identity, [row])
        except SpectrumError as e:
            yield Refusal(str(summary), str(e).removeprefix(f"{summary}: "))
    yield from read_all(find(paths), readers=readers)


class _Shelf:
    """Spectra of one table that wait for their transaction."""

    def __init__(self, registrar: Registrar, release: str | None, counts: Counts) -> None:
        self._registrar = registrar
        self._release = release
        self._counts = counts
        self._waiting: dict[tuple[Any, ...], Any] = {}

    def take(self, found: Found) -> None:
        for registration in found.registrations:
            identity = self._registrar.identify(registration, self._release)
            # Of one identity twice, the second has to see what became of the first.
            if identity in self._waiting or len(self._waiting) >= BATCH:
                self.clear()
            self._waiting[identity] = registration

    def clear(self) -> None:
        if self._waiting:
            self._registrar.register(list(self._waiting.values()), self._counts)
            self._waiting = {}
