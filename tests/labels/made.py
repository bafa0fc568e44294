"""Small catalogues of all the paper's kinds, and what is to come of them, worked by hand."""

from pathlib import Path

#: Stars of SPECTRA are told by Gaia's identifier; star 13 has none, and is found by its position.
SPECTRA = """\
spectrum,survey,gaia,ra,dec,parallax,programmes
s01,boss,1,10,0,1,mwm_gg
s02,lamost,1,10,0,1,
s03,lamost,2,20,0,1,
s04,boss,3,30,0,1,
s05,boss,4,40,0,1,
s06,boss,5,50,0,1,mwm_cb
s07,boss,6,60,0,1,
s08,boss,7,70,0,1,mwm_halo
s09,boss,8,266.40499,-28.93617,0.5,"mwm_yso_cmz,bhm"
s10,boss,9,266.40499,-28.93617,0.5,mwm_yso_disk
s11,lamost,10,110,0,1,
s12,lamost,11,120,0,1,
s13,lamost,12,130,0,1,
s14,lamost,,140,10,50,
s15,boss,14,150,0,20,mwm_snc_100pc
s16,boss,15,160,0,20,
s17,lamost,16,170,0,8,
s18,lamost,17,180,0,1,
s19,boss,18,190,0,10,mwm_wd
s20,boss,19,200,0,10,mwm_wd
s21,boss,20,210,0,1,
s22,boss,21,220,0,1,
s23,boss,22,230,0,1,
"""

TABLES = {
    "payne": """\
gaia,TEFF,LOGG,FEH
1,5000,2.5,-0.1
1,9999,9.9,9.9
""",
    "anet": """\
gaia,teff,logg,fe_h
1,5100,2.6,-0.2
2,20000,4.0,0.3
8,4100,4.0,0.0
""",
    "hotpayne": """\
spectrum,teff,e_teff,logg,e_logg,fe_h
s11,9000,100,4.0,0.1,-0.1
s12,9000,450,4.0,0.1,-0.1
s13,7100,50,4.0,0.1,-0.1
s22,9000,100,4.0,0.2,-0.1
""",
    "gaia": """\
gaia,teff,logg,fe_h
3,6500,4.2,0.1
4,6000,3.5,0.1
5,4500,4.5,0.2
6,4500,4.5,0.2
8,5800,4.4,0.0
12,6800,4.1,-0.2
21,6200,3.79,0.0
22,8000,4.0,0.0
""",
    "halo": """\
gaia,teff,logg,fe_h
7,4800,1.8,-2.1
""",
    "young": """\
gaia,log_age
8,6.5
9,6.5
""",
    "types": """\
gaia,teff,logg,fe_h
11,9500,3.9,0.0
""",
    "cool": """\
ra,dec,g_rp,h,k_s
140.0001,10,13,10.2,10
150,0,13,10.2,10
160,0,13,10.2,10
170,0,13,13.0,10
""",
    "subdwarfs": """\
gaia,teff,logg,fe_h
17,30000,5.6,0.0
""",
    "wd": """\
gaia,teff,logg
18,12000,8.1
""",
    "predicted": """\
spectrum,teff,logg
s08,4700,1.9
s09,4000,4.4
s10,2800,4.9
s20,5500,4.6
s21,5500,4.6
""",
    "xcsao": """\
spectrum,v_rad,r
s01,-20,7
s04,33,5
s02,99,9
""",
    "gaia_rv": """\
gaia,v_rad,e_v_rad
1,-21,0.3
3,12,0.5
5,12,3.5
""",
}

ISOCHRONES = """\
# MIST version number  = 1.2
# number of isochrones =    2
# number of EEPs, cols =    3    6
#   EEP  log10_isochrone_age_yr  log_Teff  log_g  log_L  phase
    1  6.0  3.4  3.4  -1.0  -1.0
    2  6.0  3.6  3.6   0.0  -1.0
    3  6.0  4.0  4.0   2.0   0.0


#   EEP  log10_isochrone_age_yr  log_Teff  log_g  log_L  phase
    1  7.0  3.4  4.0  -2.0  -1.0
    2  7.0  3.6  4.2  -1.0   0.0
    3  7.0  4.0  4.6   1.5   0.0
    4  7.0  3.7  2.0   2.5   2.0
"""

