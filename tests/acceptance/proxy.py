"""A network between a command and its database that breaks at a chosen moment."""

import select
import socket
import threading
from contextlib import suppress

WRITING = b"incoming_boss_net"  #: in the statements that write results


class BreakingAtCommit:
    """Passes everything on, until results are to be committed for the first time: then it breaks.

    A context manager. Either the database has had the commit and only its answer is lost, or the
    commit never came; nobody at the near end can tell. From then on everything is passed on again.

    Args:
        port: of the database, on this machine.
        lost: ``"answer"`` or ``"commit"``.
    """

    def __init__(self, port, lost):
        self.database, self.lost = ("127.0.0.1", port), lost
        self.broken = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _listen(self):
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return  # closed
            far = socket.create_connection(self.database)
            threading.Thread(target=self._pass_on, args=[near, far], daemon=True).start()

    def _pass_on(self, near, far):
        writes = False
        with near, far, suppress(OSError):  # an end that is gone
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(1 << 16)
                    if not data:
                        return
                    if end is far:
                        near.sendall(data)
                        continue
                    writes = writes or WRITING in data
                    if writes and b"COMMIT" in data and not self.broken.is_set():
                        if self.lost == "answer":
                            far.sendall(data)
                            far.recv(1 << 16)
                        self.broken.set()
                        return
                    far.sendall(data)
