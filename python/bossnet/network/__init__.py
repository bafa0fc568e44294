"""The networks: their declarations, architecture, weights, input and predictions."""

from collections.abc import Mapping

from bossnet import declared
from bossnet.declared import Declarations
from bossnet.network.apogee import APOGEE
from bossnet.network.boss import BOSS
from bossnet.network.declaration import Limits, Network, Parameter

#: Every network's declaration by its kind, those of other packages too.
NETWORKS: Mapping[str, Network] = Declarations((BOSS, APOGEE), attribute="kind",
                                               group=declared.NETWORKS)

__all__ = ["APOGEE", "BOSS", "NETWORKS", "Limits", "Network", "Parameter"]
