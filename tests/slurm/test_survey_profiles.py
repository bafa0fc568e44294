"""What is in etc for a site: profiles like a survey's production, and the module file."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from bossnet.slurm.profile import profiles
from bossnet.slurm.script import render
from docs.blocks import DOCS, blocks

ETC = Path(__file__).resolve().parents[2] / "etc"
#: What sdss_install fills into a product's module file.
FILLED = {"name": "bossnet", "version": "0.1.0", "root": "/opt/software", "needs_bin": "",
          "needs_python": "# ", "needs_trunk_python": "# ", "needs_ld_lib": "# ",
          "needs_idl": "# ", "pyversion": "python3.11"}
#: The commands of module files, which say what they are told.
COMMANDS = "\n".join(f"proc {name} {{args}} {{ puts \"{name} $args\" }}" for name in (
    "conflict", "module-whatis", "setenv", "prepend-path"))


@pytest.fixture(scope="module")
def found():
    return profiles(yaml.safe_load((ETC / "slurm" / "survey.yml").read_text())["slurm"])


def test_a_gpu_node_is_one_task_with_a_worker_a_gpu(found):
    profile = found["gpu-node"]
    script = render(profile, ["astra", "worker", "1"], 1)
    assert profile.tasks == 1
    assert f"gres=gpu:{profile.workers}" in script
    assert "nodes=1" in script


def test_a_cpu_node_is_one_task_of_64_processes_with_a_thread_each(found):
    profile = found["cpu-node"]
    script = render(profile, ["astra", "worker", "1"], 1)
    assert (profile.started, profile.tasks, profile.memory) == (64, 1, "192G")
    assert "cpus-per-task=64" in script
    assert "OMP_NUM_THREADS:-1}" in script
    assert "gres" not in script


def test_the_module_file_is_one_once_it_is_filled_in(tmp_path):
    if shutil.which("tclsh") is None:
        pytest.skip("tclsh is not there, which executes module files")
    root = tmp_path / "software"
    (root / "bossnet").mkdir(parents=True)
    (root / "bossnet" / "bossnet.yml").write_text("{}\n")
    text = (ETC / "bossnet.module").read_text().format(**FILLED | {"root": root})
    assert text.startswith("#%Module1.0\n")
    done = subprocess.run(["tclsh"], input=f"{COMMANDS}\n{text}\nModulesHelp", text=True,
                          capture_output=True, check=True)
    assert done.stdout.splitlines() == [
        "conflict bossnet", "module-whatis {BOSS Net 0.1.0: stellar parameters from spectra}",
        f"setenv BOSSNET_DIR {root}/bossnet/0.1.0",
        f"prepend-path PATH {root}/bossnet/0.1.0/.venv/bin",
        f"setenv BOSSNET_CONFIG {root}/bossnet/bossnet.yml"]
    assert "astra and bossnet" in done.stderr


def test_the_module_file_is_filled_in_by_the_manuals_command_too():
    block, = (b for b in blocks(DOCS / "operators.rst", "sh") if "bossnet.module" in b.text)
    by_hand = subprocess.run(["bash", "-c", block.text.partition(" > ")[0]], cwd=ETC.parent,
                             text=True, capture_output=True, check=True).stdout
    assert by_hand == (ETC / "bossnet.module").read_text().format(**FILLED | {"root": "/opt"})
