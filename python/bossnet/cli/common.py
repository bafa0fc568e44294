"""What every command shares: the database's option, errors in one line, exit statuses."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from types import FrameType
from typing import Any, TypeVar

import click
import psycopg2
from rich.console import Console

from bossnet.errors import BossNetError, ConfigurationError

Command = TypeVar("Command", bound=Callable[..., Any])

#: For people: progress, summaries, warnings. What a program reads goes to standard output.
#: Without markup, as names and expressions hold brackets; lines are not cut for a log.
console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

database_option = click.option(
    "--database", metavar="URL", help="postgresql://...; by default BOSSNET_DATABASE_URL, the "
    "configuration file, or the embedded Postgres under BOSSNET_HOME.")
json_option = click.option("--json", "as_json", is_flag=True,
                           help="Print one JSON object to standard output.")


def said(command: Command) -> Command:
    """Errors of this package become one clear message and the exit status of the contract.

    2 where an option or the configuration cannot be used, 1 where the work failed, 130 after
    Ctrl-C or SIGTERM. Any other error is a fault of the software and keeps its traceback.
    """
    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            with _sigterm_as_ctrl_c():
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

    return run  # type: ignore[return-value]


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """From the start, and not only once the work has begun: loading torch alone takes seconds."""
    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def require(extra: str, *modules: str) -> None:
    """Raises ConfigurationError if a module that an extra installs is not there."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"{', '.join(missing)} is not installed: install the extra "
                                 f"`{extra}` (pip install 'astra-bossnet[{extra}]')")


def fail(message: str, status: int) -> None:
    """Says what went wrong and ends the program with this exit status."""
    click.echo(f"error: {message}", err=True)
    sys.exit(status)


def print_json(values: Any) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(values, indent=2, default=str, allow_nan=False))
