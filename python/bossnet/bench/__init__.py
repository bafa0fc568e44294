"""How fast this machine is with a network, beside the naive ways; behind `bossnet bench`."""
