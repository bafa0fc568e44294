"""Reserved stars are kept out under every name."""

import csv
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.training.reserved import Reserved, canonical
from bossnet.training.sources.libraries import LibraryStar
from bossnet.training.split import split_of


def star(file: str, *names: str) -> LibraryStar:
    return LibraryStar(file, "miles", names, 5000.0, 4.0, 0.0, np.ones(3, np.float32))


@pytest.mark.parametrize(("one", "other"), [
    ("HD037394", "HD37394"), ("HD 107276", "HD107276"), ("HD048682A", "HD48682"),
    ("HR4963", "HD114330"), ("BD+195116B", "BD+195116"), ("HD053929lp", "HD053929ss")])
def test_two_names_of_one_star_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), [
    ("HD37394", "HD373940"), ("M5 II 51", "M5 II 53"), ("BD+371458", "BD+371665")])
def test_two_stars_are_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_a_star_is_reserved_by_file_by_name_and_by_its_files_other_names(tmp_path: Path) -> None:
    path = tmp_path / "reserved.csv"
    path.write_text("library,file,star\nmiles,a.fits,HD037394\nstelib,b.fits,HR9999\n"
                    "miles,c.fits,\n")
    stars = [star("a.fits", "HD037394"), star("other.fits", "HD37394"),
             star("b.fits", "HD500", "HR9999"), star("d.fits", "HD000500"),
             star("c.fits", "M71 X"), star("e.fits", "M71 X"), star("f.fits", "HD1")]
    free, held = Reserved(path).split(stars)
    assert [s.file for s in free] == ["f.fits"]
    assert len(held) == 6


def test_every_shared_reserved_file_is_held_back(shared: Path) -> None:
    path = shared / "data" / "templates" / "RESERVED.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    free, held = Reserved(path).split([star(row["file"], row["star"] or "?") for row in rows])
    assert not free
    assert len(held) == len(rows)


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ConfigurationError, match="library, file, star"):
        Reserved(path)


def test_a_star_is_in_one_split_whatever_its_file_calls_it() -> None:
    assert split_of("HD037394") == split_of("HD37394")
    names = [f"HD{n}" for n in range(2000)]
    held_out = sum(split_of(name) == "validation" for name in names) / len(names)
    assert held_out == pytest.approx(0.1, abs=0.02)
