"""`astra init`: makes or upgrades the schema, its tables, views and roles."""

import click

from bossnet import config as configuration
from bossnet.cli.common import database_option, json_option, print_json, said
from bossnet.database import initialise
from bossnet.database.connection import describe


@click.command(epilog="Example:\n\n    astra init "
               "--database postgresql://operator@db.example.org/sdss5db")
@database_option
@click.option("--print-sql", is_flag=True, help="Print all that it would do to an empty database "
              "as SQL for psql, and do nothing.")
@json_option
@said
def init(database: str | None, print_sql: bool, as_json: bool) -> None:
    """Make or upgrade the schema: tables, views, comments, roles. Safe to repeat.

    Where another schema of the database has the survey's own tables (Astra's), their spectra are
    shown by views, and nothing of them is altered. Without the right to make
    roles it makes the rest, and prints the SQL for an administrator.
    """
    config = configuration.load(database)
    if print_sql:
        click.echo(initialise.script(config), nl=False)
        return
    done = initialise.initialise(config)
    if as_json:
        print_json(done.as_dict())
        return
    what = f"applied {', '.join(done.applied)}" if done.applied else "up to date"
    click.echo(f"{describe(config)}: schema {done.schema!r} is at version {done.version} ({what})")
    if done.survey is not None:
        click.echo(f"the spectra are the survey's, of {done.survey}; results in the shape of its "
                   f"own: {', '.join(done.compatible)}")
    for remark in done.remarks:
        click.echo(f"not done: {remark}")
    if done.administrator_sql:
        click.echo("for an administrator of the database:\n\n" + done.administrator_sql)
