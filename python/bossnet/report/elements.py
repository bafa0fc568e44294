"""What a page is made of: sections with paragraphs, figures and tables. Texts are plain text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Star:
    """A cell of a table that leads to a spectrum."""

    spectrum_pk: int


Cell = str | Star | Sequence[Star]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its first column heads the rows.

    Attributes:
        caption: above it.
        columns: heads.
        rows: cells; numbers are written already.
        folded: whether it is to be opened first.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of plotly.js.

    Attributes:
        name: unique on the page.
        title: what it shows, in a line; also what a screen reader says.
        caption: how to read it.
        data: traces.
        layout: of plotly, with its height in pixels.
    """

    name: str
    title: str
    caption: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page.

    Attributes:
        anchor: unique on the page.
        title: its head.
        paragraphs: below it.
        figures: in order.
        tables: below the figures.
        why_empty: the reason why there is nothing to show; empty where there is.
        numbers: for programs.
    """

    anchor: str
    title: str
    paragraphs: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    why_empty: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
