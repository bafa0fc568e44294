"""Stars that are kept for evaluation and must not enter a training, under any name."""

import csv
from collections.abc import Iterable
from pathlib import Path

from bossnet.errors import ConfigurationError
from bossnet.training.names import canonical
from bossnet.training.sources.libraries import LibraryStar


class Reserved:
    """The reserved stars of a CSV file with the columns ``library, file, star``."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigurationError if the file cannot be read or has not these columns."""
        try:
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigurationError(f"{path} cannot be read as a CSV: {error}") from error
        if not rows or not {"library", "file", "star"} <= rows[0].keys():
            raise ConfigurationError(f"{path}: a CSV with the columns library, file, star")
        self.files = {row["file"] for row in rows}
        self.names = {canonical(row["star"]) for row in rows if row["star"]}

    def split(self, stars: Iterable[LibraryStar]) -> tuple[list[LibraryStar], list[LibraryStar]]:
        """Stars free to use, and those kept back: by file, or by any name of theirs.

        A file that is reserved lends the names it has to its star's other files.
        """
        stars = list(stars)
        names = self.names | {canonical(name) for star in stars if star.file in self.files
                              for name in star.names}
        held = {id(star) for star in stars if star.file in self.files
                or any(canonical(name) in names for name in star.names)}
        return ([star for star in stars if id(star) not in held],
                [star for star in stars if id(star) in held])
