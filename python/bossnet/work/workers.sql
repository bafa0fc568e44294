-- Workers of a run: how they join, say that they are alive, are found dead, and leave.
--
-- Rows are locked in the order worker, chunk, run, so that no two transactions wait for each other.

-- name: run_to_join
-- What a run is, for a worker that joins it.
SELECT pk, task, state, tag, v_astra_major_minor, weights, weights_sha256, weights_status, n_draws,
       seed, uncertainty_method, precision, masking, overwrite, settings, n_selected, n_done,
       n_failed, counts, continues_pk, error_message
FROM bossnet_run WHERE pk = %(run)s

-- name: begin_run
-- A run has a worker, its first or a further one; none comes back where it has ended.
UPDATE bossnet_run SET state = 'running', heartbeat = clock_timestamp(), finished = NULL,
       error_message = NULL, device = coalesce(device, %(device)s)
WHERE pk = %(run)s AND state IN ('planned', 'running', 'interrupted')
RETURNING pk

-- name: insert_worker
INSERT INTO bossnet_worker (run_pk, hostname, pid, process, slurm_job, slurm_task, device,
                            arithmetic, lease)
VALUES (%(run)s, %(hostname)s, %(pid)s, %(process)s, %(slurm_job)s, %(slurm_task)s, %(device)s,
        %(arithmetic)s, %(lease)s)
RETURNING pk

-- name: forget_unknown
-- A worker that this process became without knowing it: the answer to its joining was lost.
DELETE FROM bossnet_worker
WHERE run_pk = %(run)s AND hostname = %(hostname)s AND pid = %(pid)s AND process = %(process)s
  AND state = 'running' AND pk <> %(known)s

-- name: insert_failed_worker
-- A worker that failed before it could join, of a run that still takes workers.
INSERT INTO bossnet_worker (run_pk, state, finished, error_message, hostname, pid, process,
                            slurm_job, slurm_task, device, lease)
SELECT pk, 'failed', now(), %(message)s, %(hostname)s, %(pid)s, %(process)s, %(slurm_job)s,
       %(slurm_task)s, %(device)s, %(lease)s
FROM bossnet_run WHERE pk = %(run)s AND state IN ('planned', 'running', 'interrupted')

-- name: starts_of
-- How often this process has begun to work on the run: it starts anew when its device has failed.
SELECT count(*) FROM bossnet_worker
WHERE run_pk = %(run)s AND hostname = %(hostname)s AND pid = %(pid)s AND process = %(process)s

-- name: beat_worker
-- A worker's sign of life; none comes back where it was found dead.
UPDATE bossnet_worker SET heartbeat = now(), recent = %(recent)s, recent_failed = %(recent_failed)s,
       t_database = %(t_database)s, t_work = %(t_work)s
WHERE pk = %(worker)s AND state = 'running'
RETURNING pk

-- name: take_run_back
-- A run that was called interrupted while this worker of it, silent for a while, was at work.
UPDATE bossnet_run SET state = 'running', heartbeat = now(), finished = NULL, error_message = NULL
WHERE pk = %(run)s AND state = 'interrupted'

-- name: beat_run
-- That of its run, which one of its workers at a time gives.
UPDATE bossnet_run SET heartbeat = now()
WHERE pk = (SELECT pk FROM bossnet_run
            WHERE pk = %(run)s AND heartbeat < now() - %(often)s * interval '1 s'
            FOR NO KEY UPDATE SKIP LOCKED)

-- name: look_around
-- How a run stands, and the windows that its other living workers look back at.
SELECT r.state, r.error_message, coalesce(sum(w.recent), 0), coalesce(sum(w.recent_failed), 0)
FROM bossnet_run AS r LEFT JOIN bossnet_worker AS w
     ON w.run_pk = r.pk AND w.pk <> %(worker)s AND w.state = 'running'
        AND w.heartbeat > now() - w.lease * interval '1 s'
WHERE r.pk = %(run)s GROUP BY r.pk

