"""The networks: their declarations, architecture, weights, input and predictions."""

from bossnet.network.apogee import APOGEE
from bossnet.network.boss import BOSS
from bossnet.network.declaration import Limits, Network, Parameter

#: Every network's declaration by its kind.
NETWORKS = {network.kind: network for network in (BOSS, APOGEE)}

__all__ = ["APOGEE", "BOSS", "NETWORKS", "Limits", "Network", "Parameter"]
