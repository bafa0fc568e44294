"""Results, and the runs that made them."""

from typing import Any

from peewee import BitField

from bossnet.database.models.base import (
    Model,
    big,
    boolean,
    double,
    integer,
    json,
    key,
    link,
    real,
    text,
    texts,
    timestamp,
)
from bossnet.database.models.spectra import Source, Spectrum
from bossnet.flags import FLAGS


class Run(Model):
    """One row for every `astra run`."""

    pk = key("Key of the run, the run_pk of results.")
    task = text("Task that ran: bossnet or apogeenet.")
    state = text("planning (the work is being listed), planned (it waits for its first worker), "
                 "running, done (every selected spectrum has its row), failed (see error_message), "
                 "interrupted (its last worker was stopped or failed; a worker that joins goes "
                 "on).")
    continues = link("self", "For a run that goes on with an interrupted --overwrite: the first "
                             "run of that chain, whose rows are not made again.")
    started = timestamp("When the run began.")
    heartbeat = timestamp("When a worker of the run last said that it is alive.")
    finished = timestamp("When the run ended, however it ended; NULL before.")
    username = text("Who ran it: user of the operating system.")
    hostname = text("Where it ran.")
    command = text("The command as it was typed, without passwords.")
    tables = texts("Spectrum tables that were selected from.")
    selection = text("The --where expression; NULL for all spectra.")
    row_limit = big("The --limit; NULL for none.")
    overwrite = boolean("Whether rows that were there were made again.")
    retry_failed = boolean("Whether failed spectra were tried again.")
    tag = text("Tag of the rows, by which several results of one version are kept apart.")
    v_astra = integer("Version of the software: major x 10^6 + minor x 10^3 + patch.")
    v_astra_major_minor = integer("v_astra / 1000: results can only differ between these.")
    software_version = text("Version of the software as text.")
    software_commit = text("Git commit of the software, where it ran from a checkout.")
    torch_version = text("Version of PyTorch.")
    device = text("Device the network ran on, with its name.")
    precision = text("Arithmetic of the network; float32 is the reference.")
    weights = text("Name of the network's weights.")
    weights_sha256 = text("SHA-256 of the weights.")
    weights_status = text("demonstration (not for science) or science.")
    seed = big("Seed of the noise realisations.")
    n_draws = integer("Noise realisations a spectrum.")
    uncertainty_method = text("How uncertainties were estimated: draws or linear.")
    masking = text("Which pixels were masked beyond those that are not finite.")
    n_selected = big("Spectra that the run took on; NULL while planning.")
    n_done = big("Spectra that have their row from this run, failures among them.")
    n_failed = big("Of these, the failures (result_flags bit 0).")
    counts = json("How many rows carry each flag, by its name.")
    error_message = text("Why the run failed or was stopped.")
    settings = json("What a worker needs to join, beside the other columns: the options of the "
                    "run, the weights as they were named, what is overwritten or tried again.")

    class Meta:
        table_name = "bossnet_run"


class Worker(Model):
    """One row for every process that works on a run."""

    pk = key("Key of the worker, the worker_pk of chunks.")
    run = link(Run, "The run (bossnet_run.pk).")
    state = text("running (dead where the heartbeat is older than the lease), done (no work was "
                 "left), stopped (by a signal, or with its run), failed (see error_message).")
    hostname = text("Where it runs.")
    pid = integer("Its process, on that host.")
    process = text("Which process of that number: boot and namespace of the host, and when it "
                   "began. Workers on the same host see by it that another has died.")
    slurm_job = text("Slurm's job, JOB or JOB_TASK of an array; NULL without Slurm.")
    slurm_task = integer("Number within Slurm's array; NULL without one.")
    device = text("Device the network runs on, with its name.")
    started = timestamp("When it joined the run.")
    heartbeat = timestamp("When it last said that it is alive.")
    lease = real("After how much silence it is taken for dead [s].")
    finished = timestamp("When it ended, or was found dead; NULL before.")
    n_chunks = integer("Chunks that it ended, or gave back with results.")
    n_done = big("Spectra whose row it wrote, failures among them.")
    n_failed = big("Of these, the failures (result_flags bit 0).")
    recent = integer("How many of its last spectra are looked back at for an outage.")
    recent_failed = integer("Of these, those that failed for an outward reason.")
    t_database = real("Time spent on claims, signs of life and writing [s].")
    t_work = real("Time since it joined [s].")
    error_message = text("Why it failed or was stopped, or how it was found dead.")
    arithmetic = text("What computed the network, and in which precision: module (torch's layers, "
                      "the reference) or engine (the same with less arithmetic, as measured with "
                      "these weights).")

    class Meta:
        table_name = "bossnet_worker"


