"""The whole of an operator's daily work as the writer role, which can do nothing else."""

import pytest

from .conftest import Commands


@pytest.fixture
def astra(database_url, tmp_path, tiny):
    """The commands as the writer role; its `sql` is the administrator's."""
    commands = Commands(database_url, tmp_path, tiny.path)
    commands.environment["BOSSNET_DATABASE_URL"] = database_url.replace(
        "postgres@", "bossnet_writer@")
    return commands


def test_the_writer_role_is_enough_to_register_to_run_to_repeat_and_to_look(astra, files, tmp_path):
    gone = tmp_path / "gone.fits"
    gone.write_bytes(files[0].read_bytes())
    astra("ingest", files[1].parent)
    registered = astra.sql("SELECT count(*) AS n FROM spectrum")[0]["n"]
    astra.register([gone])
    gone.unlink()
    assert astra.run()["n_failed"] == 1
    gone.write_bytes(files[0].read_bytes())
    assert astra.run("--retry-failed")["n_done"] == 1
    assert astra.run("--overwrite", "--seed", 1)["n_done"] == registered + 1
    astra("srun", "bossnet", "--weights", astra.weights, "--draws", 2, "--tag", "two", "--local", 2)
    assert "done" in astra("status").stdout
    assert {r["state"] for r in astra.sql("SELECT state FROM bossnet_run")} == {"done"}
