"""Real and benchmark files: each is a row with finite parameters, or refused with its reason."""

import json
import math

import pytest
import torch

from bossnet.network import BOSS
from bossnet.network.frozen import load
from bossnet.network.installed import SHIPPED
from bossnet.network.prediction import DirectPredictor
from bossnet.spectra import read
from bossnet.task import BossNetTask

from .rows import rows_of

FOLDERS = ("data/sdss", "data/lamost", "data/apogee")
VISITS = 3  #: in the one apStar, beside its co-add
RELATIVES = ("med-", "apVisit-")  #: of medium resolution, of three chips: not read
PARAMETERS = ("teff", "e_teff", "log_teff", "e_log_teff", "logg", "e_logg", "fe_h", "e_fe_h",
              "v_rel", "e_v_rel", "v_rad", "e_v_rad", "snr")


@pytest.fixture
def spectra(shared):
    """Files of layouts that are read."""
    real = [path for folder in FOLDERS for path in sorted((shared / folder).rglob("*.fits*"))
            if not path.name.startswith(RELATIVES)]
    made = sorted((shared / "benchmark").glob("*.fits"))
    assert len(real) > 100
    assert len(made) > 200
    return real + made


@pytest.fixture
def foreign(shared):
    """Files that are not read: relatives of those above, templates, catalogues."""
    relatives = [path for folder in FOLDERS for path in sorted((shared / folder).rglob("*.fits*"))
                 if path.name.startswith(RELATIVES)]
    templates = sorted((shared / "data" / "templates").rglob("*.fit*"))
    assert len(relatives) == 2
    assert len(templates) > 500
    return relatives + templates


def test_every_shared_spectrum_ends_as_a_row_and_every_other_file_is_refused(
        astra, tmp_path, spectra, foreign):
    names = tmp_path / "all.txt"
    names.write_text("\n".join(map(str, spectra + foreign)))
    ingested = astra("ingest", f"@{names}", "--json")
    counts = json.loads(ingested.stdout)
    assert (counts["new"], counts["refused"]) == (len(spectra) + VISITS, len(foreign))
    said = dict(line.split(": refused: ") for line in ingested.stderr.splitlines()
                if ": refused: " in line)
    assert set(said) == set(map(str, foreign))
    for path in foreign:
        reason = {"med-": "medium-resolution", "apVisit": "three chips"}.get(
            next((start for start in ("med-", "apVisit") if path.name.startswith(start)), ""),
            "not a spectrum that is read: found HDU 0")
        assert reason in said[str(path)]
    done = astra.run()
    optical = [path for path in spectra if not path.name.startswith("apStar")]
    assert (done["n_done"], done["n_failed"]) == (len(optical), 0)
    rows = rows_of(astra)
    assert len(rows) == len(optical)
    for row in rows:
        assert all(row[name] is not None and math.isfinite(row[name]) for name in PARAMETERS)
        assert row["error_message"] is None


def test_one_observation_of_two_releases_gives_the_same_parameters(shared):
    # DR9 reduced the red arm anew: their fluxes differ by up to 0.3 of their errors there.
    network = SHIPPED / "bossnet-1.safetensors"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    task = BossNetTask(DirectPredictor(load(network), BOSS), n_draws=8)
    name = "spec-55859-F5902_sp01-005.fits.gz"
    image, table = (result.values for result in task.run(
        read(shared / "data" / "lamost" / release / name) for release in ("dr5", "dr9")))
    torch.set_num_threads(threads)
    for parameter in ("log_teff", "logg", "fe_h", "v_rad"):
        error = image[f"e_{parameter}"]
        assert image[parameter] == pytest.approx(table[parameter], abs=0.3 * error), parameter
        assert table[f"e_{parameter}"] == pytest.approx(error, rel=0.3)
