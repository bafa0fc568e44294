"""Paths of spectra as tables hold them: relative to a named root where they lie under one.

A root is a folder that the configuration names (``roots``). ``/data/boss/a/b.fits`` is kept as
``boss/a/b.fits`` where root ``boss`` is ``/data/boss``, so that moving the data, or mounting it
elsewhere on another machine, changes the configuration and no row. A path under no root is kept
absolute: an absolute path starts with ``/``, a relative one with the name of its root.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from bossnet.errors import ConfigurationError, MissingFileError


def stored_path(path: str | os.PathLike[str], roots: Mapping[str, Path]) -> str:
    """The text that a table keeps for a file: by the deepest root that it lies under.

    Raises:
        ConfigurationError: a root's name cannot begin a path (``''``, ``.``, ``a/b``).
    """
    absolute = Path(os.path.abspath(path))
    for name, root in sorted(roots.items(), key=lambda item: -len(str(item[1]))):
        if name in ("", ".", "..") or "/" in name:
            raise ConfigurationError(f"roots: {name!r} cannot be the name of a root: take a word")
        if absolute.is_relative_to(os.path.abspath(root)):
            return f"{name}/{absolute.relative_to(os.path.abspath(root))}"
    return str(absolute)


def resolve_path(text: str, roots: Mapping[str, Path]) -> Path:
    """The file that a table's text means on this machine.

    Raises:
        MissingFileError: the text names a root that the configuration does not have.
    """
    if text.startswith("/"):
        return Path(text)
    name, _, rest = text.partition("/")
    if name not in roots:
        known = ", ".join(sorted(roots)) or "none"
        raise MissingFileError(f"{text}: the configuration has no root {name!r} (it has: {known})")
    return roots[name] / rest
