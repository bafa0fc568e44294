"""A database to report on, and its sections as the reader asks for them."""

from contextlib import contextmanager

import pytest

from bossnet.database.connection import connect, connect_reader
from bossnet.network import BOSS
from bossnet.report import making
from bossnet.report.scope import opened
from catalog.made import Made
from report.browser import started


@pytest.fixture
def made(config):
    """Fills a fresh database."""
    connection = connect(config)
    yield Made(connection)
    connection.close()


@pytest.fixture
def scope(config):
    """The results of a database, as a report asks for them."""
    @contextmanager
    def scope(network=BOSS, **options):
        reader = connect_reader(config)
        try:
            with opened(reader, network, **options) as found:
                yield found
        finally:
            reader.close()

    return scope


@pytest.fixture
def report(config, tmp_path):
    """Writes a report, by default to `page.html`; what was written."""
    def report(network=BOSS, name="page.html", **options):
        reader = connect_reader(config)
        try:
            return making.make(reader, network, tmp_path / name, roots={}, **options)
        finally:
            reader.close()

    return report


@pytest.fixture(scope="module")
def chromium():
    """A browser."""
    with started() as browser:
        yield browser
