"""Ctrl-C, SIGTERM, SIGUSR1: noted while work is finished, obeyed at once at any other time."""

import signal
import threading
import time

import psycopg2
import pytest

from bossnet.database.connection import connect
from bossnet.work.interruption import SIGNALS, Interruption, cancellable


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_what_is_not_deferred(number):
    with Interruption().installed() as interruption:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert interruption.asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_while_work_is_finished_and_a_second_one_stops_it(number):
    with Interruption().installed() as interruption:
        with interruption.deferred():
            assert not interruption.asked
            signal.raise_signal(number)
            assert interruption.asked
        with pytest.raises(KeyboardInterrupt), interruption.deferred():
            signal.raise_signal(number)


@pytest.mark.parametrize("others", [[signal.SIGUSR1], [signal.SIGTERM], []])
def test_slurms_signal_and_that_of_its_jobs_script_are_one(others):
    with Interruption().installed() as interruption, interruption.deferred():
        for number in [*others, signal.SIGUSR1, signal.SIGUSR1]:
            signal.raise_signal(number)
        assert interruption.asked


def test_sigterm_after_sigusr1_is_the_first_to_insist():
    with Interruption().installed() as interruption:
        with interruption.deferred():
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt), interruption.deferred():
            signal.raise_signal(signal.SIGTERM)


def test_who_handled_the_signals_before_does_so_again():
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption().installed():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_in_another_thread_the_signals_are_left_alone():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def run():
        with Interruption().installed():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("begins_after", [0, 1])
def test_a_statement_is_cancelled_by_a_signal_and_its_connection_lives_on(config, begins_after):
    def statement():
        time.sleep(begins_after)
        cursor.execute("SELECT pg_sleep(60)")

    connection = connect(config)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGTERM])
    start = time.monotonic()
    with connection.cursor() as cursor, Interruption().installed():
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            cancellable(connection, statement)
    assert time.monotonic() - start < 20
    connection.rollback()
    with connection.cursor() as cursor:
        cancellable(connection, lambda: cursor.execute("SELECT 1"))
        assert cursor.fetchone() == (1,)
        with pytest.raises(psycopg2.errors.UndefinedColumn):
            cancellable(connection, lambda: cursor.execute("SELECT nonesuch"))
    connection.close()
