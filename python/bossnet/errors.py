"""The package's own errors. Each message says what was wrong, where, and what to do."""


class BossNetError(Exception):
    """Any error this package raises on purpose."""


class SpectrumError(BossNetError):
    """A spectrum could not be read; the subclass says which flag its row gets (contract, 6)."""


class MissingFileError(SpectrumError):
    """The file is not there or cannot be opened (``flag_missing_file``)."""


class BadFileError(SpectrumError):
    """Not a layout that is read, or truncated, or corrupt (``flag_bad_file``)."""


class ReadError(SpectrumError):
    """The file was opened, but the storage failed or never answered: worth another try."""


class ConfigurationError(BossNetError):
    """The configuration or an option cannot be used as it stands: exit status 2."""


class SelectionError(ConfigurationError):
    """``--where`` was refused (contract, section 8)."""


class WeightsError(BossNetError):
    """A network's weights do not fit, are truncated, altered, or not to be found."""


class DatabaseError(BossNetError):
    """The database cannot be reached or lacks something; never holds a password."""


class OutageError(BossNetError):
    """Too many of the last spectra failed for the same outward reason (contract, section 8).

    Attributes:
        is_alone: it is this worker's alone; the others of its run do well.
    """

    def __init__(self, message: str, *, is_alone: bool = False) -> None:
        super().__init__(message)
        self.is_alone = is_alone


class LostChunkError(DatabaseError):
    """A worker no longer holds a chunk; what it made of it was not written."""


class RunEndedError(BossNetError):
    """A run takes no more workers, or ended while one was at it.

    Attributes:
        state: of the run.
    """

    def __init__(self, message: str, *, state: str) -> None:
        super().__init__(message)
        self.state = state


class DeviceLostError(BossNetError):
    """The device failed so that this process cannot use it any more; a new one may.

    Attributes:
        run_pk: the run that was left for it, if one was.
    """

    def __init__(self, message: str, *, run_pk: int | None = None) -> None:
        super().__init__(message)
        self.run_pk = run_pk


class TrainingError(BossNetError):
    """A training cannot go on."""


class GridError(BossNetError):
    """A grid of synthesised spectra cannot be planned, computed, packed or read as asked for."""
