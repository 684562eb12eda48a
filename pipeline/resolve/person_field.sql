-- Fields of a person that come from another record than the survivor, each with that record.
-- Dates, numbers, citizenship: document, then the person, then staff from memory. What only the person can say: the person,
-- or the legal representative of a child under 14.
WITH said AS (
    SELECT
        contender.cluster_no,
        contender.record_id,
        contender.place,
        CASE
            WHEN NOT contender.is_proxy THEN 2
            WHEN contender.proxy_source = 'DOCUMENT' THEN 1
            WHEN contender.proxy_source IN ('LEGAL_REPRESENTATIVE', 'RELATIVE') THEN 3
            ELSE 4
        END AS fact_rank,
        CASE
            WHEN NOT contender.is_proxy THEN 1
            WHEN contender.proxy_source = 'LEGAL_REPRESENTATIVE'
                AND date_sub('year', contender.birth_on, round.moment_on) < 14 THEN 1
        END AS self_rank,
        contender.birth_on::VARCHAR AS birth_on,
        contender.sex::VARCHAR AS sex,
        contender.citizenship::VARCHAR AS citizenship,
        contender.religion::VARCHAR AS religion,
        contender.religion_branch::VARCHAR AS religion_branch,
        contender.ethnicity::VARCHAR AS ethnicity,
        contender.native_language::VARCHAR AS native_language,
        contender.plans_to_move_abroad::VARCHAR AS plans_to_move_abroad
    FROM contender
    CROSS JOIN round
),

field AS (
    UNPIVOT said
    ON birth_on, sex, citizenship, religion, religion_branch, ethnicity, native_language, plans_to_move_abroad
    INTO NAME column_name VALUE value
),

ranked AS (
    SELECT
        *,
        CASE
            WHEN column_name IN ('birth_on', 'sex', 'citizenship') THEN fact_rank
            ELSE self_rank
        END AS field_rank
    FROM field
),

chosen AS (
    SELECT *
    FROM ranked
    WHERE field_rank IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY cluster_no, column_name ORDER BY field_rank, place) = 1
)

SELECT
    survivor.person_id,
    chosen.column_name,
    chosen.record_id
FROM chosen
JOIN contender AS first_place ON chosen.cluster_no = first_place.cluster_no AND first_place.place = 1
JOIN linked AS survivor ON first_place.no = survivor.no
WHERE chosen.place > 1 AND survivor.role IN ('survivor', 'conflict')
