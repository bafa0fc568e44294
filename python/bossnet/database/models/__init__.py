"""peewee models of the tables, for scripts and notebooks.

    from bossnet import config
    from bossnet.database.models import BossNet, Source, bind

    bind(config.load())
    hot = BossNet.select(BossNet, Source).join(Source).where(BossNet.teff > 10_000)

The bulk of the work goes past them: results are written by COPY (``bossnet.database.writer``).
"""

from bossnet.database.models.base import Database, bind, database
from bossnet.database.models.results import (
    RESULTS,
    ApogeeNet,
    ApogeeNetCatalog,
    BossNet,
    BossNetCatalog,
    Run,
    Worker,
)
from bossnet.database.models.spectra import (
    SPECTRA,
    ApogeeCoaddedSpectrumInApStar,
    ApogeeCombinedSpectrum,
    ApogeeVisitSpectrumInApStar,
    BossCombinedSpectrum,
    BossVisitSpectrum,
    LamostSpectrum,
    Source,
    Spectrum,
)

__all__ = ["RESULTS", "SPECTRA", "ApogeeCoaddedSpectrumInApStar", "ApogeeCombinedSpectrum",
           "ApogeeNet", "ApogeeNetCatalog", "ApogeeVisitSpectrumInApStar", "BossCombinedSpectrum",
           "BossNet", "BossNetCatalog", "BossVisitSpectrum", "Database", "LamostSpectrum", "Run",
           "Source", "Spectrum", "Worker", "bind", "database"]
