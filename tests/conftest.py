"""What tests of every area share: the shared data, and fresh databases on a real Postgres."""

import itertools
import logging
import os
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from bossnet.config import Config
from bossnet.database import embedded
from bossnet.database.initialise import initialise
from network.made import TINY, random_network
from tls_server import tls_server  # noqa: F401 -- a fixture

SHARED = Path(__file__).resolve().parents[2] / "shared"
_names = itertools.count(1)


@pytest.fixture(scope="session")
def shared():
    """The folder of shared spectra and reference results, beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there: it is needed for this test")
    return SHARED


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A frozen network of a few thousand random weights."""
    return random_network(tmp_path_factory.mktemp("weights") / "tiny.safetensors", **TINY)


@pytest.fixture(scope="session")
def servers():
    """Starts the test session's own Postgres of a version: URL of its maintenance database."""
    homes, urls = [], {}

    def server(version):
        if version not in urls:
            # Not in pytest's own folders: under root the server is another user, kept out there.
            homes.append(Path(tempfile.mkdtemp(prefix="bossnet-tests-")))
            urls[version] = _start(homes[-1], version)
        return urls[version]

    yield server
    for home in homes:
        embedded.stop(home)
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def database_of(servers):
    """Fresh databases after `astra init`, on a version of Postgres: a context with its URL."""
    @contextmanager
    def database(version):
        for url in _database(servers(version), "template_bossnet"):
            initialise(Config(Path(tempfile.gettempdir()), database_url=url))
            yield url

    return database


@pytest.fixture
def postgres_version():
    """Version of the Postgres that a test's databases are on."""
    return int(os.environ.get("BOSSNET_POSTGRES_VERSION", embedded.VERSION))


@pytest.fixture
def postgres(servers, postgres_version):
    """URL of the maintenance database of the Postgres that a test's databases are on."""
    return servers(postgres_version)


@pytest.fixture
def empty_database_url(postgres):
    """URL of a fresh database without anything in it."""
    yield from _database(postgres, "template1")


@pytest.fixture
def database_url(postgres, tmp_path):
    """URL of a fresh database after `astra init`."""
    for url in _database(postgres, "template_bossnet"):
        initialise(Config(tmp_path, database_url=url))
        yield url


@pytest.fixture
def other_database_url(postgres, tmp_path):
    """URL of a second fresh database after `astra init`."""
    for url in _database(postgres, "template_bossnet"):
        initialise(Config(tmp_path, database_url=url))
        yield url


@pytest.fixture
def config(database_url, tmp_path):
    """The configuration of a fresh database after `astra init`."""
    return Config(tmp_path, database_url=database_url)


def _start(home, version):
    home.chmod(0o755)
    logging.getLogger("bossnet.database.embedded").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOSSNET_POSTGRES_VERSION", str(version))
        url = embedded.start(home)
    for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()",
                      'CREATE DATABASE "template_bossnet"'):
        _execute(url, sql.SQL(statement))
    initialise(Config(home, database_url=_named(url, "template_bossnet")))
    return _named(url, "postgres")


def _database(postgres, template):
    name = f"test_{next(_names)}"
    _execute(postgres, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)))
    yield _named(postgres, name)
    _execute(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(url, name):
    before, after = url.split("?")
    return f"{before.rsplit('/', 1)[0]}/{name}?{after}"


def _execute(url, statement):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


def pytest_configure():
    # A shell's background job ignores Ctrl-C, and would hand that on to the programs under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
