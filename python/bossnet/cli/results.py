"""Whose results a command looks at."""

from bossnet.network import NETWORKS

#: Networks by the name of their task.
TASKS = {network.name: network for network in NETWORKS.values()}
