"""Whether a text stands alone as one SQL expression, judged before Postgres sees it.

What it means, and whether its names exist, Postgres judges (`selection`); here it is only
made sure that nothing of it can reach beyond the parentheses it is put between.
"""

import re

from bossnet.errors import SelectionError

_LITERALS = re.compile(
    r"""(?P<escape>\b[eE]'(?:[^'\\]|\\.|'')*')     # E'...' with backslashes
      | (?P<text>'(?:[^']|'')*')                   # '...'
      | (?P<identifier>"(?:[^"]|"")*")             # "..."
      | (?P<dollar>(?<![\w$])(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag))  # $tag$...$tag$
    """, re.VERBOSE | re.DOTALL)
_FORBIDDEN = {";": "a second statement (;)", "--": "a comment (--)", "/*": "a comment (/*)",
              "'": "a text that is not closed (')", '"': 'a name that is not closed (")',
              "\0": "a zero byte"}
_PAIRS = {")": "(", "]": "["}


def refuse_unless_alone(expression: str) -> None:
    """Checks that the text is one expression's worth of tokens.

    Raises:
        SelectionError: it is empty, holds a comment or ``;``, or its brackets do not balance.
    """
    if not expression.strip():
        raise SelectionError("--where is empty: give an SQL expression such as \"snr > 10\"")
    # What stands inside a literal is no concern of ours: blank it, keeping every place.
    text = _LITERALS.sub(lambda m: "_" * len(m[0]), expression)
    for token, what in _FORBIDDEN.items():
        if (at := text.find(token)) >= 0:
            raise SelectionError(f"--where must be one SQL expression; it holds {what}\n"
                                 + caret(expression, at))
    opened: list[tuple[str, int]] = []
    for at, sign in enumerate(text):
        if sign in "([":
            opened.append((sign, at))
        elif sign in _PAIRS and (not opened or opened.pop()[0] != _PAIRS[sign]):
            raise SelectionError("--where must be one SQL expression; a bracket closes what was "
                                 "not opened\n" + caret(expression, at))
    if opened:
        raise SelectionError("--where must be one SQL expression; a bracket is not closed\n"
                             + caret(expression, opened[-1][1]))


def caret(text: str, at: int) -> str:
    """The line of the text that holds this place, and a caret below it."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start:end if end >= 0 else len(text)].replace("\t", " ")
    return f"    {line}\n    {' ' * (at - start)}^"
