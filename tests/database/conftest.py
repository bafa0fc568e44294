"""The database's own tests run on every version of Postgres that the wheel brings."""

import pytest

from bossnet.database.connection import connect


@pytest.fixture(params=[18, 16], ids=["postgres-18", "postgres-16"])
def postgres_version(request):
    """Each version in turn."""
    return request.param


@pytest.fixture
def connection(config):
    """A connection to a fresh database after `astra init`."""
    connection = connect(config)
    yield connection
    connection.close()
