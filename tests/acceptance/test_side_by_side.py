"""Results of several versions and tags of the same spectra, side by side."""

import pytest

from acceptance.inside import run_inside
from bossnet import v_astra

OLDER = v_astra() - 1000  #: the version before


@pytest.fixture
def released(astra, files, tmp_path):
    """What the version before left: rows of two tags, made otherwise, with a failure in each."""
    gone = tmp_path / "gone.fits"
    astra.register([*files, gone])
    run_inside(astra)
    run_inside(astra, "--tag", "dr20", "--seed", 1)
    astra.sql("UPDATE bossnet_run SET v_astra = %s", OLDER)
    astra.sql("UPDATE boss_net SET v_astra = %s", OLDER)
    gone.write_bytes(files[0].read_bytes())
    return results(astra, OLDER)


def results(astra, version, tag=None):
    """Rows of a version (and tag), by tag and spectrum."""
    return astra.sql("SELECT * FROM boss_net WHERE v_astra = %s AND coalesce(tag = %s, true) "
                     "ORDER BY tag, spectrum_pk", version, tag)


def test_a_new_version_makes_rows_of_its_own_and_leaves_the_old_ones(astra, released):
    # Neither are the old rows in its way, nor do they say how the new ones are made.
    assert run_inside(astra, "--seed", 7)["n_done"] == 6
    assert run_inside(astra, "--tag", "dr20")["n_done"] == 6
    assert run_inside(astra, "--tag", "dr20", "--overwrite", "--seed", 8)["n_done"] == 6
    assert results(astra, OLDER) == released
    for tag in ("", "dr20"):
        new = results(astra, v_astra(), tag)
        assert [r["spectrum_pk"] for r in new] == [1, 2, 3, 4, 5, 6]
        assert not any(r["result_flags"] & 1 for r in new)
    assert run_inside(astra, "--seed", 7)["n_selected"] == 0


def test_failures_of_another_version_or_tag_are_not_this_ones_to_try_again(astra, released):
    assert run_inside(astra, "--retry-failed")["n_selected"] == 0
    assert run_inside(astra, "--tag", "dr20", "--retry-failed")["n_selected"] == 0
    assert results(astra, OLDER) == released


def test_a_spectrum_has_one_row_a_version_and_tag_also_in_the_catalogue(astra, released):
    run_inside(astra)
    for table in ("boss_net", "boss_net_catalog"):
        rows = astra.sql(f"SELECT v_astra_major_minor AS version, tag, count(*) AS number, "
                         f"count(DISTINCT spectrum_pk) AS spectra FROM {table} "
                         "GROUP BY 1, 2 ORDER BY 1, 2")
        assert [tuple(r.values()) for r in rows] == [
            (OLDER // 1000, "", 6, 6), (OLDER // 1000, "dr20", 6, 6), (v_astra() // 1000, "", 6, 6)]


def test_only_the_patch_of_a_version_makes_no_new_rows(astra, released):
    astra.sql("UPDATE bossnet_run SET v_astra = %s WHERE tag = ''", v_astra() + 1)
    astra.sql("UPDATE boss_net SET v_astra = %s WHERE tag = ''", v_astra() + 1)
    assert run_inside(astra)["n_selected"] == 0
    assert "were made with seed 0, now 1" in astra.run("--seed", 1, status=2).stderr
