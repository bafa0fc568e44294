"""How a training went, from its history."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bossnet.training.curves import draw, drawable, read


def line(step: int, loss: float, **more: Any) -> dict[str, Any]:
    return {"step": step, "loss": loss, "rate": 1e-3 / step, "seconds": 1.0, "steps_done": 5,
            **more}


def checked(loss: float, **groups: Any) -> dict[str, Any]:
    return {"validation": {"loss": loss, "groups": groups}}


@pytest.fixture
def history(tmp_path: Path) -> Path:
    lines = [line(5, 4.0, **checked(3.0, stars={"logg": [0.5, 0.1, 9], "rv": [40.0, 1.0, 9]},
                                    corv={"logg": [9.0, 0.0, 2]})),
             line(10, 2.0, **checked(1.0, stars={"logg": [0.3, 0.1, 9], "rv": [20.0, 1.0, 9]})),
             line(15, 1.0, **checked(1.5, stars={"logg": [0.35, 0.1, 9]}))]
    path = tmp_path / "history.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path


def test_the_curves_are_the_numbers_of_the_history(history: Path) -> None:
    curves = read(history)
    assert curves.step.tolist() == [5, 10, 15]
    assert curves.loss.tolist() == [4.0, 2.0, 1.0]
    assert curves.validation.tolist() == [3.0, 1.0, 1.5]
    np.testing.assert_allclose(curves.rate, [2e-4, 1e-4, 1e-3 / 15])
    assert curves.group == "stars"
    assert list(curves.sigma) == ["logg", "rv"]
    assert curves.sigma["logg"].tolist() == [0.5, 0.3, 0.35]
    np.testing.assert_array_equal(curves.sigma["rv"], [40.0, 20.0, np.nan])
    assert curves.best == 1


def test_a_training_without_validation_has_the_other_curves(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(json.dumps(line(5, 4.0)) + "\n")
    curves = read(path)
    assert np.isnan(curves.validation).all()
    assert (curves.best, curves.group, curves.sigma) == (None, "", {})


def test_a_figure_is_drawn_with_and_without_validation(history: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra report")
    assert drawable()
    draw(tmp_path / "all.png", read(history), {"rv": "km/s"})
    (tmp_path / "short.jsonl").write_text(json.dumps(line(5, 4.0)) + "\n")
    draw(tmp_path / "short.png", read(tmp_path / "short.jsonl"), {})
    for name in ("all.png", "short.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / name).stat().st_size > 15_000


def test_without_matplotlib_it_is_known_that_nothing_can_be_drawn(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not drawable()
