-- How many rows there are, and what they say of themselves. {results} are all rows, {catalog} those
-- without unreliable parameters, {chosen} which version and tag or run, {spectra} says of each
-- spectrum its table, object and night; `scope.py` puts them in.

-- name: flags_of_tables
-- How many rows of each spectrum table have these flags.
SELECT s.table_name, result.result_flags, count(*)
FROM {results} AS result LEFT JOIN {spectra} AS s USING (spectrum_pk)
WHERE {chosen}
GROUP BY s.table_name, result.result_flags

-- name: failures_in_words
-- Failures by what is alike in their messages: paths and numbers are taken out. The most frequent
-- first, with one of each.
SELECT result.result_flags & {reasons} AS reasons,
       regexp_replace(regexp_replace(left(result.error_message, 400), '\S*/\S*[^\s:,;.)]', '(path)', 'g'),
                      '\d+', 'N', 'g') AS kind,
       count(*) AS number, min(result.spectrum_pk) AS spectrum_pk,
       (array_agg(left(result.error_message, 400) ORDER BY result.spectrum_pk))[1] AS example
FROM {results} AS result
WHERE {chosen} AND result.result_flags & 1 <> 0
GROUP BY reasons, kind ORDER BY number DESC, kind LIMIT {limit}

-- name: runs_of_rows
-- The runs of the version and tag, or the run alone: how they made their rows, how they ended, and
-- how many rows are theirs now.
SELECT r.pk, r.state, r.started, r.finished, r.n_selected, r.n_done, r.n_failed, r.error_message,
       r.tables, r.selection, r.weights, r.weights_sha256, r.weights_status, r.seed, r.n_draws,
       r.uncertainty_method, r.precision, r.masking, r.device, r.software_version,
       r.software_commit, coalesce(rows.number, 0) AS n_rows
FROM bossnet_run AS r
LEFT JOIN (SELECT run_pk, count(*) AS number FROM {results} AS result WHERE {chosen}
           GROUP BY run_pk) AS rows ON rows.run_pk = r.pk
WHERE r.task = {task} AND r.v_astra_major_minor = {version} AND r.tag = {tag}
  AND ({run}::bigint IS NULL OR r.pk = {run})
ORDER BY r.pk

-- name: previous_run
-- The last run of another version or tag that has rows, before a run.
SELECT pk FROM bossnet_run AS r
WHERE task = {task} AND pk < {run} AND (v_astra_major_minor, tag) <> ({version}, {tag})
  AND EXISTS (SELECT FROM {results} AS b WHERE b.run_pk = r.pk)
ORDER BY pk DESC LIMIT 1
