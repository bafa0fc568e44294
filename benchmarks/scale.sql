-- A survey's registered spectra, made in the database: three in ten are visits by BOSS, three a
-- star, the others LAMOST's; %(rows)s in all, of half as many objects. The objects of 250 fibres
-- were registered together; otherwise they are scattered over their table.

-- name: generate
-- Foreign keys and the default noise_key are true by construction: their triggers are left out.
SET LOCAL session_replication_role = replica;
SELECT setseed(0.5);
INSERT INTO source (pk, sdss_id, catalogid, gaia_dr3_source_id, ra, dec, g_mag, bp_mag, rp_mag,
                    plx, e_plx, ebv)
SELECT i, 50000000 + i, 27021597800000000 + i, 4000000000000000000 + 7919 * i, 360 * random(),
       degrees(asin(2 * random() - 1)), 13 + 5 * random(), 13 + 5 * random(), 13 + 5 * random(),
       random(), 0.02, 0.3 * random()
FROM generate_series(1, %(rows)s::bigint / 2) AS i;
INSERT INTO spectrum (pk, noise_key) SELECT i, i FROM generate_series(1, %(rows)s::bigint) AS i;
INSERT INTO boss_visit_spectrum (spectrum_pk, source_pk, release, filetype, run2d, mjd, fieldid,
                                 catalogid, healpix, telescope, snr, n_exp, exptime, xcsao_v_rad,
                                 xcsao_rxc, path)
SELECT i, source, 'dr20', 'specFull', 'v6_2_0', mjd, field, catalogid, source %% 196608, 'apo25m',
       -20 * ln(1 - random()), 4, 3600, 100 * (random() - 0.5), 12 * random(),
       format('sas/dr20/spectro/boss/redux/v6_2_0/spectra/full/%%s/%%s/spec-%%s-%%s-%%s.fits',
              field, mjd, field, mjd, catalogid)
FROM (
    SELECT i, source, 59000 + i / 2000 AS mjd, 100000 + i / 500 AS field,
           27021597800000000 + source AS catalogid
    FROM (SELECT i, 1 + i / 250 * 7919 %% (%(rows)s::bigint / 2500) * 250 + i %% 250 AS source
          FROM generate_series(1, 3 * %(rows)s::bigint / 10) AS i) AS visit
) AS named;
INSERT INTO lamost_spectrum (spectrum_pk, source_pk, release, obsid, planid, spid, fiberid, lmjd,
                             mjd, ra, dec, snru, snrg, snrr, snri, snrz, snr, class, subclass, z,
                             path)
SELECT i, source, 'DR9 v2.0', 100000000 + i, plan, spid, fiber, lmjd, lmjd + 1, 360 * random(),
       degrees(asin(2 * random() - 1)), s / 4, s / 2, s, s, s / 2, s, 'STAR', 'G3', 0.0001,
       format('lamost/dr9/fits/%%s/%%s/spec-%%s-%%s_sp%%s-%%s.fits.gz', lmjd, plan, lmjd, plan,
              lpad(spid::text, 2, '0'), lpad(fiber::text, 3, '0'))
FROM (
    SELECT i, 1 + i / 250 * 7919 %% (%(rows)s::bigint / 500) * 250 + i %% 250 AS source,
           'HD' || i / 4000 AS plan, 1 + (i / 250 %% 16)::integer AS spid,
           1 + (i %% 250)::integer AS fiber, (55900 + i / 8000)::integer AS lmjd,
           -60 * ln(1 - random()) AS s
    FROM generate_series(3 * %(rows)s::bigint / 10 + 1, %(rows)s) AS i
) AS named;

-- name: copy_run
-- A second run over the same spectra, as if both had been started at once.
WITH run AS (
    INSERT INTO bossnet_run (task, v_astra, tag, state)
    SELECT task, v_astra, tag, 'planned' FROM bossnet_run WHERE pk = %(run)s RETURNING pk
), chunks AS (
    INSERT INTO bossnet_chunk (run_pk, table_name, spectrum_pks, n)
    SELECT run.pk, c.table_name, c.spectrum_pks, c.n
    FROM bossnet_chunk AS c, run WHERE c.run_pk = %(run)s ORDER BY c.pk
)
SELECT pk FROM run;

-- name: fill
-- Results of the next chunks of a run, as copies of those that its writers have written, which are
-- of the spectra from 1 on; in their stead, where that would take them too long.
SET LOCAL session_replication_role = replica;
CREATE TEMPORARY TABLE filled ON COMMIT DROP AS
    SELECT pk, spectrum_pks FROM bossnet_chunk
    WHERE run_pk = {run} AND state = 'ready' ORDER BY pk LIMIT {chunks};
INSERT INTO boss_net (spectrum_pk, source_pk, {columns})
SELECT s.spectrum_pk, s.source_pk, {columns}
FROM (SELECT unnest(spectrum_pks) AS spectrum_pk FROM filled) AS k
JOIN (SELECT spectrum_pk, source_pk FROM boss_visit_spectrum
      UNION ALL SELECT spectrum_pk, source_pk FROM lamost_spectrum) AS s USING (spectrum_pk)
JOIN boss_net AS written ON written.spectrum_pk = 1 + s.spectrum_pk % {written}
ORDER BY s.spectrum_pk;
UPDATE bossnet_chunk SET state = 'done', finished = now() WHERE pk IN (SELECT pk FROM filled);

-- name: sizes
-- Each table of ours that has rows, its own pages and those of each of its indexes, in bytes.
SELECT c.relname AS name, c.reltuples::bigint AS rows, pg_table_size(c.oid) AS bytes,
       (SELECT jsonb_object_agg(i.indexrelid::regclass::text, pg_relation_size(i.indexrelid))
        FROM pg_index AS i WHERE i.indrelid = c.oid) AS indexes
FROM pg_class AS c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.reltuples > 0
ORDER BY pg_total_relation_size(c.oid) DESC;
