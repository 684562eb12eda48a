-- Where each district and the region stand, and who was new today and on each of the last seven whole days of the windows, by local day
-- of receipt;
-- of institutions with an expected count alone, in numerator and denominator alike.
WITH clock AS (
    SELECT
        round.zone,
        build.as_of - INTERVAL 8 DAY AS looked_at_from,
        timezone(round.zone, timezone('UTC', build.as_of))::DATE AS today_on,
        (
            -- a window that opens at 23:00 has its first whole day after
            SELECT timezone(round.zone, timezone('UTC', min(round_window.starts_at) - INTERVAL 1 SECOND))::DATE + 1
            FROM round_window
        ) AS first_on,
        (
            -- a window that ends at midnight has its last day before
            SELECT timezone(round.zone, timezone('UTC', max(round_window.ends_at) - INTERVAL 1 SECOND))::DATE
            FROM round_window
        ) AS last_on
    FROM round
    CROSS JOIN build
),

site AS (
    SELECT
        institution_id,
        COALESCE(district_kato, 'UNKNOWN') AS district_kato,
        present_count,
        expected_present_count
    FROM coverage_institution
),

area AS (
    SELECT
        CASE GROUPING(district_kato) WHEN 1 THEN 'ALL' ELSE district_kato END AS district_kato,
        sum(expected_present_count)::BIGINT AS expected_count,
        COALESCE(sum(present_count) FILTER (WHERE expected_present_count IS NOT NULL), 0)::BIGINT AS counted_count
    FROM site
    GROUP BY ROLLUP (district_kato)
),

day AS (
    SELECT today_on - offsets.day_no::INTEGER AS day_on
    FROM clock
    CROSS JOIN (SELECT unnest(range(1, 8)) AS day_no) AS offsets
    WHERE today_on - offsets.day_no::INTEGER >= first_on
),

newcomer AS (
    SELECT
        site.district_kato,
        timezone(clock.zone, timezone('UTC', person.received_at))::DATE AS day_on
    FROM person
    JOIN site ON person.present_institution_id = site.institution_id
    CROSS JOIN clock
    WHERE site.expected_present_count IS NOT NULL AND person.received_at >= clock.looked_at_from
),

received AS (
    SELECT
        CASE GROUPING(district_kato) WHEN 1 THEN 'ALL' ELSE district_kato END AS district_kato,
        day_on,
        count(*) AS person_count
    FROM newcomer
    GROUP BY GROUPING SETS ((district_kato, day_on), (day_on))
),

week AS (
    SELECT
        area.district_kato,
        list(COALESCE(received.person_count, 0) ORDER BY day.day_on) AS new_by_day
    FROM area
    CROSS JOIN day
    LEFT JOIN received USING (district_kato, day_on)
    GROUP BY area.district_kato
)

SELECT
    area.district_kato,
    clock.last_on,
    greatest(date_diff('day', clock.today_on, clock.last_on) + 1, 0) AS days_left,
    area.expected_count,
    area.counted_count,
    COALESCE(today.person_count, 0) AS today_count,
    COALESCE(week.new_by_day, []) AS new_by_day
FROM area
CROSS JOIN clock
LEFT JOIN week USING (district_kato)
LEFT JOIN received AS today ON area.district_kato = today.district_kato AND clock.today_on = today.day_on
ORDER BY area.district_kato
