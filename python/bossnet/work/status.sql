-- What `astra status` and `astra runs show` ask.

-- name: recent_runs
-- Runs, the newest first: their whole records, how long they are silent, how long they took.
SELECT r.*, extract(epoch FROM now() - r.heartbeat)::float8 AS silent,
       extract(epoch FROM coalesce(r.finished, now()) - r.started)::float8 AS seconds
FROM bossnet_run AS r WHERE %(run)s IS NULL OR r.pk = %(run)s
ORDER BY r.pk DESC LIMIT %(limit)s

-- name: workers_of_runs
-- The workers of these runs: their whole records, how long they are silent, how long they worked.
SELECT w.*, extract(epoch FROM now() - w.heartbeat)::float8 AS silent,
       extract(epoch FROM coalesce(w.finished, now()) - w.started)::float8 AS seconds
FROM bossnet_worker AS w WHERE w.run_pk = ANY (%(runs)s) ORDER BY w.pk

-- name: chunks_of_run
-- How many chunks, of how many spectra, are in each state; and workers that died at them.
SELECT state, count(*) AS chunks, sum(n)::bigint AS spectra, sum(deaths)::bigint AS deaths
FROM bossnet_chunk WHERE run_pk = %(run)s GROUP BY state ORDER BY state

-- name: rows_of_run
-- Rows that are a run's still: others may have made some of them again.
SELECT count(*) FROM {results} WHERE run_pk = {run}

-- name: failures
-- Failed spectra of a run by the kind of reason, with examples of each.
SELECT reason, count(*) AS number,
       array_agg(spectrum_pk ORDER BY place) FILTER (WHERE place <= {examples}),
       array_agg(error_message ORDER BY place) FILTER (WHERE place <= {examples})
FROM (
    SELECT result_flags & {reasons} AS reason, spectrum_pk, error_message,
           row_number() OVER (PARTITION BY result_flags & {reasons} ORDER BY spectrum_pk) AS place
    FROM {results} WHERE run_pk = {run} AND result_flags & 1 <> 0
) AS failed
GROUP BY reason ORDER BY number DESC, reason
