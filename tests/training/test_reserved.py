"""Reserved stars are kept out under every name."""

import csv
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra train")

from bossnet.errors import ConfigurationError
from bossnet.training.names import canonical
from bossnet.training.reserved import Reserved
from bossnet.training.sources.libraries import LibraryStar, read_libraries
from bossnet.training.split import split_of


def star(file: str, *names: str) -> LibraryStar:
    return LibraryStar(file, "miles", names, 5000.0, 4.0, 0.0, np.ones(3, np.float32))


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


def test_of_the_real_libraries_no_name_is_reserved_or_in_two_splits(sources: Path,
                                                                   shared: Path) -> None:
    path = shared / "data" / "templates" / "RESERVED.csv"
    with path.open() as file:
        reserved = {canonical(row["star"]) for row in csv.DictReader(file) if row["star"]}
    free, held = Reserved(path).split(read_libraries(sources))
    assert len(held) > len(reserved) / 2
    splits: dict[str, set[str]] = {}
    for one in free:
        for name in map(canonical, one.names):
            splits.setdefault(name, set()).add(split_of(one.names[0]))
    assert not reserved & splits.keys()
    assert [name for name, found in splits.items() if len(found) > 1] == []


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"library,file,star\n", b"\xff\xfe\x00"])
def test_what_is_no_table_of_stars_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"library, file, star|cannot be read"):
        Reserved(path)
