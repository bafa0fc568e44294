"""`bossnet plot`: one star in a figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bossnet import config
from bossnet.cli.common import (
    console,
    database_option,
    fail,
    json_option,
    print_json,
    require,
    said,
)
from bossnet.cli.options import hint_options
from bossnet.errors import BossNetError, ConfigurationError
from bossnet.work.interruption import held

if TYPE_CHECKING:
    from bossnet.network.frozen import FrozenNetwork
    from bossnet.plot.star import Star
    from bossnet.plot.subject import Subject

FORMATS = (".png", ".pdf", ".svg")
OF_ROWS = ("version", "tag")  #: options that are for a spectrum of the database alone
NAMED = 6  #: lines of a parameter that are said
OF_FILES = ("number", "air", "frame", "column", "unit")


@click.command(epilog="Example:\n\n    bossnet plot spec-3586-55181-0500.fits --out star.pdf\n\n"
                      "    bossnet plot 1234 --draws 200")
@click.argument("spectrum")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="A .png, .pdf or .svg file; one that is there is replaced.  [default: the name "
              "of the spectrum with .png, here]")
@click.option("--weights", metavar="NAME|PATH", help="The frozen network.  [default: the one that "
              "made the spectrum's row, else the configuration's, else the one of the package]")
@click.option("--draws", type=click.IntRange(min=0), help="Noise realisations that are shown.  "
              "[default: those of the spectrum's row, else 20]")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Of the noise.  [default: that of "
              "the spectrum's row, else 0]")
@click.option("--version", metavar="VERSION",
              help="Of the results, such as 0.1, where there are several.")
@click.option("--tag", help="Of the results, where there are several.")
@click.option("--number", type=click.IntRange(min=1), metavar="N",
              help="Which spectrum of a file that holds several, from 1.")
@hint_options
@database_option
@json_option
@said
def plot(spectrum: str, out: Path | None, weights: str | None, draws: int | None,
         seed: int | None, database: str | None, as_json: bool, **options: Any) -> None:
    """Show one star: SPECTRUM is a spectrum_pk of the database, or a file, for which no database
    is needed.

    The spectrum with its error, and what of it was dropped or capped; what the network saw; the
    draws with the result and its 1-sigma ellipse; flags in words; and which wavelengths drive each
    parameter, with the lines that stand there. --json prints the result and these lines.
    """
    if draws == 1:
        raise ConfigurationError("--draws 1: one draw has no scatter; use 0 for none, or 2 or more")
    require("report", "matplotlib")
    is_key = spectrum.isdecimal()
    for name in OF_FILES if is_key else OF_ROWS:
        if options[name] not in (None, {}):
            raise ConfigurationError(f"--{name} is for {'files' if is_key else 'the database'}: "
                                     f"{spectrum} is {'a spectrum_pk' if is_key else 'a file'}")
    stem = f"spectrum-{spectrum}" if is_key else Path(spectrum).name.split(".")[0]
    out = out or Path(f"{stem}.png")
    _check(out, spectrum)
    with held():  # it imports torch
        from bossnet.anywhere.predicting import task_of
        from bossnet.plot.drawing import draw
        from bossnet.plot.star import star
    subject, frozen = (_of_database(int(spectrum), weights, database, options) if is_key else
                       _of_file(Path(spectrum), weights, options))
    shown = star(subject, frozen, task_of(frozen), draws=draws, seed=seed)
    if shown.spectrum is None:
        if as_json:
            print_json({"path": None, **shown.as_dict()})
        flags = "; ".join(f"{flag.name}: {flag.meaning}" for flag in shown.flags)
        fail(f"there is nothing to show: {shown.message} ({flags})", 1)
    try:
        draw(shown, out)
    except OSError as e:
        raise BossNetError(f"{out} cannot be written: {e.strerror or e}") from e
    if as_json:
        print_json({"path": str(out), **shown.as_dict()})
    else:
        _say(shown)
        console.print(f"written to {out}")


def _of_database(key: int, weights: str | None, database: str | None, options: dict[str, Any]
                 ) -> "tuple[Subject, FrozenNetwork]":
    from bossnet.catalog.choice import parsed
    from bossnet.database import schema
    from bossnet.database.connection import connect_reader
    from bossnet.plot.star import weights_of
    from bossnet.plot.subject import of_database

    settled, version = config.load(database), options["version"]
    reader = connect_reader(settled, application="bossnet plot")
    try:
        schema.check(reader, settled.schema)
        subject = of_database(reader, key, settled.roots, tag=options["tag"],
                              version=None if version is None else parsed(version))
    finally:
        reader.close()
    return subject, weights_of(subject.network, weights, settled, subject.row)


def _of_file(path: Path, weights: str | None, options: dict[str, Any]
             ) -> "tuple[Subject, FrozenNetwork]":
    from bossnet.anywhere.hints import Hints
    from bossnet.anywhere.network import network_of
    from bossnet.anywhere.predicting import task_of
    from bossnet.plot.star import weights_of
    from bossnet.plot.subject import of_file

    hints = Hints(options["column"], options["unit"], options["air"], options["frame"])
    frozen = weights_of(network_of(path), weights, config.load())
    return of_file(path, task_of(frozen).network, hints, number=options["number"]), frozen


def _check(out: Path, spectrum: str) -> None:
    """Raises ConfigurationError if no figure can be written there."""
    if out.suffix.lower() not in FORMATS:
        raise ConfigurationError(f"--out {out}: a file of {', '.join(FORMATS)}")
    if not out.absolute().parent.is_dir():
        raise ConfigurationError(f"--out {out}: its folder is not there")
    if out.resolve() == Path(spectrum).resolve():
        raise ConfigurationError(f"--out {out}: that is the spectrum")


def _say(shown: "Star") -> None:
    """What the figure says in words."""
    for flag in shown.flags:
        console.print(f"{flag.name}: {flag.meaning}")
    for note in filter(None, (shown.message, *shown.notes)):
        console.print(note)
    for drive in shown.drives:
        names = dict.fromkeys(one.name or f"{one.wavelength:.0f} A" for one in drive.drivers)
        console.print(f"{drive.column} is driven by {', '.join(list(names)[:NAMED])}")
