"""From a row of a spectrum table to an observation. Torch-free: reader processes run it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bossnet.database.paths import resolve_path
from bossnet.errors import BadFileError, MissingFileError, ReadError, SpectrumError
from bossnet.flags import Outcome
from bossnet.network.declaration import Network
from bossnet.observation import Observation
from bossnet.quality import assess
from bossnet.spectra import SURVEYS, Spectrum, read, surveys_of
from bossnet.spectra.fetch import Fetch, fetch
from bossnet.spectra.survey import Row, Survey

A_G_PER_EBV = 2.74  #: A_G / E(B-V), where only the latter is known

#: How a spectrum ends, by the error met in reading it.
OUTCOMES: dict[type[SpectrumError], Outcome] = {
    MissingFileError: Outcome.MISSING_FILE,
    BadFileError: Outcome.BAD_FILE,
    ReadError: Outcome.STORAGE_FAILED,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one row.

    Attributes:
        observation: to be judged.
        path: of the file, where one could be named.
        seconds: that it took.
    """

    observation: Observation
    path: str | None
    seconds: float


def read_row(table: str, row: Row, roots: Mapping[str, Path], network: Network,
             fetching: Fetch | None = None) -> Reading:
    """Reads the spectrum of a row; a failure is an outcome, never an exception.

    Args:
        table: its spectrum table.
        row: its columns, and ``_noise_key``, ``_ebv`` and ``_a_g`` of the tables beside it.
        roots: named folders of the configuration.
        network: whose grid its quality is assessed for.
        fetching: leave to fetch the file of a row without a path.
    """
    start = time.perf_counter()
    surveys = surveys_of(table, row)
    path: Path | None = None
    known: dict[str, Any] = {}
    try:
        path = find_file(row, table, roots)
        if fetching and not row.get("path"):
            fetch(path, row.get("release"), fetching)
        known = _file_state(path)
        spectrum = read(path, row, table=table)
        survey = SURVEYS[spectrum.survey]
        if survey not in surveys:
            raise BadFileError(f"{path}: registered in {table}, but it is now a spectrum of "
                               f"{survey.title}; ingest it again")
        observation = Observation(spectrum, quality=assess(spectrum, network), **known,
                                  **context(row, survey, spectrum))
    except SpectrumError as e:
        observation = Observation(None, OUTCOMES[type(e)], str(e), **known,
                                  **context(row, surveys[0]))
    return Reading(observation, str(path) if path else None, time.perf_counter() - start)


def failed_reading(table: str, row: Row, outcome: Outcome, message: str) -> Reading:
    """A reading that its process never gave."""
    return Reading(Observation(None, outcome, message,
                               **context(row, surveys_of(table, row)[0])),
                   row.get("path"), 0.0)


def name_of(row: Row) -> str:
    """What a message calls a spectrum: its path, else its key."""
    return row.get("path") or f"spectrum {row['spectrum_pk']}"


def find_file(row: Row, table: str, roots: Mapping[str, Path]) -> Path:
    """The file of a row: its own path, else as sdss-access resolves it.

    Raises:
        MissingFileError: neither names one.
    """
    if row.get("path"):
        return resolve_path(row["path"], roots)
    reasons = []
    for survey in surveys_of(table, row):
        try:
            return survey.resolve(row)
        except MissingFileError as e:
            reasons.append(str(e))
    raise MissingFileError("the row has no path: " + "; ".join(dict.fromkeys(reasons)))


def _file_state(path: Path) -> dict[str, Any]:
    try:
        state = path.stat()
    except OSError:
        return {}  # reading it will say why
    return {"file_size": state.st_size, "file_mtime": state.st_mtime}


def context(row: Row, survey: Survey, spectrum: Spectrum | None = None) -> dict[str, Any]:
    """What a row, or else its file, says of its spectrum beside the pixels."""
    rest = survey.frame == "rest"
    a_g, ebv = _known(row.get("_a_g")), _known(row.get("_ebv"))
    if a_g is None and ebv is not None:
        a_g = A_G_PER_EBV * ebv
    velocity = _known(row.get("v_rad"))
    if velocity is None and spectrum is not None:
        velocity = spectrum.frame_velocity
    noise_key = row.get("_noise_key")
    return {
        "noise_key": row["spectrum_pk"] if noise_key is None else noise_key,
        "snr": _known(row.get("snr")),
        "a_g": a_g,
        "in_rest_frame": rest,
        "frame_velocity": velocity if rest else None,
        "is_legacy": survey.is_legacy(row),
    }


def _known(value: float | None) -> float | None:
    """None where a survey's table has NaN for it."""
    return None if value is None or math.isnan(value) else value
