"""The commands as a user runs them, and nights of spectra for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor, execute_values

from spectra import layouts

BIN = Path(sys.executable).parent
_started = []  #: commands of the test that runs


class Commands:
    """`astra` and `bossnet` on a database and a home of the test's own."""

    def __init__(self, url, home, weights):
        self.url, self.weights = url, str(weights)
        # One thread: tests share two cores with each other.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("BOSSNET_")} | {
            "BOSSNET_HOME": str(home), "BOSSNET_DATABASE_URL": url, "OMP_NUM_THREADS": "1",
            "BOSSNET_CONFIG": str(home / "bossnet.yml")}
        (home / "bossnet.yml").write_text("{}\n")

    def start(self, *arguments, program="astra", **options):
        """A running command; its output is piped as text. It ends with its test at the latest."""
        return self._popen([BIN / program, *map(str, arguments)], self.environment, options)

    def _popen(self, command, environment, options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        _started.append(subprocess.Popen(command, env=environment, text=True, **options))
        return _started[-1]

    def __call__(self, *arguments, program="astra", status=0, timeout=300):
        """A finished command, whose exit status is as expected."""
        process = self.start(*arguments, program=program)
        out, err = process.communicate(timeout=timeout)
        assert process.returncode == status, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def run(self, *arguments, **options):
        """`astra run bossnet` with the test's weights and two draws, and its JSON."""
        done = self("run", "bossnet", "--weights", self.weights, "--draws", 2, "--json",
                    *arguments, **options)
        return json.loads(done.stdout) if done.returncode == 0 else done

    def sql(self, statement, *values):
        """Rows of a query, as dictionaries; committed."""
        connection = psycopg2.connect(self.url, options="-c search_path=bossnet")
        try:
            with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(statement, values or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def register(self, paths):
        """Registers files as spectra without reading them; their spectrum_pk, in order."""
        connection = psycopg2.connect(self.url, options="-c search_path=bossnet")
        try:
            with connection, connection.cursor() as cursor:
                keys = [row[0] for row in execute_values(
                    cursor, "INSERT INTO spectrum (spectrum_flags) VALUES %s RETURNING pk",
                    [(0,)] * len(paths), fetch=True)]
                execute_values(
                    cursor, "INSERT INTO boss_visit_spectrum (spectrum_pk, release, filetype, "
                    "run2d, plateid, mjd, fiberid, snr, path) VALUES %s",
                    [(key, "dr17", "spec", "v5_13_2", 1 + key // 1000, 55000, 1 + key % 1000,
                      float(i % 40), str(path)) for i, (key, path)
                     in enumerate(zip(keys, paths, strict=True))])
        finally:
            connection.close()
        return keys


@pytest.fixture(autouse=True)
def _no_command_outlives_its_test():
    yield
    for process in _started:
        if process.poll() is None:  # the test has failed
            process.kill()
            process.communicate()
    _started.clear()


@pytest.fixture
def astra(database_url, tmp_path, tiny):
    """The commands on a fresh database, with a tiny network."""
    return Commands(database_url, tmp_path, tiny.path)


@pytest.fixture
def files(tmp_path):
    """A few small BOSS files, each with a spectrum of its own."""
    folder = tmp_path / "spectra"
    folder.mkdir()
    return [layouts.spec(folder / f"spec-{i}.fits", pixels=2000 + i) for i in range(5)]
