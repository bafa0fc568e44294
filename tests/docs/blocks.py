"""The code blocks of the manuals."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
MANUALS = sorted(DOCS.glob("*.rst"))


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes:
        manual: the file it is in.
        line: number of its directive, from 1.
        language: of the directive.
        title: the line of text before it.
        text: its lines, without their indent.
    """

    manual: str
    line: int
    language: str
    title: str
    text: str


def blocks(manual: Path, language: str) -> list[Block]:
    """The blocks of one language in a manual, in order."""
    found = []
    lines = manual.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.strip() != f".. code-block:: {language}":
            continue
        margin = len(line) - len(line.lstrip())
        body = []
        for inner in lines[number + 1:]:
            if inner.strip() and len(inner) - len(inner.lstrip()) <= margin:
                break
            body.append(inner[margin + 4:])
        title = next((t for t in reversed(lines[:number]) if t.strip()), "").strip()
        found.append(Block(manual.name, number + 1, language, title, "\n".join(body).strip()))
    return found


def names(text: str) -> set[str]:
    """What a manual sets in literals, ``like this``."""
    return set(re.findall(r"``(.+?)``", text, flags=re.DOTALL))
