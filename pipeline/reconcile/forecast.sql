-- The forecast of the region, as shares of the expected too.
SELECT
    status,
    last_on,
    day_count,
    week_count / 7 AS pace,
    expected_count,
    counted_count AS present_count,
    floor(low_count)::BIGINT AS low,
    ceil(high_count)::BIGINT AS high,
    low_count / NULLIF(expected_count, 0) AS low_rate,
    high_count / NULLIF(expected_count, 0) AS high_rate,
    counted_count / NULLIF(expected_count, 0) AS rate,
    days_needed
FROM coverage_forecast
WHERE district_kato = 'ALL'
