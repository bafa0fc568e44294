"""`bossnet labels`: the paper's training labels, from catalogues."""

from pathlib import Path
from typing import Any

import click

from bossnet.cli.common import console, json_option, print_json, require, said
from bossnet.errors import ConfigurationError

FORMATS = {".ecsv": "ascii.ecsv", ".fits": "fits", ".csv": "ascii.csv"}


@click.group(epilog="Example:\n\n    bossnet labels assemble boss.yml --out labels.ecsv")
def labels() -> None:
    """Assemble a training set's labels from catalogues (the paper's Section 2.2)."""


@labels.command(epilog="""Examples:

\b
    bossnet labels assemble boss.yml --out labels.ecsv
    bossnet labels assemble boss.yml --out labels.fits --figure labels.png --json
""")
@click.argument("configuration", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="The table to be made: .ecsv, .fits or .csv.")
@click.option("--figure", type=click.Path(dir_okay=False, path_type=Path),
              help="Draw the labels over the Kiel diagram by survey, weight and catalogue.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@json_option
@said
def assemble(configuration: Path, out: Path, figure: Path | None, overwrite: bool,
             as_json: bool) -> None:
    """One label a star, from the catalogues that CONFIGURATION describes."""
    if out.suffix not in FORMATS:
        raise ConfigurationError(f"{out}: the name's end says which format it gets: "
                                 f"{', '.join(FORMATS)}")
    require("train", "scipy")
    if figure is not None:
        require("report", "matplotlib")
    for path in (out, figure):
        if path is not None and path.exists() and not overwrite:
            raise ConfigurationError(f"{path} is there already: give another name, or --overwrite")
        if path is not None and not path.parent.is_dir():
            raise ConfigurationError(f"{path.parent} is no folder: make it first")
    from bossnet.labels.assemble import assemble as assembled

    made = assembled(configuration)
    part = out.with_name(f".{out.name}.part")
    try:
        made.table.write(part, format=FORMATS[out.suffix], overwrite=True)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if figure is not None:
        from bossnet.labels.drawing import draw

        draw(made.table, figure)
    if as_json:
        print_json(made.summary | {"table": str(out)})
    else:
        _say(made.summary)
        console.print(f"{out}: {len(made.table)} spectra")


def _say(summary: dict[str, Any]) -> None:
    click.echo(f"{summary['labelled']} of {summary['spectra']} spectra, "
               f"{summary['labelled_stars']} of {summary['stars']} stars have labels; "
               f"{summary['thinned']} spectra were taken away where it is crowded")
    for name, of in summary["surveys"].items():
        click.echo(f"  {name or 'no survey'}: {of['spectra']} spectra, {of['with_fe_h']} with "
                   f"[Fe/H], {of['with_v_rad']} with a velocity")
    click.echo(f"\n{'catalogue':20}{'kind':18}{'matched':>9}{'accepted':>9}{'labelled':>9}"
               f"{'stars':>9}")
    for name, of in summary["catalogues"].items():
        click.echo(f"{name:20}{of['kind']:18}{of['matched']:9}{of['accepted']:9}"
                   f"{of['labelled']:9}{of['stars']:9}")
        for reason, number in of["refused"].items():
            click.echo(f"    {number} refused: {reason}")
    for pair in summary["agreement"]:
        widths = "; ".join(f"{key} {pair[key]['sigma']:.3g} ({pair[key]['offset']:+.3g})"
                           for key in ("log_teff", "logg", "fe_h") if key in pair)
        click.echo(f"\n{pair['a']} minus {pair['b']}, {pair['stars']} stars: {widths}")
