"""Workers are killed, the database comes and goes, files vanish: nothing is lost, nothing twice.

With many more spectra and misfortunes: `python benchmarks/chaos.py`.
"""

import pytest

from acceptance.altered import AlteredCommands
from acceptance.chaos import Night, assert_nothing_is_lost, spread_files
from bossnet.config import Config
from bossnet.database.initialise import initialise
from postgres_server import PostgresServer, folder_for_postgres

SPECTRA = 2000


@pytest.fixture
def server():
    with folder_for_postgres() as folder:
        server = PostgresServer(folder)
        yield server
        server.stop()


@pytest.fixture
def astra(server, tmp_path, tiny):
    initialise(Config(tmp_path, database_url=server.url()))
    return AlteredCommands(server.url(), tmp_path, tiny.path, pace=0.02, constants={
        "work.plan.CHUNK": 50})


def test_four_workers_in_a_night_of_misfortunes_leave_the_rows_of_an_undisturbed_run(
        astra, server, tmp_path):
    files = spread_files(tmp_path / "spectra")
    night = astra.register((files * SPECTRA)[:SPECTRA])
    toll = Night(astra, server, tmp_path / "spectra", say=print).disturb(
        kills=4, cuts=4, removals=2)
    assert toll["restarts"] == 2
    astra("run", "bossnet", "--weights", astra.weights, "--draws", 2, "--retry-failed")
    assert_nothing_is_lost(astra, night)