class _Result(Model):
    """What every table of results and its catalogue's view have."""

    task_pk = key("Key of the result; kept when the result is made again.")
    source = link(Source, "The object (source.pk).")
    spectrum = link(Spectrum, "The spectrum (spectrum.pk).")
    run = link(Run, "The run that made the row (bossnet_run.pk): weights, seed, versions.")
    v_astra = integer("Version of the software: major x 10^6 + minor x 10^3 + patch.")
    v_astra_major_minor = integer("v_astra / 1000: results can only differ between these.")
    created = timestamp("When the row was first made [UTC].")
    modified = timestamp("When the row was last made again [UTC].")
    tag = text("Tag by which several results of one version are kept apart; '' by default.")
    weights = text("Name of the network's weights.")
    n_draws = integer("Noise realisations behind the uncertainties; 0: none.")
    teff = real("Effective temperature [K].")
    e_teff = real("Uncertainty (1 sigma) of teff [K].")
    log_teff = real("log10 of the effective temperature [dex of K], what the network predicts.")
    e_log_teff = real("Uncertainty (1 sigma) of log_teff [dex].")
    logg = real("log10 of the surface gravity [dex of cm/s^2].")
    e_logg = real("Uncertainty (1 sigma) of logg [dex].")
    fe_h = real("Metallicity [Fe/H] [dex, relative to the Sun].")
    e_fe_h = real("Uncertainty (1 sigma) of fe_h [dex].")
    uncertainty_method = text("How the uncertainties were estimated: draws or linear; NULL where"
                              " there are none.")
    snr = real("Signal-to-noise ratio per pixel: the survey's, else the median of flux / error.")
    result_flags = BitField(help_text="Bits; each is described in bossnet.flags.")
    flag_warn = boolean("Use with care: bit 4 or any of 12 to 19 of result_flags.")
    error_message = text("Why the spectrum could not be processed; NULL where it was.")


class _Table(_Result):
    """What every table of results has, and no catalogue."""

    t_elapsed = real("Time spent on the spectrum, its share of a batch [s].")
    t_overhead = real("Time spent around it, its share [s].")
    med_log_teff = real("Median of log_teff over the draws [dex of K].")
    med_logg = real("Median of logg over the draws [dex of cm/s^2].")
    med_fe_h = real("Median of fe_h over the draws [dex].")
    rho_log_teff_logg = real("Correlation (Pearson, over the draws) of the errors of log_teff "
                             "and logg; NULL below 3 draws.")
    rho_log_teff_fe_h = real("Correlation of the errors of log_teff and fe_h; NULL below 3 draws.")
    rho_logg_fe_h = real("Correlation of the errors of logg and fe_h; NULL below 3 draws.")
    file_size = big("Size of the file that was read [byte].")
    file_mtime = double("Modification time of the file that was read [s since 1970, UTC].")


class _BossNet(_Result):
    """What boss_net and boss_net_catalog share beside that."""

    v_rad = real("Barycentric radial velocity [km/s]: v_rel for spec and LAMOST files; for rest-"
                 "frame spectra (bit 21) the velocity of the frame plus v_rel, NULL where the "
                 "frame's is not known.")
    e_v_rad = real("Uncertainty (1 sigma) of v_rad [km/s].")
    v_rel = real("The network's radial velocity relative to the frame of the spectrum [km/s] "
                 "(bn_v_r in the survey's own table).")
    e_v_rel = real("Uncertainty (1 sigma) of v_rel [km/s].")
    flag_bad = boolean("Something is unreliable or missing: bit 0, 1, 2, 3, 8, 9, 10, 11 or 22 "
                       "of result_flags. A white dwarf is bad for its fe_h alone; "
                       "boss_net_catalog judges each parameter by itself.")


class BossNet(_BossNet, _Table):
    """Stellar parameters by BOSS Net, one row for every spectrum, version and tag."""

    raw_e_log_teff = real("e_log_teff before the noise model of the weights; equal without one "
                          "[dex].")
    raw_e_logg = real("e_logg before the noise model of the weights; equal without one [dex].")
    raw_e_fe_h = real("e_fe_h before the noise model of the weights; equal without one [dex].")
    raw_e_v_rel = real("e_v_rel before the noise model of the weights; equal without one [km/s].")
    med_v_rel = real("Median of v_rel over the draws [km/s].")
    rho_log_teff_v_rad = real("Correlation of the errors of log_teff and v_rad; NULL below 3 "
                              "draws.")
    rho_logg_v_rad = real("Correlation of the errors of logg and v_rad; NULL below 3 draws.")
    rho_fe_h_v_rad = real("Correlation of the errors of fe_h and v_rad; NULL below 3 draws.")

    class Meta:
        table_name = "boss_net"


class BossNetCatalog(_BossNet):
    """BossNet with NULL for each parameter that is unreliable; a view, to be read only."""

    class Meta:
        table_name = "boss_net_catalog"


class _ApogeeNet(_Result):
    """What apogee_net and apogee_net_catalog share beside what all results have."""

    flag_bad = boolean("Something is unreliable or missing: bit 0, 1, 2, 3, 8, 9, 10, 11 or 22 "
                       "of result_flags. apogee_net_catalog judges each parameter by itself.")


class ApogeeNet(_ApogeeNet, _Table):
    """Stellar parameters by APOGEE Net III, one row for every spectrum, version and tag."""

    raw_e_log_teff = real("e_log_teff before the noise model: that of the weights, else the "
                          "survey's [dex].")
    raw_e_logg = real("e_logg before the noise model: that of the weights, else the survey's "
                      "[dex].")
    raw_e_fe_h = real("e_fe_h before the noise model: that of the weights, else the survey's "
                      "[dex].")

    class Meta:
        table_name = "apogee_net"


class ApogeeNetCatalog(_ApogeeNet):
    """ApogeeNet with NULL for each parameter that is unreliable; a view, to be read only."""

    class Meta:
        table_name = "apogee_net_catalog"


#: The model of each table of results.
RESULTS = {model._meta.table_name: model for model in (BossNet, ApogeeNet)}


def _add_flags(*models: Any) -> None:
    """Each flag of ``bossnet.flags`` becomes an attribute."""
    for model in models:
        for flag in FLAGS:
            setattr(model, flag.name, model.result_flags.flag(flag.mask))


_add_flags(BossNet, BossNetCatalog, ApogeeNet, ApogeeNetCatalog)
