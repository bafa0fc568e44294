"""A small survey of results that were made up, and every value of which is known."""

from psycopg2.extras import execute_values

from bossnet.flags import Case, Outcome, judge

#: Rows of the results: star, table, MJD, what is known.
BOSS, LAMOST, COADD = "boss_visit_spectrum", "lamost_spectrum", "boss_combined_spectrum"
GOOD = {"log_teff": 3.75, "logg": 4.4, "fe_h": -0.25, "v_rad": 12.5, "e_log_teff": 0.01,
        "e_logg": 0.1, "e_fe_h": 0.05, "e_v_rad": 5.0, "snr": 30.0}


class Made:
    """Fills a database.

    Args:
        connection: to one after `astra init`; of a role that may write.
    """

    def __init__(self, connection):
        self.connection, self.keys = connection, 0

    def run(self, *, tag="", version=1000, **values):
        """A run on record; its key."""
        values = {"task": "bossnet", "state": "done", "tag": tag, "v_astra": version,
                  "weights": "random", "weights_sha256": "ab" * 32, "seed": 0, "n_draws": 20,
                  "weights_status": "demonstration", "uncertainty_method": "draws",
                  "precision": "float32", "masking": "none", "software_version": "0.1.0"} | values
        return self._insert("bossnet_run", "pk", values)

    def star(self, **values):
        """An object; its key."""
        self.keys += 1
        return self._insert("source", "pk", {
            "sdss_id": 54_000_000_000 + self.keys, "ra": 10.0 + self.keys, "dec": -5.5,
            "gaia_dr3_source_id": 5_853_498_713_190_525_696 + self.keys, "g_mag": 14.25} | values)

    def spectrum(self, star, *, table=BOSS, mjd=59_600, **values):
        """A spectrum; its key."""
        self.keys += 1
        key = self._insert("spectrum", "pk", {"spectrum_flags": 0})
        own = {BOSS: {"filetype": "specFull", "run2d": "v6_1_3", "fieldid": 100, "mjd": mjd,
                      "catalogid": 27_021_598_150_202_075 + self.keys, "snr": 30.0},
               LAMOST: {"obsid": self.keys, "lmjd": mjd, "mjd": mjd, "planid": "HD1", "spid": 1,
                        "fiberid": self.keys},
               COADD: {"filetype": "mwmStar", "sdss_id": self.keys, "telescope": "apo25m"}}
        self._insert(table, "pk", {"spectrum_pk": key, "source_pk": star, "release": "dr19"}
                     | own[table] | values)
        return key

    def result(self, spectrum, star, run, *, tag="", version=1000, failed=False, **values):
        """A result, with the flags that belong to it."""
        values = {} if failed else GOOD | values
        if not failed:
            values |= {"teff": 10 ** values["log_teff"]}
        outcome = Outcome.FAILED if failed else Outcome.DONE
        self._insert("boss_net", "task_pk", {
            "spectrum_pk": spectrum, "source_pk": star, "run_pk": run, "tag": tag,
            "v_astra": version, "result_flags": judge(Case(outcome, values)), **values})

    def visit(self, star, run, **values):
        """A spectrum with its result."""
        of_spectrum = {k: values.pop(k) for k in ("table", "mjd") if k in values}
        key = self.spectrum(star, **of_spectrum)
        self.result(key, star, run, **values)
        return key

    def _insert(self, table, key, values):
        names = ", ".join(values)
        with self.connection, self.connection.cursor() as cursor:
            (found,) = execute_values(
                cursor, f"INSERT INTO {table} ({names}) VALUES %s RETURNING {key}",
                [tuple(values.values())], fetch=True)
        return found[0]
