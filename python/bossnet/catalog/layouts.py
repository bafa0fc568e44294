"""The layouts of a catalogue: which columns, under which names.

``paper`` is Table 1 of the paper; ``survey`` has source, spectrum and result in this order, named
as in the survey's summary files, in capitals.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from bossnet.catalog.columns import Column
from bossnet.database.models import RESULTS, SPECTRA, Source
from bossnet.network.boss import BOSS
from bossnet.network.declaration import Network

PARAMETERS = ("log_teff", "logg", "fe_h", "v_rad")  #: those that are combined over visits
#: By the column of a network's parameter, what stands in the names of columns that it is behind.
_NAMES = {"log_teff": ("teff",), "logg": ("logg",), "fe_h": ("fe_h",), "v_rel": ("v_rel", "v_rad")}
_MODELS = {"source": (Source,), "result": tuple(RESULTS.values()),
           "spectrum": tuple(SPECTRA.values())}
_UCDS = {"teff": "phys.temperature.effective", "log_teff": "phys.temperature.effective",
         "logg": "phys.gravity", "fe_h": "phys.abund.Fe", "v_rad": "spect.dopplerVeloc.opt",
         "v_rel": "spect.dopplerVeloc.opt"}
_UNITS = {"teff": "K", "v_rad": "km s-1", "v_rel": "km s-1"}
_IN_WORDS = {"log_teff": "log10 Teff", "logg": "log g", "fe_h": "[Fe/H]", "v_rad": "RV"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a catalogue.

    Attributes:
        columns: in the order of the file.
        blanks: whether a parameter is left out where it is unreliable (``boss_net_catalog``).
    """

    columns: tuple[Column, ...]
    blanks: bool


@cache
def layout(name: str, *, per_star: bool, network: Network = BOSS) -> Layout:
    """A layout, ``paper`` or ``survey``, of spectra or of stars: what of it this network gives."""
    every, blanks = {("paper", False): (_PAPER, True), ("paper", True): (_PAPER_STARS, True),
                     ("survey", False): (_SURVEY, False),
                     ("survey", True): (_SURVEY_STARS, True)}[name, per_star]
    return Layout(tuple(_of_network(c, network) for c in every if _is_of(c, network)), blanks)


def _is_of(column: Column, network: Network) -> bool:
    """Whether a column is of anything that the network gives, or its spectra may have."""
    if column.origin in ("result", "star"):
        return not any(name in column.key for p, names in _NAMES.items()
                       for name in names if p not in {q.column for q in network.parameters})
    if column.origin == "spectrum":
        return any(t not in SPECTRA or column.key in _columns(SPECTRA[t])
                   for t in network.spectrum_tables) \
            and not (column.key == "v_rad" and network.has_velocity)
    return True


def _of_network(column: Column, network: Network) -> Column:
    """The column with what the network's own table says of it."""
    model = RESULTS.get(network.table)
    if column.origin != "result" or column.key == "result_flags" or model is None:
        return column
    return replace(column, description=str(_columns(model)[column.key].help_text))


def _columns(model: Any) -> dict[str, Any]:
    """A model's fields by the names of their columns."""
    return dict(model._meta.columns)


def _column(origin: str, key: str, kind: str, unit: str, ucd: str, *, name: str = "",
            description: str = "") -> Column:
    """A column, by default with the description that the table has, and its name in capitals."""
    return Column(key, origin, kind, description or _described(origin, key), unit, ucd,
                  name or key.upper())


def _described(origin: str, key: str) -> str:
    fields = (field for model in _MODELS[origin] for field in model._meta.sorted_fields)
    return str(next(field.help_text for field in fields if field.column_name == key))


def _value(key: str, *, origin: str = "result", name: str = "", description: str = "") -> Column:
    """A parameter, its uncertainty (e_, raw_e_), or its median over the draws (med_)."""
    prefix = next((p for p in ("raw_e_", "e_", "med_") if key.startswith(p)), "")
    quantity = key.removeprefix(prefix)
    ucd = {"": "{}", "e_": "stat.error;{}", "raw_e_": "stat.error;{}", "med_": "{};stat.median"}
    return _column(origin, key, "float32", _UNITS.get(quantity, ""),
                   ucd[prefix].format(_UCDS[quantity]), name=name, description=description)


