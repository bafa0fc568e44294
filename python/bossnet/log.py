"""What the software says of its work on standard error: for people, or as lines of JSON.

Modules log by the standard ``logging.getLogger(__name__)``. People see warnings and errors, as
bare messages. With ``--log-json`` or ``BOSSNET_LOG=json`` every line is one JSON object, and
what is only of interest afterwards (level ``info``) is there, too:

    {"time": "2026-11-24T14:50:01.123Z", "level": "warning", "run": 3, "worker": 7, "chunk": 12,
     "spectrum": null, "logger": "bossnet.work.claims", "message": "..."}

Run and worker are those of the process (`belongs_to`); chunk and spectrum are given with a
message: ``_log.warning("...", extra={"chunk": 12})``. No line holds a password.
"""

import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bossnet.errors import ConfigurationError

VARIABLE = "BOSSNET_LOG"
FIELDS = ("run", "worker", "chunk", "spectrum")

_SECRETS = (re.compile(r"(\w://[^\s:/@]*:)\S*(@)"),  # of a URL, up to its last @
            re.compile(r"(password\s*=\s*)(?:'(?:\\.|[^'\\])*'|[^\s&]+)()", re.IGNORECASE))
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_belonging: dict[str, int | None] = dict.fromkeys(FIELDS)
_as_json = False


def belongs_to(*, run: int | None = None, worker: int | None = None) -> None:
    """From now on the messages of this process, of all its threads, are of this run and worker."""
    _belonging.update(run=run, worker=worker)


def is_json() -> bool:
    """Whether lines of JSON are written just now."""
    return _as_json


@contextmanager
def shown(*, as_json: bool = False) -> Iterator[None]:
    """While in here, messages are written to standard error; processes started inherit the form.

    Args:
        as_json: lines of JSON, whatever the environment says.

    Raises:
        ConfigurationError: ``BOSSNET_LOG`` is neither ``text`` nor ``json``.
    """
    global _as_json
    wanted = _wanted(os.environ)
    before, variable = _as_json, os.environ.get(VARIABLE)
    _as_json = as_json or wanted
    handler, ours = _Handler(), logging.getLogger("bossnet")
    handler.setFormatter(_Json() if _as_json else _Text())
    level = ours.level
    ours.setLevel(logging.INFO if _as_json else logging.WARNING)
    logging.getLogger().addHandler(handler)
    if _as_json:
        os.environ[VARIABLE] = "json"
        logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        ours.setLevel(level)
        if _as_json and not before:
            logging.captureWarnings(False)
            if variable is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = variable
        _as_json = before


def scrubbed(text: str) -> str:
    """A text without the passwords of URLs and connection strings in it."""
    for secret in _SECRETS:
        text = secret.sub(r"\1***\2", text)
    return text


class Lines(io.TextIOBase):
    """A stream, each line of which becomes a message; escape sequences of terminals are dropped."""

    def __init__(self) -> None:
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if bare := _ESCAPES.sub("", line).rstrip():
                logging.getLogger("bossnet").info("%s", bare)
        return len(text)


def _wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for JSON."""
    form = environment.get(VARIABLE) or "text"
    if form not in ("text", "json"):
        raise ConfigurationError(f"{VARIABLE} is {form!r}: use text or json")
    return form == "json"


class _Handler(logging.Handler):
    """Writes to what is standard error at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # In one piece: the lines of several processes may share a file.
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 -- as every handler: what is only said stops no work
            self.handleError(record)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment.replace("+00:00", "Z"),
                                "level": record.levelname.lower()}
        line |= _belonging | {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        line |= {"logger": record.name, "message": scrubbed(record.getMessage())}
        if record.exc_info:
            line["traceback"] = scrubbed(self.formatException(record.exc_info))
        return json.dumps(line, default=str)
