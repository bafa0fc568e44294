"""A spectrum with what its table knows of it, or the reason why there is none."""

from dataclasses import dataclass

from bossnet.flags import Outcome
from bossnet.quality import Quality
from bossnet.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What a task judges; readers make it, without torch.

    Attributes:
        spectrum: None where it could not be read.
        outcome: DONE where it was read, else how it failed.
        message: the reason, for people.
        quality: of the spectrum, where it was already assessed.
        noise_key: chooses its noise (contract, section 5).
        snr: the table's signal-to-noise ratio.
        a_g: extinction in G, mag.
        in_rest_frame: wavelengths are in the source's rest frame.
        frame_velocity: of that frame, km/s barycentric, where known.
        is_legacy: an SDSS I-IV spectrum.
        file_size: bytes, of its file.
        file_mtime: seconds since 1970, of its file.
    """

    spectrum: Spectrum | None
    outcome: Outcome = Outcome.DONE
    message: str = ""
    quality: Quality | None = None
    noise_key: int = 0
    snr: float | None = None
    a_g: float | None = None
    in_rest_frame: bool = False
    frame_velocity: float | None = None
    is_legacy: bool = False
    file_size: int | None = None
    file_mtime: float | None = None
