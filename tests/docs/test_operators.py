"""The operators' manual names every option, entry, variable and state, and quotes what is said."""

import ast
import re
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import click
import pytest

import bossnet
from bossnet.cli.bossnet import COMMANDS, OPERATOR, program
from bossnet.config import ENTRIES
from bossnet.database import schema
from bossnet.slurm.profile import Profile
from bossnet.spectra import SURVEYS
from docs.blocks import DOCS, blocks, names

TEXT = (DOCS / "operators.rst").read_text()
LITERALS = names(TEXT)
PACKAGE = Path(bossnet.__file__).parent
CHECKOUT = DOCS.parent


def options(name):
    """The long options of a command, or of one of a group (``runs diff``)."""
    command = program("bossnet", tuple(COMMANDS), "")
    for part in name.split():
        command = command.get_command(click.Context(command), part)
    return {option for parameter in command.params if isinstance(parameter, click.Option)
            for option in parameter.opts if option.startswith("--")}


def section(title):
    """The text between a heading and the next one."""
    parts = re.split(r"\n\n\n", TEXT)
    return next(part for part in parts if part.strip().splitlines()[0] == title)


@pytest.mark.parametrize(("command", "title"), [
    ("init", "astra init"), ("ingest", "astra ingest"), ("run", "astra run bossnet"),
    ("worker", "Workers and faults"), ("status", "Seeing what goes on"),
    ("runs show", "Seeing what goes on"), ("runs diff", "Seeing what goes on"),
    ("export", "astra export bossnet"), ("report", "astra report bossnet"),
    ("simulate", "Simulated spectra")])
def test_every_option_of_a_command_is_named_in_its_section(command, title):
    assert {o for o in options(command) if not re.search(o + r"\b", section(title))} == set()


def test_every_option_that_srun_has_beside_those_of_run_is_named_in_its_section():
    own = {o for o in options("srun") - options("run") | {"--profile"}}
    assert {o for o in own if not re.search(o + r"\b", section("astra srun"))} == set()


def test_every_entry_of_a_slurm_profile_is_in_the_sample():
    sample = (CHECKOUT / "etc" / "bossnet.yml").read_text()
    for entry in fields(Profile):
        assert f"#       {entry.name}:" in sample


def test_every_command_of_an_operator_has_a_section():
    for name in OPERATOR:
        assert f"\nastra {name}" in TEXT


def test_every_entry_of_the_configuration_is_named_in_manual_and_sample():
    sample = (CHECKOUT / "etc" / "bossnet.yml").read_text()
    for entry in ENTRIES:
        assert f"   * - ``{entry}``" in section("Configuration")
        assert f"# {entry}:" in sample


def test_every_variable_of_the_environment_is_named():
    sources = [*PACKAGE.rglob("*.py"), *(CHECKOUT / "bin").iterdir()]
    used = {name for source in sources
            for name in re.findall(r"\bBOSSNET_[A-Z_]+\b", source.read_text())}
    assert used
    assert used - LITERALS == set()


def test_every_survey_is_listed_with_its_table_and_identity():
    text = (DOCS / "surveys.rst").read_text()
    for survey in SURVEYS.values():
        assert f"``{survey.table}``" in text
        identity = text.split(f"* - ``{survey.table}``\n     - ")[1].split("\n   *")[0]
        said = identity.replace("the file's own key", "file_key").replace(" or ", ", ")
        assert {part.strip() for part in said.split("\n\n")[0].split(",")} == set(survey.identity)
        assert survey.frame in text


def test_the_states_of_chunks_and_runs_are_those_of_the_tables():
    migration = next(m for m in schema.migrations() if m.name == "0002_runs.sql")
    states = re.findall(r"state IN \((.*?)\)", migration.text)
    assert len(states) == 2
    for state in re.findall(r"'(\w+)'", " ".join(states)):
        assert re.search(rf"\b{state}\b", section("Workers and faults"))


def said():
    """Every text that the software can say, as the pieces between what is filled in."""
    pieces = [text.read_text() for text in files("bossnet.database").iterdir()
              if text.name.endswith(".sql")]
    for source in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                pieces.append(node.value)
    return pieces


def test_every_message_in_the_table_of_symptoms_is_one_that_is_said():
    pieces = said()
    quoted = re.findall(r"^   \* - ``(.+?)``$", section("What to do when ..."), flags=re.MULTILINE)
    assert len(quoted) > 20
    assert [q for q in quoted if not any(q in piece for piece in pieces)] == []


@pytest.mark.parametrize("block", blocks(DOCS / "operators.rst", "python"),
                         ids=lambda block: f"line {block.line}")
def test_the_python_of_the_manual_compiles(block):
    compile(block.text, block.manual, "exec")
