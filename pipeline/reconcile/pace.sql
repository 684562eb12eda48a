-- Persons present at the moment, by local day of receipt: the pace of the last seven whole days.
WITH clock AS (
    SELECT
        timezone(round.zone, timezone('UTC', build.as_of))::DATE AS today_on,
        round.zone,
        (
            -- a window that ends at midnight has its last day before
            SELECT timezone(round.zone, timezone('UTC', max(round_window.ends_at) - INTERVAL 1 SECOND))::DATE
            FROM round_window
        ) AS last_on
    FROM round
    CROSS JOIN build
),

day AS (
    SELECT
        (clock.today_on - offsets.day_no::INTEGER) AS day_on,
        clock.zone
    FROM clock
    CROSS JOIN (SELECT unnest(range(1, 8)) AS day_no) AS offsets
),

received AS (
    SELECT
        timezone(clock.zone, timezone('UTC', person.received_at))::DATE AS day_on,
        count(*) AS person_count
    FROM person
    CROSS JOIN clock
    WHERE person.present_institution_id IS NOT NULL
    GROUP BY ALL
),

paced AS (
    SELECT
        count(received.day_on) AS day_count,
        COALESCE(sum(received.person_count), 0)::BIGINT AS week_count,
        quantile_disc(COALESCE(received.person_count, 0), [0.25, 0.75]) AS quartile
    FROM day
    LEFT JOIN received USING (day_on)
)

SELECT
    clock.today_on,
    clock.last_on,
    greatest(date_diff('day', clock.today_on, clock.last_on) + 1, 0) AS days_left,
    paced.day_count,
    paced.week_count,
    paced.quartile[1]::BIGINT AS low_count,
    paced.quartile[2]::BIGINT AS high_count,
    (
        SELECT sum(expected_present_count)::BIGINT
        FROM coverage_institution
    ) AS expected_count,
    (
        SELECT sum(present_count)::BIGINT
        FROM coverage_institution
        WHERE expected_present_count IS NOT NULL
    ) AS present_count
FROM clock
CROSS JOIN paced
