"""A database that is down, elsewhere, not made or not for us: one clear line, and no password."""

import json
import os
import socket

import pytest
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, program
from bossnet.config import Config
from bossnet.database.initialise import initialise
from postgres_server import PostgresServer, folder_for_postgres

from .conftest import Commands

SECRET = "hunter2/s@cret"
ENCODED = "hunter2%2Fs%40cret"


class Server(PostgresServer):
    """It asks for passwords."""

    def __init__(self, folder):
        super().__init__(folder, auth="scram-sha-256")
        self("CREATE DATABASE survey")
        self(f"CREATE ROLE operator LOGIN CREATEROLE PASSWORD '{SECRET}'")
        self("ALTER DATABASE survey OWNER TO operator")

    def __call__(self, statement):
        return super().__call__(statement, "postgres" if "DATABASE" in statement else "survey")

    def url(self, user="operator", password=ENCODED, database="survey", host="127.0.0.1",
            port=None):
        return f"postgresql://{user}:{password}@{host}:{port or self.port}/{database}"


@pytest.fixture(scope="module")
def server():
    with folder_for_postgres() as folder:
        server = Server(folder)
        yield server
        server.stop()


@pytest.fixture
def at(tmp_path, tiny):
    """The commands on a database by its URL."""
    return lambda url: Commands(url, tmp_path, tiny.path)


@pytest.fixture
def refused(at):
    """What a command within this process says, on one line, ended by this status."""
    def refused(url, *arguments, status=1, **environment):
        done = CliRunner().invoke(program("bossnet", tuple(COMMANDS), ""), arguments,
                                  env=at(url).environment | environment, catch_exceptions=False)
        assert done.exit_code == status, done.output
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        for secret in (SECRET, ENCODED, "hunter2"):
            assert secret not in done.stderr
        return done.stderr
    return refused


EVERY_COMMAND = pytest.mark.parametrize("arguments", [
    ["run", "bossnet"], ["status"], ["ingest", "nothing.fits"], ["init"]], ids=lambda a: a[0])


@EVERY_COMMAND
def test_whatever_keeps_a_command_from_its_database_is_one_line(server, refused, arguments):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert "is it running" in refused(server.url(port=port), *arguments)
    assert "password authentication failed for user \"operator\"" in refused(
        server.url(password="hunter2"), *arguments)
    assert "check user and password" in refused(server.url(user="nobody"), *arguments)
    assert 'database "survay" does not exist' in refused(server.url(database="survay"), *arguments)
    assert "no-such-host.invalid" in refused(server.url(host="no-such-host.invalid"), *arguments)
    assert "no password supplied" in refused(server.url().replace(f":{ENCODED}", ""), *arguments)


@EVERY_COMMAND
def test_a_url_or_a_configuration_that_cannot_be_used_is_exit_status_2(server, refused, tmp_path,
                                                                       arguments):
    odd = server.url(password=SECRET)
    assert "cannot be understood" in refused(odd, *arguments, status=2)
    good = server.url()
    assert "cannot be understood" in refused(good, *arguments, "--database", odd, status=2)
    assert "not a file" in refused(good, *arguments, status=2, BOSSNET_CONFIG="/nonesuch.yml")
    for text, said in ((f"databse: {good}\n", "unknown entries databse"),
                       ("schema: 3\n", "schema must be a text"),
                       ("selection_timeout: never\n", "selection_timeout must be")):
        path = tmp_path / "other.yml"
        path.write_text(text)
        assert said in refused(good, *arguments, status=2, BOSSNET_CONFIG=str(path))


@pytest.mark.parametrize("arguments", [["run", "bossnet"], ["status"]], ids=lambda a: a[0])
def test_the_process_itself_shows_no_password_and_no_traceback(server, at, arguments):
    wrong = server.url(password="hunter2")
    for commands, options, status, said in (
            (at(wrong), [], 1, "authentication failed"),
            (at(server.url()), ["--database", wrong], 2, "in the list of processes")):
        done = commands(*arguments, *options, status=status)
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "hunter2" not in done.stderr
        assert said in done.stderr


def test_without_its_reader_no_selection_is_made(server, refused, at):
    server("CREATE DATABASE alone")
    server(f"CREATE ROLE plain LOGIN PASSWORD '{SECRET}'")
    server("ALTER DATABASE alone OWNER TO plain")
    url = server.url(user="plain", database="alone")
    assert "CREATE ROLE" in at(url)("init").stdout
    said = refused(url, "run", "bossnet", "--weights", "bossnet-1")
    assert "as user 'bossnet_reader'" in said


@pytest.fixture(scope="module")
def reader(server, tmp_path_factory):
    """The URL of the reader role, after `astra init`."""
    initialise(Config(tmp_path_factory.mktemp("home"), database_url=server.url()))
    server("ALTER ROLE bossnet_reader PASSWORD 'hunter2reader'")
    return server.url(user="bossnet_reader", password="hunter2reader")


def test_by_tcp_and_passwords_a_run_is_done_and_no_record_holds_them(server, reader, at, files,
                                                                     refused, tmp_path):
    astra = at(server.url())
    assert "up to date" in astra("init").stdout
    run = ("run", "bossnet", "--weights", astra.weights, "--draws", 2, "--where", "snr > 1")
    said = refused(server.url(), *map(str, run))
    assert "as user 'bossnet_reader'" in said  # its password is not the operator's
    (tmp_path / "bossnet.yml").write_text(f"reader: {reader}\n")
    astra.register(files)
    done = [astra(*run, "--tag", "a"), astra("status"), astra("status", 1)]
    # From the environment, too, beside an address without one.
    astra.environment["PGPASSWORD"] = SECRET
    done += [astra(*run, "--tag", "b", "--database", server.url().replace(f":{ENCODED}", ""))]
    records = astra.sql("SELECT * FROM bossnet_run")
    assert [r["n_done"] for r in records] == [3, 3]
    assert all("snr > 1" in r["command"] for r in records)
    outputs = "".join(d.stdout + d.stderr for d in done)
    assert "snr > 1" in outputs
    assert "hunter2" not in json.dumps(records, default=str) + outputs


@pytest.mark.parametrize("arguments", [["run", "bossnet"], ["status"], ["ingest", "nothing.fits"]],
                         ids=lambda a: a[0])
def test_a_schema_that_was_never_made_or_is_not_for_us_is_said(server, reader, refused, arguments):
    said = refused(server.url(), *arguments, BOSSNET_SCHEMA="nonesuch", BOSSNET_READER_URL=reader)
    assert "schema 'nonesuch' has no tables of this package: `astra init` makes them" in said
    server("DROP ROLE IF EXISTS stranger")
    server(f"CREATE ROLE stranger LOGIN PASSWORD '{SECRET}'")
    server("GRANT USAGE ON SCHEMA bossnet TO stranger")
    said = refused(server.url(user="stranger"), *arguments, BOSSNET_READER_URL=reader)
    assert "permission denied for table bossnet_migration" in said
    server("DROP OWNED BY stranger")


def test_a_database_that_stops_during_a_command_is_one_line(server, at, files, tmp_path):
    waiting = tmp_path / "list"
    os.mkfifo(waiting)
    process = at(server.url()).start("ingest", f"@{waiting}")
    with waiting.open("w") as paths:  # it has its connection, and waits for files
        server.stop()
        paths.write(f"{files[0]}\n")
    try:
        _, said = process.communicate(timeout=60)
    finally:
        server.start()
    assert process.returncode == 1
    assert said.startswith("error: the database failed: ")
    assert said.count("\n") == 1
