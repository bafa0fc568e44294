"""Which files the arguments of `astra ingest` mean: files, folders, globs and lists."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".fits", ".fits.gz", ".fit", ".fit.gz")
_MAGIC = "*?["


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was asked for and is not registered.

    Attributes:
        path: the file, or the argument.
        reason: why, for people.
    """

    path: str
    reason: str


def find(arguments: Iterable[str]) -> Iterator[Path | Refusal]:
    """The files that are meant, one by one, in the order of the arguments.

    A folder means every FITS file below it (by its name's ending), in the names' order; a glob
    (``**`` too) what it matches; ``@list.txt`` the lines of that file, empty ones and those that
    begin with ``#`` left out. A file that is named itself is taken whatever its ending.
    """
    for argument in arguments:
        if argument.startswith("@") and not os.path.exists(argument):
            yield from _of_list(Path(argument[1:]))
        else:
            yield from _of_argument(argument)


def _of_list(path: Path) -> Iterator[Path | Refusal]:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                text = line.strip()
                if text and not text.startswith("#"):
                    yield from _of_argument(text)
    except OSError as e:
        yield Refusal(f"@{path}", f"the list cannot be read: {e.strerror}")


def _of_argument(argument: str) -> Iterator[Path | Refusal]:
    path = Path(argument)
    if path.is_dir():
        yield from _below(path)
    elif os.path.lexists(path) or not any(sign in argument for sign in _MAGIC):
        yield path
    else:
        nothing = True
        for match in sorted(glob.iglob(argument, recursive=True)):
            nothing = False
            if os.path.isdir(match) and "**" not in argument:
                yield from _below(Path(match))
            elif os.path.isfile(match):
                yield Path(match)
        if nothing:
            yield Refusal(argument, "matches no file")


def _below(folder: Path) -> Iterator[Path | Refusal]:
    unreadable: list[OSError] = []
    nothing = True
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES):
                nothing = False
                yield Path(parent, name)
        while unreadable:
            error = unreadable.pop()
            yield Refusal(str(error.filename), f"the folder cannot be read: {error.strerror}")
    for error in unreadable:
        nothing = False
        yield Refusal(str(error.filename), f"the folder cannot be read: {error.strerror}")
    if nothing:
        yield Refusal(str(folder), f"no file below it ends in {', '.join(SUFFIXES)}")
