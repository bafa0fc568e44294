"""The weights that are installed: those shipped with the package, and the user's own.

Torch-free, so that a listing is quick.
"""

from dataclasses import dataclass
from pathlib import Path

from bossnet.errors import ConfigurationError

SHIPPED = Path(__file__).parent / "data"
#: Of the embedded database, by kind of network (contract, section 8).
DEFAULTS = {"boss": "bossnet-1", "apogee": "apogeenet-1"}


@dataclass(frozen=True, slots=True)
class Installed:
    """A frozen network's name and file."""

    name: str
    path: Path


def folder(home: Path) -> Path:
    """Where imported weights are kept."""
    return home / "weights"


def installed(home: Path) -> list[Installed]:
    """Every installed network; one of the user's own hides a shipped one of its name."""
    found = {path.stem: Installed(path.stem, path)
             for place in (SHIPPED, folder(home)) for path in sorted(place.glob("*.safetensors"))}
    return [found[name] for name in sorted(found)]


def find(name: str, home: Path) -> Path:
    """The file of a network by its name or path.

    Raises:
        ConfigurationError: there is none; the message lists what is installed.
    """
    for item in installed(home):
        if item.name == name:
            return item.path
    path = Path(name).expanduser()
    if path.is_file():
        return path.absolute()
    raise ConfigurationError(f"no weights named {name!r}, nor a file of that path; "
                             + listing(home))


def listing(home: Path) -> str:
    """The installed weights in one line, for messages."""
    names = [item.name for item in installed(home)]
    return "installed: " + (", ".join(names) or "none") + " (see `bossnet weights list`)"


def free(home: Path, name: str, *, replace: bool) -> Path:
    """The file that new weights of this name get.

    Raises:
        ConfigurationError: it cannot be a name, or is one already and not to be replaced.
    """
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigurationError(f"--name {name!r}: use letters, digits, - _ . only")
    path = folder(home) / f"{name}.safetensors"
    if path.exists() and not replace:
        raise ConfigurationError(f"--name {name}: {name} is there already; give another name, or "
                                 "--replace")
    return path
