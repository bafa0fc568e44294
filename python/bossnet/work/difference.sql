-- Two sets of results of one table, a and b, side by side: `astra runs diff`. {a} and {b} say which
-- rows they are; each holds a spectrum once.

-- name: runs_of_overwriting
-- The runs whose rows are this run's: itself, and those that it went on with.
SELECT r.pk FROM bossnet_run AS r JOIN bossnet_run AS own ON own.pk = %(run)s
WHERE r.pk = own.pk
   OR (r.pk < own.pk AND coalesce(r.continues_pk, r.pk) = own.continues_pk)
ORDER BY r.pk

-- name: difference_of_flags
-- How many spectra have these flags in a and those in b (NULL where they have no row), and in how
-- many of them nothing has changed.
SELECT a.result_flags, b.result_flags, count(*),
       count(*) FILTER (WHERE ({columns_of_a}) IS NOT DISTINCT FROM ({columns_of_b}))
FROM (SELECT * FROM {results} WHERE {a}) AS a
FULL JOIN (SELECT * FROM {results} WHERE {b}) AS b USING (spectrum_pk)
GROUP BY a.result_flags, b.result_flags

-- name: difference_of_parameters
-- For each parameter, in total (region NULL) and by the region of the Kiel diagram that a puts a
-- star in: in how many spectra it is usable in a, in b and in both; of b minus a the 16th, 50th and
-- 84th percentile, the largest, how many are beyond one uncertainty (the larger one), of how many
-- with one; and the median of the ratio of the uncertainties.
SELECT p.parameter, of.region, count(usable.a), count(usable.b), count(moved.by),
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY moved.by),
       max(abs(moved.by)),
       count(*) FILTER (WHERE abs(moved.by) > p.error),
       count(*) FILTER (WHERE moved.by IS NOT NULL AND p.error IS NOT NULL),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN moved.by IS NOT NULL THEN p.ratio END)
FROM (SELECT * FROM {results} WHERE {a}) AS a
JOIN (SELECT * FROM {results} WHERE {b}) AS b USING (spectrum_pk)
CROSS JOIN LATERAL (SELECT CASE WHEN a.result_flags & {unusable_teff} = 0 THEN a.teff END AS teff,
                           CASE WHEN a.result_flags & {unusable_logg} = 0 THEN a.logg END AS logg
) AS star
CROSS JOIN LATERAL (SELECT CASE
    WHEN star.logg > {white_dwarf_logg} THEN {white_dwarfs}
    WHEN star.teff IS NULL THEN {unknown}
    WHEN star.teff < {cool} THEN {cool_stars}
    WHEN star.teff >= {hot} THEN {hot_stars}
    WHEN star.logg >= {giant_logg} THEN {dwarfs}
    WHEN star.logg < {giant_logg} THEN {giants}
    ELSE {middle} END AS region
) AS of
CROSS JOIN LATERAL (VALUES {parameters}) AS p (parameter, unusable, a, b, error, ratio)
CROSS JOIN LATERAL (SELECT CASE WHEN a.result_flags & p.unusable = 0 THEN p.a END AS a,
                           CASE WHEN b.result_flags & p.unusable = 0 THEN p.b END AS b
) AS usable
CROSS JOIN LATERAL (SELECT usable.b::float8 - usable.a AS by) AS moved
GROUP BY p.parameter, ROLLUP (of.region)

-- name: newly_failed
-- Spectra that failed in b and not in a, with the reason.
SELECT b.spectrum_pk, b.error_message
FROM (SELECT * FROM {results} WHERE {a}) AS a
JOIN (SELECT * FROM {results} WHERE {b}) AS b USING (spectrum_pk)
WHERE a.result_flags & 1 = 0 AND b.result_flags & 1 <> 0
ORDER BY b.spectrum_pk LIMIT {limit}

-- name: lost_rows
-- Spectra with a row in a and none in b.
SELECT a.spectrum_pk
FROM (SELECT spectrum_pk FROM {results} WHERE {a}) AS a
LEFT JOIN (SELECT spectrum_pk FROM {results} WHERE {b}) AS b USING (spectrum_pk)
WHERE b.spectrum_pk IS NULL
ORDER BY a.spectrum_pk LIMIT {limit}

-- name: worst_differences
-- The spectra in which a parameter that is usable in both has changed most.
SELECT a.spectrum_pk, a.source_pk, a.{parameter} AS a, b.{parameter} AS b,
       b.{parameter}::float8 - a.{parameter}::float8 AS difference,
       greatest(a.{error}, b.{error}) AS error, a.result_flags AS flags_a,
       b.result_flags AS flags_b
FROM (SELECT * FROM {results} WHERE {a}) AS a
JOIN (SELECT * FROM {results} WHERE {b}) AS b USING (spectrum_pk)
WHERE (a.result_flags | b.result_flags) & {unusable} = 0 AND a.{parameter} <> b.{parameter}
ORDER BY abs(b.{parameter}::float8 - a.{parameter}::float8) DESC, a.spectrum_pk
LIMIT {limit}
