"""The program `bossnet`: every command of this package."""

from importlib import import_module

import click

from bossnet import __version__

#: Each command and its module; imported only when it is asked for, so that help is quick.
COMMANDS = {
    "init": "bossnet.cli.init",
    "ingest": "bossnet.cli.ingest",
    "run": "bossnet.cli.run",
    "srun": "bossnet.cli.srun",
    "worker": "bossnet.cli.worker",
    "status": "bossnet.cli.status",
    "runs": "bossnet.cli.runs",
    "export": "bossnet.cli.export",
    "weights": "bossnet.cli.weights",
    "simulate": "bossnet.cli.simulate",
    "labels": "bossnet.cli.labels",
    "dataset": "bossnet.cli.dataset",
    "grid": "bossnet.cli.grid",
    "train": "bossnet.cli.train",
    "predict": "bossnet.cli.predict",
    "plot": "bossnet.cli.plot",
    "evaluate": "bossnet.cli.evaluate",
    "bench": "bossnet.cli.bench",
    "report": "bossnet.cli.report",
}
#: Those that `astra` has too.
OPERATOR = ("init", "ingest", "run", "srun", "worker", "status", "runs", "export", "report")


class Lazy(click.Group):
    """A group whose commands are imported when they are used."""

    def __init__(self, name: str, names: tuple[str, ...], **attributes: object) -> None:
        super().__init__(name, **attributes)  # type: ignore[arg-type]
        self.names = names

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.names)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.names:
            return None
        return getattr(import_module(COMMANDS[name]), name)


def program(name: str, names: tuple[str, ...], text: str, *, example: str = "") -> click.Group:
    """A program with these commands."""
    group = Lazy(name, names, help=text, epilog=example and f"Example:\n\n    {example}",
                 context_settings={"max_content_width": 100})
    return click.version_option(__version__, prog_name=name)(group)


def main() -> None:
    """Entry point of `bossnet`."""
    program("bossnet", tuple(COMMANDS),
            "Stellar parameters from spectra with BOSS Net: for its operators and keepers.",
            example="bossnet weights list")()
