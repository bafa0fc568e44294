"""``bin/sql``: psql on the configured database, as the reader role that cannot write.

The psql that comes with the embedded Postgres is used, so that nothing has to be installed; but it
is made without TLS, so where the connection is by TLS it is the system's.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bossnet import config
from bossnet.cli.common import said
from bossnet.database import embedded
from bossnet.database.connection import connect_reader
from bossnet.errors import ConfigurationError

_VARIABLES = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE",
              "user": "PGUSER", "passfile": "PGPASSFILE", "sslmode": "PGSSLMODE",
              "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL", "sslcert": "PGSSLCERT",
              "sslkey": "PGSSLKEY", "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
              "channel_binding": "PGCHANNELBINDING"}


@said
def main() -> None:
    """Runs psql with the arguments of the command line; its exit status is ours."""
    settled = config.load()
    connection = connect_reader(settled)
    # By the environment: a password has no place in a process's title.
    environment = dict(os.environ) | {
        _VARIABLES[name]: value for name, value in connection.info.dsn_parameters.items()
        if name in _VARIABLES}
    environment.pop("PGPASSWORD", None)  # the operator's, not the reader's
    if connection.info.password:
        environment["PGPASSWORD"] = connection.info.password
    program = _program(tls=connection.info.ssl_in_use)
    schema = settled.schema.replace("\\", "\\\\").replace('"', '""').replace(" ", "\\ ")
    environment["PGOPTIONS"] = f'-c search_path="{schema}"'
    connection.close()
    arguments = sys.argv[1:]
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        arguments = ["-c", arguments[0]]
    sys.exit(subprocess.call([program, "--no-psqlrc", *arguments], env=environment))


def _program(*, tls: bool) -> Path:
    if not tls:
        return embedded.psql()
    found = shutil.which("psql")
    if found is None:
        raise ConfigurationError("the database is reached by TLS, which the psql that comes with "
                                 "this package cannot: install psql (Debian: postgresql-client)")
    return Path(found)


if __name__ == "__main__":
    main()
