"""A run that is going on, to be disturbed."""

import os
import time

import psutil

from helpers import helpers_of, is_helper, wait_until


class Started:
    """`astra run bossnet` with the test's weights and two draws, while it goes on.

    In a session of its own, as if it were alone on a terminal.
    """

    def __init__(self, astra, *arguments):
        self.astra = astra
        self.process = astra.start(*self._command(), *arguments, start_new_session=True)
        self.helpers = []

    def _command(self):
        return "run", "bossnet", "--weights", self.astra.weights, "--draws", 2

    def wait_until_it_hangs(self, *, readers=2):
        """Until it has work, and has nothing to do but to wait for a file that hangs."""
        wait_until(lambda: self.astra.sql("SELECT pk FROM bossnet_chunk WHERE state = 'claimed'"))
        self.helpers = wait_until(lambda: self._readers(readers))
        wait_until(self._is_idle)

    def _readers(self, number):
        found = helpers_of(self.process.pid)
        return found if len(found) == number else None

    def _is_idle(self):
        assert self.process.poll() is None, self.process.communicate()
        before = self._cpu_time()
        time.sleep(1)
        return self._cpu_time() - before < 0.05

    def _cpu_time(self):
        """Seconds of the run and its readers."""
        times = [p.cpu_times() for p in [psutil.Process(self.process.pid), *self.helpers]]
        return sum(t.user + t.system for t in times)

    def stop(self, number, *, group=False, within=30):
        """Sends a signal and waits for the end; exit status and messages."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=within)
        wait_until(lambda: not any(map(is_helper, self.helpers)))
        return self.process.returncode, said


class StartedWorker(Started):
    """`astra worker` on the last run, while it goes on."""

    def _command(self):
        run = wait_until(lambda: self.astra.sql(
            "SELECT max(pk) AS pk FROM bossnet_run WHERE state = 'running' HAVING max(pk) > 0"))
        return "worker", run[0]["pk"]
