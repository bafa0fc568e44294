"""Fetching from a server: whole files only, with what was tried where there is none."""

import base64
import gzip
import socket
import threading
from urllib.request import HTTPRedirectHandler, Request

import pytest

from bossnet.errors import MissingFileError, ReadError
from bossnet.network import BOSS
from bossnet.spectra import SURVEYS, fetch
from bossnet.spectra.fetch import Fetch
from bossnet.work.reading import read_row
from survey_server import serving

from . import layouts
from .test_resolve import LEGACY, SDSS5

PASSWORD = "correct-horse"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The class of a running server's answers; its address is `url`."""
    monkeypatch.setenv("SAS_BASE_DIR", str(tmp_path / "sas"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    spectrum = layouts.spec(tmp_path / "served.fits").read_bytes()
    with serving(spectrum) as answers:
        yield answers


def read(server, **row):
    row = LEGACY | {"spectrum_pk": 1, "release": "dr17"} | row
    return read_row("boss_visit_spectrum", row, {}, BOSS, Fetch(server.url))


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_that_is_not_there_is_fetched_once_to_where_sdss_access_has_it(server, tmp_path):
    assert read(server).observation.spectrum is not None
    reading = read(server)
    [there] = files(tmp_path / "sas")
    assert str(there) == reading.path
    assert there == SURVEYS["boss"].resolve(LEGACY | {"release": "dr17"})
    assert server.asked == [("/sas/dr17/eboss/spectro/redux/v5_13_2/spectra/full/4055/"
                             "spec-4055-55359-0007.fits", None)]


def test_nothing_is_fetched_without_leave_nor_for_a_row_with_a_path(server, tmp_path):
    row = LEGACY | {"spectrum_pk": 1, "release": "dr17"}
    assert "cannot be opened" in read_row("boss_visit_spectrum", row, {}, BOSS).observation.message
    assert "cannot be opened" in read(server, path=str(tmp_path / "gone.fits")).observation.message
    assert server.asked == []


@pytest.mark.parametrize(("answers", "reason"), [
    ({"status": 404}, "the server answered 404 Not Found"),
    ({"status": 503}, "the server answered 503"),
    ({"announced": 10**6}, "the connection ended after 14400 of 1000000 bytes"),
    ({"content": b"<html>Sign in</html>"}, "what the server sent is no FITS file"),
    ({"content": b""}, "what the server sent is no FITS file")])
def test_what_is_not_given_whole_is_a_missing_file_with_what_was_tried(server, tmp_path, answers,
                                                                      reason):
    for name, value in answers.items():
        setattr(server, name, value)
    observation = read(server).observation
    assert observation.outcome.is_outage
    assert observation.outcome.name == "MISSING_FILE"
    assert f"spec-4055-55359-0007.fits: not there, and not fetched from {server.url}/sas/dr17/" \
        in observation.message
    assert reason in observation.message
    assert files(tmp_path / "sas") == []


def test_a_server_that_is_away_or_silent_is_said_in_time(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "SILENCE", 0.2)
    server.slow = threading.Event()
    assert "no answer for 0 s" in read(server).observation.message
    server.slow.set()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    assert "no connection: " in read(server).observation.message


def test_a_file_that_takes_too_long_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "LONGEST", -1)
    assert "of 14400 bytes came within -1 s; fetch a file" in read(server).observation.message
    assert files(tmp_path / "sas") == []


def test_the_account_of_netrc_opens_what_is_not_public_and_is_never_shown(server, tmp_path):
    token = base64.b64encode(f"sdss5:{PASSWORD}".encode()).decode()
    server.account = f"Basic {token}"
    row = SDSS5 | {"release": "sdsswork"}
    refused = read(server, **row).observation
    assert "answered 401 Unauthorized; put the account of 127.0.0.1 into ~/.netrc" \
        in refused.message
    rights = tmp_path / ".netrc"
    rights.write_text(f"machine 127.0.0.1 login sdss5 password {PASSWORD}\n")
    rights.chmod(0o600)
    assert read(server, **row).observation.spectrum is not None
    [there] = files(tmp_path / "sas")
    there.unlink()
    for wrong in (f"machine 127.0.0.1 login sdss5 password x{PASSWORD}\n",
                  f"machine 127.0.0.1 {PASSWORD}\n"):
        rights.write_text(wrong)
        message = read(server, **row).observation.message
        assert "netrc" in message
        assert PASSWORD not in message


def test_an_account_is_not_sent_in_clear(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text(f"machine data.example.org login a password {PASSWORD}\n")
    (tmp_path / ".netrc").chmod(0o600)
    handlers = {name: [type(h).__name__ for h in fetch._opener(f"{name}://data.example.org/a")
                       .handlers] for name in ("http", "https")}
    assert "HTTPBasicAuthHandler" in handlers["https"]
    assert "HTTPBasicAuthHandler" not in handlers["http"]


def test_a_compressed_file_is_fetched_as_it_is(server, tmp_path):
    server.content = gzip.compress(server.content)
    path = tmp_path / "sas/dr17/a.fits.gz"
    fetch.fetch(path, "dr17", Fetch(server.url))
    assert gzip.decompress(path.read_bytes()).startswith(b"SIMPLE")


def test_storage_that_takes_no_file_is_the_storage_s_fault(server, tmp_path):
    (tmp_path / "sas").mkdir()
    (tmp_path / "sas/dr17").write_text("no folder")
    with pytest.raises(ReadError, match="fetched, but it cannot be written: Not a directory"):
        fetch.fetch(tmp_path / "sas/dr17/a/b.fits", "dr17", Fetch(server.url))


def test_a_row_cannot_send_a_file_elsewhere(server, tmp_path):
    row = SDSS5 | {"release": "dr19", "run2d": "../../../../../../elsewhere"}
    message = read(server, **row).observation.message
    assert f"not below {tmp_path / 'sas'}, where alone files are fetched to" in message
    assert server.asked == []
    assert not list(tmp_path.rglob("*.part"))


def test_what_no_release_holds_has_no_address(server, tmp_path):
    for path, release in ((tmp_path / "sas/dr17/a.fits", "dr99"), (tmp_path / "a.fits", "dr17")):
        with pytest.raises(MissingFileError):
            fetch.fetch(path, release, Fetch(server.url))
    assert server.asked == []


def test_a_server_that_sends_on_to_where_a_password_is_in_clear_is_not_followed(
        tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text(f"machine data.example.org login me password {PASSWORD}\n")
    (tmp_path / ".netrc").chmod(0o600)
    opener = fetch._opener("https://data.example.org/spec.fits")
    (redirects,) = [h for h in opener.handlers if isinstance(h, HTTPRedirectHandler)]
    request = Request("https://data.example.org/spec.fits")
    with pytest.raises(Exception, match="in clear") as refused:
        redirects.redirect_request(request, None, 302, "", {}, "http://data.example.org/spec.fits")
    assert PASSWORD not in str(refused.value)
    assert redirects.redirect_request(request, None, 302, "", {}, "https://data.example.org/x"
                                      ).full_url == "https://data.example.org/x"
