-- Rows counted in bins: what is drawn does not grow with the number of rows.

-- name: kiel_cells
-- The Kiel diagram in cells of log Teff and log g: the number, the least key (with the greatest, the
-- stars of a rare cell), and the medians of {values}.
SELECT floor(log_teff / {step_x})::integer AS x, floor(logg / {step_y})::integer AS y, count(*),
       min(spectrum_pk), max(spectrum_pk), {medians}
FROM {catalog} AS result
WHERE {chosen} AND log_teff IS NOT NULL AND logg IS NOT NULL
GROUP BY x, y

-- name: number_in_kiel_diagram
SELECT count(*) FROM {catalog} AS result
WHERE {chosen} AND log_teff IS NOT NULL AND logg IS NOT NULL

-- name: stars
-- Rows by their keys, for points that can be hovered; all of them where {keys} is NULL.
SELECT spectrum_pk, source_pk, snr, result_flags, {values}
FROM {catalog} AS result
WHERE {chosen} AND log_teff IS NOT NULL AND logg IS NOT NULL
  AND ({keys}::bigint[] IS NULL OR spectrum_pk = ANY ({keys}::bigint[]))
ORDER BY spectrum_pk

-- name: distributions
-- Each quantity of each spectrum table in steps of its own.
SELECT s.table_name, q.name, floor(q.value / q.step)::integer AS bin, count(*)
FROM {catalog} AS result LEFT JOIN {spectra} AS s USING (spectrum_pk)
CROSS JOIN LATERAL (VALUES {quantities}) AS q (name, value, step)
WHERE {chosen} AND q.value IS NOT NULL
GROUP BY s.table_name, q.name, bin ORDER BY s.table_name, q.name, bin

-- name: uncertainties
-- Each parameter's uncertainty against S/N, both logarithmic, in steps of {step}.
SELECT q.name, floor(log(snr::float8) / {step})::integer AS x,
       floor(log(q.error::float8) / {step})::integer AS y, count(*)
FROM {catalog} AS result CROSS JOIN LATERAL (VALUES {errors}) AS q (name, error)
WHERE {chosen} AND snr > 0 AND snr < 'Infinity' AND q.error > 0 AND q.error < 'Infinity'
GROUP BY q.name, x, y

-- name: typical_uncertainties
-- Percentiles of the uncertainties of well-exposed spectra, cool and hot (paper, Section 4).
SELECT q.name, teff < {cool} AS is_cool, count(*),
       percentile_cont(ARRAY[0.16, 0.5, 0.84]) WITHIN GROUP (ORDER BY q.error)
FROM {catalog} AS result CROSS JOIN LATERAL (VALUES {errors}) AS q (name, error)
WHERE {chosen} AND snr > {snr} AND teff IS NOT NULL AND q.error IS NOT NULL
GROUP BY q.name, is_cool
