-- Interview day beside receipt day, from the first day inside the campaign.
SELECT
    day_on,
    interviewed_count,
    received_count
FROM coverage_daily
CROSS JOIN round
CROSS JOIN build
WHERE day_on > round.moment_on
AND day_on <= timezone(round.zone, timezone('UTC', build.as_of))::DATE
ORDER BY day_on
