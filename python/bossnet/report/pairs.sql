-- Two measurements of one star: its visits, its spectra of two surveys, its velocities.

-- name: repeats
-- Of each star's visits of one table, in their order, each with the one before it of another night
-- (the same night's is the same observation, or nearly): the difference of each parameter over its
-- error. By table and parameter their statistics, a histogram, and of each parameter the largest.
WITH visit AS (
    SELECT s.table_name, s.source_pk, spectrum_pk, s.mjd, {values},
           lag(s.mjd) OVER visits AS mjd_before, lag(spectrum_pk) OVER visits AS spectrum_before,
           {values_before}
    FROM {catalog} AS result JOIN {spectra} AS s USING (spectrum_pk)
    WHERE {chosen} AND s.source_pk IS NOT NULL AND s.mjd IS NOT NULL
    WINDOW visits AS (PARTITION BY s.table_name, s.source_pk ORDER BY s.mjd, spectrum_pk)
), pull AS MATERIALIZED (
    SELECT table_name, q.name, source_pk, spectrum_before, spectrum_pk,
           q.difference::float8 AS difference, q.difference / sqrt(q.variance) AS pull
    FROM visit CROSS JOIN LATERAL (VALUES {differences}) AS q (name, difference, variance)
    WHERE mjd <> mjd_before AND q.variance > 0 AND q.difference IS NOT NULL
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY name ORDER BY abs(pull) DESC, spectrum_pk) AS place
    FROM pull WHERE abs(pull) > {far}
)
SELECT 'statistics' AS kind, table_name, name, count(*) AS number, NULL::integer AS bin,
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY pull) AS percentiles,
       count(*) FILTER (WHERE abs(pull) > {far}) AS beyond, NULL::bigint AS source_pk,
       NULL::bigint AS spectrum_before, NULL::bigint AS spectrum_pk, NULL::float8 AS difference,
       NULL::float8 AS pull
FROM pull GROUP BY table_name, name
UNION ALL
SELECT 'histogram', table_name, name, count(*), floor(pull / {step})::integer AS bin, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL
FROM pull WHERE abs(pull) < {reach} GROUP BY table_name, name, bin
UNION ALL
SELECT 'star', table_name, name, place, NULL, NULL, NULL, source_pk, spectrum_before, spectrum_pk,
       difference, pull
FROM placed WHERE place <= {limit}

-- name: stars_in_common
-- For each star with spectra of both sides its best spectrum (by S/N) of each, and the two values of
-- each parameter: in all, their statistics, in cells, and the most discrepant.
WITH best AS (
    SELECT DISTINCT ON (s.source_pk, of.side) s.source_pk, of.side, spectrum_pk, {values}
    FROM {catalog} AS result JOIN {spectra} AS s USING (spectrum_pk)
    CROSS JOIN LATERAL (SELECT s.table_name = ANY ({tables_a}) AS side) AS of
    WHERE {chosen} AND s.source_pk IS NOT NULL AND s.table_name = ANY ({tables})
    ORDER BY s.source_pk, of.side, snr DESC NULLS LAST, spectrum_pk
), pair AS MATERIALIZED (
    SELECT a.source_pk, a.spectrum_pk AS spectrum_a, b.spectrum_pk AS spectrum_b,
           q.name, q.a::float8, q.b::float8, q.step::float8,
           (q.a - q.b)::float8 / nullif(sqrt(q.variance), 0) AS pull
    FROM best AS a JOIN best AS b ON a.side AND NOT b.side AND b.source_pk = a.source_pk
    CROSS JOIN LATERAL (VALUES {pairs}) AS q (name, a, b, variance, step)
    WHERE q.a IS NOT NULL AND q.b IS NOT NULL
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY name ORDER BY abs(pull) DESC NULLS LAST, source_pk)
              AS place
    FROM pair
)
SELECT 'statistics' AS kind, name, count(*) AS number, NULL::float8 AS x, NULL::float8 AS y,
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY a - b) AS differences,
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY pull) AS pulls,
       NULL::bigint AS source_pk, NULL::bigint AS spectrum_a, NULL::bigint AS spectrum_b
FROM pair GROUP BY name
UNION ALL
SELECT 'cell', name, count(*), floor(a / step), floor(b / step), NULL, NULL, NULL, NULL, NULL
FROM pair GROUP BY name, floor(a / step), floor(b / step)
UNION ALL
SELECT 'star', name, place, a, b, NULL, ARRAY[pull], source_pk, spectrum_a, spectrum_b
FROM placed WHERE place <= {limit}

-- name: own_velocity_of_boss_visit_spectrum
SELECT spectrum_pk, 'boss_visit_spectrum' AS table_name, xcsao_v_rad::real AS v_rad,
       xcsao_e_v_rad::real AS e_v_rad
FROM boss_visit_spectrum WHERE xcsao_rxc > {least_r} AND xcsao_v_rad <> 'NaN'

-- name: own_velocity_of_boss_combined_spectrum
SELECT spectrum_pk, 'boss_combined_spectrum' AS table_name, v_rad::real AS v_rad,
       NULL::real AS e_v_rad
FROM boss_combined_spectrum WHERE v_rad <> 'NaN'

-- name: own_velocity_of_lamost_spectrum
-- Of what it holds for galaxies, and for spectra that it could not tell (-9999), there is none.
SELECT spectrum_pk, 'lamost_spectrum' AS table_name, (z * {light})::real AS v_rad,
       NULL::real AS e_v_rad
FROM lamost_spectrum WHERE class = 'STAR' AND z > -0.01 AND z <> 'NaN'

-- name: velocities
-- v_rad minus the survey's own velocity, where that can be trusted: statistics of each table (bin
-- NULL), a histogram, and by S/N (decades in quarters).
WITH pair AS MATERIALIZED (
    SELECT own.table_name, snr, own.v_rad::float8 AS own, result.v_rad - own.v_rad AS difference,
           (result.v_rad - own.v_rad) / nullif(sqrt(result.e_v_rad ^ 2 + coalesce(own.e_v_rad, 0) ^ 2), 0)
               AS pull
    FROM {catalog} AS result JOIN ({velocities}) AS own USING (spectrum_pk)
    WHERE {chosen} AND result.v_rad IS NOT NULL AND own.v_rad IS NOT NULL
)
SELECT 'statistics' AS kind, table_name, NULL::integer AS bin, count(*) AS number,
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY difference) AS differences,
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY pull) AS pulls
FROM pair GROUP BY table_name
UNION ALL
SELECT 'histogram', table_name, floor(difference / {step})::integer AS bin, count(*), NULL, NULL
FROM pair WHERE abs(difference) < {reach} GROUP BY table_name, bin
UNION ALL
SELECT 'snr', table_name, floor(4 * log(snr::float8))::integer AS bin, count(*),
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY difference), NULL
FROM pair WHERE snr > 0 AND snr < 'Infinity' GROUP BY table_name, bin

-- name: worst_velocities
-- The spectra whose velocity differs most from the survey's own.
SELECT spectrum_pk, result.source_pk, result.v_rad::float8, own.v_rad::float8,
       (result.v_rad - own.v_rad)::float8 AS difference,
       ((result.v_rad - own.v_rad)
        / nullif(sqrt(result.e_v_rad ^ 2 + coalesce(own.e_v_rad, 0) ^ 2), 0))::float8 AS pull
FROM {catalog} AS result JOIN ({velocities}) AS own USING (spectrum_pk)
WHERE {chosen} AND result.v_rad IS NOT NULL AND own.v_rad IS NOT NULL
ORDER BY abs(result.v_rad - own.v_rad) DESC, spectrum_pk LIMIT {limit}
