"""How many rows there are, their failures and flags: what the first sections are drawn from."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql

from bossnet.flags import BAD, FAILED, FLAGS, WARN, names
from bossnet.report.scope import Scope
from bossnet.work.status import REASONS

UNKNOWN = "no table"  #: of spectra that are in none (any more)
MOST = 15  #: kinds of messages that are named


@dataclass(frozen=True, slots=True)
class Kind:
    """Failures with messages that are alike.

    Attributes:
        reasons: names of the flags that say why.
        kind: what is alike.
        number: how many.
        spectrum_pk: one of them.
        example: its message.
    """

    reasons: list[str]
    kind: str
    number: int
    spectrum_pk: int
    example: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by table and flags.

    Attributes:
        of: how many rows of a table have these flags.
        kinds: of failures, the most frequent first.
        runs: records of the runs of the version and tag, with ``n_rows``, how many are theirs.
    """

    of: dict[tuple[str, int], int]
    kinds: list[Kind]
    runs: list[dict[str, Any]]

    @property
    def tables(self) -> list[str]:
        return sorted({table for table, _ in self.of})

    def number(self, mask: int = 0, table: str | None = None) -> int:
        """How many rows have any of these bits; all rows without any."""
        return sum(n for (of, flags), n in self.of.items()
                   if (table is None or of == table) and (not mask or flags & mask))

    @property
    def rows(self) -> int:
        return self.number()

    @property
    def failed(self) -> int:
        return self.number(FAILED)

    @property
    def bad(self) -> int:
        """Of those that did not fail."""
        return sum(n for (_, flags), n in self.of.items() if flags & BAD and not flags & FAILED)

    @property
    def warned(self) -> int:
        """Of those that are not bad."""
        return sum(n for (_, flags), n in self.of.items() if flags & WARN and not flags & BAD)

    @property
    def reasons(self) -> dict[str, int]:
        """Failures by the flags that say why."""
        found: Counter[str] = Counter()
        for (_, flags), number in self.of.items():
            if flags & FAILED:
                found[" ".join(names(flags & REASONS))] += number
        return dict(found.most_common())

    def flags(self) -> dict[str, int]:
        """How many rows have each flag, those of none left out."""
        return {f.name: n for f in FLAGS if (n := self.number(f.mask))}


def ask(scope: Scope) -> Counts:
    """Counts of a scope."""
    of: Counter[tuple[str, int]] = Counter()
    for table, flags, number in scope.ask("flags_of_tables"):
        of[table or UNKNOWN, flags] += number
    kinds = [Kind(names(reasons), kind or "", number, key, example or "")
             for reasons, kind, number, key, example in scope.ask(
                 "failures_in_words", reasons=sql.Literal(REASONS), limit=sql.Literal(MOST))]
    return Counts(dict(of), kinds, _runs(scope))


def _runs(scope: Scope) -> list[dict[str, Any]]:
    choice = scope.choice
    found = scope.ask("runs_of_rows", task=sql.Literal(scope.network.name),
                      version=sql.Literal(choice.version), tag=sql.Literal(choice.tag),
                      run=sql.Literal(choice.run))
    names_of = [column.name for column in scope.cursor.description or ()]
    return [{name: value.isoformat(" ", "seconds") if isinstance(value, datetime) else value
             for name, value in zip(names_of, row, strict=True)} for row in found]
