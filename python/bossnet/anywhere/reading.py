"""From a file or an object to observations; a failure is an outcome, never an exception."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from astropy.io import fits
from astropy.table import Table

from bossnet.anywhere import images, objects, tables, texts
from bossnet.anywhere.building import build, is_topocentric, remarks
from bossnet.anywhere.hints import Hints
from bossnet.anywhere.raw import Raw
from bossnet.errors import BadFileError, SpectrumError
from bossnet.network import NETWORKS
from bossnet.network.declaration import Network
from bossnet.observation import Observation
from bossnet.quality import assess
from bossnet.spectra import SURVEYS, Survey, describe, open_fits, would_read
from bossnet.spectra.opening import opened
from bossnet.spectra.survey import Row
from bossnet.work.reading import OUTCOMES

MOST = 5000  #: spectra of a file, which are held at once
_FITS = b"SIMPLE  ="


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A spectrum, or why there is none.

    Attributes:
        name: of its file, with its number from 1 where that holds several.
        observation: to be judged.
        notes: what was assumed of it, and what it lacks.
        is_topocentric: its velocity is relative to the Earth.
        is_last: no more of its file follow.
    """

    name: str
    observation: Observation
    notes: tuple[str, ...] = ()
    is_topocentric: bool = False
    is_last: bool = True


def found_in(items: Iterable[Any], hints: Hints, network: Network) -> Iterator[Found]:
    """What is found in each path or object, in their order, for this network."""
    for number, item in enumerate(items, 1):
        if isinstance(item, str | os.PathLike):
            yield from _numbered(os.fspath(item), partial(of_file, item, hints, network))
        else:
            yield from _numbered(f"spectrum {number}", partial(of_object, item, hints, network))


def _numbered(name: str, read: Callable[[], list[Found]]) -> Iterator[Found]:
    try:
        found = read()
        if not found:
            raise BadFileError(f"{name}: holds no spectrum")
    except SpectrumError as e:
        found = [_failed(e)]
    for number, one in enumerate(found, 1):
        yield Found(name if len(found) == 1 else f"{name}[{number}]", one.observation, one.notes,
                    one.is_topocentric, number == len(found))


def of_file(path: str | os.PathLike[str], hints: Hints, network: Network) -> list[Found]:
    """Every spectrum of a file.

    Raises:
        SpectrumError: it cannot be read, or holds none.
    """
    with opened(path) as stream:
        is_fits = stream.read(len(_FITS)) == _FITS
    if not is_fits:
        return [_built(raw, hints, network, path) for raw in texts.read(path, hints)]
    with open_fits(path) as hdus:
        # A survey's relative that is not read is refused here, with the reason.
        surveys = [s for s in SURVEYS.values() if s.recognise(hdus)]
        if surveys:
            return _of_survey(_read_by(network, surveys, path), hdus, path, network)
        return [_built(raw, hints, network, path) for raw in _of_fits(hdus, hints)]


def of_object(item: Any, hints: Hints, network: Network) -> list[Found]:
    """Every spectrum of what is there in Python. Raises SpectrumError if it holds none."""
    try:
        return [_built(raw, hints, network) for raw in objects.read(item, hints)]
    except (TypeError, ValueError, AttributeError) as e:  # of what holds no numbers
        raise BadFileError(f"no spectrum, of type {type(item).__name__}: {e}") from e


def _read_by(network: Network, surveys: list[Survey], path: str | os.PathLike[str]) -> Survey:
    """Of a file's surveys the first whose spectra the network reads.

    Raises:
        BadFileError: there is none; the message says which network does.
    """
    for survey in surveys:
        if survey.table in network.spectrum_tables:
            return survey
    title, table = surveys[0].title, surveys[0].table
    others = [n for n in NETWORKS.values() if table in n.spectrum_tables]
    raise BadFileError(f"{path}: a spectrum of {title}, which {network.title} does not read; "
                       + " or ".join(f"{n.title} does (--weights of kind {n.kind})"
                                     for n in others))


def _of_survey(survey: Survey, hdus: fits.HDUList, path: str | os.PathLike[str],
               network: Network) -> list[Found]:
    try:
        rows: list[Row] = [r.columns for r in survey.register(hdus, Path(path))]
    except BadFileError:  # it does not say which spectrum it is, which does not matter here
        rows = [{}]
    if len(rows) > MOST:
        raise BadFileError(f"holds {len(rows)} spectra, and {MOST} are the most that are taken at "
                           "once: register them by `astra ingest`")
    return [_of_row(survey, hdus, row, path, network) for row in rows]


def _of_row(survey: Survey, hdus: fits.HDUList, row: Row, path: str | os.PathLike[str],
            network: Network) -> Found:
    try:
        spectrum = survey.read(hdus, row)
    except SpectrumError as e:
        return _failed(type(e)(f"{path}: {e}"))
    in_rest_frame = survey.frame == "rest"
    quality = assess(spectrum, network)
    observation = Observation(
        spectrum, quality=quality, snr=spectrum.snr, in_rest_frame=in_rest_frame,
        frame_velocity=row.get("v_rad", spectrum.frame_velocity) if in_rest_frame else None,
        is_legacy=survey.is_legacy(row))
    return Found("", observation, tuple(remarks(spectrum, quality, network)))


def _of_fits(hdus: fits.HDUList, hints: Hints) -> list[Raw]:
    """Spectra of a file in no survey's layout: of its first table of them, else of an image."""
    for hdu in hdus:
        if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) \
                and {"wavelength", "flux"} <= set(tables.chosen(hdu.columns.names, hints)):
            header = {**hdus[0].header, **hdu.header}
            return list(tables.spectra(Table.read(hdu), hints, header=header))
    image = images.read(hdus)
    if image is None:
        raise BadFileError(f"not a spectrum that is read: found {describe(hdus)}; {would_read()}, "
                           "a table with columns of wavelength and flux, and an image of one axis "
                           "with its wavelengths in the header")
    return [image]


def _built(raw: Raw, hints: Hints, network: Network,
           path: str | os.PathLike[str] | None = None) -> Found:
    try:
        observation, notes = build(raw, hints, network)
    except BadFileError as e:
        return _failed(BadFileError(f"{path}: {e}") if path else e)
    return Found("", observation, notes, is_topocentric(raw, hints))


def _failed(error: SpectrumError) -> Found:
    return Found("", Observation(None, OUTCOMES[type(error)], str(error)))
