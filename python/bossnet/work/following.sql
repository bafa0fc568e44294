-- What `astra srun` asks to follow a run that others work on.

-- name: standing
-- How a run stands, its workers by state, and why the last of those that failed did.
SELECT r.state, r.n_selected, r.n_done, r.n_failed, r.counts, r.error_message,
       (SELECT count(*) FROM bossnet_chunk AS c WHERE c.run_pk = r.pk AND c.state <> 'done'),
       coalesce((SELECT jsonb_object_agg(state, number)
                 FROM (SELECT state, count(*) AS number FROM bossnet_worker AS w
                       WHERE w.run_pk = r.pk GROUP BY state) AS by_state), jsonb_build_object()),
       (SELECT w.error_message FROM bossnet_worker AS w
        WHERE w.run_pk = r.pk AND w.state = 'failed' ORDER BY w.finished DESC LIMIT 1)
FROM bossnet_run AS r WHERE r.pk = %(run)s

-- name: end_run_empty
-- A run that was planned and has nothing to do needs no worker.
UPDATE bossnet_run SET state = 'done', finished = now(), heartbeat = now()
WHERE pk = %(run)s AND state = 'planned'
  AND NOT EXISTS (SELECT FROM bossnet_chunk AS c WHERE c.run_pk = bossnet_run.pk)

-- name: end_run_unstarted
-- A run that was planned and gets no workers.
UPDATE bossnet_run SET state = 'failed', finished = now(), error_message = %(message)s
WHERE pk = %(run)s AND state = 'planned'
