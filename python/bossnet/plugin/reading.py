"""From an instance of the framework's model of spectra to an observation."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import peewee
from numpy.typing import NDArray

from bossnet.database import models as ours
from bossnet.errors import BadFileError, ConfigurationError, SpectrumError
from bossnet.flags import Outcome
from bossnet.network.declaration import Network
from bossnet.observation import Observation
from bossnet.quality import assess
from bossnet.spectra import surveys_of
from bossnet.spectra.opening import naming
from bossnet.spectra.spectrum import Spectrum
from bossnet.spectra.survey import Row, Survey
from bossnet.work.reading import OUTCOMES, context

_PIXELS = "__pixel_data__"  #: where an instance keeps its pixels once they are read
_OF_SOURCE = ("ebv", "a_g")


@dataclass(frozen=True, slots=True)
class Seen:
    """A spectrum of the framework's, read.

    Attributes:
        row: its columns, under our names.
        observation: to be judged.
        seconds: that reading it took.
    """

    row: Row
    observation: Observation
    seconds: float


def seen(network: Network) -> Callable[[Any], Seen]:
    """What reads an instance for a network; a failure is an outcome, never an exception.

    An instance of a model that the network does not read is a ConfigurationError.
    """
    def read(instance: Any) -> Seen:
        start = time.perf_counter()
        row = columns(instance)
        table = _table(type(instance), network)
        try:
            observation = _observation(instance, row, table, network)
        except Exception as e:  # noqa: BLE001 -- the row of the spectrum says it
            observation = Observation(None, Outcome.FAILED, f"{type(e).__name__}: {e} while "
                                      "reading", noise_key=row["spectrum_pk"])
        return Seen(row, observation, time.perf_counter() - start)

    return read


def columns(instance: Any) -> dict[str, Any]:
    """An instance's values by the names of our columns; no query is made for any of them.

    Foreign keys are ``NAME_pk``, whatever the version calls them. Of the object only what was
    loaded with the spectrum is known.
    """
    row: dict[str, Any] = {}
    for field in instance._meta.sorted_fields:
        name = our_name(field)
        row[name] = instance.__data__.get(field.name)
        source = instance.__rel__.get(field.name)
        if name == "source_pk" and source is not None:
            row |= {f"_{of}": source.__data__.get(of) for of in _OF_SOURCE}
    return row


def our_name(field: peewee.Field) -> str:
    """The name of a field's column, a foreign key's without the ``_id`` that 0.6 adds to it."""
    column = str(field.column_name)
    return column.removesuffix("_id") if column.endswith("_pk_id") else column


def _table(model: type[Any], network: Network) -> str:
    """Our table of the spectra of a model."""
    for cls in model.__mro__:
        ours_of_it = getattr(ours, cls.__name__, None)
        if ours_of_it is not None and ours_of_it._meta.table_name in network.spectrum_tables:
            return str(ours_of_it._meta.table_name)
    raise ConfigurationError(f"{model.__name__}: no spectra of this model are read by "
                             f"{network.title}, but those of {', '.join(network.spectrum_tables)}")


def _observation(instance: Any, row: Row, table: str, network: Network) -> Observation:
    survey = surveys_of(table, row)[0]
    try:
        with naming(_name(instance, row)):
            spectrum = _spectrum(instance, survey, network)
        return Observation(spectrum, quality=assess(spectrum, network),
                           **context(row, survey, spectrum))
    except SpectrumError as e:
        return Observation(None, OUTCOMES[type(e)], str(e), **context(row, survey))


def _spectrum(instance: Any, survey: Survey, network: Network) -> Spectrum:
    """The spectrum; what was not read before is not kept by the instance, for there are many."""
    had = _PIXELS in vars(instance)
    try:
        flux, wavelength = (_array(instance, name) for name in ("flux", "wavelength"))
        if network.interpolates:
            return Spectrum.from_ivar(flux, _array(instance, "ivar"), _single(wavelength),
                                      survey=survey.name)
        return Spectrum.from_error(flux, _error(instance), _single(wavelength),
                                   survey=survey.name)
    finally:
        if not had:
            vars(instance).pop(_PIXELS, None)


def _array(instance: Any, name: str) -> NDArray[Any]:
    """(N,): one of the arrays, read from the file with the others when it is first asked for."""
    try:
        value = getattr(instance, name)
    except Exception as e:
        # What is said is often that it is not there after reading has failed, and not why.
        cause: BaseException | None = e
        while cause is not None:
            if isinstance(cause, OSError):
                raise cause from e
            cause = cause.__context__
        raise
    if value is None:
        raise BadFileError(f"has no {name}")
    array = np.asarray(value)
    if array.size != max(array.shape, default=0):
        raise BadFileError(f"its {name} is of shape {array.shape}, and not of one spectrum")
    return array.ravel()


def _error(instance: Any) -> NDArray[Any]:
    """(N,): errors as such, else from the inverse variance; not finite where there is none."""
    with np.errstate(all="ignore"):
        try:
            return _array(instance, "e_flux")
        except (AttributeError, NotImplementedError):
            ivar = _array(instance, "ivar")
            return np.where(ivar > 0, ivar ** np.asarray(-0.5, ivar.dtype), np.nan)


def _single(wavelength: NDArray[Any]) -> NDArray[np.float32]:
    """As the contract has wavelengths (section 1): of a logarithm in float32, in float32."""
    if wavelength.dtype.itemsize > 4:
        with np.errstate(all="ignore"):
            return np.asarray(10 ** np.log10(wavelength).astype(np.float32))
    return wavelength.astype(np.float32, copy=False)


def _name(instance: Any, row: Row) -> str:
    """What a message calls it: its path, else its key."""
    try:
        path = instance.path
    except Exception:  # noqa: BLE001 -- made of columns that may be NULL; reading says why
        path = None
    return str(path) if path else f"spectrum {row.get('spectrum_pk')}"
