-- Interview day beside receipt day: the first shows how the work went, the second when we came to know of it.
WITH day_of AS (
    SELECT
        timezone(round.zone, timezone('UTC', person.completed_at))::DATE AS interviewed_on,
        timezone(round.zone, timezone('UTC', person.received_at))::DATE AS received_on,
        person.mode
    FROM person
    CROSS JOIN round
),

days AS (
    SELECT
        interviewed_on AS day_on,
        count(*) AS interviewed_count,
        0 AS received_count
    FROM day_of
    WHERE interviewed_on IS NOT NULL
    GROUP BY ALL
    UNION ALL
    SELECT
        received_on,
        0,
        count(*)
    FROM day_of
    GROUP BY ALL
),

arrivals AS (
    SELECT
        timezone(round.zone, timezone('UTC', batch.received_at))::DATE AS day_on,
        sum(batch.record_count) AS record_count
    FROM batch
    CROSS JOIN round
    WHERE batch.route NOT IN (FROM office_route)
    GROUP BY ALL
),

daily AS (
    SELECT
        day_on,
        COALESCE(sum(days.interviewed_count), 0) AS interviewed_count,
        COALESCE(sum(days.received_count), 0) AS received_count,
        COALESCE(max(arrivals.record_count), 0) AS record_count
    FROM days
    FULL JOIN arrivals USING (day_on)
    GROUP BY ALL
)

SELECT
    *,
    sum(interviewed_count) OVER so_far AS interviewed_so_far_count,
    sum(received_count) OVER so_far AS received_so_far_count,
    sum(record_count) OVER so_far AS record_so_far_count
FROM daily
WINDOW so_far AS (ORDER BY day_on)
