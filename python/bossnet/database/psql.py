"""``bin/sql``: psql on the configured database, as the reader role that cannot write.

The psql that comes with the embedded Postgres is used, so that nothing has to be installed.
"""

import os
import subprocess
import sys

from bossnet import config
from bossnet.cli.common import said
from bossnet.database import embedded
from bossnet.database.connection import connect_reader

_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
              "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}


@said
def main() -> None:
    """Runs psql with the arguments of the command line; its exit status is ours."""
    settled = config.load()
    connection = connect_reader(settled)
    # By the environment: a password has no place in a process's title.
    environment = dict(os.environ) | {
        _VARIABLES[name]: value for name, value in connection.info.dsn_parameters.items()
        if name in _VARIABLES}
    if connection.info.password:
        environment["PGPASSWORD"] = connection.info.password
    schema = settled.schema.replace("\\", "\\\\").replace('"', '""').replace(" ", "\\ ")
    environment["PGOPTIONS"] = f'-c search_path="{schema}"'
    connection.close()
    arguments = sys.argv[1:]
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        arguments = ["-c", arguments[0]]
    sys.exit(subprocess.call([embedded.psql(), "--no-psqlrc", *arguments], env=environment))


if __name__ == "__main__":
    main()
