"""Where a password may stand: not on a command line, not in a file that others may read.

Every user of a machine sees the command lines of all its processes. The environment of a process
and the files of its user are its user's own.
"""

import logging
from pathlib import Path

import psycopg2
from psycopg2.extensions import parse_dsn

from bossnet.errors import ConfigurationError

_OTHERS = 0o077  #: what a file that holds a password allows nobody
_log = logging.getLogger(__name__)


def holds_password(url: str) -> bool:
    """Whether an address of a database, a URL or a connection string, holds a password.

    One that libpq cannot understand is left to whoever connects, who refuses it without showing it.
    """
    try:
        return any(name.endswith("password") for name in parse_dsn(url))
    except psycopg2.ProgrammingError:
        return False


def refuse_on_command_line(url: str) -> None:
    """Raises ConfigurationError if the value of ``--database`` holds a password."""
    if holds_password(url):
        raise ConfigurationError(
            "--database holds a password, which every user of this machine can see in the list of "
            "processes: put it into ~/.pgpass, PGPASSWORD, BOSSNET_DATABASE_URL or the "
            "configuration file")


def warn_of_readers(path: Path) -> None:
    """Says so if a file that holds a password may be read by others than its owner."""
    if path.stat().st_mode & _OTHERS:
        _log.warning("%s holds a password and other users may read it: chmod 600 %s", path, path)