_SOURCE = (
    *(_column("source", key, kind, "", "meta.id" + main) for key, kind, main in (
        ("sdss_id", "int64", ";meta.main"), ("sdss4_apogee_id", "text", ""),
        ("gaia_dr2_source_id", "int64", ""), ("gaia_dr3_source_id", "int64", ""),
        ("tic_v8_id", "int64", ""), ("catalogid", "int64", ""))),
    _column("source", "healpix", "int32", "", "pos.healpix"),
    _column("source", "ra", "float64", "deg", "pos.eq.ra;meta.main"),
    _column("source", "dec", "float64", "deg", "pos.eq.dec;meta.main"),
    *(_column("source", key, "float32", unit, ucd) for key, unit, ucd in (
        ("g_mag", "mag", "phot.mag;em.opt"), ("bp_mag", "mag", "phot.mag;em.opt.B"),
        ("rp_mag", "mag", "phot.mag;em.opt.R"), ("j_mag", "mag", "phot.mag;em.IR.J"),
        ("h_mag", "mag", "phot.mag;em.IR.H"), ("k_mag", "mag", "phot.mag;em.IR.K"),
        ("plx", "mas", "pos.parallax"), ("e_plx", "mas", "stat.error;pos.parallax"),
        ("pmra", "mas yr-1", "pos.pm;pos.eq.ra"), ("pmde", "mas yr-1", "pos.pm;pos.eq.dec"),
        ("ebv", "mag", "phot.color.excess"), ("e_ebv", "mag", "stat.error;phot.color.excess"),
        ("a_g", "mag", "phys.absorption;em.opt"))),
    _column("spectrum", "source_pk", "int64", "", "meta.id"))
_SPECTRUM = (
    _column("spectrum", "spectrum_pk", "int64", "", "meta.id"),
    _column("table", "spectrum_table", "text", "", "meta.id;meta.table",
            description="Table of the spectrum in the database, which says of which kind it is."),
    *(_column("spectrum", key, kind, unit, ucd) for key, kind, unit, ucd in (
        ("release", "text", "", "meta.version"), ("filetype", "text", "", "meta.code.class"),
        ("run2d", "text", "", "meta.version;meta.software"), ("telescope", "text", "", "instr.tel"),
        ("mjd", "int32", "d", "time.epoch"), ("min_mjd", "int32", "d", "time.start"),
        ("max_mjd", "int32", "d", "time.end"), ("fieldid", "int32", "", "meta.id;obs.field"),
        ("plateid", "int32", "", "meta.id;instr.plate"), ("fiberid", "int32", "", "meta.id"),
        ("apred", "text", "", "meta.version;meta.software"), ("field", "text", "", "obs.field"),
        ("obj", "text", "", "meta.id"), ("plate", "text", "", "meta.id;instr.plate"),
        ("fiber", "int32", "", "meta.id"),
        ("obsid", "int64", "", "meta.id;obs"), ("planid", "text", "", "meta.id"),
        ("spid", "int32", "", "meta.id;instr"), ("n_exp", "int32", "", "meta.number"),
        ("exptime", "float32", "s", "time.duration;obs.exposure"),
        ("n_visits", "int32", "", "meta.number"),
        ("v_rad", "float32", "km s-1", "spect.dopplerVeloc"),
        ("zwarning_flags", "int64", "", "meta.code"),
        ("xcsao_v_rad", "float32", "km s-1", "spect.dopplerVeloc.opt"),
        ("xcsao_e_v_rad", "float32", "km s-1", "stat.error;spect.dopplerVeloc.opt"),
        ("xcsao_rxc", "float32", "", "stat.value"), ("class", "text", "", "src.class"),
        ("subclass", "text", "", "src.class"), ("z", "float32", "", "src.redshift"))))
_FLAGS = (
    _column("result", "result_flags", "int64", "", "meta.code",
            description="Bits of what is to be known of the result; see the header or manual."),
    _column("result", "flag_warn", "bool", "", "meta.code.qual"),
    _column("result", "flag_bad", "bool", "", "meta.code.qual"))
