"""What every command shares: the database's option, errors in one line, exit statuses."""

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from types import FrameType
from typing import IO, Any, TypeVar

import click
import psycopg2
from rich.console import Console

from bossnet import log
from bossnet.errors import BossNetError, ConfigurationError

Command = TypeVar("Command", bound=Callable[..., Any])

_log = logging.getLogger(__name__)


class _Console(Console):
    """Standard error; its lines are messages of the log where that is JSON."""

    _lines = log.Lines()

    @property  # type: ignore[misc]
    def file(self) -> IO[str]:
        return self._lines if log.is_json() else super().file  # type: ignore[return-value]

    @property
    def is_terminal(self) -> bool:
        return not log.is_json() and super().is_terminal


#: For people: progress, summaries, warnings. What a program reads goes to standard output.
#: Without markup, as names and expressions hold brackets; lines are not cut for a log.
console = _Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

database_option = click.option(
    "--database", metavar="URL", help="postgresql://...; by default BOSSNET_DATABASE_URL, the "
    "configuration file, or the embedded Postgres under BOSSNET_HOME.")
json_option = click.option("--json", "as_json", is_flag=True,
                           help="Print one JSON object to standard output.")
log_option = click.option("--log-json", is_flag=True, help="Log as lines of JSON to standard "
                          "error; by default as BOSSNET_LOG (text or json) says.")


def said(command: Command) -> Command:
    """Errors of this package become one clear message and the exit status of the contract.

    2 where an option or the configuration cannot be used, 1 where the work failed, 130 after
    Ctrl-C or SIGTERM. Any other error is a fault of the software and keeps its traceback.
    """
    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            with log.shown(as_json=kwargs.pop("log_json", False)):
                return _ended(command, *args, **kwargs)
        except ConfigurationError as e:  # of the log itself
            fail(str(e), 2)

    return run  # type: ignore[return-value]


def _ended(command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the command gives; an error is said, and ends the program."""
    try:
        with _signals_as_ctrl_c():
            return command(*args, **kwargs)
    except ConfigurationError as e:
        fail(str(e), 2)
    except BossNetError as e:
        fail(str(e), 1)
    except psycopg2.Error as e:  # a right is missing, or the connection is gone
        text = str(e).strip() or type(e).__name__
        fail(f"the database failed: {text.splitlines()[0]}", 1)
    except KeyboardInterrupt:
        fail("stopped; what was finished is written, and running again goes on", 130)
    except (click.ClickException, click.exceptions.Exit):
        raise
    except Exception:
        if not log.is_json():
            raise
        _log.critical("an unforeseen error: a fault of the software", exc_info=True)
        sys.exit(1)


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """From the start, and not only once the work has begun: loading torch alone takes seconds."""
    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGUSR1)}
    try:
        yield
    except KeyboardInterrupt:
        # Slurm and its job's script both ask; the exit status is to be that of a command that ends.
        before = dict.fromkeys(before, signal.SIG_IGN)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require(extra: str, *modules: str) -> None:
    """Raises ConfigurationError if a module that an extra installs is not there."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)} is not installed: install the extra "
                                 f"`{extra}` (pip install 'astra-bossnet[{extra}]')")


def fail(message: str, status: int) -> None:
    """Says what went wrong and ends the program with this exit status."""
    if log.is_json():
        _log.error("%s", message)
    else:
        click.echo(f"error: {message}", err=True)
    sys.exit(status)


def print_json(values: Any) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(values, indent=2, default=str, allow_nan=False))
