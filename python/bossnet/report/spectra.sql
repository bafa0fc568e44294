-- name: spectra_by_teff
-- A few good spectra of each bin of log Teff, in an order that is the same every time and has
-- nothing to do with theirs. Enough more of each that unreadable files do not leave it empty.
WITH candidate AS (
    SELECT s.table_name, spectrum_pk, log_teff, {velocity} AS velocity, bin.number AS bin,
           row_number() OVER (PARTITION BY bin.number ORDER BY
               snr < {snr}, hashint8(spectrum_pk), spectrum_pk) AS place
    FROM {catalog} AS result JOIN {spectra} AS s USING (spectrum_pk)
    CROSS JOIN LATERAL (SELECT width_bucket(log_teff::float8, {edges}::float8[]) AS number) AS bin
    WHERE {chosen} AND log_teff IS NOT NULL AND result_flags & {unfit} = 0 AND snr > {least}
      AND bin.number BETWEEN 1 AND {bins}
)
SELECT table_name, spectrum_pk, log_teff, velocity, bin FROM candidate
WHERE place <= {limit} ORDER BY bin, place
