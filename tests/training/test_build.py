"""A dataset from the sources' packages, here in miniature."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet import __version__
from bossnet.errors import ConfigurationError
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH, between
from bossnet.training import build as module
from bossnet.training.build import SOURCES, Origins, build
from bossnet.training.dataset import Dataset
from bossnet.training.names import canonical
from bossnet.training.split import SPLITS, split_of
from training.sources.made import (
    write_giants,
    write_lines,
    write_miles,
    write_stack,
    write_stelib,
    write_white_dwarfs,
)

TEFFS = (8000.0, 9500.0, 12000.0, 15000.0, 19000.0, 24000.0, 30000.0, 38000.0)
#: Reserved: two files, two names; under other names the stars are in the libraries again.
RESERVED = """library,file,star
miles,MILES_res2.50_star_m0003V.fits,HD037394
stelib,STELIB_v3.2_HD900001.fits,HR4963
miles,,HD 48682
"""
MILES = [("HD300001", 5600.0, 4.4, 0.0), ("HD300002", 5900.0, 4.0, -0.5),
         ("HD037394", 5200.0, 4.5, 0.1), ("HD37394A", 5200.0, 4.5, 0.1),
         ("HD048682", 6000.0, 4.3, 0.1), ("HR4963", 9500.0, 3.7, np.nan),
         ("HD300003", 4200.0, 3.9, -0.2), ("HD300004", 8200.0, 4.0, np.nan),
         ("HD300005", 3000.0, 5.0, np.nan),
         *((f"HD{310000 + i}", 4700.0 + 100 * i, 4.0 - 0.1 * i, -0.1 * i) for i in range(20))]
#: Names, Teff and slope of the red end of stars of STELIB.
STELIB = [("HD900001", "HR4963", 9500.0, 0.0), ("HD114330", "HD114330", 9500.0, 0.0),
          ("HD300001", "HD300001", 5600.0, 0.0),
          *((f"HD{910000 + i}", f"other {i}", 4800.0 + 400.0 * i,
             2.0 if split_of(f"HD{910000 + i}") == "train" else -4.0) for i in range(12))]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    write_miles(folder, MILES)
    for name, other, teff, slope in STELIB:
        write_stelib(folder, name, other, teff, slope=slope)
    write_lines(folder)
    write_giants(folder)
    write_white_dwarfs(folder, TEFFS)
    for number in ("44", "45", "46"):
        write_stack(folder, number)
    (folder / "corv-0.2.dist-info").mkdir()
    (folder / "corv-0.2.dist-info" / "METADATA").write_text("Name: corv\nVersion: 0.2\n")
    (folder / "reserved.csv").write_text(RESERVED)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _few_models() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MODELS", {"thedoppler": 40, "bossbrain": 12, "corv": 60})
        yield


def origins(packages: Path, seed: int = 0, said: list[str] | None = None) -> Origins:
    return Origins(packages, None, packages / "reserved.csv", seed,
                   say=(said if said is not None else []).append)


GIVEN = ("pyhammer", "synthesised", "labelled")  #: sources that an option says where they are
EVERYTHING = [name for name in SOURCES["boss"] if name not in GIVEN]


@pytest.fixture(scope="module")
def built(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, list[str]]:
    said: list[str] = []
    folder = tmp_path_factory.mktemp("built")
    return build(folder, EVERYTHING, origins(packages, said=said)), said


@pytest.fixture
def dataset(built: tuple[Dataset, list[str]]) -> Dataset:
    return built[0]


def test_no_reserved_star_is_in_it_under_any_name(built: tuple[Dataset, list[str]]) -> None:
    dataset, said = built
    stars = set(map(canonical, dataset.star))
    assert not stars & {canonical(name) for name in ("HD037394", "HR4963", "HD114330", "HD048682",
                                                     "HD900001")}
    assert "HD300001" in stars
    assert said[0].startswith("stellar libraries: 38 spectra; 6 of reserved stars")


def test_splits_go_by_star_in_every_source(dataset: Dataset) -> None:
    splits: dict[str, set[str]] = {}
    for star, split in zip(dataset.star, dataset.split, strict=True):
        splits.setdefault(canonical(star), set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
    named = dataset.library != "corv"
    assert all(split_of(star) == split for star, split in
               zip(dataset.star[named], dataset.split[named], strict=True))
    assert set(dataset.split[np.isin(dataset.library, ["miles", "stelib"])]) == set(SPLITS)
    # One star in both libraries is on one side.
    both = dataset.split[dataset.star == "HD300001"]
    assert set(dataset.library[dataset.star == "HD300001"]) == {"miles", "stelib"}
    assert len(set(both)) == 1


def test_no_white_dwarf_of_training_needs_a_node_that_is_held_out(dataset: Dataset) -> None:
    held_out = np.concatenate([dataset.rows(split, "corv") for split in SPLITS[1:]])
    nodes = {(float(dataset.teff[row]), float(dataset.logg[row])) for row in held_out}
    assert nodes == {(teff, logg) for teff in TEFFS for logg in (7.0, 7.5, 8.0, 8.5, 9.0)
                     if split_of(f"DA {teff:.0f} {logg:.2f}") != "train"}
    assert 3 < len(nodes) < 20
    train = dataset.rows("train", "corv")
    assert train.size == 60
    for row in train:
        above = int(np.searchsorted(TEFFS, dataset.teff[row]))
        low = np.floor(2 * dataset.logg[row]) / 2
        corners = {(teff, logg) for teff in TEFFS[above - 1:above + 1] for logg in (low, low + 0.5)}
        assert len(corners) == 4
        assert not corners & nodes
    assert np.isnan(dataset.fe_h[dataset.library == "corv"]).all()


def test_a_star_that_ends_too_soon_is_there_with_each_red_end_it_may_have(dataset: Dataset
                                                                          ) -> None:
    # A model's and a neighbour's; a neighbour's alone for the one cooler than models hold.
    for star, expected in (("HD300002", 2), ("HD300003", 1), ("HD300004", 2)):
        rows = np.flatnonzero(dataset.star == star)
        assert rows.size == expected, star
        assert (dataset.continued_from[rows] == 7400.0).all()
        assert np.isfinite(dataset.flux[rows][:, between(7450, 9500)]).all()
    (neither,) = np.flatnonzero(dataset.star == "HD300005")
    assert np.isnan(dataset.continued_from[neither])
    assert np.isnan(dataset.flux[neither, between(7450, 9500)]).all()
    own = dataset.library == "stelib"
    assert np.isnan(dataset.continued_from[own]).all()
    assert own.sum() == len(set(dataset.star[own]))


def test_red_ends_are_lent_by_stars_of_training_alone(dataset: Dataset) -> None:
    # Stars of STELIB rise to the red if they are for training, and fall steeply if not.
    lent = [row for row in range(len(dataset)) if dataset.library[row] == "miles"
            and dataset.star[row - 1] == dataset.star[row]]
    assert len(lent) > 15
    level = TEMPLATE_WAVELENGTH[between(7500, 9500)]
    for row in lent:
        red = dataset.flux[row, between(7500, 9500)].astype(float)
        assert np.polyfit(np.log(level), np.log(red), 1)[0] > -0.5, dataset.star[row]
    assert {"validation", "test"} & {split_of(name) for name, *_ in STELIB[3:]}


def test_models_are_of_labels_that_their_source_has(dataset: Dataset) -> None:
    for library, number, low, high in (
            ("thedoppler", 40, (4250, 1.0, -2.0), (10332, 5.0, 0.5)),
            ("bossbrain", 12, (3500, 0.0, -2.5), (6000, 3.5, 0.5))):
        rows = dataset.library == library
        labels = np.array([dataset.teff[rows], dataset.logg[rows], dataset.fe_h[rows]])
        assert labels.shape[1] == number
        assert (labels >= np.array(low)[:, None]).all()
        assert (labels <= np.array(high)[:, None]).all()
    stacks = dataset.library == "mastar"
    assert stacks.sum() == 3
    assert np.isnan([dataset.teff[stacks], dataset.logg[stacks], dataset.fe_h[stacks]]).all()
    assert (np.nanmedian(dataset.flux.astype(np.float32), axis=1) > 0.99).all()


def test_a_dataset_says_what_it_was_made_from(built: tuple[Dataset, list[str]],
                                              packages: Path) -> None:
    dataset, said = built
    made = dataset.description["made_from"]
    assert made["sources"] == EVERYTHING
    assert (made["seed"], made["bossnet"], made["packages"]) == (0, __version__, {"corv": "0.2"})
    assert len(made["sha256"]["reserved"]) == 64
    stars = np.isin(dataset.library, ["miles", "stelib"])
    numbers = {name: (dataset.library == name).sum() for name in EVERYTHING}
    numbers["libraries"] = stars.sum()
    assert said[1:] == [f"{name}: {number} templates" for name, number in numbers.items()]
    json.dumps(made)


def test_the_same_seed_builds_the_same_and_another_other_models(packages: Path, tmp_path: Path
                                                                ) -> None:
    sources = ["thedoppler", "corv"]
    one, two, other = (build(tmp_path / name, sources, origins(packages, seed))
                       for name, seed in (("one", 0), ("two", 0), ("other", 1)))
    assert one.description == two.description
    assert one.description["sha256"] != other.description["sha256"]
    train = other.rows("train", "corv")
    assert not np.isin(other.teff[train], one.teff).any()
    held_out = other.rows("validation", "corv")
    assert np.isin(other.teff[held_out], one.teff).all()  # the nodes are what they are


def test_each_source_stands_alone(packages: Path, tmp_path: Path) -> None:
    alone = build(tmp_path, ["corv", "corv"], origins(packages))
    assert set(alone.library) == {"corv"}
    assert alone.description["made_from"]["sources"] == ["corv"]


@pytest.mark.parametrize(("name", "said"), [
    ("libraries", "sdss-mangadap"), ("thedoppler", "thedoppler|sdss-mangadap"),
    ("corv", "pip download --no-deps corv"), ("bossbrain", "pip download --no-deps bossbrain"),
    ("mastar", "thedoppler"), ("pyhammer", "--pyhammer"),
    ("spectres", "no source spectres for boss; there are libraries, thedoppler")])
def test_what_is_not_there_is_said_and_nothing_is_written(packages: Path, tmp_path: Path,
                                                          name: str, said: str) -> None:
    nothing = Origins(tmp_path / "nothing", None, packages / "reserved.csv", 0,
                      say=lambda line: None)
    with pytest.raises(ConfigurationError, match=said):
        build(tmp_path / "set", [name], nothing)
    assert not (tmp_path / "set").exists()
