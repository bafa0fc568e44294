-- Statements of the figure of one star, by name.

-- name: results_of_spectrum
-- The results of a spectrum, a row for each version and tag, and how their runs made them.
SELECT b.*, r.weights_sha256 AS _weights_sha256, r.seed AS _seed, r.n_draws AS _n_draws,
       r.precision AS _precision, r.settings ->> 'weights' AS _weights
FROM {results} AS b LEFT JOIN bossnet_run AS r ON r.pk = b.run_pk
WHERE b.spectrum_pk = %(spectrum)s
ORDER BY b.v_astra_major_minor, b.tag

-- name: source_of_spectrum
SELECT * FROM source WHERE pk = %(source)s
