"""A grid is computed model by model, by workers that may be killed or share it."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bossnet.errors import GridError
from bossnet.grid.folder import GridFolder, Model
from bossnet.grid.progress import regions
from bossnet.grid.run import Counts, run
from bossnet.grid.synthesis import Settings
from grid.made import tools

WORKER = """
import sys
from pathlib import Path
from bossnet.grid.folder import GridFolder
from bossnet.grid.program import Tools
from bossnet.grid.run import run
run(GridFolder.open(Path(sys.argv[1])), Tools(Path(sys.argv[2])), say=lambda line: None)
"""


def planned(folder, behaviour="good", number=6):
    program = tools(folder / "tools", behaviour)
    return program, GridFolder.plan(folder / "grid", number, seed=6, settings=Settings(),
                                    tools=program.described())


def behave(program, behaviour):
    (program.folder / "behaviour").write_text(behaviour)


def test_what_is_there_is_not_computed_again(tmp_path):
    program, grid = planned(tmp_path)
    lines = []
    assert run(grid, program, limit=2, say=lines.append) == Counts(2, 0)
    assert grid.done() == [0, 1]
    first = grid.model(0)
    assert run(grid, program, say=lines.append) == Counts(4, 0)
    assert run(grid, program, say=lines.append) == Counts(0, 0)
    assert len(lines) == 6
    assert lines[0].startswith("0 of 6: ")
    np.testing.assert_array_equal(grid.model(0).flux, first.flux)


def test_a_bad_model_is_recorded_with_its_reason_and_passed_over(tmp_path):
    program, grid = planned(tmp_path, "fail-above 6000")
    bad = [index for index, one in enumerate(grid.labels) if one.teff > 6000]
    assert run(grid, program, say=lambda line: None) == Counts(6 - len(bad), len(bad))
    assert grid.failed() == bad
    assert "no convergence" in grid.failure(bad[0]).reason
    behave(program, "good")
    assert run(grid, program, say=lambda line: None) == Counts(0, 0)


def test_a_plan_may_grow_and_nothing_else_may_change(tmp_path):
    program, grid = planned(tmp_path)
    run(grid, program, limit=1, say=lambda line: None)
    more = GridFolder.plan(grid.path, 12, seed=6, settings=Settings(), tools=grid.tools)
    assert (more.number, more.done(), more.labels[:6]) == (12, [0], grid.labels)
    with pytest.raises(GridError, match="other seed"):
        GridFolder.plan(grid.path, 12, seed=7, settings=Settings(), tools=grid.tools)
    with pytest.raises(GridError, match="other settings"):
        GridFolder.plan(grid.path, 12, seed=6, settings=Settings(step=0.2), tools=grid.tools)
    with pytest.raises(GridError, match="12 models already"):
        GridFolder.plan(grid.path, 6, seed=6, settings=Settings(), tools=grid.tools)


def test_another_program_is_refused(tmp_path):
    program, grid = planned(tmp_path)
    (program.folder / "tools.json").write_text('{"synspec54": "another"}')
    with pytest.raises(GridError, match="not the program"):
        run(grid, program, say=lambda line: None)


def test_a_worker_that_is_killed_leaves_nothing_half_done(tmp_path):
    program, grid = planned(tmp_path)
    run(grid, program, limit=1, say=lambda line: None)
    behave(program, "wait")
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(grid.path), str(program.folder)],
                              start_new_session=True)
    try:
        _until((program.folder / "waiting").exists)
        assert (grid.path / "claims/000001").exists()
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    behave(program, "good")
    assert grid.done() == [0]
    assert run(grid, program, say=lambda line: None) == Counts(5, 0)
    assert not list((grid.path / "claims").iterdir())


def test_a_model_that_another_worker_is_at_is_left_to_it(tmp_path):
    program, grid = planned(tmp_path)
    with grid.claimed(2) as ours:
        assert ours
        assert run(grid, program, say=lambda line: None) == Counts(5, 0)
    assert grid.done() == [0, 1, 3, 4, 5]
    assert run(grid, program, say=lambda line: None) == Counts(1, 0)


def test_a_claim_that_is_hours_old_is_void(tmp_path):
    _, grid = planned(tmp_path)
    with grid.claimed(0):
        claim = grid.path / "claims/000000"
        with grid.claimed(0) as again:
            assert not again
        os.utime(claim, (time.time() - 1e5,) * 2)
        with grid.claimed(0) as again:
            assert again


def test_a_damaged_model_is_named(tmp_path):
    program, grid = planned(tmp_path)
    run(grid, program, limit=1, say=lambda line: None)
    (grid.path / "models/000000.npz").write_bytes(b"PK")
    with pytest.raises(GridError, match=r"000000\.npz is not a model"):
        grid.model(0)
    with pytest.raises(GridError, match="no planned grid"):
        GridFolder.open(tmp_path)


def test_how_far_a_grid_is_is_told_by_temperature(tmp_path):
    program, grid = planned(tmp_path, "fail-above 9000", number=16)
    run(grid, program, say=lambda line: None)
    rows = regions(grid)
    assert sum(row.computed for row in rows) == len(grid.done())
    assert sum(row.failed for row in rows) == len(grid.failed()) > 0
    assert (rows[0].first, rows[-1].last, rows[-1].computed) == (2500, 50000, 0)
    assert isinstance(grid.model(grid.done()[0]), Model)
    assert "to" in rows[2].line()


def _until(happened):
    for _ in range(200):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in 20 s")
