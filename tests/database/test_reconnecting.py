"""A connection that comes back, and what is done once more on it."""

import psycopg2
import pytest

from bossnet.database import reconnecting
from bossnet.database.connection import connect
from bossnet.database.reconnecting import Reconnecting, patiently
from bossnet.errors import DatabaseError


@pytest.fixture
def opened(config):
    """Opens connections, and remembers them."""
    class Opened(list):
        def __call__(self):
            self.append(connect(config))
            return self[-1]
    opened = Opened()
    yield opened
    for connection in opened:
        connection.close()


@pytest.fixture
def database(opened):
    database = Reconnecting(opened)
    yield database
    database.close()


def cut(config, connection):
    """Ends the session of a connection, as an administrator or a restart does it."""
    other = connect(config)
    with other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    other.close()


def note(connection, again, tag="t"):
    """Adds a run; whether it was asked to look first."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bossnet_run (task, v_astra, tag) VALUES ('bossnet', 0, %s)",
                       (tag,))
    return again


def number(connection, _):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bossnet_run")
        return cursor.fetchone()[0]


def test_a_transaction_is_done_again_on_a_new_connection(config, database, opened):
    assert database.transaction(note) is False
    cut(config, opened[0])
    assert database.transaction(note) is True
    assert len(opened) == 2
    assert database.transaction(number) == 2
    assert not database.busy
    assert database.seconds > 0


def test_what_was_done_of_it_before_the_connection_was_lost_is_gone(config, database, opened):
    def broken(connection, again):
        note(connection, again)
        if not again:
            cut(config, connection)

    database.transaction(broken)
    assert database.transaction(number) == 1


def test_what_the_database_refuses_is_not_tried_again(database, opened):
    with pytest.raises(psycopg2.errors.NotNullViolation):
        database.transaction(lambda connection, _: connection.cursor().execute(
            "INSERT INTO bossnet_run (task) VALUES ('bossnet')"))
    assert database.transaction(number) == 0
    assert len(opened) == 1


def test_one_that_met_a_deadlock_is_tried_again(database, opened):
    tries = []

    def work(connection, again):
        tries.append(again)
        if len(tries) == 1:
            raise psycopg2.errors.DeadlockDetected
        return number(connection, again)

    assert database.transaction(work) == 0
    assert tries == [False, False]
    assert len(opened) == 1


def test_a_database_that_stays_away_is_given_up_with_its_reason(monkeypatch):
    def opened():
        tries.append(1)
        raise DatabaseError("no connection: it is down")

    tries = []
    monkeypatch.setattr(reconnecting, "PATIENCE", 1.0)
    with pytest.raises(DatabaseError, match="it is down"):
        Reconnecting(opened).transaction(number)
    assert len(tries) == 2


def test_while_it_waits_a_signal_is_heard():
    def opened():
        raise DatabaseError("no connection")

    def waiting():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        patiently(opened, patience=100.0, waiting=waiting)


def test_a_transaction_whose_client_is_gone_is_ended_by_the_server(database):
    with database._connected().cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
