-- Every statement of the package `work`, by name. A name in braces is an identifier or a
-- fragment put in by `queries.py`; %(name)s is a value.

-- name: plan_chunks
-- The keys of a selection that are still to be done, as arrays of a chunk each. The expression
-- stands in a scope of its own: a name is the spectrum's, else the source's; and in a WHERE, which
-- takes no aggregates. OR false, which is planned away, keeps a subquery of it from becoming a join
-- that would be looped over for each row.
SELECT array_agg(spectrum_pk ORDER BY spectrum_pk)
FROM (
    SELECT spectrum_pk, (row_number() OVER (ORDER BY spectrum_pk) - 1) / {chunk} AS part
    FROM (
        SELECT _row.spectrum_pk
        FROM {table} AS _row LEFT JOIN source ON source.pk = _row.source_pk,
             LATERAL (SELECT FROM (SELECT _row.*) AS {table} WHERE
({where}
) OR false) AS taken
        WHERE {todo}
        ORDER BY _row.spectrum_pk
        LIMIT {limit}
    ) AS selected
) AS numbered
GROUP BY part ORDER BY part

-- name: check_selection
-- Whether an expression can be understood for a table, without a look at any row.
EXPLAIN SELECT FROM {table} AS _row LEFT JOIN source ON source.pk = _row.source_pk,
    LATERAL (SELECT FROM (SELECT _row.*) AS {table} WHERE
({where}
)) AS taken

-- name: count_selection
-- How many rows the table has, the expression takes, and are still to be done.
SELECT count(*),
       count(*) FILTER (WHERE taken),
       count(*) FILTER (WHERE taken AND todo)
FROM (
    SELECT taken.taken, ({todo}) AS todo
    FROM {table} AS _row LEFT JOIN source ON source.pk = _row.source_pk
         LEFT JOIN LATERAL (SELECT true AS taken FROM (SELECT _row.*) AS {table} WHERE
({where}
) OR false) AS taken ON true
) AS judged

-- name: todo_missing
-- No row yet under this version and tag.
NOT EXISTS (SELECT FROM {results} AS b WHERE b.spectrum_pk = _row.spectrum_pk
            AND b.v_astra_major_minor = {version} AND b.tag = {tag})

-- name: todo_overwrite
-- No row yet of this overwriting, or of the interrupted one that it continues.
NOT EXISTS (SELECT FROM {results} AS b WHERE b.spectrum_pk = _row.spectrum_pk
            AND b.v_astra_major_minor = {version} AND b.tag = {tag}
            AND b.run_pk = ANY ({chain}::bigint[]))

-- name: todo_retry
-- A failed row that may now succeed: a missing file, trouble with storage or device, or a bad
-- file that has changed since.
EXISTS (SELECT FROM {results} AS b WHERE b.spectrum_pk = _row.spectrum_pk
        AND b.v_astra_major_minor = {version} AND b.tag = {tag}
        AND (b.result_flags & {missing_file} <> 0
             OR (b.result_flags & {exception} <> 0 AND b.result_flags & {explained} = 0)
             OR b.spectrum_pk = ANY ({changed}::bigint[])))

-- name: bad_files
-- Rows whose file could not be used, to see whether it has changed.
SELECT _row.*, b.file_size AS _file_size, b.file_mtime AS _file_mtime
FROM {results} AS b JOIN {table} AS _row ON _row.spectrum_pk = b.spectrum_pk
WHERE b.v_astra_major_minor = {version} AND b.tag = {tag} AND b.result_flags & {bad_file} <> 0

-- name: has_rows
SELECT EXISTS (SELECT FROM {table})

-- name: other_settings
-- How the rows that are there under this version and tag were made.
SELECT DISTINCT weights, weights_sha256, n_draws, seed, uncertainty_method, precision, masking
FROM bossnet_run AS r
WHERE r.task = %(task)s AND r.v_astra_major_minor = %(version)s AND r.tag = %(tag)s
  AND EXISTS (SELECT FROM {results} AS b WHERE b.run_pk = r.pk)

-- name: runs_beside
-- How the rows are made that other runs are adding to this version and tag just now.
SELECT pk, weights, weights_sha256, n_draws, seed, uncertainty_method, precision, masking
FROM bossnet_run AS r
WHERE r.task = %(task)s AND r.v_astra_major_minor = %(version)s AND r.tag = %(tag)s
  AND r.state = 'running' AND r.heartbeat > now() - %(silence)s * interval '1 s'
  AND r.pk IS DISTINCT FROM %(run)s
