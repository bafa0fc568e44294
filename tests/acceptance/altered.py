"""The commands with shorter waits than usual, and spectra that are cursed."""

import json
import os
import sys
from pathlib import Path

from acceptance import altered_program
from acceptance.conftest import Commands


class AlteredCommands(Commands):
    """`astra` on a database and a home of the test's own, altered as `altered_program` says.

    In processes of its own, where a test could not reach in.
    """

    def __init__(self, url, home, weights, **alterations):
        super().__init__(url, home, weights)
        self.alterations = alterations
        # Where the program finds its name for itself.
        paths = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH")]
        self.environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))

    def start(self, *arguments, program="astra", **options):
        assert program == "astra"
        altered = {altered_program.VARIABLE: json.dumps(self.alterations)}
        return self._popen([sys.executable, "-P", altered_program.__file__,
                            *map(str, arguments)], self.environment | altered, options)
