"""A grid as a folder: the plan, a file a model, a file a failure.

::

    plan.json            seed, number, settings, digests of the program and its data
    models/000042.npz    a model: its labels and its flux
    failed/000042.json   a model that could not be computed, and why
    claims/000042        a worker is at it
    scratch/             the program's own folders

Files appear whole: each is written beside its place and then moved there.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from socket import gethostname
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bossnet.errors import GridError
from bossnet.grid.plan import Labels, sequence
from bossnet.grid.synthesis import Settings
from bossnet.simulation.wavelengths import TEMPLATE_WAVELENGTH

PLAN = "plan.json"
ABANDONED = 6 * 3600.0  #: seconds, after which any claim is void


@dataclass(frozen=True)
class Model:
    """One computed model.

    Attributes:
        index: in the plan's sequence.
        labels: of the star.
        flux: (9338,) float32 on the optical grid of templates, vacuum, at the star's surface in
            erg/s/cm2/angstrom.
        seconds: of a processor that it took.
    """

    index: int
    labels: Labels
    flux: NDArray[np.float32]
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A model that could not be computed.

    Attributes:
        index: in the plan's sequence.
        labels: of the star.
        reason: in words.
        seconds: of a processor that it took to fail.
    """

    index: int
    labels: Labels
    reason: str
    seconds: float


@dataclass(frozen=True)
class GridFolder:
    """A planned grid.

    Attributes:
        path: its folder.
        seed: of the sequence.
        number: of models planned.
        settings: of the synthesis.
        tools: digests of the program and its data.
        labels: of each model.
    """

    path: Path
    seed: int
    number: int
    settings: Settings
    tools: dict[str, str]
    labels: list[Labels] = field(repr=False)

    @classmethod
    def plan(cls, path: Path, number: int, *, seed: int, settings: Settings,
             tools: dict[str, str]) -> "GridFolder":
        """Plan a grid, or plan more models of one that is there.

        Raises:
            GridError: when there is a grid with another seed, other settings or another program:
                its models would not be alike.
        """
        new = cls(path, seed, number, settings, tools, sequence(number, seed=seed))
        if (path / PLAN).is_file():
            old = cls.open(path)
            for name in ("seed", "settings", "tools"):
                if getattr(old, name) != getattr(new, name):
                    raise GridError(f"{path} is planned with other {name}: plan another folder")
            if number < old.number:
                raise GridError(f"{path} is planned for {old.number} models already")
        for name in ("models", "failed", "claims", "scratch"):
            (path / name).mkdir(parents=True, exist_ok=True)
        described = {"seed": seed, "number": number, "settings": asdict(settings), "tools": tools}
        text = (json.dumps(described, indent=1) + "\n").encode()
        _whole(path / PLAN, lambda file: file.write(text))
        return new

    @classmethod
    def open(cls, path: Path) -> "GridFolder":
        """The grid of a folder.

        Raises:
            GridError: when it is none.
        """
        try:
            known = json.loads((path / PLAN).read_text())
            return cls(path, known["seed"], known["number"], Settings(**known["settings"]),
                       known["tools"], sequence(known["number"], seed=known["seed"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise GridError(f"{path} is no planned grid: make one with `bossnet grid plan` "
                            f"({error})") from error

    def done(self) -> list[int]:
        """The models computed so far, in the plan's order."""
        return _indices(self.path / "models", ".npz")

    def failed(self) -> list[int]:
        """The models that could not be computed."""
        return _indices(self.path / "failed", ".json")

    def settled(self, index: int) -> bool:
        """Whether a model was computed or has failed."""
        return self._model(index).exists() or self._failure(index).exists()

    def model(self, index: int) -> Model:
        """A computed model.

        Raises:
            GridError: when its file is not there or is damaged.
        """
        path = self._model(index)
        try:
            with np.load(path, allow_pickle=False) as file:
                flux, seconds = file["flux"], float(file["seconds"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise GridError(f"{path} is not a model of a grid: {error}") from error
        if flux.shape != TEMPLATE_WAVELENGTH.shape:
            raise GridError(f"{path} holds {flux.shape} values, not {TEMPLATE_WAVELENGTH.shape}")
        return Model(index, self.labels[index], flux, seconds)

    def failure(self, index: int) -> Failure:
        """Why a model could not be computed."""
        known = json.loads(self._failure(index).read_text())
        return Failure(index, self.labels[index], known["reason"], known["seconds"])

    def save(self, result: Model | Failure) -> None:
        """Write a model or a failure."""
        if isinstance(result, Model):
            flux, seconds = result.flux, result.seconds
            _whole(self._model(result.index), lambda file: np.savez(
                file, flux=flux, seconds=seconds, **asdict(result.labels)))
            return
        described = {**asdict(result.labels), "reason": result.reason, "seconds": result.seconds}
        text = (json.dumps(described) + "\n").encode()
        _whole(self._failure(result.index), lambda file: file.write(text))

    @contextmanager
    def claimed(self, index: int) -> Iterator[bool]:
        """Whether a model is this worker's to compute, while in the context.

        A claim is void when its process is gone, or after `ABANDONED`. Two workers that find one
        void at once may both get it: then the model is computed twice, with the same result.
        """
        path = self.path / "claims" / f"{index:06d}"
        if path.exists() and self._void(path):
            path.unlink(missing_ok=True)
        try:
            with path.open("x") as file:
                json.dump({"host": gethostname(), "process": os.getpid()}, file)
        except FileExistsError:
            yield False
            return
        try:
            yield not self.settled(index)
        finally:
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what workers that were killed have left of the program's own folders."""
        for left in (self.path / "scratch").iterdir():
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    shutil.rmtree(left, ignore_errors=True)

    def _void(self, path: Path) -> bool:
        try:
            age = time.time() - path.stat().st_mtime
            claim = json.loads(path.read_text())
        except FileNotFoundError:
            return False
        except ValueError:  # just being written, or its writer was killed at it
            return age > 60.0
        gone = claim["host"] == gethostname() and not _alive(claim["process"])
        return bool(gone or age > ABANDONED)

    def _model(self, index: int) -> Path:
        return self.path / "models" / f"{index:06d}.npz"

    def _failure(self, index: int) -> Path:
        return self.path / "failed" / f"{index:06d}.json"


def _alive(process: int) -> bool:
    with suppress(PermissionError):  # another user's is alive
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True


def _indices(folder: Path, suffix: str) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob(f"[0-9]*{suffix}"))


def _whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            write(file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
