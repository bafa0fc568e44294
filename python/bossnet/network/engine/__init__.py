"""The network's arithmetic on a CPU, done with less of it, for the same answer.

A spectrum's way through it: `folding` makes plain convolutions of the frozen network once;
`convolution` does them, directly or by transforms (`transform`), whichever `choice` finds faster;
`stack` takes many inputs through all of them and the pool; `engine` takes the whole batch through
the linear layers together.
"""

from bossnet.network.engine.engine import Engine

__all__ = ["Engine"]
