"""The lines that are expected, and where."""

import pytest

from bossnet.network import NETWORKS
from bossnet.plot.lines import of_stars, of_the_earth
from bossnet.simulation.wavelengths import air_to_vacuum, doppler_factor


def named(name, kind="boss", teff=None):
    line, = [one for one in of_stars(kind, teff) if one.name == name]
    return line


@pytest.mark.parametrize(("name", "air"), [
    ("H alpha", 6562.80), ("H beta", 4861.35), ("H gamma", 4340.47), ("H delta", 4101.74),
    ("Ca II K", 3933.66), ("Ca II 8544", 8542.09), ("Na D", (5889.95 + 5895.92) / 2),
    ("He I 5877", 5875.62), ("He II 4687", 4685.70), ("Pa 12", 8750.47), ("Ca I 4228", 4226.73)])
def test_lines_stand_where_they_are_known_to_be_in_vacuum(name, air):
    assert named(name).centre == pytest.approx(float(air_to_vacuum(air)), abs=0.15)


@pytest.mark.parametrize(("name", "vacuum"), [
    ("Br 11", 16811.1), ("Br 14", 15884.9), ("Mg I 15745", 15745.0), ("Al I 16723", 16723.5)])
def test_lines_of_the_h_band_stand_where_they_are_known_to_be(name, vacuum):
    assert named(name, "apogee").centre == pytest.approx(vacuum, abs=0.4)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_every_line_is_in_the_range_of_its_network(network):
    lines = of_stars(network.kind, None) + of_the_earth(network.kind)
    assert lines
    for line in lines:
        assert line.first < line.last
        assert network.grid[0] < line.last
        assert line.first < network.grid[-1]


def test_a_line_is_seen_where_the_velocity_puts_it():
    moved = named("H alpha").at(doppler_factor(300.0))
    assert moved.centre == pytest.approx(6564.65 + 6.57, abs=0.1)


@pytest.mark.parametrize(("teff", "there", "not_there"), [
    (3200.0, ("TiO 7053", "CaH 6800-7050", "Na D", "Ca II 8544", "K I"), ("He I 5877", "G band")),
    (5800.0, ("G band", "Mg b", "Na D", "Ca II 8544", "H delta"), ("TiO 7053", "He I 5877")),
    (9500.0, ("H delta", "Pa 12", "Mg II 4482", "Ca II K"), ("TiO 7053", "Na I 8190", "G band")),
    (35_000.0, ("He I 4473", "He II 4687", "H gamma"), ("Mg b", "Na D", "Ca I 4228"))])
def test_a_temperature_has_its_own_lines(teff, there, not_there):
    names = {line.name for line in of_stars("boss", teff)}
    assert names >= set(there)
    assert not names & set(not_there)


def test_names_are_told_apart_at_one_temperature():
    for kind in ("boss", "apogee"):
        names = [line.name for line in of_stars(kind, None) if line.name != "K I"]
        assert len(names) == len(set(names))
