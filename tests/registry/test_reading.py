"""Files read beside each other: in order, and one bad file harms no other."""

import os

from bossnet.registry.finding import Refusal
from bossnet.registry.reading import FEW, Found, read_all
from spectra import layouts


def test_many_files_are_read_by_processes_in_their_order(tmp_path):
    files = []
    for i in range(FEW + 6):
        files.append(layouts.lamost_image(tmp_path / f"{i}.fits", FIBERID=i))
    files[3].write_bytes(b"no FITS")
    files.insert(5, Refusal("argument", "matches no file"))
    results = list(read_all(files, readers=2))
    assert [r.path if isinstance(r, Refusal) else r.registrations[0].columns["fiberid"]
            for r in results] == [0, 1, 2, str(files[3]), 4, "argument", *range(5, FEW + 6)]


def test_few_files_are_read_here(tmp_path):
    [found] = read_all([layouts.spec(tmp_path / "a.fits")])
    assert isinstance(found, Found)
    assert found.table == "boss_visit_spectrum"


def test_a_pipe_does_not_stop_the_rest(tmp_path):
    pipe = tmp_path / "pipe.fits"
    os.mkfifo(pipe)
    refused, found = read_all([pipe, layouts.spec(tmp_path / "a.fits")], readers=1)
    assert "not a regular file" in refused.reason
    assert isinstance(found, Found)


def test_a_name_that_no_database_can_hold_is_refused(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.fits")
    layouts.spec(tmp_path / "a.fits").rename(path)
    [refused] = read_all([path])
    assert "not UTF-8" in refused.reason
