"""Objects and spectra: the survey's own tables, in its names."""

from bossnet.database.models.base import (
    Model,
    big,
    double,
    integer,
    key,
    link,
    real,
    text,
    timestamp,
)


class Source(Model):
    """Astronomical objects, one row each; every spectrum belongs to one."""

    pk = key("Key of the object in this database.")
    sdss_id = big("SDSS-V identifier of the object.")
    sdss4_apogee_id = text("SDSS-IV APOGEE identifier, such as 2M17335483-2753043.")
    gaia_dr2_source_id = big("Gaia DR2 source identifier.")
    gaia_dr3_source_id = big("Gaia DR3 source identifier.")
    tic_v8_id = big("TESS Input Catalog (version 8) identifier.")
    healpix = integer("HEALPix of the position, as in the survey's file paths (nside 128).")
    catalogid = big("SDSS-V catalogue identifier (one of those of the object).")
    ra = double("Right ascension [deg, ICRS, 0 <= ra < 360].")
    dec = double("Declination [deg, ICRS].")
    g_mag = real("Gaia G magnitude [mag].")
    bp_mag = real("Gaia BP magnitude [mag].")
    rp_mag = real("Gaia RP magnitude [mag].")
    j_mag = real("2MASS J magnitude [mag].")
    h_mag = real("2MASS H magnitude [mag].")
    k_mag = real("2MASS Ks magnitude [mag].")
    plx = real("Parallax [mas].")
    e_plx = real("Uncertainty of the parallax [mas].")
    pmra = real("Proper motion in right ascension, times cos(dec) [mas/yr].")
    pmde = real("Proper motion in declination [mas/yr].")
    ebv = real("Reddening E(B-V) towards the object [mag].")
    e_ebv = real("Uncertainty of E(B-V) [mag].")
    a_g = real("Extinction in the Gaia G band [mag]; where NULL, 2.74 x E(B-V) is taken.")
    created = timestamp("When the row was made [UTC].")
    modified = timestamp("When the row was last changed [UTC].")

    class Meta:
        table_name = "source"


class Spectrum(Model):
    """One row for every spectrum of whatever kind; the tables *_spectrum* say what it is."""

    pk = key("Key of the spectrum, the spectrum_pk of every other table.")
    spectrum_flags = big("The survey's flags of the spectrum, bitwise.")
    noise_key = big("Key of the spectrum's noise realisations: the same key and seed give the "
                    "same noise in any database. By default pk; copy it from a release to "
                    "reproduce that release.")

    class Meta:
        table_name = "spectrum"


class _Row(Model):
    """What every table of spectra has."""

    pk = key("Key of the row.")
    spectrum = link(Spectrum, "The spectrum (spectrum.pk).")
    source = link(Source, "The object (source.pk).")
    created = timestamp("When the row was made [UTC].")
    modified = timestamp("When the row was last changed [UTC].")


class BossVisitSpectrum(_Row):
    """BOSS spectra as the pipeline gives them, one visit each; SDSS-V and legacy."""

    release = text("Data release, such as dr19 or ipl-4; 'unknown' where neither file nor "
                   "operator said.")
    filetype = text("Kind of file: specFull, specLite, spec.")
    run2d = text("Version of the reduction, such as v6_1_3.")
    mjd = integer("Modified Julian date of the observation [d].")
    fieldid = integer("Field (SDSS-V).")
    plateid = integer("Plate (SDSS I-IV).")
    catalogid = big("SDSS-V catalogue identifier of the target.")
    fiberid = integer("Fibre (SDSS I-IV).")
    row = integer("Row in a file that holds many spectra (from 0); NULL for a file of one.")
    healpix = integer("HEALPix of the position, as in the survey's file paths.")
    spec_file = text("Name of the file.")
    telescope = text("Telescope: apo25m or lco25m.")
    snr = real("Median signal-to-noise ratio per pixel.")
    n_exp = integer("Number of exposures.")
    exptime = real("Total exposure time [s].")
    zwarning_flags = integer("The pipeline's ZWARNING, bitwise.")
    xcsao_v_rad = real("Barycentric radial velocity by XCSAO [km/s].")
    xcsao_e_v_rad = real("Uncertainty of xcsao_v_rad [km/s].")
    xcsao_teff = real("Effective temperature by XCSAO [K].")
    xcsao_logg = real("Surface gravity by XCSAO [dex, cgs].")
    xcsao_fe_h = real("[Fe/H] by XCSAO [dex].")
    xcsao_rxc = real("Cross-correlation R of XCSAO; above 6 the velocity is trustworthy.")
    path = text("The file: {name}/rest relative to a root of the configuration, or absolute; "
                "NULL where sdss-access resolves it.")

    class Meta:
        table_name = "boss_visit_spectrum"


