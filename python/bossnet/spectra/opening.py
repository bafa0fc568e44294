"""Opening a FITS file so that whatever its bytes are, only a SpectrumError can come of it."""

import errno
import gzip
import io
import math
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from astropy.io import fits

from bossnet.errors import BadFileError, MissingFileError, ReadError, SpectrumError

BLOCK = 2880  #: FITS files are whole blocks of this many bytes
CARD = 80  #: bytes of a header's card
LARGEST_UNPACKED = 1 << 28  #: bytes; a .gz that holds more is no spectrum

_GZIP = b"\x1f\x8b"
_BITPIX = (8, 16, 32, 64, -32, -64)
_GONE = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR)
_SENSELESS = (None, errno.EINVAL)  #: of an OSError that the bytes, not the storage, have caused


@contextmanager
def open_fits(path: str | os.PathLike[str]) -> Iterator[fits.HDUList]:
    """The HDUs of a file, read lazily; every error of the body names the file and the reason.

    The sizes that the headers declare are compared with the file's before anything is
    allocated, so that a truncated file is always noticed and an absurd one costs nothing.
    Warnings of astropy stay inside.

    Raises:
        MissingFileError: the file is not there, is a folder, or cannot be opened.
        BadFileError: not FITS, truncated or corrupt, or whatever the body refuses.
        ReadError: the storage failed after the file was opened.
    """
    with opened(path) as content, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_structure(content)
        content.seek(0)
        with fits.open(content, mode="readonly", memmap=False, lazy_load_hdus=True,
                       disable_image_compression=True) as hdus:
            yield hdus


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """The bytes of a file, or of what its gzip holds; errors of the body as of `open_fits`."""
    with naming(path), _open(path) as stream:
        yield _unpacked(stream)


def hdu_at(hdus: fits.HDUList, number: int) -> Any:
    """An HDU, or None if the file ends before it; reads no headers further on."""
    try:
        return hdus[number]
    except IndexError:
        return None


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """The one place where the errors of opening, unpacking, parsing and reading are named.

    Raises:
        SpectrumError: whatever the body raised, with the file's name and the reason.
    """
    try:
        yield
    except SpectrumError as error:
        raise type(error)(f"{path}: {error}") from error
    except OSError as error:
        if error.errno in _GONE:
            raise MissingFileError(f"{path}: {error.strerror}") from error
        if error.errno not in _SENSELESS:
            raise ReadError(f"{path}: reading failed: {error.strerror or error}") from error
        raise BadFileError(f"{path}: corrupt: {error}") from error
    except MemoryError as error:
        raise ReadError(f"{path}: there was not memory enough to read it") from error
    except Exception as error:  # of corrupt bytes, astropy and numpy raise nearly everything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadFileError(f"{path}: corrupt: {reason}") from error


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            raise MissingFileError("is a folder, not a file")
        if not stat.S_ISREG(kind):  # opening a pipe would wait for ever
            raise MissingFileError("is not a regular file")
        return Path(path).open("rb")
    except OSError as error:
        raise MissingFileError(f"cannot be opened: {error.strerror}") from error
    except ValueError as error:  # a name that no file can have
        raise MissingFileError(f"cannot be opened: {error}") from error


def _unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or the content of its gzip."""
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    if not packed:
        return stream
    try:
        with gzip.open(stream) as unpacked:
            content = unpacked.read(LARGEST_UNPACKED + 1)
    except EOFError as error:
        raise BadFileError("truncated: its gzip stream does not end") from error
    if len(content) > LARGEST_UNPACKED:
        raise BadFileError(f"its gzip stream holds more than {LARGEST_UNPACKED >> 20} MB, which is "
                           "no spectrum; of a table of many, such as MaStar's, gunzip the file: "
                           "then one can be read without the others")
    return io.BytesIO(content)


def check_structure(stream: BinaryIO) -> None:
    """Walk the headers, and raise BadFileError unless every declared HDU lies in the file.

    Reads headers only. What follows the last HDU and is no extension is let be.
    """
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        raise BadFileError("the file is empty")
    start, number = 0, 0
    while start < size:
        stream.seek(start)
        block = stream.read(BLOCK)
        if number == 0 and not block.startswith(b"SIMPLE  ="):
            raise BadFileError(f"not a FITS file: it starts with {block[:16]!r}")
        if number and not b"XTENSION".startswith(block[:8]):
            return
        header = _header(stream, block, number)
        end = start + len(header) + _data_size(header, number)
        if end > size:
            raise BadFileError(f"truncated: HDU {number} should end at byte {end}, "
                               f"and the file ends at {size}")
        start, number = end, number + 1


def _header(stream: BinaryIO, block: bytes, number: int) -> bytes:
    """A header, whole blocks as far as its END; the first block has been read."""
    blocks = [block]
    while not _ends(blocks[-1]):
        blocks.append(stream.read(BLOCK))
        if not blocks[-1]:
            raise BadFileError(f"truncated: the header of HDU {number} does not end")
    if len(blocks[-1]) < BLOCK:
        raise BadFileError(f"truncated: the file ends in the header of HDU {number}")
    return b"".join(blocks)


def _ends(block: bytes) -> bool:
    at = block.rfind(b"END     ")
    while at > 0 and at % CARD:
        at = block.rfind(b"END     ", 0, at)
    return at >= 0 and at % CARD == 0


def _data_size(header: bytes, number: int) -> int:
    """Bytes of the data that belong to a header, whole blocks."""
    bitpix = _integer(header, "BITPIX", number)
    dimensions = _integer(header, "NAXIS", number)
    if bitpix not in _BITPIX or not 0 <= dimensions <= 999:
        raise BadFileError(f"corrupt: HDU {number} has BITPIX {bitpix}, NAXIS {dimensions}")
    if dimensions == 0:
        return 0
    lengths = [_integer(header, f"NAXIS{i}", number) for i in range(1, dimensions + 1)]
    parameters = _integer(header, "PCOUNT", number, default=0)
    groups = _integer(header, "GCOUNT", number, default=1)
    if min(*lengths, parameters, groups) < 0:
        raise BadFileError(f"corrupt: HDU {number} has a negative size")
    size = abs(bitpix) // 8 * groups * (parameters + math.prod(lengths))
    return -(-size // BLOCK) * BLOCK


def _integer(header: bytes, keyword: str, number: int, default: int | None = None) -> int:
    name = keyword.encode().ljust(8) + b"="
    at = header.find(name)
    while at >= 0 and at % CARD:
        at = header.find(name, at + 1)
    if at < 0:
        if default is None:
            raise BadFileError(f"corrupt: HDU {number} lacks {keyword}")
        return default
    value = header[at + len(name):at + CARD].split(b"/")[0].strip()
    try:
        return int(value)
    except ValueError:
        raise BadFileError(f"corrupt: HDU {number} has {keyword} = {value!r}") from None
