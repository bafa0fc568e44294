"""Recovered against true parameters of a simulated survey.

    python -m bossnet.simulation.recovered truth.ecsv
"""

import sys
from pathlib import Path

import click
import numpy as np
from astropy.table import Table

from bossnet import config, v_astra
from bossnet.cli.common import said
from bossnet.database.connection import connect_reader
from bossnet.evaluation.statistics import LEAST, statistics

_RESULTS = """
SELECT s.path, b.log_teff, b.e_log_teff, b.logg, b.e_logg, b.fe_h, b.e_fe_h, b.v_rel, b.e_v_rel
FROM boss_net AS b
JOIN (SELECT spectrum_pk, path FROM boss_visit_spectrum
      UNION ALL SELECT spectrum_pk, path FROM boss_combined_spectrum
      UNION ALL SELECT spectrum_pk, path FROM lamost_spectrum) AS s USING (spectrum_pk)
WHERE b.result_flags & 1 = 0 AND b.tag = '' AND b.v_astra_major_minor = %s"""
_PARAMETERS = (("log Teff", "log_teff", ""), ("log g", "logg", ""), ("[Fe/H]", "fe_h", ""),
               ("RV", "v_rel", "km/s"))
_REGIONS = (("4000 to 7500 K", 4000.0, 7500.0), ("cooler", 0.0, 4000.0),
            ("hotter", 7500.0, np.inf))


@said
def main() -> None:
    """Prints the comparison for the rows in the configured database."""
    truth = Table.read(Path(sys.argv[1]), format="ascii.ecsv")
    truth["log_teff"] = np.log10(truth["teff"])
    true = {row["file"]: row for row in truth}
    connection = connect_reader(config.load())
    with connection, connection.cursor() as cursor:
        cursor.execute(_RESULTS, (v_astra() // 1000,))
        names = [d.name for d in cursor.description or ()]
        rows = [dict(zip(names, r, strict=True)) for r in cursor.fetchall()]
    connection.close()
    rows = [row for row in rows if Path(row["path"] or "").name in true]
    click.echo("(recovered minus true; sigma: half the 16-84 % width; error: the median of the "
               "reported\nuncertainties, which know of the noise alone. The shipped network was "
               "not trained on\nthese stars.)")
    click.echo(f"{'':16}{'':10}{'offset':>9}{'sigma':>9}{'error':>9}{'number':>8}")
    for region, low, high in _REGIONS:
        inside = [r for r in rows if low <= true[Path(r["path"]).name]["teff"] < high]
        for label, column, unit in _PARAMETERS:
            values = np.array([[r[column] - float(true[Path(r["path"]).name][column]),
                                r[f"e_{column}"]] for r in inside], float)
            s = statistics(*values.reshape(-1, 2).T)
            if s.number < LEAST:
                continue
            digits = 1 if column == "v_rel" else 3
            numbers = "".join(f"{'-' if v is None else f'{v:.{digits}f}':>9}"
                              for v in (s.offset, s.sigma, s.error))
            click.echo(f"{region:16}{label:10}{numbers}{s.number:8}  {unit}")


if __name__ == "__main__":
    main()
