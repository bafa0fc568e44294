-- The statements of report.py.

-- name: stars
INSERT INTO source (pk, sdss_id, ra, dec, ebv)
SELECT i, 54000000000 + i, 360 * random(), degrees(asin(2 * random() - 1)), 0.3 * random()
FROM generate_series(1, {stars}) AS i;
INSERT INTO spectrum (pk, noise_key) SELECT i, i FROM generate_series(1, {rows}) AS i;

-- name: run
INSERT INTO bossnet_run (task, state, v_astra, tag, software_version, weights, weights_sha256,
    weights_status, seed, n_draws, uncertainty_method, precision, masking, n_selected, n_done)
VALUES ('bossnet', 'done', {version}, {tag}, 'made up', 'made-up', repeat('0', 64),
    'demonstration', 0, 20, 'draws', 'float32', 'none', {rows}, {rows})
RETURNING pk
