"""The lines and bands that an astronomer expects in a star of some temperature.

Atomic lines: wavelengths of the NIST Atomic Spectra Database (Kramida et al.), in vacuum. Heads of
molecular bands in the optical: Kirkpatrick, Henry & McCarthy 1991 (ApJS 77, 417), Pearse & Gaydon
1976; in the H band, CO: Rayner, Cushing & Vacca 2009 (ApJS 185, 289), and the atoms of Smith et al.
2021 (AJ 161, 254). Temperatures are those of types in which a feature is seen (Gray & Corbally
2009, "Stellar Spectral Classification"), with a margin: what is looked for, not what is there.
"""

import math
from dataclasses import dataclass, replace

from bossnet.simulation.instruments import SKY_LINES, TELLURIC_BANDS

_RYDBERG = 109677.583  #: of hydrogen, 1/cm
_BALMER = {3: "H alpha", 4: "H beta", 5: "H gamma", 6: "H delta"}


@dataclass(frozen=True, slots=True)
class Line:
    """A feature of spectra.

    Attributes:
        name: for people; in brackets where stars of that temperature do not show it, which tells a
            network something, too.
        first: angstrom, vacuum, where it begins.
        last: where it ends.
        teff: from and to which temperature it is expected, K.
    """

    name: str
    first: float
    last: float
    teff: tuple[float, float] = (0.0, math.inf)

    @property
    def centre(self) -> float:
        """Angstrom."""
        return (self.first + self.last) / 2

    def at(self, factor: float) -> "Line":
        """Where it is seen; ``factor`` is observed over rest wavelength."""
        return replace(self, first=self.first * factor, last=self.last * factor)


def of_stars(kind: str, teff: float | None) -> list[Line]:
    """What is expected in the range of a kind of network (``boss``, ``apogee``), at rest.

    Args:
        kind: of the network.
        teff: K; None: of whatever temperature.
    """
    return [line for line in _STARS.get(kind, ())
            if teff is None or line.teff[0] <= teff <= line.teff[1]]


def of_the_earth(kind: str) -> list[Line]:
    """Bands of the atmosphere and the strongest lines of the night sky, as they are observed."""
    return list(_EARTH.get(kind, ()))


def _line(name: str, wavelengths: tuple[float, ...], low: float = 0.0, high: float = math.inf, *,
          half: float) -> Line:
    """Lines of one name, each half so many angstrom wide."""
    return Line(name, min(wavelengths) - half, max(wavelengths) + half, (low, high))


def _series(lower: int, names: dict[int, str], low: float, high: float = math.inf, *, half: float
            ) -> list[Line]:
    """Lines of hydrogen down to a level."""
    return [_line(name, (1e8 / (_RYDBERG * (lower**-2 - n**-2)),), low, high, half=half)
            for n, name in names.items()]