_RESULT = (
    _column("result", "task_pk", "int64", "", "meta.record"),
    _column("result", "run_pk", "int64", "", "meta.id"),
    _column("result", "v_astra", "int32", "", "meta.version;meta.software"),
    *(_value(prefix + key) for key in ("teff", "log_teff", "logg", "fe_h", "v_rad", "v_rel")
      for prefix in ("", "e_")),
    *(_value(prefix + key) for prefix in ("raw_e_", "med_")
      for key in ("log_teff", "logg", "fe_h", "v_rel")),
    *(_column("result", "rho_" + pair, "float32", "", "stat.correlation") for pair in (
        "log_teff_logg", "log_teff_fe_h", "log_teff_v_rad", "logg_fe_h", "logg_v_rad",
        "fe_h_v_rad")),
    _column("result", "n_draws", "int32", "", "meta.number"),
    _column("result", "uncertainty_method", "text", "", "meta.code.class"),
    _column("result", "snr", "float32", "", "stat.snr"), *_FLAGS)
_SURVEY = (*_SOURCE, *_SPECTRUM, *_RESULT)


def _of_star(key: str, name: str = "") -> tuple[Column, Column]:
    """A parameter of a star, and its uncertainty."""
    what = {"teff": "Effective temperature [K]", "log_teff": "log10 of effective temperature [dex]",
            "logg": "log10 of surface gravity [dex of cm/s^2]", "fe_h": "[Fe/H] [dex]",
            "v_rad": "Barycentric radial velocity [km/s]"}[key]
    return (_value(key, origin="star", name=name,
                   description=f"{what}: mean of the visits, weighted by their errors."),
            _value(f"e_{key}", origin="star", name=name and f"e_{name}",
                   description=f"{what}: error (1 sigma) of that mean."))


def _judged(*names: str) -> tuple[Column, ...]:
    """Whether a star's visits disagree in a parameter, under these names."""
    return tuple(_column("star", f"flag_discrepant_{key}", "bool", "", "meta.code.qual", name=name,
                         description=f"The visits disagree in {_IN_WORDS[key]} by more than their "
                                     "errors allow (4 sigma).")
                 for key, name in zip(PARAMETERS, names, strict=True))


_SURVEY_STARS = (
    *_SOURCE,
    _column("star", "n_visits", "int32", "", "meta.number",
            description="Visits with at least one parameter that is not unreliable."),
    _column("star", "min_mjd", "int32", "d", "time.start",
            description="MJD of the first visit [d]."),
    _column("star", "max_mjd", "int32", "d", "time.end",
            description="MJD of the last visit [d]."),
    *(c for key in ("teff", *PARAMETERS) for c in _of_star(key)),
    *(_column("star", f"n_{key}", "int32", "", "meta.number",
              description=f"Visits behind {_IN_WORDS[key]}.") for key in PARAMETERS),
    *(_column("star", f"chi2_{key}", "float32", "", "stat.fit.chi2",
              description=f"chi2 of the visits about their mean {_IN_WORDS[key]}, with one degree "
                          "of freedom less than visits.") for key in PARAMETERS),
    *_judged(*(f"FLAG_DISCREPANT_{key.upper()}" for key in PARAMETERS)),
    _column("star", "snr", "float32", "", "stat.snr",
            description="Signal-to-noise ratio per pixel of the visits together."),
    _column("star", "result_flags", "int64", "", "meta.code",
            description="Bits that are set in the result of any visit with parameters."))


def _of_paper(*, per_star: bool) -> tuple[Column, ...]:
    names = {"log_teff": "logTeff", "logg": "logg", "fe_h": "FeH", "v_rad": "RV"}
    if per_star:
        values = tuple(c for key, name in names.items() for c in _of_star(key, name))
    else:
        values = tuple(_value(prefix + key, name=prefix + name) for key, name in names.items()
                       for prefix in ("", "e_"))
    return (_column("identifier", "identifier", "text", "", "meta.id;meta.main", name="ID",
                    description="Survey's identifier: obsid, or field (plate), MJD and catalogid "
                                "(fibre), or APOGEE's object, plate, MJD and fibre; of a star its "
                                "sdss_id, else Gaia DR3, else APOGEE's, else its key."),
            _column("source", "ra", "float64", "deg", "pos.eq.ra;meta.main", name="RA"),
            _column("source", "dec", "float64", "deg", "pos.eq.dec;meta.main", name="Dec"),
            *values)


_PAPER = _of_paper(per_star=False)
_PAPER_STARS = (
    *_of_paper(per_star=True),
    _column("star", "n_visits", "int32", "", "meta.number", name="Nvisits",
            description="Visits with at least one parameter that is not unreliable."),
    *_judged("f_logTeff", "f_logg", "f_FeH", "f_RV"))
