"""The page on safety: what it tells an owner or administrator to execute does what it says."""

from dataclasses import replace

import psycopg2
import pytest
import yaml

from acceptance.conftest import Commands
from acceptance.inside import run_inside
from acceptance.rows import rows_of
from bossnet import config as configuration
from bossnet.database.connection import READER, connect_reader
from docs.blocks import DOCS, blocks
from spectra import layouts

RELEASED, PEOPLE = (block.text for block in blocks(DOCS / "security.rst", "sql"))


@pytest.fixture
def astra(database_url, tmp_path, tiny):
    """The commands, with a few spectra."""
    commands = Commands(database_url, tmp_path, tiny.path)
    commands.register([layouts.spec(tmp_path / f"spec-{n}.fits", pixels=2000 + n)
                       for n in range(3)])
    return commands


def execute(url, statements, *, role="postgres"):
    connection = psycopg2.connect(url.replace("postgres@", f"{role}@"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statements)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def test_a_release_that_was_closed_stays_as_it_is(astra):
    run_inside(astra, "--tag", "dr20", "--limit", 2)
    execute(astra.url, RELEASED)
    released = rows_of(astra, "dr20")
    for options in (["--overwrite", "--seed", 1], []):  # the second would add what is missing
        said = astra.run("--tag", "dr20", *options, status=1).stderr
        assert "these results are released and stay as they are" in said
    with pytest.raises(psycopg2.errors.RaiseException):
        execute(astra.url, "DELETE FROM bossnet.boss_net")
    assert rows_of(astra, "dr20") == released
    assert run_inside(astra)["n_done"] == 3
    assert run_inside(astra, "--overwrite", "--seed", 1)["n_done"] == 3
    astra("init")


def test_a_person_has_the_readers_rights_and_not_the_role(config):
    url = config.database_url
    execute(url, PEOPLE)
    try:
        assert execute(url, "SELECT count(*) FROM bossnet.boss_net", role="alice") == [(0,)]
        for statement in (f"SET ROLE {READER}", f"ALTER ROLE {READER} PASSWORD 'mine'",
                          f"ALTER ROLE {READER} SET statement_timeout = 0",
                          "DELETE FROM bossnet.boss_net"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                execute(url, statement, role="alice")
        reader = connect_reader(replace(config, reader_url=url.replace("postgres@", "alice@")))
        reader.close()
        assert execute(url, "SHOW temp_file_limit", role=READER) == [("50GB",)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(url, "SET temp_file_limit = -1", role=READER)
    finally:
        execute(url, f"DROP ROLE alice; ALTER ROLE {READER} RESET temp_file_limit;"
                     f"ALTER ROLE {READER} CONNECTION LIMIT -1")


def test_the_configuration_that_is_shown_is_one(tmp_path):
    (block,) = blocks(DOCS / "security.rst", "yaml")
    path = tmp_path / "bossnet.yml"
    path.write_text(block.text)
    loaded = configuration.load(environment={"BOSSNET_CONFIG": str(path)})
    assert {loaded.database_url, loaded.reader_url} == set(yaml.safe_load(block.text).values())
