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

-- name: todo_again
-- No row yet of this overwriting, nor one that another run has made alike since it was asked for:
-- two that overwrite at once share the work.
NOT EXISTS (SELECT FROM {results} AS b WHERE b.spectrum_pk = _row.spectrum_pk
            AND b.v_astra_major_minor = {version} AND b.tag = {tag}
            AND (b.run_pk = ANY ({chain}::bigint[])
                 OR (b.modified >= timezone('utc', {since}::timestamptz)
                     AND b.run_pk IN (
                        SELECT r.pk FROM bossnet_run AS r JOIN bossnet_run AS mine
                            ON r.weights_sha256 = mine.weights_sha256
                            AND r.n_draws = mine.n_draws AND r.seed = mine.seed
                            AND r.uncertainty_method = mine.uncertainty_method
                            AND r.precision = mine.precision AND r.masking = mine.masking
                        WHERE mine.pk = {run}))))

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

-- name: time_now
SELECT now()::text

-- name: overwrite_to_continue
-- The last unfinished overwriting with the same settings and selection, its chain of runs, and
-- since when what is made counts as made by it.
WITH last AS (
    SELECT coalesce(continues_pk, pk) AS first, state FROM bossnet_run
    WHERE overwrite AND task = %(task)s AND v_astra_major_minor = %(version)s AND tag = %(tag)s
      AND weights_sha256 = %(weights_sha256)s AND n_draws = %(n_draws)s AND seed = %(seed)s
      AND uncertainty_method = %(uncertainty_method)s AND precision = %(precision)s
      AND masking = %(masking)s AND selection IS NOT DISTINCT FROM %(selection)s
      AND tables = %(tables)s AND row_limit IS NOT DISTINCT FROM %(row_limit)s
    ORDER BY pk DESC LIMIT 1
)
SELECT last.first, array_agg(r.pk),
       max(coalesce(r.settings ->> 'since', r.started::text)) FILTER (WHERE r.pk = last.first)
FROM last JOIN bossnet_run AS r ON coalesce(r.continues_pk, r.pk) = last.first
WHERE last.state <> 'done' GROUP BY last.first

-- name: count_of_runs
-- Rows that these runs have made.
SELECT count(*) FROM {results} WHERE run_pk = ANY (%(chain)s::bigint[])

-- name: insert_run
INSERT INTO bossnet_run ({columns}) VALUES ({values}) RETURNING pk

-- name: insert_chunk
INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n) VALUES %s

-- name: share_out
-- Chunks that nobody has worked on yet are cut into smaller ones.
WITH whole AS (
    DELETE FROM bossnet_chunk WHERE run_pk = %(run)s AND n > %(size)s
    RETURNING pk, run_pk, table_name, spectrum_pks
)
INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n)
SELECT run_pk, table_name, array_agg(spectrum_pk ORDER BY place), count(*)
FROM (SELECT whole.*, spectrum_pk, place, (place - 1) / %(size)s AS part
      FROM whole, unnest(spectrum_pks) WITH ORDINALITY AS k (spectrum_pk, place)) AS cut
GROUP BY pk, run_pk, table_name, part ORDER BY pk, part

-- name: plan_run
-- By the clock: now() is when its planning began.
UPDATE bossnet_run SET state = 'planned', n_selected = %(n_selected)s,
       heartbeat = clock_timestamp()
WHERE pk = %(run)s

-- name: lock_claims
-- One claim at a time among the runs that add to one version and tag: each sees what the others
-- have claimed. A claim does not wait for the disk: one that a crash of the server takes back is a
-- chunk that its worker has lost, as the fence tells it; what ends a chunk makes all before it last.
SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(hashtextextended(
    format('bossnet claims %%s %%s %%s %%s', current_schema(), task, v_astra_major_minor, tag), 0))
FROM bossnet_run WHERE pk = %(run)s

