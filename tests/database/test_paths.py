"""Paths relative to named roots, and back."""

from pathlib import Path

import pytest

from bossnet.database.paths import resolve_path, stored_path
from bossnet.errors import ConfigurationError, MissingFileError

ROOTS = {"data": Path("/data"), "boss": Path("/data/boss")}


@pytest.mark.parametrize(("path", "text"), [
    ("/data/boss/a/b.fits", "boss/a/b.fits"),
    ("/data/lamost/c.fits", "data/lamost/c.fits"),
    ("/data/x/../boss/d.fits", "boss/d.fits"),
    ("/database/e.fits", "/database/e.fits"),
])
def test_the_deepest_root_is_taken_and_the_way_back_is_the_same_file(path, text):
    assert stored_path(path, ROOTS) == text
    assert resolve_path(text, ROOTS) == Path(path).resolve()


def test_a_moved_root_changes_no_text():
    assert resolve_path("boss/a.fits", {"boss": Path("/elsewhere")}) == Path("/elsewhere/a.fits")


def test_a_root_that_is_not_configured_is_named():
    with pytest.raises(MissingFileError, match="no root 'boss'"):
        resolve_path("boss/a.fits", {"data": Path("/data")})


@pytest.mark.parametrize("name", ["", ".", "a/b"])
def test_a_name_that_cannot_begin_a_path_is_refused(name):
    with pytest.raises(ConfigurationError, match="name of a root"):
        stored_path("/data/a", {name: Path("/data")})
