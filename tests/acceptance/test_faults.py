"""What goes wrong around workers: the database, its disk, files, the device; nothing is lost."""

import signal
import subprocess
from collections import Counter
from contextlib import suppress

import psycopg2
import pytest

from acceptance.altered import AlteredCommands
from acceptance.inside import run_inside
from acceptance.proxy import BreakingAtCommit
from acceptance.rows import assert_same_rows, last_run, rows_of
from acceptance.started import Started, StartedWorker
from bossnet.config import Config
from bossnet.database.initialise import initialise
from bossnet.work.readers import AHEAD
from helpers import silent, wait_until
from postgres_server import PostgresServer, folder_for_postgres
from spectra import layouts

LEASE, BEAT = 5, 0.5  #: seconds, in place of minutes
SHORT = {"work.plan.CHUNK": 50}
LIVELY = {"work.settings.SILENCE": LEASE, "work.heartbeat.BEAT": BEAT}
HUNG = {"work.heartbeat.PATIENCE": 8}


@pytest.fixture(scope="module")
def module_server():
    with folder_for_postgres() as folder:
        server = PostgresServer(folder)
        yield server
        server.stop()


@pytest.fixture
def server(module_server, request):
    """A Postgres that may be stopped; its fresh database has the name ``night``."""
    module_server("CREATE DATABASE night")
    yield module_server
    module_server("DROP DATABASE night WITH (FORCE)")


def altered(server, tmp_path, tiny, *, port=None, **alterations):
    """The commands on the server's database, after `astra init`."""
    initialise(Config(tmp_path, database_url=server.url(database="night")))
    return AlteredCommands(server.url(database="night", port=port), tmp_path, tiny.path,
                           constants=SHORT, **alterations)


@pytest.fixture
def slow(tmp_path):
    """A file that can be made not to answer."""
    return layouts.spec(tmp_path / "slow.fits", pixels=2100)


def ended(run, status=0, within=60):
    """What a run has said, once it has ended with this status."""
    _, said = run.process.communicate(timeout=within)
    assert run.process.returncode == status, said
    assert "Traceback" not in said
    return said


def assert_all_is_there(astra, night, *, failed=()):
    """One row each, no failures but these, no chunk left."""
    rows = rows_of(astra)
    assert [row["spectrum_pk"] for row in rows] == night
    assert [row["spectrum_pk"] for row in rows if row["result_flags"] & 1] == list(failed)
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")
    return rows


# The database

def test_a_run_goes_on_after_the_database_was_restarted(server, tmp_path, tiny, files, slow):
    astra = altered(server, tmp_path, tiny)
    night = astra.register([*files * 14, slow, *files * 20])
    with silent(slow):
        run = Started(astra)
        run.wait_until_it_hangs()
        server.stop()
    server.start()
    ended(run)
    assert_all_is_there(astra, night)
    record = last_run(astra)
    assert (record["state"], record["n_done"]) == ("done", len(night))


@pytest.mark.parametrize("lost", ["answer", "commit"])
def test_a_connection_that_breaks_at_a_commit_loses_and_repeats_nothing(
        server, tmp_path, tiny, files, lost):
    with BreakingAtCommit(server.port, lost) as network:
        astra = altered(server, tmp_path, tiny, port=network.port,
                        predicted=str(tmp_path / "predicted"))
        night = astra.register(files * 40)
        ended(Started(astra))
        assert network.broken.is_set()
        assert_all_is_there(astra, night)
        record = last_run(astra)
        assert (record["state"], record["n_done"], record["n_failed"]) == ("done", len(night), 0)
        lines = (tmp_path / "predicted").read_text().split()
        assert Counter(map(int, lines)) == Counter(night)


def test_a_database_that_has_become_read_only_stops_a_run_in_one_line(
        server, tmp_path, tiny, files, slow):
    astra = altered(server, tmp_path, tiny)
    night = astra.register([*files * 14, slow, *files * 20])
    with silent(slow):
        run = Started(astra)
        run.wait_until_it_hangs()
        server("ALTER DATABASE night SET default_transaction_read_only = on")
        server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE application_name LIKE 'bossnet%'")  # as a failover to a standby does
    said = ended(run, 1)
    assert "read-only" in said.splitlines()[-1]
    assert [line for line in said.splitlines() if "error" in line] == said.splitlines()[-1:]
    server("ALTER DATABASE night RESET default_transaction_read_only")
    before = rows_of(astra)
    ended(Started(astra))
    assert assert_all_is_there(astra, night)[:len(before)] == before


@pytest.fixture
def full_disk(tmp_path):
    """A Postgres of which one tablespace, ``small``, is on a file system of 8 MB."""
    with folder_for_postgres() as folder:
        small = folder / "small"
        small.mkdir()
        # The file system is there for the server alone, and goes with it.
        mounted = (f"mount -t tmpfs -o size=8m tmpfs {small} && chown pgserver {small} && "
                   "exec setpriv --reuid=pgserver --regid=pgserver --clear-groups \"$@\"")
        within = ("unshare", "--mount", "sh", "-c", mounted, "sh")
        tried = subprocess.run([*within, "true"], capture_output=True, text=True)
        if tried.returncode:
            pytest.skip(f"no file system can be mounted here, which needs root: {tried.stderr}")
        server = PostgresServer(folder, within=within)
        server("CREATE DATABASE night")
        server(f"CREATE TABLESPACE small LOCATION '{small}'")
        yield server
        server.stop()


