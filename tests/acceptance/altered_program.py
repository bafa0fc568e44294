"""The program `astra`, with shorter waits than usual and, if asked for, cursed spectra.

    python altered_program.py worker 1

What is otherwise than usual is JSON in the environment variable `BOSSNET_TEST_ALTERED`:

- ``constants``: new values of constants, by module and name, such as ``work.plan.CHUNK``;
- ``patience``: seconds that a reader may take for one file;
- ``cursed``: by a spectrum's noise key, what happens when the network is given it: ``kill`` (the
  process is killed), ``hang`` (the device never answers), ``lost`` (the error of a CUDA device
  whose context is gone, from then on);
- ``pace``: seconds that the network takes for a spectrum at least, as a larger one would;
- ``predicted``: a file that gets a line for each spectrum that the network is given.
"""

import json
import os
import signal
import time
from importlib import import_module

VARIABLE = "BOSSNET_TEST_ALTERED"


def main():
    alterations = json.loads(os.environ[VARIABLE])
    for name, value in alterations.get("constants", {}).items():
        module, constant = name.rsplit(".", 1)
        owner = import_module(f"bossnet.{module}")
        assert hasattr(owner, constant), name
        setattr(owner, constant, value)
    if "patience" in alterations:
        from bossnet.work.readers import Readers

        Readers.__init__.__kwdefaults__["patience"] = alterations["patience"]
    if alterations.keys() & {"cursed", "pace", "predicted"}:
        _alter({int(key): how for key, how in alterations.get("cursed", {}).items()},
               alterations.get("pace", 0), alterations.get("predicted", os.devnull))
    from bossnet.cli.dispatch import main as astra

    astra()


def _alter(cursed, pace, predicted):
    import torch

    from bossnet.network.prediction import DirectPredictor
    from bossnet.task import Task

    predict, task_predicts = DirectPredictor.predict, Task._predict
    record = os.open(predicted, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    lost = at_work = False

    def working(self, observations):
        nonlocal at_work
        at_work = True  # from now on: what was predicted before were probes
        return task_predicts(self, observations)

    def altered(self, batch, **options):
        nonlocal lost
        if not at_work:
            return predict(self, batch, **options)
        hows = {cursed.get(exposure.noise_key) for exposure in batch}
        if "kill" in hows:
            os.kill(os.getpid(), signal.SIGKILL)
        while "hang" in hows:
            time.sleep(1)
        lost = lost or "lost" in hows
        if lost:
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
        time.sleep(pace * len(batch))
        os.write(record, "".join(f"{exposure.noise_key}\n" for exposure in batch).encode())
        return predict(self, batch, **options)

    DirectPredictor.predict, Task._predict = altered, working


if __name__ == "__main__":
    main()