CONFIGURATION = """\
spectra: {file: spectra.csv}
predictions: {file: predicted.csv, match: spectrum}
isochrones: mist.iso
programmes:
  abyss: ["mwm_yso_*"]
  evolved: [mwm_cb]
  solar_neighbourhood: ["mwm_snc_*"]
  white_dwarfs: [mwm_wd]
catalogues:
  - {name: YSOs, kind: young, table: {file: young.csv}}
  - name: The Payne
    kind: payne
    table: {file: payne.csv, columns: {teff: TEFF, logg: LOGG, fe_h: FEH}}
  - {name: ANet, kind: apogee_net, table: {file: anet.csv}}
  - name: HotPayne
    kind: hot_payne
    table: {file: hotpayne.csv, match: spectrum}
    overridden_by: Gaia
  - {name: MINESweeper, kind: minesweeper, table: {file: halo.csv}}
  - {name: Gaia, kind: gaia, table: {file: gaia.csv}}
  - {name: Subdwarfs, kind: subdwarfs, table: {file: subdwarfs.csv}}
  - {name: White dwarfs, kind: white_dwarfs, table: {file: wd.csv}}
  - {name: Cool white dwarfs, kind: cool_white_dwarfs}
  - {name: M dwarfs, kind: cool_dwarfs, table: {file: cool.csv, match: position}}
  - {name: Types, kind: spectral_types, table: {file: types.csv}}
velocities:
  - {name: PyXCSAO, of: spectrum, survey: boss, least_r: 6,
     table: {file: xcsao.csv, match: spectrum}}
  - {name: Gaia, most_error: 2, table: {file: gaia_rv.csv}}
"""

_ = None
#: spectrum: Teff, log g, [Fe/H], velocity, catalogue, its row, relation, [Fe/H] and velocity from.
#: s09 lies 2 kpc towards the centre, 6 kpc from it: 0.428 - 0.053 * 6 = 0.11; its log g is halfway
#: between 3.6 + (log 4000 - 3.6) and 4.2 + (log 4000 - 3.6). That of s10 is the one of 3000 K, and
#: it is too cool for [Fe/H]. s14 is 3 mag in colour: 12870 - 27081 + 28809 - 14283 + 2612.25.
EXPECTED = {
    "s01": (5000, 2.5, -0.1, -20, "The Payne", 0, "as given", "The Payne", "PyXCSAO"),
    "s02": (5000, 2.5, -0.1, -21, "The Payne", 0, "as given", "The Payne", "Gaia"),
    "s03": (20000, 4.0, _, _, "ANet", 1, "as given", "", ""),
    "s04": (6500, 4.2, 0.1, 12, "Gaia", 0, "as given", "Gaia", "Gaia"),
    "s06": (4500, 4.5, 0.2, _, "Gaia", 2, "as given", "Gaia", ""),
    "s08": (4800, 1.8, -2.1, _, "MINESweeper", 0, "as given", "MINESweeper", ""),
    "s09": (4000, 3.90206, 0.11, _, "YSOs", 0, "network's Teff, log g by age", "equation 1", ""),
    "s10": (2800, 3.77712, _, _, "YSOs", 1, "network's Teff, log g by age", "", ""),
    "s11": (9000, 4.0, -0.1, _, "HotPayne", 0, "as given", "HotPayne", ""),
    "s12": (9500, 3.9, _, _, "Types", 0, "as given", "", ""),
    "s13": (6800, 4.1, -0.2, _, "HotPayne", 2, "overridden by Gaia", "HotPayne", ""),
    "s14": (2927.25, 5.08475, _, _, "M dwarfs", 0, "equations 2 and 3", "", ""),
    "s15": (2927.25, 5.08475, _, _, "M dwarfs", 1, "equations 2 and 3", "", ""),
    "s18": (30000, 5.6, _, _, "Subdwarfs", 0, "as given", "", ""),
    "s19": (12000, 8.1, _, _, "White dwarfs", 0, "as given", "", ""),
    "s20": (5500, 8.0, _, _, "Cool white dwarfs", -1, "network's Teff, log g 8", "", ""),
}

REFUSED = {
    "HotPayne": {"Teff is not better than 4 %": 1, "log g is not better than 0.2 dex": 1},
    # Red giants of 6000 and 6200 K; s07 is in no programme of evolved stars.
    "Gaia": {"a red giant": 2, "a cool dwarf of no programme of evolved stars": 1,
             "a target of ABYSS": 1, "outside the regions that are taken from Gaia": 1},
    "M dwarfs": {"no target of the Solar Neighbourhood Census": 1,
                 "parallax is not above 10 mas": 1},
}


def write(folder: Path, *, configuration: str = CONFIGURATION, **tables: str) -> Path:
    """All of the above as files; those given replace the ones of their name."""
    for name, text in ({"spectra": SPECTRA} | TABLES | tables).items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "mist.iso").write_text(ISOCHRONES)
    path = folder / "boss.yml"
    path.write_text(configuration)
    return path
