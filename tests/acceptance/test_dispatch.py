"""`astra` beside another distribution that brings a program of that name."""

import subprocess

import pytest

from bossnet.cli.bossnet import OPERATOR

from .conftest import BIN

PROGRAM = '''
import json, sys

def main():
    print(json.dumps(["theirs", *sys.argv[1:]]))
    return 7

def leave():
    sys.exit("theirs, in trouble")
'''


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `astra` or `bossnet`; `install` puts another distribution beside it."""
    def run(*arguments, program="astra"):
        return subprocess.run([BIN / program, *arguments], capture_output=True, text=True,
                              timeout=60)

    def install(name="sdss-astra", function="main"):
        (tmp_path / "theirs.py").write_text(PROGRAM)
        metadata = tmp_path / f"{name.replace('-', '_')}-0.8.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.8.0\n")
        (metadata / "entry_points.txt").write_text(
            f"[console_scripts]\nastra = theirs:{function}\n")
        (metadata / "RECORD").write_text("")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    monkeypatch.setenv("BOSSNET_CONFIG", str(tmp_path / "bossnet.yml"))
    monkeypatch.setenv("BOSSNET_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    (tmp_path / "bossnet.yml").write_text("{}\n")
    run.install = install
    return run


@pytest.mark.parametrize("arguments", [
    ["otherthing", "X"], ["srun", "theirs.pipelines.task", "--nodes", "3"], ["migrate"],
    ["srun", "--nodes", "3", "theirs.task"],
    ["run", "theirs.pipelines.task", "theirs.models.Spectrum", "--limit", "3"],
    ["run", "--limit", "3", "theirs.pipelines.task"], ["run", "--nodes", "3", "theirs.task"],
    ["run", "theirs.pipelines.task", "--where", "bossnet"], ["otherthing", "--help"],
    ["-v", "otherthing"], ["version"]])
def test_what_is_not_ours_reaches_the_other_program(run, arguments):
    run.install()
    done = run(*arguments)
    assert done.stdout == str(["theirs", *arguments]).replace("'", '"') + "\n"
    assert done.returncode == 7


@pytest.mark.parametrize(("arguments", "said", "status"), [
    (["--help"], "handed to the survey's own", 0), ([], "Commands:", 2),
    (["--version"], "astra, version 0.", 0),
    (["srun", "--help"], "--workers", 0), (["srun", "bossnet", "--help"], "--workers", 0),
    (["srun", "--workers", "3", "bossnet", "--draws", "1"], "one draw has no scatter", 2),
    (["run", "--help"], "--where", 0), (["run", "bossnet", "--help"], "--where", 0),
    (["run", "--limit", "3", "bossnet", "--draws", "1"], "one draw has no scatter", 2),
    (["run", "--where", "snr > 10", "--json", "bossnet", "--draws=1"], "one draw", 2),
    (["run", "--where=snr > 10", "bossnet", "--nonesuch"], "No such option", 2),
    (["run"], "Missing argument 'TASK'", 2), (["status", "--help"], "Show the last runs", 0),
    (["status"], "no connection", 1), (["init", "--print-sql"], "CREATE TABLE", 0),
    (["ingest", "--help"], "Register the spectra", 0)])
def test_what_is_ours_stays_ours(run, arguments, said, status):
    run.install()
    done = run(*arguments)
    assert "theirs" not in done.stdout
    assert said in done.stdout + done.stderr
    assert done.returncode == status


def test_the_other_programs_own_way_to_end_is_kept(run):
    run.install(function="leave")
    done = run("otherthing")
    assert (done.returncode, done.stderr) == (1, "theirs, in trouble\n")


@pytest.mark.parametrize("name", ["astra-bossnet", "astra_bossnet", "Astra.BossNet"])
def test_ourselves_installed_a_second_time_is_no_other(run, name):
    run.install(name)
    assert run("otherthing").returncode == 2


@pytest.mark.parametrize("arguments", [
    ["otherthing"], ["run", "theirs.task"], ["run", "theirs.task", "theirs.Model"]])
def test_without_another_distribution_a_foreign_command_is_an_error(run, arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert arguments[-2:][0] in done.stderr or arguments[-1] in done.stderr


def test_every_command_of_astra_is_one_of_bossnet_too(run):
    theirs, ours = (run("--help", program=program).stdout.split("Commands:")[1]
                    for program in ("bossnet", "astra"))
    commands = [line.split()[0] for line in ours.split("Example")[0].splitlines() if line.strip()]
    assert set(commands) == set(OPERATOR) >= {"init", "ingest", "run", "status", "runs"}
    assert all(f"\n  {command} " in theirs for command in commands)
