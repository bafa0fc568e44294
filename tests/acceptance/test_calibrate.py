"""`bossnet weights calibrate` as a network's keeper uses it."""

import json

import numpy as np
import pytest
from astropy.table import Table
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, program
from bossnet.evaluation.quantities import COLUMNS
from bossnet.network.frozen import load
from evaluation.repeated import results
from network.made import TINY, random_network, random_reference


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with weights `random`, which have a limit for foreign spectra."""
    monkeypatch.setenv("BOSSNET_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "weights").mkdir(parents=True)
    random_network(tmp_path / "home" / "weights" / "random.safetensors",
                   reference=random_reference(), ood_limit=1.5, **TINY)
    return tmp_path / "home"


@pytest.fixture
def calibrate(home, tmp_path):
    """The command, within this process."""
    def run(*arguments, status=0):
        done = CliRunner().invoke(program("bossnet", tuple(COMMANDS), ""), [
            "weights", "calibrate", "random", "--name", "better", "--out",
            str(tmp_path / "out"), *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done
    return run


def catalogue(path, measured, *, digest=None, labelled=False):
    """A table of results; its name."""
    table = Table({"SOURCE_PK": measured.star.astype(int), "SNR": measured.snr,
                   "RESULT_FLAGS": np.zeros(len(measured), int)})
    for c in COLUMNS:
        table[c.upper()], table[f"RAW_E_{c}".upper()] = measured.values[c], measured.raw[c]
        if labelled:
            table[f"label_{c}"] = measured.labels[c]
    if digest:
        table.meta["WSHA256"] = digest
    table.write(path)
    return path


def test_new_weights_have_the_model_and_all_else_of_the_old(calibrate, home, tmp_path):
    old = load(home / "weights" / "random.safetensors")
    visits = catalogue(tmp_path / "visits.fits", results(1500, 2, factor=lambda snr: 1.4, seed=4),
                       digest=old.card.sha256)
    said = json.loads(calibrate("--repeats", visits, "--json").stdout)
    new = load(home / "weights" / "better.safetensors")
    assert said["sha256"] == new.card.sha256 != old.card.sha256
    assert new.card.noise_model == said["noise_model"]
    assert {**vars(new.card), "name": "random", "noise_model": None,
            "sha256": old.card.sha256} == vars(old.card)
    for name, tensor in old.module.state_dict().items():
        np.testing.assert_array_equal(new.module.state_dict()[name], tensor)
    np.testing.assert_array_equal(new.reference.axes, old.reference.axes)
    laws, origin = new.card.noise_model["parameters"], new.card.noise_model["origin"]
    assert set(laws) == set(COLUMNS)
    assert all(law["factor"][0] == pytest.approx(1.4, rel=0.15) for law in laws.values())
    assert origin["weights"] == {"name": "random", "sha256": old.card.sha256}
    (check,) = origin["checks"]
    assert check["used"] + check["held_out"] == 1500
    assert check["after"]["logg"] == pytest.approx(1, abs=0.12)
    assert load(home / "weights" / "random.safetensors").card == old.card


def test_it_says_how_wide_pulls_were_and_are_and_draws_them(calibrate, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    visits = catalogue(tmp_path / "visits.ecsv", results(400, 2))
    labels = catalogue(tmp_path / "labels.ecsv", results(500, 1, floor=2.0), labelled=True)
    done = calibrate("--repeats", visits, "--labels", labels)
    assert "log g: factor" in done.output
    assert "pairs of visits that it was not fitted to" in done.output
    assert "results with labels that it was not fitted to" in done.output
    assert (tmp_path / "out" / "calibration.txt").read_text().strip() in done.output
    assert (tmp_path / "out" / "calibration.png").stat().st_size > 20_000
    record = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert [c["kind"] for c in record["checks"]] == ["pairs of visits", "results with labels"]


@pytest.mark.parametrize(("arguments", "said"), [
    (["--repeats", "{visits}", "--tag", "x"], "--tag chooses among the database's results"),
    (["--repeats", "database", "--repeats", "{visits}"], "either tables or database"),
    (["--repeats", "{few}"], "too little to fit a noise model to"),
    (["--repeats", "{other}"], "made by other weights (sha256 abababababab)"),
    (["--repeats", "{nothing}"], "cannot be read as a table"),
    (["--repeats", "{visits}", "--name", "random"], "random is there already"),
    (["--repeats", "{visits}", "--name", "../x"], "use letters, digits"),
    (["--labels", "{visits}"], "no column label_logg"),
])
def test_what_cannot_be_is_refused_with_the_reason(calibrate, home, tmp_path, arguments, said):
    names = {"visits": catalogue(tmp_path / "visits.fits", results(400, 2)),
             "few": catalogue(tmp_path / "few.fits", results(40, 2)),
             "other": catalogue(tmp_path / "other.fits", results(400, 2), digest="ab" * 32),
             "nothing": tmp_path / "nonesuch.fits"}
    done = calibrate(*(a.format(**names) for a in arguments), status=2)
    assert said in " ".join(done.output.split())
    assert [p.name for p in (home / "weights").iterdir()] == ["random.safetensors"]
