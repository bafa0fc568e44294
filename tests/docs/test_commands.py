"""Every command in the manuals is one that the programs take."""

import re
import shlex

import click
import pytest

from bossnet.cli.bossnet import COMMANDS, OPERATOR, program
from docs.blocks import MANUALS, blocks

PROGRAMS = {"astra": program("astra", OPERATOR, ""),
            "bossnet": program("bossnet", tuple(COMMANDS), "")}


def typed(text):
    """The commands of a shell block: continued lines joined, pipes cut, comments left out."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        ends = [i for i, word in enumerate(words) if word in ("|", ">", "2>>", "&&", ";")]
        yield words[:ends[0]] if ends else words


COMMAND_LINES = [(block.manual, block.line, words) for manual in MANUALS
                 for block in blocks(manual, "sh") for words in typed(block.text)
                 if words and words[0] in PROGRAMS]


def parse(command, words):
    """Parses as a call would, down to the last subcommand, and runs nothing."""
    context = command.make_context(words[0], list(words[1:]))
    if isinstance(command, click.Group):
        _, rest, _ = command.make_parser(context).parse_args(list(words[1:]))
        name, found, left = command.resolve_command(context, rest)
        parse(found, [name, *left])


@pytest.mark.parametrize(("manual", "line", "words"), COMMAND_LINES,
                         ids=[" ".join(words) for *_, words in COMMAND_LINES])
def test_a_command_of_the_manuals_is_understood(manual, line, words):
    try:
        parse(PROGRAMS[words[0]], words)
    except click.UsageError as e:
        pytest.fail(f"{manual}:{line}: {' '.join(words)}: {e.format_message()}")


def test_every_command_is_shown_in_the_manuals():
    shown = {(words[0], *words[1:2]) for *_, words in COMMAND_LINES}
    assert {("astra", name) for name in OPERATOR} <= shown
    assert {("bossnet", name) for name in COMMANDS if name not in OPERATOR} <= shown


def test_a_command_that_is_not_there_would_be_noticed():
    for words in (["astra", "nonesuch"], ["astra", "run", "bossnet", "--nonesuch"],
                  ["bossnet", "weights", "nonesuch"], ["astra", "run", "--limit", "3"]):
        with pytest.raises(click.UsageError):
            parse(PROGRAMS[words[0]], words)
