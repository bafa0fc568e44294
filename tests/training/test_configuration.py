"""The YAML file of a training."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.network import BOSS
from bossnet.network.architecture import Architecture
from bossnet.training.configuration import Training, load
from bossnet.training.draws import Drawing
from bossnet.training.fit import Recipe

SHIPPED = Path(__file__).resolve().parents[2] / "etc" / "training" / "boss.yml"

SMALL = """
name: mine
network: boss
drawing:
  libraries: {miles: 0.7, corv: 0.3}
recipe: {steps: 100}
"""


def write(tmp_path: Path, **changes: Any) -> Path:
    """The small training with entries changed, one of a part by PART__ENTRY; None takes it out."""
    values = yaml.safe_load(SMALL)
    for name, value in changes.items():
        *parts, last = name.split("__")
        inner = values
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[last] = value
        if value is None:
            del inner[last]
    path = tmp_path / "mine.yml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_the_shipped_training_is_read_and_is_as_small_as_a_default_has_to_be() -> None:
    training = load(SHIPPED)
    assert training.declaration is BOSS
    assert training.recipe.schedule == "one-cycle"
    assert training.drawing.snr == (3, 200)
    assert training.architecture.dim_mults == (1, 2, 4, 8)
    assert sum(training.drawing.libraries.values()) == pytest.approx(1.0)


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    training = load(write(tmp_path))
    assert training == Training("mine", "boss", Drawing({"miles": 0.7, "corv": 0.3}), Recipe(100),
                                Architecture())
    assert training.recipe.batch_size == 512


def test_every_kind_of_entry_is_read(tmp_path: Path) -> None:
    training = load(write(
        tmp_path, recipe__max_rate=1, recipe__bfloat16=True, recipe__schedule="one-cycle",
        status="science", coverage={"teff": [3500, 40000], "note": "all", "deep": {"a": None}},
        drawing__augmentation={"segment_length": [5, 50]}, drawing__snr=[5, 50.5],
        drawing__weighting={"parameters": {"logg": 2}}, architecture__dim_mults=[1, 2, 3]))
    assert training.recipe.max_rate == 1
    assert training.drawing.augmentation.segment_length == (5, 50)
    assert training.drawing.snr == (5, 50.5)
    assert training.drawing.weighting.parameters == {"logg": 2}
    assert training.architecture.widths == (4, 8, 12)
    assert training.coverage["deep"] == {"a": None}


def test_what_a_training_keeps_is_the_same_training(tmp_path: Path) -> None:
    for path in (SHIPPED, write(tmp_path, coverage={"teff": [3500, 40000]})):
        training = load(path)
        kept = tmp_path / "training.yml"
        kept.write_text(yaml.safe_dump(training.as_dict(), sort_keys=False))
        assert load(kept) == training
        assert yaml.safe_dump(load(kept).as_dict(), sort_keys=False) == kept.read_text()
        json.dumps(training.as_dict(), allow_nan=False)
        assert set(training.as_dict()) == set(asdict(training))


@pytest.mark.parametrize(("changes", "said"), [
    ({"epochs": 3}, "mine.yml: no entry epochs; there are name, network, drawing"),
    ({"recipe__epochs": 3}, "mine.yml: recipe: no entry epochs; there are steps, batch_size"),
    ({"drawing__augmentation": {"gap": 1}}, "mine.yml: drawing: augmentation: no entry gap"),
    ({"name": None}, "mine.yml: needs the entry name"),
    ({"recipe": None}, "mine.yml: needs the entry recipe"),
    ({"recipe__steps": None}, "mine.yml: recipe: needs the entry steps"),
    ({"drawing__libraries": None}, "mine.yml: drawing: needs the entry libraries"),
    ({"recipe": "quick"}, "mine.yml: recipe: expected entries, not 'quick'"),
    ({"drawing": [1]}, r"mine.yml: drawing: expected entries, not \[1\]"),
    ({"drawing__libraries": ["miles"]}, "drawing: libraries: expected entries"),
    ({"drawing__libraries": {"miles": "much"}}, "drawing: libraries: miles: expected a number"),
    ({"recipe__steps": "many"}, "recipe: steps: expected a whole number, not 'many'"),
    ({"recipe__steps": 1.5}, "recipe: steps: expected a whole number, not 1.5"),
    ({"recipe__steps": True}, "recipe: steps: expected a whole number, not True"),
    ({"recipe__max_rate": "1e-4"}, r"max_rate: expected a number \(an exponent"),
    ({"recipe__max_rate": float("nan")}, "recipe: max_rate: expected a number"),
    ({"recipe__bfloat16": 1}, "recipe: bfloat16: expected true or false, not 1"),
    ({"recipe__schedule": "cosine"}, "recipe: schedule: expected constant or one-cycle"),
    ({"status": "good"}, "status: expected demonstration or science, not 'good'"),
    ({"name": 5}, "name: expected text, not 5"),
    ({"name": "a/b"}, "name 'a/b': use letters"),
    ({"name": ""}, "name '': use letters"),
    ({"drawing__snr": 30}, "drawing: snr: expected a list of 2, not 30"),
    ({"drawing__snr": [3, 30, 300]}, "drawing: snr: expected a list of 2"),
    ({"drawing__snr": [3, "high"]}, "drawing: snr: expected a number .*, not 'high'"),
    ({"drawing__instruments": {"HST": 1}}, "drawing: instruments: no HST; there are BOSS"),
    ({"drawing__weighting": {"parameters": {"teff": 2}}},
     "drawing: weighting: parameters: no parameter teff; there are logg, log_teff"),
    ({"drawing__weighting": {"ceiling": 0}}, "drawing: weighting: weights are not negative"),
    ({"recipe__steps": 0}, "mine.yml: recipe: steps, batch_size and checkpoint_every are 1"),
    ({"network": "payne"}, "mine.yml: network 'payne'; there are boss, apogee"),
    ({"architecture__num_targets": 3}, "num_targets must be 4, the number of parameters of BOSS"),
    ({"architecture__kernel_size": 0}, "architecture: every size must be 1 or more"),
    ({"architecture__dim_mults": []}, "architecture: every size must be 1 or more"),
    ({"architecture__dim_mults": 4}, "architecture: dim_mults: expected a list, not 4"),
    ({"coverage": {"teff": float("inf")}}, "coverage: a card keeps text, numbers"),
    ({"coverage": "all"}, "coverage: expected entries, not 'all'")])
def test_what_cannot_be_is_said_with_its_file_and_entry(tmp_path: Path, changes: dict[str, Any],
                                                        said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load(write(tmp_path, **changes))


@pytest.mark.parametrize(("text", "said"), [
    ("", "expected entries, not None"), ("- a\n- b\n", "expected entries"),
    ("name: [", "mine.yml: while parsing"), ("name: !!python/object:os.system {}", "mine.yml: "),
    (SMALL + "coverage: {made: 2026-11-24}\n", "coverage: a card keeps text")])
def test_what_is_no_such_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load(path)


def test_a_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nonesuch\.yml"):
        load(tmp_path / "nonesuch.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ConfigurationError, match=r"binary\.yml"):
        load(tmp_path / "binary.yml")
