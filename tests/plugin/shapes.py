"""The survey's framework as the plugin meets it: its tables as peewee models, by version.

Made to its shapes, not its code: names and types of columns in 0.6 and in 0.8, pixels that are read
from the file when they are first asked for, flags as bits of a column.
"""

import datetime
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import peewee
from astropy.io import fits
from peewee import (
    AutoField,
    BigIntegerField,
    BitField,
    DateTimeField,
    DoubleField,
    FloatField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

VERSIONS = {"0.6": "0.6.0", "0.8": 8001}  #: as v_astra has them


@dataclass
class Pixels:
    """An attribute that is read from the instance's file, with all others, when first asked for.

    As in the survey's framework, an error comes out as the KeyError of what is then still not
    there, and what was read stays with the instance.
    """

    read: Any  #: hdus, instance -> array
    name: str = ""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        pixels = instance.__dict__.setdefault("__pixel_data__", {})
        if self.name not in pixels:
            try:
                with fits.open(instance.path) as hdus:
                    for name, accessor in _pixels_of(type(instance)).items():
                        pixels[name] = accessor.read(hdus, instance)
            except OSError:
                return pixels[self.name]  # a KeyError, as there
        return pixels[self.name]

    def __set__(self, instance, value):
        instance.__dict__.setdefault("__pixel_data__", {})[self.name] = value


def _pixels_of(model):
    return {name: value for cls in model.__mro__ for name, value in vars(cls).items()
            if isinstance(value, Pixels)}


def models(version, database, schema=None):
    """The models of a version, as its module of models has them.

    Args:
        version: ``0.6`` or ``0.8``.
        database: that they are bound to.
        schema: of their tables.
    """
    old = version == "0.6"
    now = datetime.datetime.now

    Base = type("Base", (peewee.Model,), {"Meta": type("Meta", (), {
        "database": database, "schema": schema, "legacy_table_names": False})})

    class Source(Base):
        pk = AutoField()
        sdss_id = BigIntegerField(null=True)
        sdss4_apogee_id = TextField(null=True)
        gaia_dr2_source_id = BigIntegerField(null=True)
        gaia_dr3_source_id = BigIntegerField(null=True)
        tic_v8_id = BigIntegerField(null=True)
        healpix = IntegerField(null=True)
        catalogid = BigIntegerField(null=True)
        ra = DoubleField(null=True)
        dec = DoubleField(null=True)
        g_mag = FloatField(null=True)
        plx = FloatField(null=True)
        ebv = FloatField(null=True)
        e_ebv = FloatField(null=True)

    class Spectrum(Base):
        pk = AutoField()
        spectrum_flags = BigIntegerField(default=0)

    def spectrum_key():
        return ForeignKeyField(Spectrum, unique=True, lazy_load=False, backref="+",
                               **({} if old else {"column_name": "spectrum_pk"}))

    def source_key():
        return ForeignKeyField(Source, null=True, column_name="source_pk", backref="+")

    class BossVisitSpectrum(Base):
        pk = AutoField()
        spectrum_pk = spectrum_key()
        source = source_key()
        release = TextField()
        filetype = TextField(default="specFull")
        run2d = TextField()
        mjd = IntegerField()
        fieldid = IntegerField()
        catalogid = BigIntegerField()
        healpix = IntegerField(null=True)
        spec_file = TextField(null=True)
        telescope = TextField(null=True)
        snr = FloatField(null=True)
        n_exp = IntegerField(null=True)
        exptime = FloatField(null=True)
        seeing = FloatField(null=True)
        zwarning_flags = BitField(default=0)
        xcsao_v_rad = FloatField(null=True)
        xcsao_rxc = FloatField(null=True)
        wavelength = Pixels(lambda hdus, _: 10 ** hdus[1].data["loglam"])
        flux = Pixels(lambda hdus, _: hdus[1].data["flux"])
        ivar = Pixels(lambda hdus, _: hdus[1].data["ivar"])

        class Meta:
            indexes = ((("release", "run2d", "fieldid", "mjd", "catalogid"), True),)

    class BossCombinedSpectrum(Base):
        pk = AutoField()
        spectrum_pk = spectrum_key()
        source = source_key()
        sdss_id = BigIntegerField()
        release = TextField()
        filetype = TextField(default="mwmStar")
        v_astra = (TextField if old else IntegerField)(default=VERSIONS[version])
        telescope = TextField()
        run2d = TextField()
        snr = FloatField(null=True)
        v_rad = FloatField(null=True)
        min_mjd = IntegerField(null=True)
        max_mjd = IntegerField(null=True)
        wavelength = Pixels(lambda *_: 10 ** (3.5523 + 1e-4 * np.arange(4648)))
        flux = Pixels(lambda hdus, row: hdus[_hdu(row)].data["flux"].flatten())
        ivar = Pixels(lambda hdus, row: hdus[_hdu(row)].data["ivar"].flatten())

    class ApogeeCoaddedSpectrumInApStar(Base):
        pk = AutoField()
        spectrum_pk = spectrum_key()
        source = source_key()
        release = TextField()
        filetype = TextField(default="apStar")
        apred = TextField()
        telescope = TextField()
        field = TextField(null=True)
        obj = TextField()
        healpix = IntegerField(null=True)
        snr = FloatField(null=True)
        v_rad = FloatField(null=True)
        wavelength = Pixels(lambda *_: 10 ** (4.179 + 6e-6 * np.arange(8575)))
        flux = Pixels(lambda hdus, _: np.atleast_2d(hdus[1].data)[0])
        ivar = Pixels(lambda hdus, _: np.atleast_2d(hdus[2].data)[0] ** -2.0)

        if not old:
            class Meta:
                table_name = "apogee_coadded_spectrum_in_apstar"

        @property
        def e_flux(self):
            return self.ivar ** -0.5

    class Results(Base):
        source_pk = ForeignKeyField(Source, null=True, lazy_load=False, backref="+",
                                    **({} if old else {"column_name": "source_pk"}))
        spectrum_pk = ForeignKeyField(Spectrum, lazy_load=False, backref="+",
                                      **({} if old else {"column_name": "spectrum_pk"}))
        task_pk = AutoField()
        v_astra = (TextField if old else IntegerField)(default=VERSIONS[version])
        created = DateTimeField(default=now)
        if not old:
            modified = DateTimeField(default=now)
        t_elapsed = FloatField(null=True)
        t_overhead = FloatField(null=True)
        tag = TextField(default="", index=True)
        if not old:
            v_astra_major_minor = IntegerField(constraints=[
                peewee.SQL("GENERATED ALWAYS AS (v_astra / 1000) STORED")])

        teff = FloatField(null=True)
        e_teff = FloatField(null=True)
        logg = FloatField(null=True)
        e_logg = FloatField(null=True)
        fe_h = FloatField(null=True)
        e_fe_h = FloatField(null=True)
        result_flags = BitField(default=0)
        flag_runtime_exception = result_flags.flag(2**0)
        flag_unreliable_fe_h = result_flags.flag(2**3)

        class Meta:
            constraints = [] if old else [peewee.SQL("UNIQUE (spectrum_pk, v_astra_major_minor)")]

    class BossNet(Results):
        if old:
            v_rad = FloatField(null=True)
            e_v_rad = FloatField(null=True)
        else:
            bn_v_r = FloatField(null=True)
            e_bn_v_r = FloatField(null=True)

    class ApogeeNet(Results):
        raw_e_teff = FloatField(null=True)
        raw_e_logg = FloatField(null=True)
        raw_e_fe_h = FloatField(null=True)

    tables = (Source, Spectrum, BossVisitSpectrum, BossCombinedSpectrum,
              ApogeeCoaddedSpectrumInApStar, BossNet, ApogeeNet)
    return SimpleNamespace(tables=tables, **{model.__name__: model for model in tables})


def _hdu(row):
    return {"apo25m": 1, "lco25m": 2}[row.telescope]
