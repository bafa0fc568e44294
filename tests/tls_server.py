"""A Postgres that is reached by TLS and with passwords or certificates only, as a survey's is.

The Postgres that comes along is made without TLS; this is the system's (Debian: postgresql).
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bossnet.database.connection import OLDEST
from postgres_server import PostgresServer, folder_for_postgres

PASSWORD = "hunter2/s@cret"
ENCODED = "hunter2%2Fs%40cret"


def system_binaries():
    """The folder of the system's newest Postgres that is supported, or None."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path))
    versions = {_version(program): program.resolve().parent for program in found}
    return versions[max(versions)] if versions and max(versions) >= OLDEST else None


def _version(program):
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(re.search(r"\d+", said.stdout)[0])


class TlsServer(PostgresServer):
    """On TCP by TLS; database ``survey`` of ``operator``, who has a password.

    Its certificate is for the name ``localhost``, not for the address. Whoever has a certificate
    of the same authority for a role's name logs in as ``certified`` by that.
    """

    def __init__(self, folder, certificates):
        self.certificates = certificates
        super().__init__(folder, auth="reject")
        self.stop("fast")
        for name in ("authority.crt", "server.crt", "server.key"):
            copied = Path(shutil.copy(certificates / name, self.data))
            copied.chmod(0o600)
            shutil.chown(copied, self.data.owner())
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
                           "ssl_ca_file = 'authority.crt'\npassword_encryption = 'scram-sha-256'\n"
                           "log_connections = on\n")
        (self.data / "pg_hba.conf").write_text(
            "local all postgres trust\n"
            "hostssl all certified 127.0.0.1/32 cert\n"
            "hostssl all all 127.0.0.1/32 scram-sha-256\n"
            "hostnossl all all 127.0.0.1/32 reject\n")
        self.start()
        self("CREATE DATABASE survey")
        self(f"CREATE ROLE operator LOGIN CREATEROLE PASSWORD '{PASSWORD}'; CREATE ROLE certified "
             "LOGIN")
        self("ALTER DATABASE survey OWNER TO operator")
        self("ALTER SYSTEM SET log_statement = 'all'")
        self("SELECT pg_reload_conf()")

    def _do(self, command, *arguments):
        super()._do(system_binaries() / command, *arguments)

    def execute(self, statements):
        """As the administrator, in database ``survey``."""
        self(statements, "survey")

    def url(self, user="operator", password=ENCODED, *, host="localhost", **options):
        """By default with a password, and checking the server's certificate and name."""
        settled = {"sslmode": "verify-full",
                   "sslrootcert": self.certificates / "authority.crt"} | options
        return (f"postgresql://{user}{f':{password}' if password else ''}@{host}:{self.port}"
                f"/survey?" + "&".join(f"{name}={value}" for name, value in settled.items()))

    def log(self):
        """All that the server has logged."""
        return (self.folder / "log").read_text(errors="replace")


def make_certificates(folder):
    """An authority's certificate, a server's for localhost, a client's, and another authority's."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                       cwd=folder)

    for authority in ("authority", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj",
                f"/CN=Test {authority}", "-keyout", f"{authority}.key", "-out", f"{authority}.crt")
    for name, subject, more in (("server", "localhost", "subjectAltName = DNS:localhost"),
                                ("client", "certified", "extendedKeyUsage = clientAuth")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr")
        (folder / "more.cnf").write_text(more + "\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.crt", "-CAkey",
                "authority.key", "-CAcreateserial", "-days", 2, "-extfile", "more.cnf", "-out",
                f"{name}.crt")
    for key in folder.glob("*.key"):
        key.chmod(0o600)


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory):
    """A server as above; where there is none to be had the test is skipped, or fails in CI."""
    missing = [what for what, there in (("a Postgres of the system's", system_binaries()),
                                        ("openssl", shutil.which("openssl"))) if not there]
    if missing:
        said = f"{' and '.join(missing)} with TLS is needed (Debian: postgresql, openssl)"
        if os.environ.get("BOSSNET_REQUIRE_TLS") == "1":
            pytest.fail(said)
        pytest.skip(said)
    certificates = tmp_path_factory.mktemp("certificates")
    make_certificates(certificates)
    with folder_for_postgres() as folder:
        server = TlsServer(folder, certificates)
        yield server
        server.stop("fast")
