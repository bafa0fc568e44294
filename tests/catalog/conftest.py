"""A database to export from."""

import pytest

from bossnet.catalog.export import export
from bossnet.database.connection import connect, connect_reader
from bossnet.network import BOSS
from catalog.made import Made


@pytest.fixture
def made(config):
    """Fills a fresh database."""
    connection = connect(config)
    yield Made(connection)
    connection.close()


@pytest.fixture
def exported(config, tmp_path):
    """Exports as the reader, by default to `out.fits` in the survey's layout; what was written."""
    def exported(name="out.fits", *, layout="survey", per_star=False, **options):
        reader = connect_reader(config)
        try:
            return export(reader, BOSS, tmp_path / name, name=layout, per_star=per_star,
                          **options)
        finally:
            reader.close()

    return exported
