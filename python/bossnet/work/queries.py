"""The named statements of the package's ``.sql`` files."""

import re
from functools import cache
from importlib.resources import files

from psycopg2 import sql

WORK = "bossnet.work"  #: the package whose statements are meant by default


@cache
def _texts(package: str) -> dict[str, str]:
    text = "\n".join(file.read_text() for file in files(package).iterdir()
                     if file.name.endswith(".sql"))
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    bodies = (re.sub(r"^--.*\n", "", body, flags=re.MULTILINE).strip() for body in parts[1::2])
    return dict(zip(parts[::2], bodies, strict=True))


def query(name: str, *, package: str = WORK, **parts: sql.Composable) -> sql.Composed:
    """The statement of this name in a package's files, identifiers and fragments filled in."""
    return sql.SQL(_texts(package)[name]).format(**parts)
