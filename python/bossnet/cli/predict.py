"""`bossnet predict`: parameters of any spectrum, without a database."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bossnet.cli.common import console, fail, json_option, print_json, said
from bossnet.cli.options import hint_options
from bossnet.cli.progress import Shown
from bossnet.errors import ConfigurationError
from bossnet.work.interruption import Interruption, held

WIDTH = 10_000  #: characters at which the table's lines are broken where no terminal has its own
_SHOWN = (("teff", "Teff [K]", 0), ("logg", "log g", 2), ("fe_h", "[Fe/H]", 2),
          ("v_rad", "v_rad [km/s]", 1))


@click.command(epilog="Example:\n\n    bossnet predict star.csv --air --unit wavelength=nm "
                      "--out parameters.ecsv")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--weights", metavar="NAME|PATH", help="The frozen network.  [default: the "
              "configuration's, else the package's, of the network that reads the first file]")
@click.option("--draws", type=click.IntRange(min=0), default=20, show_default=True,
              help="Noise realisations of each spectrum, for the uncertainties; 0 for none.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
              help="Of the noise: the same seed gives the same numbers.")
@click.option("--precision", type=click.Choice(["float32", "tf32", "bfloat16"]),
              default="float32", show_default=True, help="Of the network's arithmetic.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda[:N]")
@hint_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="Also write them to this .ecsv, .csv or .fits file; one that is there is "
              "replaced.")
@json_option
@said
def predict(files: tuple[Path, ...], weights: str | None, draws: int, seed: int, precision: str,
            device: str, air: bool | None, frame: str | None, column: dict[str, str],
            unit: dict[str, str], out: Path | None, as_json: bool) -> None:
    """Parameters of spectra in FILES, without a database.

    A file is one of a survey's layouts; a table (CSV, ECSV, VOTable, FITS) with columns of
    wavelength, flux and, if known, error or ivar; or a FITS image with its wavelengths in the
    header. --air, --frame, --column and --unit are for files in no survey's layout. What had to
    be assumed of a spectrum, and what it lacks, is said. One that cannot be read is a row with
    the reason, and the rest goes on.
    """
    with held():  # it imports torch
        from bossnet.anywhere.catalogue import catalogue, check_out, columns, made_with, write
        from bossnet.anywhere.hints import Hints
        from bossnet.anywhere.network import network_of
        from bossnet.anywhere.predicting import equip, predictions
    if out is not None:
        check_out(out)
        if any(path.resolve() == out.resolve() for path in files):
            raise ConfigurationError(f"--out {out}: that is one of the spectra")
    hints = Hints(column, unit, air, frame)
    task = equip(weights, network=network_of(files[0]), draws=draws, seed=seed,
                 precision=precision, device=device)
    if task.predictor.card.status == "demonstration":
        console.print(f"weights {task.predictor.card.name}: a demonstration, not for science")
    done, interruption = [], Interruption()
    # A signal is only noted: the libraries that read tables may lose one that is raised.
    try:
        with interruption.installed(), interruption.deferred(), \
                Shown(failed="without parameters", quiet=as_json) as shown:
            shown.begin(len(files))
            asked_for = takewhile(lambda _: not interruption.asked, files)
            for prediction in predictions(asked_for, task, hints):
                done.append(prediction)
                shown.advance(int(prediction.is_last), int(prediction.failed))
    except KeyboardInterrupt:  # a second one
        fail("stopped at once; nothing was written", 130)
    rows = [prediction.as_dict() for prediction in done]
    failed = sum(prediction.failed for prediction in done)
    if out is not None:
        write(catalogue(rows, task), out)
    if as_json:
        print_json({**made_with(task), "n_spectra": len(rows), "n_failed": failed,
                    "spectra": rows})
    else:
        known = set(columns(task))
        _show(rows, [column for column in _SHOWN if column[0] in known])
        console.print(f"{len(rows)} spectra, {failed} without parameters"
                      + (f"; written to {out}" if out else ""))
    if interruption.asked:
        fail("stopped; what was finished is " + ("written" if out else "above"), 130)


def _show(rows: list[dict[str, Any]], columns: Sequence[tuple[str, str, int]]) -> None:
    """The table for people, and below it what there is to say of spectra."""
    table = Table("spectrum", box=None)
    for _, title, _ in columns:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("S/N", justify="right")
    table.add_column("flags", overflow="fold")
    for row in rows:
        flags = ", ".join(name.removeprefix("flag_") for name in row["flags"])
        table.add_row(Text(row["spectrum"], overflow="fold"),
                      *(_value(row, name, digits) for name, _, digits in columns),
                      "" if row["snr"] is None else f"{row['snr']:.0f}", flags)
    # Without colours and cuts where no terminal reads it.
    out = Console(highlight=False, markup=False)
    if not out.is_terminal:
        out.width = WIDTH
    out.print(table)
    for note, names in _notes(rows).items():
        which = names[0] if len(names) == 1 else f"{len(names)} spectra, such as {names[0]}"
        out.print(note if names[0] in note else f"{which}: {note}", soft_wrap=True)


def _notes(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The names of the spectra of which something is to be said, by what it is."""
    notes: dict[str, list[str]] = {}
    for row in rows:
        for note in (*row["notes"], *filter(None, [row["error_message"]])):
            notes.setdefault(note, []).append(row["spectrum"])
    return notes


def _value(row: dict[str, Any], name: str, digits: int) -> str:
    """A parameter and its uncertainty, in brackets if it is unreliable; empty if there is none."""
    value, error = row.get(name), row.get(f"e_{name}")
    if value is None:
        return ""
    said = f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")
    unreliable = {f"flag_unreliable_{name}", "flag_unreliable_teff", "flag_little_coverage"}
    return f"({said})" if unreliable & set(row["flags"]) else said
