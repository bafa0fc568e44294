"""The file of a row that has no path, by sdss-access.

sdss-access keeps the roots of one release at a time in the process's environment, and importing
it fills that environment, makes a folder and takes over warnings and exceptions. Here it is
imported only when a path is asked for, and all of that is put back afterwards.
"""

import os
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bossnet.errors import MissingFileError

#: The survey's own name of its unreleased data, and what sdss-access calls that.
_ALIASES = {"sdss5": "sdsswork", "work": "sdsswork"}

_lock = threading.Lock()
#: By release and base folder: sdss-access's Path, and the environment in which it holds.
_releases: dict[tuple[str, str | None], tuple[Any, dict[str, str]]] = {}


def full(release: Any, filetype: str, keywords: Mapping[str, Any]) -> Path:
    """Where a file of a release lies under ``$SAS_BASE_DIR``; it need not exist.

    Args:
        release: as 'dr17', 'dr19', 'ipl-4', 'sdsswork'.
        filetype: as sdss-access calls it: 'spec', 'spec-lite', 'specFull', 'mwmStar', 'apStar'.
        keywords: of that file type; more than it needs may be given, None is not known.

    Raises:
        MissingFileError: the release, the file type or a keyword is not known.
    """
    what = f"a {filetype} spectrum of release {release}"
    hint = "; give the path when ingesting, or complete the row"
    with _lock, _surroundings_kept():
        try:
            path, environment = _of_release(_canonical(release))
            os.environ.update(environment)
            if filetype not in path.templates:
                raise MissingFileError(f"cannot tell the file of {what}: sdss-access knows no "
                                       f"such file type in that release{hint}")
            needed = {key.split(":")[0] for key in path.lookup_keys(filetype)}
            missing = sorted(key for key in needed if keywords.get(key) is None)
            if missing:
                raise MissingFileError(f"cannot tell the file of {what}: "
                                       f"{', '.join(missing)} is not known{hint}")
            given = {key: value for key, value in keywords.items() if value is not None}
            return Path(path.full(filetype, **given))
        except MissingFileError:
            raise
        except Exception as error:  # it raises what its templates' functions happen to raise
            raise MissingFileError(f"cannot tell the file of {what}: {error}{hint}") from error


def address(path: Path, release: Any, server: str | None = None) -> str:
    """Where on the survey's server a file is that `full` named.

    Args:
        path: as `full` gave it.
        release: of it.
        server: another one than sdss-access's, as ``https://data.example.org``.

    Raises:
        MissingFileError: the release is not known, or the path not one of it.
    """
    with _lock, _surroundings_kept():
        try:
            sdss, environment = _of_release(_canonical(release))
            os.environ.update(environment)
            base = os.path.normpath(os.environ["SAS_BASE_DIR"])
            if not Path(os.path.normpath(path)).is_relative_to(base):  # a row may hold anything
                raise MissingFileError(f"{path}: not there, and not below {base}, where alone "
                                       "files are fetched to")
            url = str(sdss.url("", full=str(path)))
        except MissingFileError:
            raise
        except Exception as error:
            raise MissingFileError(f"{path}: not there, and sdss-access has no address of it: "
                                   f"{error}") from error
        ours = sdss.remote_base if server is None else server.rstrip("/")
        return ours + url.removeprefix(sdss.remote_base)


def _canonical(release: Any) -> str:
    name = str(release or "").lower().replace("-", "")
    return _ALIASES.get(name, name)


def _of_release(release: str) -> tuple[Any, dict[str, str]]:
    """sdss-access's Path of a release, and the environment in which it holds."""
    key = release, os.environ.get("SAS_BASE_DIR")
    if key not in _releases:
        with _no_new_folder():
            from sdss_access.path import Path as SDSSPath

            # of a release that it does not know, it would silently take the newest
            known = {name.lower() for name in SDSSPath.get_available_releases()} | {"sdsswork"}
            if release not in known:
                raise MissingFileError(f"sdss-access knows no release {release or '(none)'}; "
                                       "give the path when ingesting, or --release")
            before = dict(os.environ)
            path = SDSSPath(release=release)
            changed = {name: value for name, value in os.environ.items()
                       if before.get(name) != value}
            _releases[key] = path, _roots(path) | changed
    return _releases[key]


def _roots(path: Any) -> dict[str, str]:
    """The variables that a release's templates begin with, as they stand now."""
    names = {template[1:].split("/")[0] for template in path.templates.values()
             if template.startswith("$")}
    return {name: os.environ[name] for name in names if name in os.environ}


@contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Puts back the environment, the warnings' filters and display, and the exceptions' display."""
    environment, hook = dict(os.environ), sys.excepthook
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            sys.excepthook = hook
            for key in os.environ.keys() - environment.keys():
                del os.environ[key]
            for key, value in environment.items():
                if os.environ.get(key) != value:
                    os.environ[key] = value


@contextmanager
def _no_new_folder() -> Iterator[None]:
    """Removes the base folder that sdss-access makes where there is none."""
    base = Path(os.environ.get("SAS_BASE_DIR") or Path.home() / "sas")
    existed = base.exists()
    try:
        yield
    finally:
        if not existed:
            with suppress(OSError):
                base.rmdir()
