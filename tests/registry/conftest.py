"""A database to register in, and a way to look at it."""

import pytest

from bossnet.database.connection import connect


@pytest.fixture
def connection(config):
    """A connection to a fresh database after `astra init`."""
    connection = connect(config)
    yield connection
    connection.close()


@pytest.fixture
def rows(connection):
    """The answer to a query."""
    def query(text, parameters=None):
        with connection, connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall()
    return query
