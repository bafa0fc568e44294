"""Whether a text stands alone as one SQL expression, judged before Postgres sees it.

What it means, and whether its names exist, Postgres judges (`selection`); here it is only
made sure that nothing of it can reach beyond the parentheses it is put between. So it is cut
into tokens exactly as Postgres cuts it (its `scan.l`, with standard_conforming_strings on).
"""

import re
from collections.abc import Iterator

from bossnet.errors import SelectionError

_LETTER = r"A-Za-z_\x80-\U0010ffff"  # Postgres takes every sign beyond ASCII for a letter
_BREAK = r"[ \t\f\v]*[\n\r][ \t\n\r\f\v]*"  # between the parts of a literal: one newline at least

# Each literal as far as it goes; `end` is missing where it is not closed.
_TOKEN = re.compile(rf"""
    (?P<text>[eE]'(?:[^'\\]|\\.|''|'{_BREAK}')*(?P<end1>')?  # in all its parts with backslashes
           |'(?:[^']|'')*(?P<end2>')?)
  | (?P<name>"(?:[^"]|"")*(?P<end3>")?)
  | (?P<dollar>(?P<tag>\$(?:[{_LETTER}][{_LETTER}0-9]*)?\$)(?:.*?(?P<end4>(?P=tag)))?)
  | (?P<word>[{_LETTER}][{_LETTER}0-9$]*|[0-9][{_LETTER}0-9]*)
  | (?P<comment>--|/\*)
  | (?P<sign>.)
    """, re.VERBOSE | re.DOTALL)
_NOT_CLOSED = {"text": "a text that is not closed (')", "name": 'a name that is not closed (")',
               "dollar": "a text that is not closed ({0})"}
_PAIRS = {")": "(", "]": "["}
_QUERIES = ("select", "with", "values", "table")
_SHOWN = 100  #: signs of a line that are shown on each side of a caret


def refuse_unless_alone(expression: str) -> None:
    """Checks that the text is one expression's worth of tokens.

    Raises:
        SelectionError: it is empty, a query, holds a comment or ``;``, has a literal that is not
            closed or brackets that do not balance, or cannot be sent to Postgres.
    """
    if not expression.strip():
        raise SelectionError("--where is empty: give an SQL expression such as \"snr > 10\"")
    try:
        at = expression.encode().find(b"\0")
    except UnicodeEncodeError as e:
        raise SelectionError("--where holds bytes that are no UTF-8 text\n"
                             + caret(expression, e.start)) from None
    if at >= 0:
        raise SelectionError("--where holds a zero byte, which no text of Postgres can")
    opened: list[tuple[str, int]] = []
    for number, (token, at) in enumerate(_tokens(expression)):
        if number == 0 and token.lower() in _QUERIES:
            raise _refusal("it is a query: use it as part of an expression, such as "
                           "EXISTS (SELECT ...)", expression, at)
        if token in ("(", "["):
            opened.append((token, at))
        elif token in _PAIRS and (not opened or opened.pop()[0] != _PAIRS[token]):
            raise _refusal("a bracket closes what was not opened", expression, at)
    if opened:
        raise _refusal("a bracket is not closed", expression, opened[-1][1])


def caret(text: str, at: int) -> str:
    """The line of the text that holds this place, and a caret below it."""
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    line = re.split(r"[\n\r]", text[start:], maxsplit=1)[0]
    first = max(0, at - start - _SHOWN)
    shown = line[first:at - start + _SHOWN]
    # What has no place on a screen, a tab or a zero byte, would shift the caret.
    shown = "".join(c if c.isprintable() else " " for c in shown)
    before = "..." if first else ""
    after = "..." if at - start + _SHOWN < len(line) else ""
    return f"    {before}{shown}{after}\n    {' ' * (len(before) + at - start - first)}^"


def _tokens(expression: str) -> Iterator[tuple[str, int]]:
    """Words, signs and literals (as empty texts) and their places. Raises SelectionError."""
    for match in _TOKEN.finditer(expression):
        kind, token, at = str(match.lastgroup), match[0], match.start()
        if kind in _NOT_CLOSED:
            if not any(match[f"end{i}"] for i in range(1, 5)):
                raise _refusal("it holds " + _NOT_CLOSED[kind].format(match["tag"]),
                               expression, at)
            yield "", at
        elif kind == "comment":
            raise _refusal(f"it holds a comment ({token})", expression, at)
        elif token == ";":
            raise _refusal("it holds a second statement (;)", expression, at)
        elif not token.isspace():
            yield token, at


def _refusal(what: str, expression: str, at: int) -> SelectionError:
    return SelectionError(f"--where must be one SQL expression; {what}\n" + caret(expression, at))
