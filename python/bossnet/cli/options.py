"""The options that several commands share: what a run does, and how a worker does it."""

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bossnet.errors import ConfigurationError
from bossnet.work.interruption import held

if TYPE_CHECKING:  # it is imported when it is needed, so that help is quick
    from bossnet.work.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

TASKS = "astra.tasks"  #: the entry-point group through which a launcher finds tasks


def _positive_or_auto(context: click.Context, option: click.Parameter, value: str) -> int | None:
    if value == "auto":
        return None
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise click.BadParameter("use auto, or a whole number from 1")
    return number


def pairs(context: click.Context, option: click.Parameter, values: tuple[str, ...]
          ) -> dict[str, str]:
    """What an option that is given as KEY=VALUE, several times, says."""
    found = [value.partition("=") for value in values]
    for name, sign, value in found:
        if not (name and sign and value):
            raise click.BadParameter(f"{name}{sign}{value}: write KEY=VALUE")
    return {name: value for name, _, value in found}


_OF_A_RUN = (
    click.option("--where", metavar="SQL", help="Which spectra: one SQL expression over the "
                 "spectrum table's columns and those of source."),
    click.option("--from", "tables", metavar="TABLE", multiple=True,
                 help="Only this spectrum table; may be repeated."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N",
                 help="At most so many spectra."),
    click.option("--draws", type=click.IntRange(min=0), default=20, show_default=True,
                 help="Noise realisations of each spectrum, for the uncertainties; 0 for none."),
    click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
                 help="Of the noise: the same seed gives the same rows."),
    click.option("--uncertainty", type=click.Choice(["draws", "linear"]), default="draws",
                 show_default=True, help="How uncertainties are estimated: over the draws, or by "
                 "linear propagation of the pixels' errors, which is faster; spectra for which "
                 "that does not hold get draws all the same."),
    click.option("--precision", type=click.Choice(["float32", "tf32", "bfloat16"]),
                 default="float32", show_default=True, help="Of the network's arithmetic: another "
                 "one than float32 is refused where it would change predictions by more than 1 % "
                 "of their uncertainty, as measured with these weights."),
    click.option("--weights", metavar="NAME|PATH",
                 help="The frozen network; `bossnet weights list`."),
    click.option("--tag", default="", help="Keeps several results of one version apart."),
    click.option("--overwrite", is_flag=True, help="Make rows again that are there."),
    click.option("--retry-failed", is_flag=True, help="Only failed spectra that may now succeed."),
    click.option("--fetch/--no-fetch", default=None, help="Fetch files that sdss-access names and "
                 "that are not there, into SAS_BASE_DIR.  [default: as configured, else no]"),
    click.option("--max-failures", type=click.FloatRange(0, 1), default=0.5, show_default=True,
                 metavar="FRACTION", help="Stop if more of the last 1000 spectra fail for an "
                 "outward reason, such as a file system that is gone."),
)
_OF_A_WORKER = (
    click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]"),
    click.option("--batch-size", default="auto", show_default=True, metavar="auto|N",
                 callback=_positive_or_auto, help="Spectra at once on the device."),
    click.option("--readers", type=click.IntRange(min=1), default=2, show_default=True,
                 help="Processes that read files ahead of the network."),
)
_OF_FILES = (
    click.option("--air/--vacuum", "air", default=None, help="What wavelengths are in.  "
                 "[default: as a file says, else vacuum]"),
    click.option("--frame", type=click.Choice(["barycentric", "rest", "topocentric"]),
                 help="Of wavelengths: the Sun's, the star's or the Earth's.  [default: as a file "
                 "says, else barycentric]"),
    click.option("--column", metavar="KEY=NAME", multiple=True, callback=pairs,
                 help="Which column of a table holds wavelength, flux, error or ivar, where it has "
                 "no usual name."),
    click.option("--unit", metavar="KEY=UNIT", multiple=True, callback=pairs,
                 help="The unit of wavelength, flux, error or ivar, where a file says none or a "
                 "wrong one."),
)


def run_options(command: Command) -> Command:
    """The options that say what a run does: the entries of `Settings`, and the weights."""
    return _with(_OF_A_RUN, command)


def hint_options(command: Command) -> Command:
    """The options that say of files in no survey's layout what these do not say."""
    return _with(_OF_FILES, command)


profile_option = click.option("--profile", is_flag=True, help="Say at the end where the time went.")


def worker_options(command: Command) -> Command:
    """The options that say how a worker does it."""
    return _with(_OF_A_WORKER, command)


def as_options(*, device: str, batch_size: int | None, readers: int) -> list[str]:
    """How these options of a worker are written on another one's command line."""
    return ["--device", device, "--batch-size", str(batch_size or "auto"), "--readers",
            str(readers)]


def _with(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def settings_of(*, tables: tuple[str, ...], draws: int, **others: Any) -> "Settings":
    """The settings of a run, from the options above but ``weights``. Raises ConfigurationError."""
    if others["overwrite"] and others["retry_failed"]:
        raise ConfigurationError("--overwrite makes every row again and --retry-failed only failed "
                                 "ones: give one of them")
    if draws == 1:
        raise ConfigurationError("--draws 1: one draw has no scatter; use 0 for none, or 2 or more")

    from bossnet.work.provenance import without_passwords
    from bossnet.work.settings import Settings

    return Settings(tables=tuple(dict.fromkeys(tables)), n_draws=draws,
                    command=without_passwords(["astra", *sys.argv[1:]]), **others)


def task_named(name: str) -> Any:
    """The class of a task, by its entry point. Raises ConfigurationError."""
    found = {e.name: e for e in entry_points(group=TASKS)}
    if name not in found:
        raise ConfigurationError(f"there is no task {name!r}; installed: "
                                 f"{', '.join(sorted(found)) or 'none'}")
    with held():  # it imports torch
        return found[name].load()
