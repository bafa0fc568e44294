-- The statements of export.py.

-- name: survey
-- A survey of {rows} spectra, three of a star, with made-up results.
INSERT INTO source (pk, sdss_id, gaia_dr3_source_id, catalogid, ra, dec, g_mag, plx)
SELECT n, 54000000000 + n, 4000000000000000000 + n * 7, 27021598000000000 + n,
       360 * random(), 180 * random() - 90, 12 + 8 * random(), 5 * random()
FROM generate_series(1, ({rows} + 2) / 3) AS n;
INSERT INTO spectrum (pk, noise_key) SELECT n, n FROM generate_series(1, {rows}) AS n;
INSERT INTO boss_visit_spectrum (spectrum_pk, source_pk, release, filetype, run2d, mjd, fieldid,
    catalogid, telescope, snr)
SELECT n, (n + 2) / 3, 'dr19', 'specFull', 'v6_1_3', 59000 + n % 1500, 100000 + n % 3000,
       27021598000000000 + n, 'apo25m', 40 * random()
FROM generate_series(1, {rows}) AS n;
INSERT INTO bossnet_run (pk, task, state, v_astra, software_version, weights, weights_sha256,
    weights_status, seed, n_draws, uncertainty_method, precision, masking)
VALUES (1, 'bossnet', 'done', {version}, 'made up', 'made-up', repeat('0', 64), 'demonstration', 0,
    20, 'draws', 'float32', 'none');
INSERT INTO boss_net (source_pk, spectrum_pk, run_pk, v_astra, weights, n_draws,
    uncertainty_method, teff, e_teff, log_teff, e_log_teff, logg, e_logg, fe_h, e_fe_h, v_rad,
    e_v_rad, v_rel, e_v_rel, raw_e_log_teff, raw_e_logg, raw_e_fe_h, raw_e_v_rel, med_log_teff,
    med_logg, med_fe_h, med_v_rel, rho_log_teff_logg, rho_log_teff_fe_h, rho_log_teff_v_rad,
    rho_logg_fe_h, rho_logg_v_rad, rho_fe_h_v_rad, snr, result_flags)
SELECT (n + 2) / 3, n, 1, {version}, 'made-up', 20, 'draws', 10 ^ x, 100 * a, x, a / 50, 5 * b,
       a / 5, c - 0.8, a / 4, 60 * c - 30, 9 * a, 60 * c - 30, 9 * a, a / 50, a / 5, a / 4, 9 * a,
       x, 5 * b, c - 0.8, 60 * c - 30, b, c, a, b - 1, c - 1, a - 1, 40 * random(),
       CASE WHEN b > 0.9 THEN 8192 ELSE 0 END
FROM (SELECT n, 3.5 + random() AS x, 0.1 + random() AS a, random() AS b, random() AS c
      FROM generate_series(1, {rows}) AS n) AS made;
ANALYZE;
