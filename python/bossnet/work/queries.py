"""The named statements of the package's ``.sql`` files."""

import re
from functools import cache
from importlib.resources import files

from psycopg2 import sql


@cache
def _texts() -> dict[str, str]:
    text = "\n".join(file.read_text() for file in files("bossnet.work").iterdir()
                     if file.name.endswith(".sql"))
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    bodies = (re.sub(r"^--.*\n", "", body, flags=re.MULTILINE).strip() for body in parts[1::2])
    return dict(zip(parts[::2], bodies, strict=True))


def query(name: str, **parts: sql.Composable) -> sql.Composed:
    """The statement of this name, its identifiers and fragments filled in."""
    return sql.SQL(_texts()[name]).format(**parts)
