"""The templates that come with the package: validation stars spread over the Kiel diagram."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import load, packaged
from bossnet.simulation.wavelengths import between
from bossnet.training.dataset import Dataset, Entry, write
from bossnet.training.package_templates import choose, main
from bossnet.training.split import split_of
from training.made import RED_END, labelled

LIKE = packaged()[20]
LABELS = {"sun": (5770.0, 4.4, 0.0), "like the sun": (5800.0, 4.4, 0.0), "hot": (15000.0, 4.0, 0.0),
          "giant": (4500.0, 1.5, -1.0), "subgiant": (5500.0, 3.5, -0.2)}


def gapped() -> Entry:
    flux = LIKE.flux.copy()
    flux[between(6000, 6010)] = np.nan
    return Entry(replace(labelled("gapped", "miles", 9000.0, 1.0, 0.5, like=LIKE), flux=flux),
                 "validation")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    entries = [Entry(labelled(name, "miles", *labels, like=LIKE), "validation", RED_END)
               for name, labels in LABELS.items() for _ in range(2)]
    unfit = [Entry(labelled("trained", "miles", 9000.0, 1.0, 0.5, like=LIKE), "train"),
             Entry(labelled("unknown", "miles", 9000.0, 1.0, np.nan, like=LIKE), "validation"),
             Entry(labelled("too hot", "stelib", 25000.0, 4.0, 0.0, like=LIKE), "validation"),
             Entry(labelled("model", "thedoppler", 9000.0, 1.0, 0.5, like=LIKE), "validation"),
             gapped()]
    return write(tmp_path_factory.mktemp("set"), unfit + entries, made_from={})


def chosen(dataset: Dataset, number: int) -> list[str]:
    return dataset.star[choose(dataset, number)].tolist()


def test_the_sun_comes_first_and_then_what_is_farthest_from_the_chosen(small: Dataset) -> None:
    assert chosen(small, 1) == ["sun"]
    assert chosen(small, 2) == ["sun", "hot"]
    assert chosen(small, 3) == ["giant", "sun", "hot"]  # given by temperature
    assert chosen(small, 4) == ["giant", "subgiant", "sun", "hot"]


def test_no_star_is_chosen_twice_and_none_that_is_not_fit(small: Dataset) -> None:
    assert sorted(chosen(small, 99)) == sorted(LABELS)
    twins = [Entry(labelled(name, "miles", 5770.0, 4.4, 0.0, like=LIKE), "validation")
             for name in ("one", "two", "three")]
    alike = write(small.folder / "alike", twins, made_from={})
    assert sorted(chosen(alike, 3)) == ["one", "three", "two"]


def test_without_a_star_that_is_fit_this_is_said(small: Dataset) -> None:
    none = write(small.folder / "none", [gapped()], made_from={})
    with pytest.raises(ConfigurationError, match="no validation star with all its labels"):
        choose(none, 5)


def test_the_file_that_is_written_holds_them(small: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "templates.npz"
    done = CliRunner().invoke(main, ["--dataset", str(small.folder), "--out", str(out),
                                     "--number", "3"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "3 templates" in done.stdout
    found = load(out)
    assert [t.star for t in found] == ["giant", "sun", "hot"]
    row = int(np.flatnonzero(small.star == "giant")[0])
    np.testing.assert_allclose(found[0].flux, small.template(row).flux, rtol=2e-3)
    np.testing.assert_array_equal(found[0].fwhm, small.template(row).fwhm)


def test_the_packaged_templates_are_validation_stars() -> None:
    assert {split_of(template.star) for template in packaged()} == {"validation"}
