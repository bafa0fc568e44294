"""A run by TLS and passwords: they are in nothing that others may see, or that is kept."""

import os

import psutil
import pytest

from acceptance.conftest import Commands
from bossnet.config import Config
from bossnet.database.initialise import initialise
from helpers import is_helper, silent, wait_until
from spectra import layouts
from tls_server import ENCODED, PASSWORD

SECRETS = (PASSWORD, ENCODED, "hunter2")


@pytest.fixture(scope="module")
def made(tls_server, tmp_path_factory):
    """The server, after `astra init`, with passwords for both roles."""
    config = Config(tmp_path_factory.mktemp("home"), database_url=tls_server.url())
    tls_server.execute(initialise(config).administrator_sql)
    tls_server.execute("ALTER ROLE bossnet_reader PASSWORD 'hunter2reader'")
    return tls_server


@pytest.fixture
def astra(made, tmp_path, tiny):
    """The commands on it, their addresses with passwords in the environment; logs as JSON."""
    commands = Commands(made.url(), tmp_path, tiny.path)
    commands.environment |= {"BOSSNET_READER_URL": made.url("bossnet_reader", "hunter2reader"),
                             "BOSSNET_LOG": "json"}
    return commands


@pytest.fixture
def slow(tmp_path):
    """A file for a spectrum that a run can be made to wait for."""
    return layouts.spec(tmp_path / "slow.fits", pixels=2100)


def kept(astra):
    """Every row of every table, as text."""
    tables = astra.sql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
                       "AND relnamespace = 'bossnet'::regnamespace")
    return "".join(str(astra.sql(f"SELECT t::text FROM {table['relname']} AS t"))
                   for table in tables)


def seen(root):
    """What others see of a process and all below it, and of the server's."""
    processes = [root, *root.children(recursive=True)]
    titles = [" ".join(p.cmdline()) for p in processes]
    assert len(titles) > 1
    return titles + [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])
                     if p.info["cmdline"] and "postgres" in p.info["cmdline"][0]]


def assert_no_secret(*texts):
    for text in texts:
        assert text
        for secret in SECRETS:
            assert secret not in text


@pytest.mark.parametrize("command", [["run", "bossnet"], ["srun", "bossnet", "--local", 2]],
                         ids=["run", "several workers"])
def test_no_title_log_record_or_output_of_a_run_holds_a_password(astra, made, slow, files, command):
    astra.register([*files, slow])
    before = len(made.log())
    with silent(slow):
        process = astra.start(*command, "--weights", astra.weights, "--draws", 2)
        root = psutil.Process(process.pid)
        wait_until(lambda: any(map(is_helper, root.children(recursive=True))))
        titles = seen(root)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    number = astra.sql("SELECT max(pk) AS pk FROM bossnet_run")[0]["pk"]
    shown = "".join(d.stdout + d.stderr for d in (
        astra("status"), astra("status", number), astra("runs", "show", number)))
    assert_no_secret(err, shown, kept(astra), made.log()[before:], *titles)
    assert "INSERT INTO" in made.log()[before:]
    assert out == ""


def test_a_password_that_is_wrong_is_in_no_message_either(astra):
    astra.environment["BOSSNET_DATABASE_URL"] = astra.url.replace(ENCODED, "hunter2wrong")
    said = astra("run", "bossnet", status=1).stderr
    assert "password authentication failed" in said
    assert_no_secret(said)


def test_a_password_file_and_a_configuration_do_as_well(astra, made, tmp_path):
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"localhost:*:survey:operator:{PASSWORD}\n"
                        "localhost:*:survey:bossnet_reader:hunter2reader\n")
    passfile.chmod(0o600)
    del astra.environment["BOSSNET_READER_URL"]
    astra.environment |= {"PGPASSFILE": str(passfile),
                          "BOSSNET_DATABASE_URL": made.url(password=None)}
    assert astra.run("--dry-run")["state"] == "planned"
    del astra.environment["BOSSNET_DATABASE_URL"], astra.environment["PGPASSFILE"]
    configuration = tmp_path / "bossnet.yml"
    configuration.write_text(f'database: "{made.url()}"\n'
                             f'reader: "{made.url("bossnet_reader", "hunter2reader")}"\n')
    for mode, warnings in ((0o600, 0), (0o644, 1)):
        os.chmod(configuration, mode)
        done = astra("status")
        assert done.stderr.count("chmod 600") == warnings
        assert_no_secret(done.stdout + done.stderr)
