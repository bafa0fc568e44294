"""The rest-frame store: what is written is what is opened, and nothing else is."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bossnet.errors import ConfigurationError
from bossnet.simulation.templates import packaged, resolution
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH
from bossnet.training.dataset import DESCRIPTION, FLUX, TABLE, Dataset, Entry, write
from bossnet.training.names import canonical
from training.made import RED_END, entries

STARS = packaged()[:4]


def small(folder: Path) -> Dataset:
    return write(folder, [Entry(star, "train") for star in STARS], made_from={"seed": 3})


def test_what_is_written_is_what_is_opened(dataset: Dataset) -> None:
    given = list(entries())
    opened = Dataset.open(dataset.folder)
    assert len(opened) == len(given)
    for row, entry in enumerate(given):
        star, found = entry.template, opened.template(row)
        assert (found.star, found.library) == (star.star, star.library)
        assert opened.split[row] == entry.split
        np.testing.assert_array_equal([found.teff, found.logg, found.fe_h],
                                      [star.teff, star.logg, star.fe_h])
        assert np.nanmedian(found.flux) == pytest.approx(1.0, rel=1e-3)
        np.testing.assert_allclose(found.flux, star.flux / np.nanmedian(star.flux), rtol=1e-3,
                                   atol=1e-4)
        assert found.flux.dtype == np.float32
    assert opened.description["made_from"] == {"test": True}


def test_a_continued_star_has_the_models_resolution_from_there_on(dataset: Dataset) -> None:
    row = int(dataset.rows("train", "miles")[0])
    assert dataset.continued_from[row] == RED_END
    red = TEMPLATE_WAVELENGTH >= RED_END
    fwhm = dataset.template(row).fwhm
    assert (fwhm[~red] == 2.5).all()
    np.testing.assert_array_equal(fwhm[red], resolution("thedoppler")[red])
    own = dataset.template(int(dataset.rows("train", "stelib")[0]))
    assert (own.fwhm == 3.0).all()


def test_a_template_may_be_changed_without_changing_the_dataset(dataset: Dataset) -> None:
    dataset.template(0).flux[:] = 0.0
    assert np.nanmax(dataset.template(0).flux) > 0
    assert type(dataset.template(0).flux) is np.ndarray


def test_rows_are_those_of_a_split_and_of_a_library(dataset: Dataset) -> None:
    for split in ("train", "validation", "test"):
        rows = dataset.rows(split)
        assert (dataset.split[rows] == split).all()
        assert rows.size == (dataset.split == split).sum()
        dwarfs = dataset.rows(split, "corv")
        assert set(dataset.library[dwarfs]) == {"corv"}
        assert set(dwarfs) < set(rows)
    assert dataset.rows("train", "nonesuch").size == 0


def test_stars_are_counted_and_not_their_entries(dataset: Dataset) -> None:
    counts = dataset.counts()
    assert counts["miles"] == {
        split: len({entry.template.star for entry in entries()
                    if entry.template.library == "miles" and entry.split == split})
        for split in ("train", "validation", "test")}
    assert 2 * counts["miles"]["train"] == dataset.rows("train", "miles").size
    assert counts["corv"] == {"train": 4, "validation": 1, "test": 1}
    assert counts["mastar"] == {"train": 1, "validation": 1, "test": 1}


def test_entries_of_one_star_share_a_split(dataset: Dataset, tmp_path: Path) -> None:
    splits: dict[str, set[str]] = {}
    for star, split in zip(dataset.star, dataset.split, strict=True):
        splits.setdefault(canonical(star), set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
    one, same = replace(STARS[0], star="HD037394"), replace(STARS[1], star="HD 37394 A")
    with pytest.raises(ConfigurationError, match="HD 37394 A is in two splits, train and test"):
        write(tmp_path / "set", [Entry(one, "train"), Entry(same, "test")], made_from={})


def test_long_names_are_kept_whole(tmp_path: Path) -> None:
    name = "a star of " + "long " * 20 + "name"
    write(tmp_path, [Entry(replace(STARS[0], star=name), "train")], made_from={})
    assert Dataset.open(tmp_path).template(0).star == name


def test_a_dataset_replaces_another_and_who_has_that_open_keeps_it(tmp_path: Path) -> None:
    old = small(tmp_path)
    before = np.array(old.flux[3])
    new = write(tmp_path, [Entry(STARS[2], "test")], made_from={})
    assert len(new) == 1
    np.testing.assert_array_equal(old.flux[3], before)


def test_a_build_that_fails_leaves_the_dataset_that_was_there(tmp_path: Path) -> None:
    small(tmp_path)

    def broken() -> object:
        yield Entry(STARS[0], "train")
        raise ConfigurationError("a package is missing")

    with pytest.raises(ConfigurationError, match="a package is missing"):
        write(tmp_path, broken(), made_from={})  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="no templates"):
        write(tmp_path, [], made_from={})
    assert len(Dataset.open(tmp_path)) == 4


def described(folder: Path, **changes: object) -> None:
    path = folder / DESCRIPTION
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def one_value(folder: Path) -> None:
    flux = np.load(folder / FLUX)
    flux[2, 5000] += np.float16(0.01)
    np.save(folder / FLUX, flux)


def one_label(folder: Path) -> None:
    lines = (folder / TABLE).read_text().splitlines()
    lines[-1] = lines[-1].replace(str(STARS[3].logg), "1.23")
    (folder / TABLE).write_text("\n".join(lines) + "\n")


def without_a_row(folder: Path) -> None:
    (folder / TABLE).write_text("\n".join((folder / TABLE).read_text().splitlines()[:-1]) + "\n")


def without_a_column(folder: Path) -> None:
    text = (folder / TABLE).read_text()
    (folder / TABLE).write_text(text.replace("fe_h", "metallicity"))


def cut(name: str, part: float) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:int(part * len(content))])
    return harm


def pickled(folder: Path) -> None:
    np.save(folder / FLUX, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def zipped(folder: Path) -> None:
    with (folder / FLUX).open("wb") as file:
        np.savez(file, flux=np.zeros((4, TEMPLATE_WAVELENGTH.size), np.float16))


def in_single_precision(folder: Path) -> None:
    np.save(folder / FLUX, np.load(folder / FLUX).astype(np.float32))


@pytest.mark.parametrize(("harm", "said"), [
    (one_value, "altered since it was made"), (one_label, "altered since it was made"),
    (without_a_row, "3 rows, but flux of"), (without_a_column, "is no dataset"),
    (in_single_precision, "float32"),
    (cut(FLUX, 0.9), "is no dataset"), (cut(FLUX, 0.0), "is no dataset"),
    (cut(TABLE, 0.1), "is no dataset"), (cut(DESCRIPTION, 0.5), "is no dataset"),
    (pickled, "is no dataset"), (zipped, "is no dataset"),
    (lambda folder: (folder / DESCRIPTION).write_text("[1]"), "is no dataset"),
    (lambda folder: (folder / DESCRIPTION).unlink(), "is no dataset"),
    (lambda folder: (folder / FLUX).unlink(), "is no dataset"),
    (lambda folder: described(folder, dex=1e-4), "another format or grid"),
    (lambda folder: described(folder, format=99), "another format or grid")])
def test_what_is_not_whole_or_not_of_this_grid_is_refused(tmp_path: Path,
                                                          harm: Callable[[Path], None],
                                                          said: str) -> None:
    small(tmp_path)
    harm(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        Dataset.open(tmp_path)


def test_a_dataset_is_opened_without_the_extra_of_training(dataset: Dataset) -> None:
    code = ("import sys; from pathlib import Path; from bossnet.training.dataset import Dataset; "
            "Dataset.open(Path(sys.argv[1])).counts(); print('scipy' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code, str(dataset.folder)], capture_output=True,
                          text=True, check=True, timeout=120)
    assert done.stdout == "False\n"
