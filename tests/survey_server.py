"""A server that gives files, as the survey's does."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class _Answers(BaseHTTPRequestHandler):
    """One content for every address.

    Attributes:
        url: of the server.
        content: what is sent.
        status: of every answer.
        announced: Content-Length, if not the truth.
        account: the Authorization without which the answer is 401.
        slow: waited for before any answer.
        gone: the end of addresses that are answered 404.
        asked: paths and Authorization headers so far.
    """

    content, status, announced, account, slow, gone = b"", 200, None, None, None, None
    asked: ClassVar[list] = []

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Authorization")))
        if self.slow:
            self.slow.wait(10)
        if self.account and self.headers.get("Authorization") != self.account:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="survey"')
            self.end_headers()
            return
        away = self.gone is not None and self.path.endswith(self.gone)
        self.send_response(404 if away else self.status)
        self.send_header("Content-Length", str(self.announced or len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *args):
        pass


@contextmanager
def serving(content):
    """A server on this machine, as long as the context lasts: the class of its answers."""
    answers = type("Answers", (_Answers,), {"content": content, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as running:
        answers.url = f"http://127.0.0.1:{running.server_port}"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield answers
        running.shutdown()