-- name: running_workers
-- Workers, of whatever run, that have not ended, and whether they have been silent for too long.
SELECT pk, hostname, pid, process, lease, heartbeat < now() - lease * interval '1 s' AS silent
FROM bossnet_worker WHERE state = 'running' AND pk <> %(worker)s

-- name: bury
-- A worker that was found dead; none comes back where it gave a sign of life, or another was
-- quicker. One that writes just now is not dead.
UPDATE bossnet_worker SET state = 'failed', finished = now(), error_message = %(message)s
WHERE pk = (SELECT pk FROM bossnet_worker
            WHERE pk = %(worker)s AND state = 'running'
              AND (%(gone)s OR heartbeat < now() - lease * interval '1 s')
            FOR NO KEY UPDATE SKIP LOCKED)
RETURNING pk

-- name: inherit_chunks
-- The chunks of a worker that died, given back.
UPDATE bossnet_chunk SET state = 'ready', deaths = deaths + 1, error_message = %(message)s
WHERE worker_pk = %(worker)s AND state = 'claimed'
RETURNING pk

-- name: split_chunk
-- A chunk that was a worker's end again falls into parts, each of which has one death left; it is
-- itself no longer there.
WITH whole AS (
    DELETE FROM bossnet_chunk
    WHERE pk = %(chunk)s AND state = 'ready' AND deaths >= %(deaths)s AND n > 1
    RETURNING run_pk, table_name, spectrum_pks, n, error_message
)
INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n, deaths, error_message)
SELECT run_pk, table_name, array_agg(spectrum_pk ORDER BY spectrum_pk), count(*), 1, error_message
FROM (SELECT whole.*, spectrum_pk, (place - 1) / ceil(n / %(parts)s::real)::integer AS part
      FROM whole, unnest(spectrum_pks) WITH ORDINALITY AS k (spectrum_pk, place)) AS numbered
GROUP BY run_pk, table_name, part, error_message ORDER BY part

-- name: leave_worker
UPDATE bossnet_worker SET state = %(state)s, finished = now(), heartbeat = now(),
       error_message = %(message)s, t_database = %(t_database)s, t_work = %(t_work)s
WHERE pk = %(worker)s AND state = 'running'
RETURNING pk

-- name: release_chunks
-- The chunks of a worker that leaves, without results.
UPDATE bossnet_chunk SET state = 'ready' WHERE worker_pk = %(worker)s AND state = 'claimed'

-- name: end_run_done
-- A run of which nothing is left to do; also one that was called interrupted while this worker,
-- silent for a while, did the last of it.
UPDATE bossnet_run SET state = 'done', finished = now(), heartbeat = now(), error_message = NULL
WHERE pk = %(run)s AND state IN ('running', 'interrupted')
  AND NOT EXISTS (SELECT FROM bossnet_chunk AS c
                  WHERE c.run_pk = bossnet_run.pk AND c.state IN ('ready', 'claimed'))

-- name: end_run_failed
-- A run that must not go on: all its workers stop.
UPDATE bossnet_run SET state = 'failed', finished = now(), heartbeat = now(),
       error_message = %(message)s
WHERE pk = %(run)s AND state = 'running'

-- name: end_run_alone
-- A run whose last living worker leaves it.
UPDATE bossnet_run SET state = %(state)s, finished = now(), heartbeat = now(),
       error_message = %(message)s
WHERE pk = %(run)s AND state = 'running'
  AND NOT EXISTS (SELECT FROM bossnet_worker AS w
                  WHERE w.run_pk = bossnet_run.pk AND w.state = 'running'
                    AND w.heartbeat > now() - w.lease * interval '1 s')

-- name: lock_run
-- So that of workers that leave together the last one knows that it is.
SELECT FROM bossnet_run WHERE pk = %(run)s FOR NO KEY UPDATE

-- name: outcome_of
SELECT state, n_done, n_failed, counts, error_message FROM bossnet_run WHERE pk = %(run)s

-- name: outcome_of_worker
SELECT n_done, n_failed FROM bossnet_worker WHERE pk = %(worker)s
