"""`python -m bossnet` is the program `bossnet`, wherever its script is."""

from bossnet.cli.bossnet import main

main()
