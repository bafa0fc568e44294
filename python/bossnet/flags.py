"""Every flag: its bit, its name, when it is set, and its test (contract, section 6).

Comparisons are strict as written and made on the stored values, which are float32; NULL
sets nothing. Flags that need more than a row's own values find it in `Case`. What the limits rest
on is measured by ``benchmarks/flags.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bossnet.network.declaration import Limits
from bossnet.quality import Quality


class Outcome(Enum):
    """How a spectrum ended; each has exactly one row."""

    DONE = "parameters were predicted"
    MISSING_FILE = "the file is not there or cannot be opened"
    BAD_FILE = "the file is no layout that is read, or truncated, or corrupt"
    NO_DATA = "the spectrum holds no data in the network's range"
    STORAGE_FAILED = "the storage failed or never answered while the file was read"
    DEVICE_FAILED = "the device failed while the network ran"
    FAILED = "an unforeseen error while it was processed"
    NOT_FINITE = "an output of the network was not finite"

    @property
    def is_outage(self) -> bool:
        """Whether it speaks of the surroundings rather than of the spectrum (section 8)."""
        return self in (Outcome.MISSING_FILE, Outcome.STORAGE_FAILED, Outcome.DEVICE_FAILED)


@dataclass(frozen=True, slots=True)
class Case:
    """What the flags of one spectrum are judged on.

    Attributes:
        outcome: how it ended.
        values: columns of the results table, as stored (float32 or None).
        limits: the network's.
        quality: of the spectrum; None where none was read.
        snr_limit: below which the signal-to-noise ratio is low.
        a_g: extinction in G, mag, where known.
        is_legacy: an SDSS I-IV spectrum.
        in_rest_frame: the input was in the source's rest frame.
        distance: in the network's last hidden layer, where the card has a limit for it.
        ood_limit: that limit.
    """

    outcome: Outcome
    values: Mapping[str, float | None] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    quality: Quality | None = None
    snr_limit: float = 5.0
    a_g: float | None = None
    is_legacy: bool = False
    in_rest_frame: bool = False
    distance: float | None = None
    ood_limit: float | None = None

    def below(self, column: str, limit: float) -> bool:
        value = self.values.get(column)
        return value is not None and value < limit

    def above(self, column: str, limit: float) -> bool:
        value = self.values.get(column)
        return value is not None and value > limit

    def outside(self, column: str, limits: tuple[float, float]) -> bool:
        return self.below(column, limits[0]) or self.above(column, limits[1])


@dataclass(frozen=True, slots=True)
class Flag:
    """One bit of ``result_flags``.

    Attributes:
        bit: its number.
        name: its standard name.
        meaning: when it is set, for people.
        test: whether it is set for a case.
        bad: part of ``flag_bad``.
        warn: part of ``flag_warn``.
    """

    bit: int
    name: str
    meaning: str
    test: Callable[[Case], bool]
    bad: bool = False
    warn: bool = False

    @property
    def mask(self) -> int:
        return 1 << self.bit


def _uncovered(case: Case, limit: float) -> bool:
    return case.quality is not None and case.quality.uncovered > limit


def _noise_bias(case: Case) -> bool:
    for column in ("log_teff", "logg", "fe_h", "v_rel"):
        value, error, median = (case.values.get(f"{part}{column}") for part in ("", "e_", "med_"))
        if value is not None and error is not None and median is not None \
                and abs(value - median) > 2 * error:
            return True
    return False


FLAGS = (
    Flag(0, "flag_runtime_exception",
         "the spectrum could not be processed, or an output is not finite; see error_message",
         lambda c: c.outcome is not Outcome.DONE, bad=True),
    Flag(1, "flag_unreliable_teff", "teff < 1700 or > 100 000 K",
         lambda c: c.outside("teff", c.limits.teff), bad=True),
    Flag(2, "flag_unreliable_logg", "logg < -1 or > 10 (APOGEE Net: > 6)",
         lambda c: c.outside("logg", c.limits.logg), bad=True),
    Flag(3, "flag_unreliable_fe_h", "teff < 3200 K or logg > 5 or fe_h < -4 or > 2",
         lambda c: c.below("teff", c.limits.fe_h_min_teff)
         or c.above("logg", c.limits.fe_h_max_logg) or c.outside("fe_h", c.limits.fe_h), bad=True),
    Flag(4, "flag_suspicious_fe_h", "teff < 3900 K and 3 < logg < 6 (not for APOGEE Net)",
         lambda c: c.limits.suspicious_fe_h and c.below("teff", 3900.0)
         and c.above("logg", 3.0) and c.below("logg", 6.0), warn=True),
    Flag(8, "flag_missing_file", "the file is not there or cannot be opened",
         lambda c: c.outcome is Outcome.MISSING_FILE, bad=True),
    Flag(9, "flag_bad_file", "the file is no layout that is read, or truncated, or corrupt",
         lambda c: c.outcome is Outcome.BAD_FILE, bad=True),
    Flag(10, "flag_no_data",
         "fewer than 2 pixels with finite flux in the network's range, or all those equal",
         lambda c: c.outcome is Outcome.NO_DATA, bad=True),
    Flag(11, "flag_no_uncertainty",
         "no finite error anywhere, as of a dead fibre; errors stand for 10 % of the flux",
         lambda c: c.quality is not None and not c.quality.has_uncertainty, bad=True),
    Flag(12, "flag_partial_coverage",
         "more than 5 % of the network's range has no usable pixel within 2 angstrom",
         lambda c: _uncovered(c, 0.05), warn=True),
    Flag(13, "flag_low_snr", "the signal-to-noise ratio is below the limit (5 by default)",
         lambda c: c.below("snr", c.snr_limit), warn=True),
    Flag(14, "flag_out_of_distribution",
         "unlike the training set, by the limit of the weights' card, where it has one",
         lambda c: c.distance is not None and c.ood_limit is not None
         and c.distance > c.ood_limit, warn=True),
    Flag(15, "flag_stranded_logg",
         "between the main and the white-dwarf sequence: teff < 7000 K, 5.5 < logg < 7 and "
         "e_logg > 0.3",
         lambda c: c.below("teff", 7000.0) and c.above("logg", 5.5) and c.below("logg", 7.0)
         and c.above("e_logg", 0.3), warn=True),
    Flag(16, "flag_extinct_hot_star", "teff > 7000 K and A_G > 3 mag, where A_G is known",
         lambda c: c.above("teff", 7000.0) and c.a_g is not None and c.a_g > 3, warn=True),
    Flag(17, "flag_cool_white_dwarf", "logg > 7 and teff < 7000 K",
         lambda c: c.above("logg", 7.0) and c.below("teff", 7000.0), warn=True),
    Flag(18, "flag_unreliable_v_rad", "abs(v_rad) > 600 km/s",
         lambda c: c.outside("v_rad", (-c.limits.v_rad, c.limits.v_rad)), warn=True),
    Flag(19, "flag_noise_bias",
         "a parameter differs from the median of its draws by more than 2 sigma",
         _noise_bias, warn=True),
    Flag(20, "flag_legacy_velocity",
         "SDSS I-IV spectrum: velocities may be off by 5 km/s", lambda c: c.is_legacy),
    Flag(21, "flag_rest_frame",
         "the input was in the source's rest frame; v_rel is a residual",
         lambda c: c.in_rest_frame),
    Flag(22, "flag_little_coverage",
         "more than 50 % of the network's range has no usable pixel within 2 angstrom",
         lambda c: _uncovered(c, 0.5), bad=True),
)

BAD = sum(f.mask for f in FLAGS if f.bad)
FAILED = FLAGS[0].mask  #: set on every row without parameters
WARN = sum(f.mask for f in FLAGS if f.warn)


def judge(case: Case) -> int:
    """``result_flags`` of a case."""
    return sum(flag.mask for flag in FLAGS if flag.test(case))


def names(result_flags: int) -> list[str]:
    """The names of the flags that are set."""
    return [flag.name for flag in FLAGS if result_flags & flag.mask]
