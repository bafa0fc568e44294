"""The configuration: where the database is, which weights and folders are meant.

Sources, the first that speaks wins: a command's option, the environment, the configuration
file (``BOSSNET_CONFIG``, else ``~/.config/sdss/bossnet/bossnet.yml``), the default.
``etc/bossnet.yml`` shows every entry.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bossnet.errors import ConfigurationError
from bossnet.passwords import holds_password, refuse_on_command_line, warn_of_readers
from bossnet.slurm.profile import Profile, profiles

ENTRIES = ("home", "schema", "survey_schema", "database", "reader", "weights", "roots",
           "selection_timeout", "slurm", "fetch", "fetch_from")
SELECTION_TIMEOUT = 600.0  #: seconds (contract, section 8)


@dataclass(frozen=True, slots=True)
class Config:
    """The settled configuration.

    Attributes:
        home: folder of the embedded database and of imported weights.
        schema: the Postgres schema that holds every table.
        survey_schema: the schema of a survey's own tables, whose spectra are shown there; or
            ``none``, or None for the only one that is found.
        database_url: ``postgresql://...`` of the database, or None for the embedded one.
        reader_url: likewise for the role that evaluates selections, or None to derive it.
        weights: name or path of the default network, by its kind where there are several; or None.
        roots: named folders that the paths of spectra are relative to.
        selection_timeout: seconds after which a selection is stopped.
        profiles: what a site's Slurm is asked for, by name.
        fetch: whether files that sdss-access names may be fetched where they are not there.
        fetch_from: the server to fetch from, or None for the one that sdss-access names.
    """

    home: Path
    schema: str = "bossnet"
    survey_schema: str | None = None
    database_url: str | None = field(default=None, repr=False)  # may hold a password
    reader_url: str | None = field(default=None, repr=False)
    weights: str | dict[str, str] | None = None
    roots: dict[str, Path] = field(default_factory=dict)
    selection_timeout: float = SELECTION_TIMEOUT
    profiles: dict[str, Profile] = field(default_factory=dict)
    fetch: bool = False
    fetch_from: str | None = None

    def weights_for(self, kind: str) -> str | None:
        """Name or path of the default network of this kind, or None."""
        return self.weights.get(kind) if isinstance(self.weights, dict) else self.weights


def load(database: str | None = None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration, with ``database`` the value of the option ``--database``.

    Raises:
        ConfigurationError: the file cannot be read, or an entry is unknown or of a wrong type; or
            the option holds a password.
    """
    if database:
        refuse_on_command_line(database)
    path, values = _file(environment)

    def text(name: str, variable: str | None = None) -> str | None:
        value = (environment.get(variable) if variable else None) or values.get(name)
        if value is not None and not isinstance(value, str):
            # Not what it is: that may hold a password.
            raise ConfigurationError(f"{path}: {name} must be a text, not of type "
                                     f"{type(value).__name__}")
        return value

    roots = values.get("roots") or {}
    if not isinstance(roots, dict):
        raise ConfigurationError(f"{path}: roots must be a mapping of names to folders")
    timeout = values.get("selection_timeout", SELECTION_TIMEOUT)
    if not isinstance(timeout, int | float) or timeout <= 0:
        raise ConfigurationError(f"{path}: selection_timeout must be a number of seconds > 0, "
                                 f"not {timeout!r}")
    if any(holds_password(url) for url in (values.get("database"), values.get("reader"))
           if isinstance(url, str)):
        warn_of_readers(path)
    fetch = values.get("fetch", False)
    if not isinstance(fetch, bool):
        raise ConfigurationError(f"{path}: fetch must be true or false, not {fetch!r}")
    home = text("home", "BOSSNET_HOME")
    return Config(
        home=Path(home).expanduser().absolute() if home else _default_home(environment),
        schema=text("schema", "BOSSNET_SCHEMA") or "bossnet",
        survey_schema=text("survey_schema", "BOSSNET_SURVEY_SCHEMA"),
        database_url=database or text("database", "BOSSNET_DATABASE_URL"),
        reader_url=text("reader", "BOSSNET_READER_URL"),
        weights=_weights(path, environment.get("BOSSNET_WEIGHTS") or values.get("weights")),
        roots={str(name): Path(str(root)).expanduser().absolute() for name, root in roots.items()},
        selection_timeout=float(timeout),
        profiles=_profiles(path, values.get("slurm")),
        fetch=fetch,
        fetch_from=_server(path, text("fetch_from")),
    )


def _server(path: Path, address: str | None) -> str | None:
    """The address of a server, without an account: that belongs into ~/.netrc."""
    if address is None:
        return None
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise ConfigurationError(f"{path}: fetch_from must not hold an account: put that into "
                                 "~/.netrc")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{path}: fetch_from must be the address of a server, such as "
                                 "https://data.sdss.org")
    return address


def _weights(path: Path, said: Any) -> str | dict[str, str] | None:
    """One name for all, or one for each kind of network."""
    if said is None or isinstance(said, str):
        return said or None
    from bossnet.network import NETWORKS

    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said.values()):
        raise ConfigurationError(f"{path}: weights must be a text, or texts by the kind of network "
                                 f"({', '.join(NETWORKS)})")
    for kind in said:
        if kind not in NETWORKS:
            raise ConfigurationError(f"{path}: weights: there is no network {kind!r}; there are "
                                     f"{', '.join(NETWORKS)}")
    return said


def _profiles(path: Path, values: Any) -> dict[str, Profile]:
    try:
        return profiles(values)
    except ConfigurationError as e:
        raise ConfigurationError(f"{path}: {e}") from e


def _file(environment: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    named = environment.get("BOSSNET_CONFIG")
    path = Path(named) if named else Path("~/.config/sdss/bossnet/bossnet.yml").expanduser()
    if not path.is_file():
        if named:
            raise ConfigurationError(f"BOSSNET_CONFIG names {path}, which is not a file")
        return path, {}
    try:
        values = yaml.safe_load(path.read_text()) or {}
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigurationError(f"{path}: cannot be read as YAML: {e}") from e
    except yaml.YAMLError as e:
        # In its own words the line is quoted, which may hold a password; so without its cause, too.
        raise ConfigurationError(f"{path}: cannot be read as YAML: {_place(e)}") from None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: must hold entries such as `schema: bossnet`")
    unknown = sorted(set(map(str, values)) - set(ENTRIES))
    if unknown:
        raise ConfigurationError(f"{path}: unknown entries {', '.join(unknown)}; known are "
                                 f"{', '.join(ENTRIES)}")
    return path, values


def _place(error: yaml.YAMLError) -> str:
    """What is wrong with a YAML text and in which line, without a word of the text."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "it holds characters that YAML does not take"
    problem = (error.problem or "").split("'")[0].strip()  # what follows may be quoted from it
    return f"line {error.problem_mark.line + 1}: {problem}"


def _default_home(environment: Mapping[str, str]) -> Path:
    # As root the embedded server runs as another user, who must be able to enter the folder.
    if os.geteuid() == 0:
        return Path("/var/lib/bossnet")
    data = environment.get("XDG_DATA_HOME")
    return (Path(data) if data else Path("~/.local/share").expanduser()) / "bossnet"
