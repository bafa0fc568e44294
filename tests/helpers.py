"""Helper processes of a process, and files that do not answer."""

import fcntl
import os
import signal
import time
from contextlib import contextmanager

import psutil


def helpers_of(pid):
    """The helper processes of a process, alive."""
    try:
        return [p for p in psutil.Process(pid).children() if is_helper(p)]
    except psutil.NoSuchProcess:
        return []


def is_helper(process):
    """Whether a process is a living helper of some process."""
    try:
        return "bossnet.processes" in process.cmdline()  # which is empty of a dead one
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, seconds=60):
    """Waits for something to be so, and fails if it is not within these seconds; what it was."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
    return result


@contextmanager
def silent(*paths):
    """While in here, opening these files hangs (as long as the kernel's lease-break-time, 45 s).

    As files of a network file system that is gone. This process holds a write lease on each;
    whoever opens one waits until it is given up, which the kernel asks for in vain.
    """
    heard = signal.signal(signal.SIGIO, signal.SIG_IGN)
    handles = []
    try:
        for path in paths:
            handles.append(os.open(path, os.O_RDWR))
            fcntl.fcntl(handles[-1], fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield
    finally:
        for handle in handles:
            os.close(handle)
        signal.signal(signal.SIGIO, heard)
