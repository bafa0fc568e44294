"""`bin/quickstart` and `bin/sql` as a newcomer runs them, in the environment of the tests."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from acceptance.conftest import BIN
from spectra import layouts

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"


@pytest.fixture
def home():
    """A folder that the embedded server's own user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="bossnet-quickstart-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run(*command, home, status=0, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BOSSNET_")}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600,
                          env=kept | {"BOSSNET_HOME": str(home), **environment}, cwd=home.parent)
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.mark.skipif(Path(sys.prefix) != VENV, reason="quickstart installs into .venv, and these "
                    "tests run elsewhere")
def test_quickstart_takes_ones_own_files_to_rows_and_repeats_nothing(home, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    layouts.spec(folder / "a.fits", pixels=2000)
    layouts.lamost_table(folder / "b.fits")
    (folder / "c.fits").write_bytes(b"not FITS")
    # A database that a user's environment names is not this one's to fill.
    first = run(CHECKOUT / "bin" / "quickstart", folder, home=home,
                BOSSNET_DATABASE_URL="postgresql://nobody@203.0.113.1/production")
    assert "2 spectra found, 1 files refused" in first.stdout
    assert "2 of 2 spectra have their row" in first.stderr
    assert "(2 rows)" in first.stdout
    again = run(CHECKOUT / "bin" / "quickstart", folder, home=home)
    assert "0 new" in again.stdout
    config = {"BOSSNET_CONFIG": str(home / "quickstart.yml")}
    rows = run(CHECKOUT / "bin" / "sql", "-At", "-c", "SELECT count(*) FROM boss_net", home=home,
               **config)
    assert rows.stdout.strip() == "2"
    refused = run(CHECKOUT / "bin" / "sql", "DELETE FROM boss_net", home=home, status=1, **config)
    assert "read-only" in refused.stderr


def test_a_home_that_the_server_cannot_live_in_is_said_before_anything_is_installed(tmp_path):
    said = run(CHECKOUT / "bin" / "quickstart", home=tmp_path / "my spectra", status=2)
    assert "set BOSSNET_HOME" in said.stderr
    assert "installing" not in said.stdout


def test_recovered_parameters_are_compared_with_true_ones(database_url, tmp_path):
    weights = CHECKOUT / "python/bossnet/network/data/bossnet-1.safetensors"
    environment = {"BOSSNET_DATABASE_URL": database_url, "BOSSNET_WEIGHTS": str(weights),
                   "OMP_NUM_THREADS": "1"}
    out = tmp_path / "simulated"
    run(BIN / "bossnet", "simulate", out, "--number", 40, "--snr", 30, 60,
        home=tmp_path, **environment)
    run(BIN / "bossnet", "ingest", out, home=tmp_path, **environment)
    run(BIN / "bossnet", "run", "bossnet", "--draws", 2, home=tmp_path, **environment)
    table = run(sys.executable, "-m", "bossnet.simulation.recovered", out / "truth.ecsv",
                home=tmp_path, **environment).stdout
    found = {line[16:26].strip(): line[26:].split() for line in table.splitlines()
             if line.startswith("4000 to 7500 K")}
    assert float(found["log Teff"][1]) < 0.03
    assert float(found["log g"][1]) < 0.6
    assert float(found["RV"][1]) < 20
