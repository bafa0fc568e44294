"""What the arguments of `astra ingest` mean."""

from pathlib import Path

import pytest

from bossnet.registry.finding import Refusal, find


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("b/z.fits", "b/a.FITS.gz", "b/c/d.fit", "b/notes.txt", "top.fits", "odd.dat"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*arguments):
    return [str(item) if isinstance(item, Path) else (item.path, item.reason)
            for item in find(arguments)]


def test_a_folder_means_every_fits_file_below_it(tree):
    assert found("b") == ["b/a.FITS.gz", "b/z.fits", "b/c/d.fit"]


def test_a_file_is_taken_whatever_its_ending_and_whether_or_not_it_is_there(tree):
    assert found("odd.dat", "gone.fits") == ["odd.dat", "gone.fits"]


def test_a_glob_means_files_and_folders_that_match(tree):
    assert found("*.fits") == ["top.fits"]
    assert found("?") == found("b")
    assert found("**/*.fits") == ["b/z.fits", "top.fits"]


def test_a_list_means_its_lines(tree):
    (tree / "list.txt").write_text("# a comment\n\ntop.fits\n  b/c  \n*.none\n")
    assert found("@list.txt") == ["top.fits", "b/c/d.fit", ("*.none", "matches no file")]


def test_what_means_nothing_is_refused_with_a_reason(tree):
    (tree / "empty").mkdir()
    refused = list(find(["@none.txt", "empty", "*.none"]))
    assert [type(item) for item in refused] == [Refusal] * 3
    assert [item.path for item in refused] == ["@none.txt", "empty", "*.none"]


def test_a_file_whose_name_has_signs_of_a_glob_is_that_file(tree):
    (tree / "x[1].fits").touch()
    assert found("x[1].fits") == ["x[1].fits"]
