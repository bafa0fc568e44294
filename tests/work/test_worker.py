"""How a worker hands its spectra on; what it does with them is tested with the commands."""

import psycopg2
import pytest

from bossnet.task import BossNetTask
from bossnet.work.settings import Settings
from bossnet.work.worker import AT_ONCE, together


@pytest.mark.parametrize(("batch_size", "n_draws", "number"), [
    (4, 0, AT_ONCE), (4, 20, AT_ONCE), (64, 20, 64), (12, 20, 24), (4, 100, 4), (4, 5000, 4),
    (1, 5000, 1)])
def test_spectra_handed_on_together_are_whole_batches_and_some_seconds_work(
        batch_size, n_draws, number):
    assert together(batch_size, n_draws) == number
    assert together(batch_size, n_draws, on_gpu=True) == 4 * batch_size


class Noting(BossNetTask):
    """Notes how many spectra it is given together."""

    given: list[int]

    def _run(self, observations):
        self.given.append(len(observations))
        return super()._run(observations)


@pytest.mark.parametrize(("batch_size", "given"), [(16, [32, 32, 32, 4]), (60, [60, 40])])
def test_a_batch_that_is_asked_for_is_a_batch_that_is_given(config, tiny, batch_size, given):
    connection = psycopg2.connect(config.database_url, options="-c search_path=bossnet")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "WITH new AS (INSERT INTO spectrum (spectrum_flags) SELECT 0 "
            "             FROM generate_series(1, 100) RETURNING pk) "
            "INSERT INTO boss_visit_spectrum (spectrum_pk, release, filetype, mjd, path) "
            "SELECT pk, 'dr17', 'spec', pk, '/nonesuch.fits' FROM new")
    connection.close()
    Noting.given = []
    Noting.execute(config, Settings(n_draws=0, batch_size=batch_size), weights=str(tiny.path))
    assert Noting.given == given
