"""`bossnet weights` as a network's keeper uses it, and what commands do without torch."""

import io
import json
import pickle
import shutil
import subprocess
import sys

import click
import pytest
import torch
import yaml
from click.testing import CliRunner

from bossnet.cli.bossnet import COMMANDS, OPERATOR, program
from bossnet.network.architecture import Architecture, BossNet
from network.made import TINY, random_network, random_reference


@pytest.fixture
def bossnet(tmp_path, monkeypatch):
    """`bossnet weights`, within this process, at a home of the test's own."""
    (tmp_path / "bossnet.yml").write_text("{}\n")
    monkeypatch.setenv("BOSSNET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOSSNET_CONFIG", str(tmp_path / "bossnet.yml"))

    def run(*arguments, status=0):
        done = CliRunner().invoke(program("bossnet", tuple(COMMANDS), ""),
                                  ["weights", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done
    return run


@pytest.fixture
def published(tmp_path):
    """A folder as networks are published, of a tiny one."""
    torch.manual_seed(3)
    module = BossNet(Architecture(**TINY))
    stream = io.BytesIO()
    torch.save(module.state_dict(), stream)
    folder = tmp_path / "BossNet"
    write(folder, stream.getvalue())
    (folder / "model_args.yaml").write_text(
        yaml.safe_dump(module.architecture.as_dict() | {"in_channels": 1, "pos_enc": True}))
    return folder


def write(folder, content):
    folder.mkdir(exist_ok=True)
    size = -(-len(content) // 10)
    for i in range(10):
        (folder / f"model_chunk_{i}").write_bytes(content[i * size:(i + 1) * size])


def weights_in(tmp_path):
    return sorted(path.name for path in (tmp_path / "home" / "weights").glob("*"))


def test_a_published_network_is_imported_listed_shown_and_verified(bossnet, published, tmp_path):
    assert "imported mine (science" in bossnet("import", published, "--kind", "boss", "--name",
                                               "mine", "--science").stdout
    assert weights_in(tmp_path) == ["mine.safetensors"]
    listed = bossnet("list").stdout
    assert "bossnet-1  boss  demonstration" in listed
    assert "mine  boss  science" in listed
    as_json = json.loads(bossnet("list", "--json").stdout)
    assert {item["name"] for item in as_json} >= {"mine", "bossnet-1"}
    card = json.loads(bossnet("show", "mine").stdout)
    assert (card["name"], card["network"], card["parameters"]) == (
        "mine", "boss", ["logg", "logTeff", "FeH", "rv"])
    assert card["sha256"][:12] in bossnet("verify", "mine").stdout
    path = tmp_path / "home" / "weights" / "mine.safetensors"
    assert bossnet("verify", path).stdout.startswith(f"{path}: good")
    assert bossnet("verify").stdout.count(": good (") == len(as_json)


def test_import_and_show_say_when_a_spectrum_is_out_of_distribution(bossnet, published, tmp_path):
    never = "flag_out_of_distribution is never set"
    assert never in bossnet("import", published, "--kind", "boss", "--name", "mine").stderr
    assert never in bossnet("show", "mine").stderr
    random_network(tmp_path / "random.safetensors", reference=random_reference(), ood_limit=2.5,
                   **TINY)
    set_beyond = "flag_out_of_distribution is set beyond a distance of 2.5"
    assert set_beyond in bossnet("import", tmp_path / "random.safetensors", "--kind", "boss",
                                 "--name", "random").stderr
    shown = bossnet("show", "random")
    assert set_beyond in shown.stderr
    assert json.loads(shown.stdout)["ood_limit"] == 2.5
    assert "good" in bossnet("verify", "random").stdout


def test_an_imported_file_is_taken_with_its_card(bossnet, published, tmp_path):
    bossnet("import", published, "--kind", "boss", "--name", "mine")
    elsewhere = tmp_path / "elsewhere.safetensors"
    shutil.move(tmp_path / "home" / "weights" / "mine.safetensors", elsewhere)
    assert "card says 'mine'" in bossnet("import", elsewhere, "--kind", "boss", "--name", "other",
                                         status=1).stderr
    bossnet("import", elsewhere, "--kind", "boss", "--name", "mine")
    assert "kind 'boss', not 'apogee'" in bossnet("import", elsewhere, "--kind", "apogee",
                                                  "--name", "two", status=1).stderr
    assert weights_in(tmp_path) == ["mine.safetensors"]


def test_a_name_is_taken_once_unless_it_is_replaced(bossnet, published):
    options = ["import", published, "--kind", "boss", "--name", "mine"]
    bossnet(*options)
    assert "mine is there already" in bossnet(*options, status=2).stderr
    bossnet(*options, "--replace")
    for name in ("", "a/b", "../up", "a b"):
        assert "letters, digits" in bossnet(*options[:-1], name, status=2).stderr


@pytest.mark.parametrize(("harm", "said"), [
    (lambda folder: (folder / "model_chunk_4").unlink(), "missing model_chunk_4"),
    (lambda folder: (folder / "model_chunk_9").write_bytes(b""), "truncated, altered"),
    (lambda folder: (folder / "model_args.yaml").unlink(), "model_args.yaml: cannot be read"),
    (lambda folder: (folder / "model_args.yaml").write_text("{}"), "must hold exactly"),
    (lambda folder: shutil.rmtree(folder), "BossNet: no such file")])
def test_what_is_not_whole_is_refused_and_leaves_nothing(bossnet, published, tmp_path, harm, said):
    harm(published)
    refused = bossnet("import", published, "--kind", "boss", "--name", "mine", status=1)
    assert refused.stderr.startswith("error: ")
    assert said in refused.stderr
    assert weights_in(tmp_path) == []


def test_the_wrong_kind_is_refused(bossnet, published):
    assert "is --kind apogee right?" in bossnet("import", published, "--kind", "apogee", "--name",
                                                "mine", status=1).stderr
    assert "'boss'" in bossnet("import", published, "--kind", "moon", "--name", "m",
                               status=2).stderr


def test_no_code_in_weights_runs(bossnet, published, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "touched"), "w"))

    write(published, pickle.dumps({"a": Evil()}, protocol=2))
    bossnet("import", published, "--kind", "boss", "--name", "mine", status=1)
    assert not (tmp_path / "touched").exists()


def test_an_altered_or_truncated_file_is_found_and_hides_no_other(bossnet, published, tmp_path):
    for name in ("altered", "cut", "whole"):
        bossnet("import", published, "--kind", "boss", "--name", name)
    folder = tmp_path / "home" / "weights"
    content = bytearray((folder / "altered.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "altered.safetensors").write_bytes(content)
    (folder / "cut.safetensors").write_bytes(content[:len(content) // 2])
    verified = bossnet("verify", status=1)
    assert "whole.safetensors: good" in verified.stdout
    for name, reason in (("altered", "altered since it was made"), ("cut", "truncated")):
        lines = [line for line in verified.stderr.splitlines() if f"{name}.safetensors" in line]
        assert len(lines) == 1
        assert reason in lines[0]
    assert "altered" in bossnet("verify", "altered", status=1).stderr
    listed = bossnet("list")
    assert "whole  boss" in listed.stdout
    assert "cut.safetensors: truncated" in listed.stderr
    assert {item["name"] for item in json.loads(bossnet("list", "--json").stdout)} >= {
        "whole", "bossnet-1"}
    assert "truncated" in bossnet("show", "cut", status=1).stderr


def test_unknown_weights_are_answered_with_those_that_there_are(bossnet):
    for command in ("show", "verify"):
        refused = bossnet(command, "nonesuch", status=2)
        assert "installed: apogeenet-1, bossnet-1" in refused.stderr


def commands():
    """Every command and group, as the words of its call."""
    todo = [([name], program(name, names, "", example="an example"))
            for name, names in (("bossnet", tuple(COMMANDS)), ("astra", OPERATOR))]
    while todo:
        words, command = todo.pop()
        yield words, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            todo += [([*words, name], command.get_command(context, name))
                     for name in command.list_commands(context)]


def test_every_command_has_help_with_an_example():
    found = list(commands())
    assert len(found) > 10
    for words, command in found:
        done = CliRunner().invoke(command, ["--help"], prog_name=" ".join(words))
        assert done.exit_code == 0
        text = done.stdout.split("Options:")[-1] + str(command.help)
        assert words == words[:1] or any(
            line.strip().startswith(f"{program} {' '.join(words[1:])}")
            for line in text.splitlines() for program in ("astra", "bossnet")), words


LOADED = ("import sys\nsys.argv = {arguments}\nfrom bossnet.cli.{module} import main\n"
          "try:\n    main()\nexcept SystemExit as end:\n    status = end.code\n"
          "loaded = {{'torch', 'scipy', 'sdss_access'}} & set(sys.modules)\n"
          "assert not loaded, loaded\nsys.exit(status)")


@pytest.mark.parametrize(("module", "arguments"), [
    ("dispatch", ["astra", "--help"]), ("dispatch", ["astra", "run", "--help"]),
    ("dispatch", ["astra", "status"]), ("dispatch", ["astra", "runs", "diff", "--help"]),
    ("dispatch", ["astra", "ingest", "nothing.fits"]),
    ("dispatch", ["astra", "init"]), ("bossnet", ["bossnet", "weights", "import", "--help"])])
def test_quick_commands_do_without_torch(astra, module, arguments):
    code = LOADED.format(arguments=arguments, module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=astra.environment, timeout=120)
    assert done.returncode == 0, done.stderr
