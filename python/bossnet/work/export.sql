-- What `astra export` asks. A name in braces is an identifier or a fragment put in by `queries.py`.

-- name: export_versions
-- Versions and tags of which there are results.
SELECT DISTINCT v_astra_major_minor, tag
FROM bossnet_run AS r
WHERE EXISTS (SELECT FROM {results} AS b WHERE b.run_pk = r.pk)
ORDER BY v_astra_major_minor, tag

-- name: export_of_table
-- The results of a table's spectra. The expression is judged beside source and spectrum alone, in
-- the scope that plan_chunks gives it.
SELECT {columns}
FROM (
    SELECT _row.*
    FROM {table} AS _row LEFT JOIN source ON source.pk = _row.source_pk,
         LATERAL (SELECT FROM (SELECT _row.*) AS {table} WHERE
({where}
) OR false) AS taken
) AS spectrum
JOIN {results} AS result ON result.spectrum_pk = spectrum.spectrum_pk
LEFT JOIN source ON source.pk = spectrum.source_pk
WHERE {chosen}

-- name: export_extent
-- For each run that made any of the rows: how many, those without a source, and the longest text of
-- each column of texts [byte].
SELECT run_pk, count(*), count(*) FILTER (WHERE source_pk = -1){widths}
FROM ({rows}) AS rows
GROUP BY run_pk ORDER BY run_pk

-- name: export_declare
-- All of the rows will be fetched, so the fastest plan for all of them is wanted.
DECLARE bossnet_export NO SCROLL CURSOR FOR {rows} ORDER BY {order}

-- name: export_fetch
FETCH {number} FROM bossnet_export

-- name: export_runs
-- How these runs made their rows.
SELECT pk, weights, weights_sha256, weights_status, seed, n_draws, uncertainty_method, precision,
       masking, settings ->> 'noise_model' AS noise_model, software_version, software_commit, started
FROM bossnet_run WHERE pk = ANY (%(runs)s::bigint[]) ORDER BY pk

-- name: export_columns
-- Names of the columns of a table or view.
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass(quote_ident(%(table)s)) AND attnum > 0 AND NOT attisdropped
