-- The forecast of the region, as shares of the expected too.
SELECT
    status,
    timezone(round.zone, timezone('UTC', build.as_of))::DATE AS today_on,
    last_on,
    day_count,
    week_count / 7 AS pace,
    expected_count,
    counted_count AS present_count,
    forecast_count AS middle,
    floor(low_count)::BIGINT AS low,
    ceil(high_count)::BIGINT AS high,
    low_count / NULLIF(expected_count, 0) AS low_rate,
    high_count / NULLIF(expected_count, 0) AS high_rate,
    counted_count / NULLIF(expected_count, 0) AS rate,
    days_needed
FROM coverage_forecast
CROSS JOIN round
CROSS JOIN build
WHERE district_kato = 'ALL'