ORDER BY pk

-- name: overwrite_to_continue
-- The last unfinished overwriting with the same settings and selection, and its chain of runs.
WITH last AS (
    SELECT coalesce(continues_pk, pk) AS first, state FROM bossnet_run
    WHERE overwrite AND task = %(task)s AND v_astra_major_minor = %(version)s AND tag = %(tag)s
      AND weights_sha256 = %(weights_sha256)s AND n_draws = %(n_draws)s AND seed = %(seed)s
      AND uncertainty_method = %(uncertainty_method)s AND precision = %(precision)s
      AND masking = %(masking)s AND selection IS NOT DISTINCT FROM %(selection)s
      AND tables = %(tables)s AND row_limit IS NOT DISTINCT FROM %(row_limit)s
    ORDER BY pk DESC LIMIT 1
)
SELECT last.first, array_agg(r.pk)
FROM last JOIN bossnet_run AS r ON coalesce(r.continues_pk, r.pk) = last.first
WHERE last.state <> 'done' GROUP BY last.first

-- name: count_of_runs
-- Rows that these runs have made.
SELECT count(*) FROM {results} WHERE run_pk = ANY (%(chain)s::bigint[])

-- name: insert_run
INSERT INTO bossnet_run ({columns}) VALUES ({values}) RETURNING pk

-- name: insert_chunk
INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n) VALUES %s

-- name: start_run
-- By the clock: now() is when its planning began.
UPDATE bossnet_run SET state = 'running', n_selected = %(n_selected)s,
       heartbeat = clock_timestamp()
WHERE pk = %(run)s

-- name: end_run
UPDATE bossnet_run SET state = %(state)s, error_message = %(message)s, finished = now(),
       heartbeat = now()
WHERE pk = %(run)s

-- name: claim
-- The next chunk of a run for this worker; none is left where no row comes back.
UPDATE bossnet_chunk
SET state = 'claimed', worker = %(worker)s, claimed = now(),
    attempts = attempts + 1
WHERE pk = (SELECT pk FROM bossnet_chunk WHERE run_pk = %(run)s AND state = 'ready'
            ORDER BY pk LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING pk, table_name, spectrum_pks

-- name: end_chunk
-- The fence: done by the worker that holds it, or not at all.
UPDATE bossnet_chunk SET state = %(state)s, finished = CASE %(state)s WHEN 'done' THEN now() END
WHERE pk = %(chunk)s AND worker = %(worker)s AND state = 'claimed'

-- name: beat
-- The sign of life of a worker, on its run.
UPDATE bossnet_run SET heartbeat = now() WHERE pk = %(run)s

-- name: chunk_rows
-- What is to be done of a chunk, with all that its table, its source and its noise key say. A
-- survey's own tables need not have these columns: a name is the table's, else NULL. OFFSET 0
-- keeps them a look into an index for each row; whole tables would be read beside them else.
SELECT _row.*, _spectrum.noise_key AS _noise_key, _source.ebv AS _ebv, _source.a_g AS _a_g
FROM {table} AS _row
LEFT JOIN LATERAL (
    SELECT found.* FROM (SELECT NULL::bigint AS noise_key) AS else_null, LATERAL (
        SELECT noise_key::bigint FROM spectrum WHERE spectrum.pk = _row.spectrum_pk OFFSET 0
    ) AS found
) AS _spectrum ON true
LEFT JOIN LATERAL (
    SELECT found.* FROM (SELECT NULL::real AS ebv, NULL::real AS a_g) AS else_null, LATERAL (
        SELECT ebv::real, a_g::real FROM source WHERE source.pk = _row.source_pk OFFSET 0
    ) AS found
) AS _source ON true
WHERE _row.spectrum_pk = ANY ({keys}::bigint[]) AND ({todo})
ORDER BY _row.spectrum_pk

-- name: lock_counts
-- Not FOR UPDATE, which waits for every worker whose rows refer to the run: two would wait for
-- each other.
SELECT counts FROM bossnet_run WHERE pk = %(run)s FOR NO KEY UPDATE

-- name: add_counts
UPDATE bossnet_run SET n_done = n_done + %(n_done)s, n_failed = n_failed + %(n_failed)s,
       counts = %(counts)s, heartbeat = now()
WHERE pk = %(run)s

-- name: flags_of
-- Which of these spectra have their row from this run.
SELECT result_flags FROM {results}
WHERE run_pk = %(run)s AND spectrum_pk = ANY (%(keys)s::bigint[])
