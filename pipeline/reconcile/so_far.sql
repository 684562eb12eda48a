-- Persons present where a number was expected, up to each local day of receipt: what the forecast carries on.
WITH received AS (
    SELECT
        timezone(round.zone, timezone('UTC', person.received_at))::DATE AS day_on,
        count(*) AS person_count
    FROM person
    JOIN coverage_institution ON person.present_institution_id = coverage_institution.institution_id
    CROSS JOIN round
    WHERE coverage_institution.expected_present_count IS NOT NULL
    GROUP BY ALL
)

SELECT
    day_on,
    sum(person_count) OVER (ORDER BY day_on)::BIGINT AS present_count
FROM received
ORDER BY day_on