def _optical() -> tuple[Line, ...]:
    def atoms(name: str, *wavelengths: float, low: float = 0.0, high: float = math.inf) -> Line:
        return _line(name, wavelengths, low, high, half=4.0)

    def band(name: str, head: float, high: float, *, low: float = 0.0, width: float = 60.0
             ) -> Line:
        # Most heads of the optical degrade to the red.
        return Line(name, head - 8.0, head + width, (low, high))

    return (
        # In M dwarfs these are emission lines, or what is left between bands.
        *_series(2, {n: _BALMER[n] for n in (3, 4)}, 0.0, half=8.0),
        *_series(2, {n: _BALMER[n] for n in (5, 6)}, 3900.0, half=8.0),
        *_series(2, {8: "H 8", 9: "H 9"}, 6500.0, half=6.0),
        _line("Ca II H, H epsilon", (3969.59, 3971.20), half=5.0),
        atoms("Ca II K", 3934.78),
        *(atoms(f"Ca II {int(w)}", w, high=9000) for w in (8500.35, 8544.44, 8664.52)),
        *_series(3, {n: f"Pa {n}" for n in (11, 12, 14, 17)}, 6500.0, half=6.0),
        *_series(3, {13: "Pa 13, Ca II", 15: "Pa 15, Ca II", 16: "Pa 16, Ca II"}, 9000.0, half=6.0),
        *_series(3, {n: f"(Pa {n})" for n in (12, 14)}, 0.0, 6500.0, half=6.0),
        *_series(2, {n: f"{name} wing" for n, name in _BALMER.items()}, 6500.0, half=60.0),
        atoms("Na D", 5891.58, 5897.56, high=12_000),
        atoms("Mg b", 5168.76, 5174.13, 5185.05, high=9500),
        atoms("(Mg b)", 5168.76, 5174.13, 5185.05, low=9500),
        atoms("Na I 8190", 8185.51, 8197.08, high=5000),
        atoms("K I", 7667.01, high=4000), atoms("K I", 7701.08, high=4000),
        atoms("Ca I 4228", 4227.92, high=8000),
        atoms("Ca I 6104", 6104.41, high=6000), atoms("Ca I 6123", 6123.91, high=6000),
        atoms("Ca I 6164", 6163.88, high=6000), atoms("Ca I 6440", 6440.85, high=6000),
        atoms("Ca I, Ba II 6497", 6495.58, 6498.69, high=7000),
        atoms("Fe I 4047", 4046.96, high=9000), atoms("Fe I 4273", 4272.96, high=9000),
        atoms("Fe I 4385", 4384.78, high=9000), atoms("Fe I 4406", 4405.99, high=9000),
        atoms("Fe I 4958", 4958.98, low=3900, high=9000),
        atoms("Fe I 5229", 5228.64, low=3900, high=8000),
        atoms("Fe I 6139", 6138.31, low=3900, high=8000),
        atoms("Fe I 6395", 6395.37, low=3900, high=8000),
        atoms("Fe I 8390", 8390.08, low=3300, high=8000),
        atoms("Fe I 5271", 5271.00, high=9000), atoms("Fe I 5330", 5329.52, high=9000),
        atoms("Fe I 5406", 5407.27, high=9000),
        atoms("Fe I 8691", 8691.01, low=3300, high=8000),
        atoms("Mg I 8809", 8809.18, low=3300, high=8000),
        atoms("Mg I 5530", 5529.94, low=3900, high=8000),
        atoms("Cr I 5208", 5206.0, 5209.9, low=3300, high=8000),
        atoms("Al I 3945, 3963", 3945.12, 3962.64, low=3900, high=8000),
        atoms("Mn I 4032", 4031.90, 4035.63, high=8000),
        atoms("Sr II 4079", 4078.86, low=3900, high=12_000),
        atoms("Sr II 4217", 4216.71, low=4500, high=12_000),
        atoms("Mg II 4482", 4482.58, low=6500), atoms("O I 7774", 7774.08, 7777.53, low=5500),
        atoms("O I 8449", 8448.57, low=6500),
        atoms("Si II 6349", 6348.86, 6373.13, low=7500), atoms("C II 4268", 4268.4, low=14_000),
        *(atoms(f"He I {round(w)}", w, low=9000) for w in (
            4027.33, 4122.0, 4145.0, 4389.16, 4472.73, 4714.5, 4923.31, 5017.08, 5877.25, 6679.99,
            7067.14, 7283.36)),
        *(atoms(f"He II {round(w)}", w, low=25_000) for w in (
            4201.0, 4542.86, 4687.02, 5413.03)),
        atoms("(He II 4687)", 4687.02, low=9000, high=25_000),
        Line("G band", 4297.0, 4319.0, (3600.0, 7500.0)),
        Line("CN 4216", 4140.0, 4218.0, (3600.0, 5800.0)),
        Line("CN 3884", 3850.0, 3885.0, (3600.0, 6500.0)),
        band("MgH 5212", 5212.0, 5200.0, width=10.0),
        *(band(f"TiO {head}", head + 1.5, 4100.0) for head in (4761, 4954, 5167, 5448)),
        *(band(f"TiO {head}", head + 1.8, 4100.0, width=80.0)
          for head in (5847, 6158, 6651, 7053, 7589)),
        *(band(f"TiO {head}", head + 2.4, 3900.0) for head in (8205, 8432, 8859)),
        band("CaOH 5550", 5531.0, 3600.0, width=30.0),
        band("CaH 6385", 6347.0, 4100.0, width=50.0),
        Line("CaH 6800-7050", 6752.0, 7045.0, (0.0, 4100.0)),
        band("VO 7400", 7336.0, 3300.0, width=140.0), band("VO 7900", 7853.0, 3300.0, width=125.0),
        band("VO 8600", 8523.0, 3300.0, width=147.0),
        band("CrH 8611", 8613.0, 2700.0), band("FeH 8692", 8694.0, 3300.0, width=40.0),
    )


