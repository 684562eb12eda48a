-- Fields of a person that come from another record than the survivor, each with that record; whose word stands says the questionnaire.
-- Of a fact: document, then the person, then staff from memory; of birth dates first one known to the day. What only the person can
-- say: the person, or the legal representative of a child under 14.
WITH said AS (
    SELECT
        contender.cluster_no,
        contender.record_id,
        contender.place,
        contender.fact_rank,
        contender.is_birth_exact,
        CASE
            WHEN NOT contender.is_proxy THEN 1
            WHEN contender.proxy_source = 'LEGAL_REPRESENTATIVE'
                AND COALESCE(date_sub('year', contender.birth_on, round.moment_on), contender.age_stated) < 14 THEN 1
        END AS self_rank,
        unnest(contender.variables) AS variable
    FROM contender
    CROSS JOIN round
),

ranked AS (
    SELECT
        said.cluster_no,
        said.record_id,
        said.place,
        said.variable,
        said.variable = 'birth_date' AND NOT said.is_birth_exact AS is_vague,
        CASE ref_variable.precedence WHEN 'fact' THEN said.fact_rank WHEN 'self' THEN said.self_rank END AS variable_rank
    FROM said
    JOIN ref_variable USING (variable)
),

chosen AS (
    SELECT *
    FROM ranked
    WHERE variable_rank IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY cluster_no, variable ORDER BY is_vague, variable_rank, place) = 1
),

lent AS (
    SELECT
        cluster_no,
        record_id,
        variable
    FROM chosen
    WHERE place > 1
    UNION
    -- what follows it comes from the same record, even if that is silent where the survivor is not
    SELECT
        chosen.cluster_no,
        chosen.record_id,
        said.variable
    FROM chosen
    JOIN ref_variable AS follower ON chosen.variable = follower.follows
    JOIN said
        ON chosen.cluster_no = said.cluster_no
        AND follower.variable = said.variable
        AND said.place IN (1, chosen.place)
    WHERE chosen.place > 1
)

SELECT
    survivor.person_id,
    lent.variable AS column_name,
    lent.record_id
FROM lent
JOIN contender AS first_place ON lent.cluster_no = first_place.cluster_no AND first_place.place = 1
JOIN linked AS survivor ON first_place.no = survivor.no
WHERE survivor.role IN ('survivor', 'conflict')
