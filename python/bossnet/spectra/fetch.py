"""Files that sdss-access names and that are not here, fetched from the survey's server.

Only where the operator allows it. Which file, and its address, is sdss-access's; the transfer is
not: what that has waits for ever, writes under the file's own name before it has all of it, asks
for a password on the terminal, and only prints that the server refused.
"""

import http.client
import netrc
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from bossnet.errors import MissingFileError, ReadError
from bossnet.spectra import resolve

SILENCE = 15.0  #: seconds after which a server that says nothing is given up
LONGEST = 40.0  #: seconds that a file may take; with another silence, less than a reader may
PIECE = 1 << 18  #: bytes read at once

_BEGINNINGS = (b"SIMPLE  =", b"\x1f\x8b")  # of FITS, of gzip
_REFUSED = (401, 403)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Fetch:
    """Leave to fetch.

    Attributes:
        server: whence, as ``https://data.example.org``; None for the one that sdss-access names.
    """

    server: str | None = None


def fetch(path: Path, release: Any, how: Fetch) -> None:
    """Fetches a file, unless it is there. It appears under its name when it is whole.

    Args:
        path: as `resolve.full` gives it, below ``$SAS_BASE_DIR``.
        release: of the file.
        how: leave to do so.

    Raises:
        MissingFileError: the server does not give it; the message says what was tried.
        ReadError: it cannot be written here.
    """
    if path.exists():
        return
    url, end = resolve.address(path, release, how.server), time.monotonic() + LONGEST
    with _failure(path, url):
        opener = _opener(url)
        with opener.open(url, timeout=SILENCE) as answer:
            pieces = _pieces(answer, end)
            first = next(pieces, b"")
            if not first.startswith(_BEGINNINGS):
                raise _NotGiven("what the server sent is no FITS file")
            _write(path, first, pieces)


class _NotGiven(Exception):
    """The server did not give the file; the text says why."""


@contextmanager
def _failure(path: Path, url: str) -> Iterator[None]:
    """The one place where a failed transfer is named."""
    try:
        yield
    except ReadError:
        raise
    except HTTPError as error:
        reason = f"the server answered {error.code} {error.reason}"
        if error.code in _REFUSED:
            reason += (f"; put the account of {urlsplit(url).hostname} into ~/.netrc "
                       "(chmod 600)")
        error.close()
    except URLError as error:
        reason = f"no connection: {error.reason}"
    except TimeoutError:
        reason = f"no answer for {SILENCE:.0f} s"
    except (OSError, http.client.HTTPException) as error:
        reason = f"the connection failed: {error or type(error).__name__}"
    except _NotGiven as error:
        reason = str(error)
    else:
        return
    # Without its cause, which may quote what was sent.
    raise MissingFileError(f"{path}: not there, and not fetched from {url}: {reason}")


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Opens an address, with the account of ~/.netrc if the server asks for one; never in clear."""
    parts = urlsplit(url)
    private = parts.scheme == "https" or parts.hostname in _LOOPBACK
    account = _account(str(parts.hostname)) if private else None
    if account is None:
        return urllib.request.build_opener()
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, *account)
    return urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords),
                                       _StaysPrivate)


class _StaysPrivate(urllib.request.HTTPRedirectHandler):
    """Follows no server that sends a request with an account on to where it would be in clear."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
                         headers: http.client.HTTPMessage, newurl: str
                         ) -> urllib.request.Request | None:
        parts = urlsplit(newurl)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise _NotGiven(f"the server sends on to {parts.scheme}://{parts.hostname}, where a "
                            "password would be in clear")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _account(host: str) -> tuple[str, str] | None:
    try:
        found = netrc.netrc().authenticators(host)
    except FileNotFoundError:
        return None
    except (netrc.NetrcParseError, OSError):  # whose text may quote a password
        raise _NotGiven("~/.netrc cannot be read: its form or its rights are wrong; chmod 600 "
                        "~/.netrc") from None
    return (found[0], found[2]) if found and found[2] else None


def _pieces(answer: http.client.HTTPResponse, end: float) -> Iterator[bytes]:
    """What is sent, to the last byte that was announced, until this moment."""
    announced = answer.headers.get("Content-Length")
    seen = 0
    piece = answer.read(len(_BEGINNINGS[0]))  # of what comes later, as much as there is
    while piece:
        seen += len(piece)
        yield piece
        if time.monotonic() > end:
            of = f" of {announced}" if announced else ""
            raise _NotGiven(f"{seen}{of} bytes came within {LONGEST:.0f} s; fetch a file of that "
                            "size by hand")
        piece = answer.read1(PIECE)
    if announced is not None and seen != int(announced):
        raise _NotGiven(f"the connection ended after {seen} of {announced} bytes")


def _write(path: Path, first: bytes, rest: Iterator[bytes]) -> None:
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("xb")
    try:
        with file:
            for piece in chain((first,), rest):
                with _writable(path):
                    file.write(piece)
        with _writable(path):
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReadError(f"{path}: fetched, but it cannot be written: {error.strerror}") from error
