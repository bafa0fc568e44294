"""What a survey has to declare so that its spectra can be registered, found and read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from astropy.io import fits

from bossnet.spectra.spectrum import Spectrum

Row = Mapping[str, Any]  #: a row of a spectrum table, by column name


@dataclass(frozen=True, slots=True)
class Registration:
    """One spectrum found in a file, as `astra ingest` registers it.

    Attributes:
        columns: values of the spectrum table, by column name, the identity among them.
        source: values of ``source`` that the file knows (``ra``, ``dec``, ``catalogid``,
            ``sdss_id``, ``gaia_dr3_source_id``, ...), by column name.
    """

    columns: dict[str, Any]
    source: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey's declaration: adding a survey is one module that holds one of these.

    Attributes:
        name: short name, as in ``Spectrum.survey``.
        title: for people.
        table: the spectrum table its rows are in; no other survey of the same layout has it.
        identity: columns of that table which tell one spectrum from another (contract, 7).
        frame: the frame of its wavelengths: ``barycentric``, or the source's ``rest`` frame.
        recognise: the name of the layout if the open file is one of this survey's, else None.
            Two surveys may recognise one layout, if it holds spectra of both.
            Judges by content, never by name, and reads no pixels. Raises BadFileError, with the
            reason, for a relative of it that is not read.
        read: the spectrum of an open file; the row says which one where a file holds several, and
            its ``snr``, where it has that column, is the spectrum's. Raises BadFileError.
        register: every spectrum of an open file at this path; none, where the layout has a place
            for this survey's spectra and the file leaves it empty. Raises BadFileError.
        resolve: the file of a row that has no path, by sdss-access. Raises MissingFileError,
            saying what is not known.
        owns: whether a row of the table can be of this survey, where several share the table.
        is_legacy: whether a row is an SDSS I-IV spectrum (``flag_legacy_velocity``).
    """

    name: str
    title: str
    table: str
    identity: tuple[str, ...]
    frame: Literal["barycentric", "rest"]
    recognise: Callable[[fits.HDUList], str | None]
    read: Callable[[fits.HDUList, Row], Spectrum]
    register: Callable[[fits.HDUList, Path], list[Registration]]
    resolve: Callable[[Row], Path]
    owns: Callable[[Row], bool] = lambda row: True
    is_legacy: Callable[[Row], bool] = lambda row: False
