"""The task of the network: apart, as it needs torch, and who reads files must not."""

from halpha import HALPHA

from bossnet.task import Task


class HalphaTask(Task):
    """H-alpha Net: Teff and log g from Coude spectra."""

    network = HALPHA
