"""Declarations by name: this package's own, and those of other installed packages."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any, TypeVar

from bossnet.errors import ConfigurationError

#: Groups of entry points.
SURVEYS, NETWORKS, TASKS = "bossnet.surveys", "bossnet.networks", "astra.tasks"

Thing = TypeVar("Thing")


class Declarations(Mapping[str, Thing]):
    """Declarations by an attribute that names them.

    Other packages' are imported when they are first asked for: these import this one. What is asked
    for raises ConfigurationError if one cannot be imported, or two have one name.

    Args:
        own: this package's.
        attribute: that names one.
        group: of entry points, each of which names one or a tuple of them.
    """

    def __init__(self, own: Iterable[Thing], *, attribute: str, group: str) -> None:
        self._own, self._attribute, self._group = tuple(own), attribute, group

    def __getitem__(self, name: str) -> Thing:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> dict[str, Thing]:
        found: dict[str, Thing] = {}
        for thing in (*self._own, *of_others(self._group)):
            name = getattr(thing, self._attribute)
            if name in found:
                raise ConfigurationError(f"two declarations in {self._group} have one "
                                         f"{self._attribute}, {name!r}: uninstall a package")
            found[name] = thing
        return found


def of_others(group: str) -> Iterator[Any]:
    """What installed packages declare in a group. Raises ConfigurationError as `Declarations`."""
    for entry in entry_points(group=group):
        try:
            found = entry.load()
        except Exception as e:  # it is another package's, and may be anything
            package = entry.dist.name if entry.dist else "an installed package"
            raise ConfigurationError(f"{package}: its entry point {entry.name} = {entry.value} in "
                                     f"{group} cannot be imported: {type(e).__name__}: {e}; mend "
                                     "or uninstall that package") from e
        yield from found if isinstance(found, tuple) else (found,)