-- name: claim
-- The next chunk of a run for this worker; no row comes back where none can be had just now. One
-- at which workers have died is taken last. One that has spectra in common with a chunk that a
-- living worker of another run has, for the same version and tag, is passed over: it will have
-- less to do, or nothing. Whether two have any in common is mostly told by their first keys. A
-- worker that was taken for dead gets none: nobody would look for it there again.
WITH me AS (
    SELECT pk FROM bossnet_worker WHERE pk = %(worker)s AND state = 'running'
    FOR NO KEY UPDATE
), others AS MATERIALIZED (
    SELECT o.first_pk, o.last_pk, o.spectrum_pks
    FROM bossnet_run AS mine
    JOIN bossnet_run AS r ON r.task = mine.task AND r.tag = mine.tag AND r.pk <> mine.pk
         AND r.v_astra_major_minor = mine.v_astra_major_minor
    JOIN bossnet_worker AS w ON w.run_pk = r.pk AND w.state = 'running'
         AND w.heartbeat > now() - w.lease * interval '1 s'
    JOIN bossnet_chunk AS o ON o.worker_pk = w.pk AND o.state = 'claimed'
    WHERE mine.pk = %(run)s
)
UPDATE bossnet_chunk
SET state = 'claimed', worker = %(name)s, worker_pk = %(worker)s, claimed = now(),
    attempts = attempts + 1
WHERE pk = (
    SELECT c.pk
    FROM bossnet_chunk AS c
    WHERE EXISTS (SELECT FROM me)
      AND c.run_pk = %(run)s AND c.state = 'ready' AND (c.deaths = 0 OR %(suspects)s)
      AND NOT EXISTS (
        SELECT FROM others AS o
        WHERE CASE
            WHEN o.first_pk > c.last_pk OR o.last_pk < c.first_pk THEN false
            WHEN o.first_pk = c.first_pk OR o.last_pk = c.last_pk THEN true
            WHEN c.first_pk = ANY (o.spectrum_pks) OR o.first_pk = ANY (c.spectrum_pks) THEN true
            ELSE EXISTS (SELECT k FROM unnest(c.spectrum_pks) AS k
                         WHERE k BETWEEN o.first_pk AND o.last_pk
                         INTERSECT SELECT unnest(o.spectrum_pks))
        END)
    ORDER BY c.deaths, c.pk LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
RETURNING pk, table_name, spectrum_pks, deaths, error_message

-- name: give_back_unknown
-- Chunks that this worker has claimed without knowing it: the answer to the claim was lost.
UPDATE bossnet_chunk SET state = 'ready', attempts = attempts - 1
WHERE worker_pk = %(worker)s AND state = 'claimed' AND pk <> ALL (%(known)s::bigint[])

-- name: is_left
-- Whether a run has chunks that are not done.
SELECT EXISTS (SELECT FROM bossnet_chunk WHERE run_pk = %(run)s AND state IN ('ready', 'claimed'))

-- name: holder_of
SELECT state, worker_pk FROM bossnet_chunk WHERE pk = %(chunk)s

-- name: end_chunk
-- The fence: done by the worker that holds it and is not taken for dead, or not at all.
WITH me AS (
    SELECT pk FROM bossnet_worker WHERE pk = %(worker)s AND state = 'running'
    FOR NO KEY UPDATE
)
UPDATE bossnet_chunk AS c
SET state = %(state)s, finished = CASE %(state)s WHEN 'done' THEN now() END,
    deaths = deaths + %(deaths)s, error_message = coalesce(%(message)s, error_message)
FROM me
WHERE c.pk = %(chunk)s AND c.worker_pk = me.pk AND c.state = 'claimed'

-- name: chunk_rows
-- What is to be done of a chunk, with all that its table, its source and its noise key say. A
-- survey's own tables need not have these columns: a name is the table's, else NULL. OFFSET 0
-- keeps them a look into an index for each row, whatever the planner thinks of a table.
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

-- name: add_worker_counts
UPDATE bossnet_worker SET n_chunks = n_chunks + 1, n_done = n_done + %(n_done)s,
       n_failed = n_failed + %(n_failed)s, heartbeat = now()
WHERE pk = %(worker)s

-- name: flags_of
-- Which of these spectra have their row from this run.
SELECT result_flags FROM {results}
WHERE run_pk = %(run)s AND spectrum_pk = ANY (%(keys)s::bigint[])