class _Combined(_Row):
    """What the spectra of mwmStar and mwmVisit files share."""

    release = text("Data release, such as dr19 or ipl-4; 'unknown' where neither file nor "
                   "operator said.")
    filetype = text("Kind of file: mwmStar or mwmVisit.")
    v_astra = integer("Version of the survey's Astra that made the file, as an integer (0.8.1 is"
                      " 8001).")
    sdss_id = big("SDSS-V identifier of the object.")
    file_key = big("The file's own key of the spectrum's row, where it has one.")
    snr = real("Signal-to-noise ratio per pixel.")
    v_rad = real("Barycentric velocity that was removed to reach the rest frame [km/s].")
    min_mjd = integer("Modified Julian date of the first visit [d].")
    max_mjd = integer("Modified Julian date of the last visit [d].")
    path = text("The file: {name}/rest relative to a root of the configuration, or absolute; "
                "NULL where sdss-access resolves it.")


class BossCombinedSpectrum(_Combined):
    """BOSS spectra of mwmStar and mwmVisit files, resampled to the rest frame of the source."""

    telescope = text("Telescope: apo25m or lco25m.")
    run2d = text("Version of the reduction, such as v6_1_3.")

    class Meta:
        table_name = "boss_combined_spectrum"


class LamostSpectrum(_Row):
    """LAMOST low-resolution spectra, one row a file."""

    release = text("Data release (the header's DATA_V), 'unknown' where neither file nor "
                   "operator said.")
    obsid = big("LAMOST identifier of the spectrum.")
    planid = text("Observation plan.")
    spid = integer("Spectrograph (1 to 16).")
    fiberid = integer("Fibre (1 to 250).")
    lmjd = integer("Local modified Julian day of the night [d].")
    mjd = integer("Modified Julian date of the observation [d].")
    ra = double("Right ascension of the fibre [deg, ICRS].")
    dec = double("Declination of the fibre [deg, ICRS].")
    snru = real("Signal-to-noise ratio in u.")
    snrg = real("Signal-to-noise ratio in g.")
    snrr = real("Signal-to-noise ratio in r.")
    snri = real("Signal-to-noise ratio in i.")
    snrz = real("Signal-to-noise ratio in z.")
    snr = real("Signal-to-noise ratio that is used: that in r, else that in g.")
    class_ = text("The LAMOST pipeline's class: STAR, GALAXY, QSO, Unknown.", column="class")
    subclass = text("The LAMOST pipeline's subclass, such as G3.")
    z = real("The LAMOST pipeline's redshift.")
    path = text("The file: {name}/rest relative to a root of the configuration, or absolute.")

    class Meta:
        table_name = "lamost_spectrum"


class _InApStar(_Row):
    """What the spectra of apStar files share."""

    release = text("Data release, such as dr17; 'unknown' where neither file nor operator said.")
    filetype = text("Kind of file: apStar.")
    apred = text("Version of the APOGEE reduction.")
    telescope = text("Telescope: apo25m, lco25m or apo1m.")
    field = text("Field (SDSS-IV).")
    obj = text("Name of the object, such as 2M17335483-2753043.")
    healpix = integer("HEALPix of the position, as in the survey's file paths.")
    v_rad = real("Barycentric velocity that was removed to reach the rest frame [km/s].")
    path = text("The file: {name}/rest relative to a root of the configuration, or absolute; "
                "NULL where sdss-access resolves it.")


class ApogeeCoaddedSpectrumInApStar(_InApStar):
    """APOGEE co-added spectra in apStar files, in the rest frame of the source."""

    snr = real("Signal-to-noise ratio per pixel of the co-add.")
    n_visits = integer("Number of visits in the co-add.")

    class Meta:
        table_name = "apogee_coadded_spectrum_in_apstar"


class ApogeeVisitSpectrumInApStar(_InApStar):
    """APOGEE visit spectra in apStar files, in the rest frame of the source."""

    plate = text("Plate, or field of the robots, of the visit.")
    mjd = integer("Modified Julian date of the visit [d].")
    fiber = integer("Fibre of the visit.")
    snr = real("Signal-to-noise ratio per pixel of the visit.")

    class Meta:
        table_name = "apogee_visit_spectrum_in_apstar"


class ApogeeCombinedSpectrum(_Combined):
    """APOGEE spectra of mwmStar and mwmVisit files, resampled to the rest frame of the source."""

    telescope = text("Telescope: apo25m, lco25m or apo1m.")
    apred = text("Version of the APOGEE reduction.")

    class Meta:
        table_name = "apogee_combined_spectrum"


#: The model of each table of spectra.
SPECTRA = {model._meta.table_name: model for model in (
    BossVisitSpectrum, LamostSpectrum, BossCombinedSpectrum, ApogeeCoaddedSpectrumInApStar,
    ApogeeVisitSpectrumInApStar, ApogeeCombinedSpectrum)}
