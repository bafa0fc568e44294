"""`astra run bossnet --uncertainty linear`: its rows, what falls back, what is refused."""

import numpy as np
import pytest

from acceptance.inside import run_inside
from acceptance.rows import assert_same_rows, last_run, rows_of
from bossnet.network.installed import DEFAULTS
from bossnet.simulation.survey import simulate

ERRORS = ("e_log_teff", "e_logg", "e_fe_h", "e_v_rel")
MEDIANS = ("med_log_teff", "med_logg", "med_fe_h", "med_v_rel")


@pytest.fixture
def astra(astra):
    """With the shipped weights: a random network hardly minds the noise."""
    astra.weights = DEFAULTS["boss"]
    return astra


@pytest.fixture
def night(astra, tmp_path):
    """Five bright simulated spectra of both surveys, two faint ones, and a file that is gone."""
    simulate(tmp_path / "bright", 5, 3, snr=(150, 200), formats=["spec", "lamost-table"])
    simulate(tmp_path / "faint", 2, 4, snr=(3, 4), formats=["spec", "lamost-table"])
    astra("ingest", tmp_path / "bright", tmp_path / "faint")
    return astra.register([tmp_path / "gone.fits"])


def test_bright_spectra_are_propagated_and_others_have_draws(astra, night):
    done = astra.run("--uncertainty", "linear")
    record = last_run(astra)
    assert (record["uncertainty_method"], record["n_draws"]) == ("linear", 2)
    assert "linear, else 2 draws" in astra("status", record["pk"]).stdout
    assert (done["n_done"], done["n_failed"]) == (8, 1)
    run_inside(astra, "--tag", "drawn", "--draws", 20)
    linear, drawn = rows_of(astra), rows_of(astra, "drawn")
    by_method = {method: [(a, b) for a, b in zip(linear, drawn, strict=True)
                          if a["uncertainty_method"] == method]
                 for method in ("linear", "draws", None)}
    assert len(by_method["linear"]) >= 2
    for row, other in by_method["linear"]:
        assert row["snr"] > 20
        assert row["n_draws"] == 0
        assert {row[name] for name in MEDIANS} == {None}
        assert row["e_teff"] == pytest.approx(row["teff"] * np.log(10) * row["e_log_teff"], 1e-4)
        assert row["rho_log_teff_logg"] is not None
        assert row["teff"] == pytest.approx(other["teff"], rel=1e-4)
    ratios = [row[name] / other[name] for row, other in by_method["linear"] for name in ERRORS]
    assert np.median(ratios) == pytest.approx(1, abs=0.2)  # of 20 draws, with 16 % scatter
    assert len(by_method["draws"]) >= 2
    assert all(row["n_draws"] == 2 and None not in [row[name] for name in MEDIANS]
               for row, _ in by_method["draws"])
    (failed, _), = by_method[None]
    assert (failed["spectrum_pk"], failed["n_draws"]) == (night[0], 0)


def test_rows_of_both_methods_are_not_mixed(astra, night):
    run_inside(astra, "--limit", 2)
    refused = astra.run("--uncertainty", "linear", status=2)
    assert "were made with uncertainty_method draws, now linear" in refused.stderr
    assert "--tag" in refused.stderr
    run_inside(astra, "--uncertainty", "linear", "--tag", "linear")
    refused = astra.run("--tag", "linear", status=2)
    assert "were made with uncertainty_method linear, now draws" in refused.stderr
    run_inside(astra, "--uncertainty", "linear", "--overwrite")
    assert_same_rows(rows_of(astra), rows_of(astra, "linear"))
