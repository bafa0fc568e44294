"""A worker that does not outlive the process that started it: `python -m bossnet.work.child`.

    python -m bossnet.work.child PARENT worker 12 --device cpu

is `bossnet worker 12 --device cpu`, which ends as by SIGTERM when process PARENT is gone, even
killed. (Linux.)
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _end_with(parent: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl failed")
    if os.getppid() != parent:  # it went before it could be watched
        sys.exit(1)


if __name__ == "__main__":
    from bossnet.cli.bossnet import main

    _end_with(int(sys.argv.pop(1)))
    main()
