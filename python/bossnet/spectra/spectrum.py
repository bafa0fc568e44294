"""A spectrum, as every reader gives it and everything downstream takes it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

ERROR_CAP = 5.0  #: errors are clipped to this many medians (paper, Section 4; contract, 2)
ERROR_WITHOUT_UNCERTAINTY = 0.1  #: of |median flux|, where no error is finite (contract, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One spectrum in the file's own units, its errors capped (contract, sections 1 and 2).

    Attributes:
        flux: (N,) float32, native-endian, contiguous; may hold NaN.
        error: (N,) float32, finite unless no flux was; capped at 5 x its median.
        wavelength: (N,) float32, angstrom, vacuum; in the file's order.
        usable: (N,) bool, true where flux is finite and ivar > 0.
        has_uncertainty: false where no error of the file was finite (a dead fibre).
        snr: the file's own signal-to-noise ratio, or None.
        survey: the name of the survey's declaration that read it.
        frame_velocity: km/s, barycentric, of the rest frame that it is in, where the file says it.
    """

    flux: NDArray[np.float32]
    error: NDArray[np.float32]
    wavelength: NDArray[np.float32]
    usable: NDArray[np.bool_]
    has_uncertainty: bool
    snr: float | None = None
    survey: str = ""
    frame_velocity: float | None = None

    @classmethod
    def from_ivar(cls, flux: ArrayLike, ivar: ArrayLike, wavelength: ArrayLike,
                  *, snr: float | None = None, survey: str = "") -> "Spectrum":
        """From flux, inverse variance and wavelength, each (N,) (contract, section 2)."""
        flux, ivar, wavelength = (_native(a) for a in (flux, ivar, wavelength))
        with np.errstate(all="ignore"):
            error = ivar ** np.float32(-0.5)
        usable = np.isfinite(flux) & (ivar > 0)
        return cls._capped(flux, error, wavelength, usable, np.isfinite(error), snr, survey)

    @classmethod
    def from_error(cls, flux: ArrayLike, error: ArrayLike, wavelength: ArrayLike,
                   *, snr: float | None = None, survey: str = "") -> "Spectrum":
        """From flux, error and wavelength, each (N,), as APOGEE files hold them (contract, 2).

        The cap is taken from the finite positive errors; then flux and error that are not
        finite become 0, so that gaps take no noise.
        """
        flux, error, wavelength = (_native(a) for a in (flux, error, wavelength))
        finite = np.isfinite(error) & (error > 0)
        usable = np.isfinite(flux) & finite
        if finite.any():
            cap = np.float32(ERROR_CAP) * np.median(error[finite])
            error = np.minimum(error, cap)
        else:
            error = _stand_in(flux)
        return cls(np.where(np.isfinite(flux), flux, np.float32(0)),
                   np.where(np.isfinite(error), error, np.float32(0)),
                   wavelength, usable, bool(finite.any()), snr, survey)

    @classmethod
    def _capped(cls, flux: NDArray[np.float32], error: NDArray[np.float32],
                wavelength: NDArray[np.float32], usable: NDArray[np.bool_],
                finite: NDArray[np.bool_], snr: float | None, survey: str) -> "Spectrum":
        if finite.any():
            cap = np.float32(ERROR_CAP) * np.median(error[finite])
            error = np.minimum(np.where(finite, error, cap), cap)
        else:
            error = _stand_in(flux)
        return cls(flux, error, wavelength, usable, bool(finite.any()), snr, survey)


def _native(array: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # beyond float32 is inf, and dropped as such
        return np.ascontiguousarray(array, dtype=np.float32)


def _stand_in(flux: NDArray[np.float32]) -> NDArray[np.float32]:
    finite = flux[np.isfinite(flux)]
    # In float64: the mean of the middle two overflows where they are near float32's end.
    median = float(np.median(finite.astype(np.float64))) if finite.size else 0.0
    level = ERROR_WITHOUT_UNCERTAINTY * abs(median)
    return np.full(flux.shape, level, np.float32)