def _h_band() -> tuple[Line, ...]:
    def atoms(name: str, *wavelengths: float, low: float = 0.0, high: float = 8000.0) -> Line:
        return _line(name, wavelengths, low, high, half=1.0)

    heads = {"3-0": 15581.6, "4-1": 15779.5, "5-2": 15981.9, "6-3": 16188.9, "7-4": 16400.8,
             "8-5": 16617.7, "9-6": 16839.7}
    return (
        *_series(4, {n: f"Br {n}" for n in range(11, 21)}, 5000.0, half=6.0),
        atoms("Mg I 15745", 15745.02), atoms("Mg I 15753", 15753.29),
        atoms("Mg I 15770", 15770.15), atoms("Mg I 15959", 15958.9),
        atoms("Al I 16723", 16723.52), atoms("Al I 16755", 16755.14),
        atoms("Al I 16768", 16767.94),
        atoms("Si I 15893", 15892.8), atoms("Si I 15964", 15964.42), atoms("Si I 16100", 16099.2),
        atoms("Si I 16685", 16685.33), atoms("Si I 16833", 16832.8),
        atoms("Ca I 16141", 16141.2), atoms("Ca I 16155", 16155.2), atoms("Ca I 16162", 16161.8),
        atoms("Ca I 16202", 16201.5),
        atoms("K I 15167", 15167.21, high=6000), atoms("K I 15172", 15172.52, high=6000),
        atoms("Ti I 15548", 15548.0, high=6000), atoms("Ti I 15720", 15719.9, high=6000),
        atoms("Fe I 15211", 15211.7), atoms("Fe I 15299", 15298.74),
        atoms("Fe I 15626", 15626.0), atoms("Fe I 15636", 15635.9),
        atoms("Fe I 15653", 15652.8), atoms("Fe I 16491", 16490.8),
        atoms("Mn I 15222", 15221.8), atoms("Mn I 15266", 15266.2),
        *(Line(f"CO {bands}", head - 3.0, head + 25.0, (0.0, 6000.0))
          for bands, head in heads.items()),
    )


#: What absorbs in the bands of `TELLURIC_BANDS`, by the angstrom where they begin.
_ABSORBERS = {6869: "O2 B", 7168: "H2O", 7595: "O2 A", 8130: "H2O"}
_BRIGHT = 4.0  #: of `SKY_LINES`: that much brighter than the continuum; in the red there are many

_STARS = {"boss": _optical(), "apogee": _h_band()}
_EARTH = {"boss": (
    *(Line(_ABSORBERS[round(first)], first, last) for first, last, _ in TELLURIC_BANDS
      if round(first) in _ABSORBERS),
    Line("O2", 6278.0, 6312.0),
    *(_line(f"sky {round(centre)}", (centre,), half=4.0) for centre, strength in SKY_LINES
      if strength >= _BRIGHT and centre < 7000))}
