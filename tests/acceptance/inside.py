"""Commands within this process, which has torch already, where only their work is of interest."""

import json

import torch
from click.testing import CliRunner

from bossnet.cli.bossnet import OPERATOR, program


def run_inside(astra, *options):
    """`astra run bossnet` with the test's weights and two draws; its JSON."""
    torch.set_num_threads(1)  # as the commands on their own have
    done = CliRunner().invoke(
        program("astra", OPERATOR, ""),
        ["run", "bossnet", "--weights", astra.weights, "--draws", "2", "--json",
         *map(str, options)],
        env=astra.environment, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)