def test_a_full_disk_stops_a_run_in_one_line_and_loses_nothing(full_disk, tmp_path, tiny, files):
    astra = altered(full_disk, tmp_path, tiny)
    night = astra.register(files * 60)
    astra.sql("ALTER TABLE boss_net SET TABLESPACE small")
    astra.sql("CREATE TABLE filling (bytes bytea STORAGE EXTERNAL) TABLESPACE small")
    for size in (100_000, 5_000):  # to the last page
        with suppress(psycopg2.errors.DiskFull):
            while True:
                astra.sql("INSERT INTO filling VALUES (convert_to(repeat('x', %s), 'utf8'))", size)
    said = ended(Started(astra), 1)
    assert "No space left on device" in said.splitlines()[-1]
    assert len(rows_of(astra)) < len(night)
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")
    record = last_run(astra)
    assert (record["state"], record["n_done"]) == ("failed", len(rows_of(astra)))
    assert "No space left on device" in record["error_message"]
    astra.sql("DROP TABLE filling")
    ended(Started(astra))
    assert_all_is_there(astra, night)


# Files

def test_a_file_that_never_answers_is_one_failed_row_and_its_worker_stays_alive_meanwhile(
        database_url, tmp_path, tiny, files, slow):
    astra = AlteredCommands(database_url, tmp_path, tiny.path, patience=2.5 * LEASE,
                            constants=LIVELY | SHORT)
    night = astra.register([*files * 14, slow, *files * 20])
    with silent(slow):
        first = Started(astra)
        first.wait_until_it_hangs()
        second = StartedWorker(astra)  # it would take the chunk of a worker that seems dead
        ended(first)
    ended(second)
    rows = assert_all_is_there(astra, night, failed=[night[70]])
    assert "the storage did not answer" in rows[70]["error_message"]
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE deaths > 0")
    run_inside(astra, "--retry-failed")
    assert_all_is_there(astra, night)


def test_files_whose_reading_fails_are_failed_rows_with_the_reason(
        database_url, tmp_path, tiny, files):
    astra = AlteredCommands(database_url, tmp_path, tiny.path, constants=SHORT)
    night = astra.register([*files, "/proc/self/mem", *files])  # EIO at its first byte
    run_inside(astra)
    rows = assert_all_is_there(astra, night, failed=[night[5]])
    assert "Input/output error" in rows[5]["error_message"]


def test_an_outage_is_seen_across_the_workers_of_a_run(database_url, tmp_path, tiny, slow):
    other = layouts.spec(tmp_path / "other.fits", pixels=2100)
    astra = AlteredCommands(database_url, tmp_path, tiny.path, constants=SHORT | {
        "work.heartbeat.BEAT": BEAT})
    # Each worker has fewer than the 200 failures by which a run is judged, and hangs then; what
    # the first one reads ahead meanwhile, in whole chunks, is not for the second.
    gone = [tmp_path / "gone.fits"] * 299
    share = [[*gone[:AHEAD + 40], hanging, *gone[AHEAD + 40:]] for hanging in (slow, other)]
    astra.register([*share[0], *share[1]])
    with silent(slow, other):
        batches = ("--batch-size", 16)  # of which two are handed on together
        first = Started(astra, *batches)
        first.wait_until_it_hangs()
        second = StartedWorker(astra, *batches)
        said = [ended(run, 1, within=60).splitlines()[-1] for run in (first, second)]
    assert any("spectra failed" in line and str(tmp_path) in line for line in said)
    assert last_run(astra)["state"] == "failed"
    assert not rows_of(astra)
    assert not astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'")


# The device, and spectra that are the end of whoever touches them

def test_a_spectrum_that_kills_its_workers_becomes_one_flagged_row(
        database_url, tmp_path, tiny, files):
    astra = AlteredCommands(database_url, tmp_path, tiny.path, constants=SHORT)
    night = astra.register(files * 40)
    deadly = night[77]
    astra.alterations["cursed"] = {str(deadly): "kill"}
    worker, deaths = Started(astra), 0
    while worker.process.wait(200) == -signal.SIGKILL:
        deaths += 1
        worker.process.communicate()
        assert deaths < 12
        worker = StartedWorker(astra)
    ended(worker)
    assert deaths > 1
    rows = assert_all_is_there(astra, night, failed=[deadly])
    assert "its worker died" in rows[77]["error_message"]
    assert last_run(astra)["state"] == "done"
    assert last_run(astra)["n_done"] == len(night)
    astra.alterations["cursed"] = {}
    assert astra.run("--retry-failed")["n_done"] == 1
    run_inside(astra, "--tag", "undisturbed")
    assert_same_rows(rows_of(astra), rows_of(astra, "undisturbed"))


def test_a_device_that_is_lost_costs_its_worker_a_restart_and_the_spectrum_in_the_end_its_row(
        database_url, tmp_path, tiny, files):
    astra = AlteredCommands(database_url, tmp_path, tiny.path, constants=SHORT)
    night = astra.register(files * 40)
    cursed = night[77]
    astra.alterations["cursed"] = {str(cursed): "lost"}
    ended(Started(astra), within=400)  # it begins anew with each step towards that spectrum
    rows = assert_all_is_there(astra, night, failed=[cursed])
    assert "illegal memory access" in rows[77]["error_message"]
    assert last_run(astra)["state"] == "done"


def test_a_device_that_hangs_does_not_keep_its_chunk_for_ever(
        database_url, tmp_path, tiny, files):
    astra = AlteredCommands(database_url, tmp_path, tiny.path,
                            constants=LIVELY | SHORT | HUNG)
    night = astra.register(files * 40)
    astra.alterations["cursed"] = {str(night[77]): "hang"}
    hung = Started(astra)
    wait_until(lambda: astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'"))
    astra.alterations["cursed"] = {}
    ended(StartedWorker(astra))
    assert_all_is_there(astra, night)
    hung.stop(signal.SIGKILL)
