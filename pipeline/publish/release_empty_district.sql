-- Coarsening takes people out of districts. In a population where a district, or what is left without one, is no longer a safe cell,
-- one more district is told of nobody: an unsafe one, or the smallest.
UPDATE release_class
SET level_no = 4
WHERE level_no < 4 AND leaf IN (
    WITH sited AS (
        SELECT
            class.population,
            CASE WHEN class.level_no < 4 THEN class.district_kato END AS district_kato,
            site.institution,
            site.is_s3,
            sum(site.person_count) AS person_count,
            max(site.min_count) AS min_count
        FROM release_class AS class
        JOIN release_leaf AS site USING (leaf)
        GROUP BY ALL
    ),

    judged AS (
        SELECT
            population,
            district_kato,
            sum(person_count) AS person_count,
            NOT is_safe_cell(
                sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count)
            ) AS is_unsafe
        FROM sited
        GROUP BY population, district_kato
    ),

    chosen AS (
        SELECT
            population,
            district_kato
        FROM judged
        WHERE population IN (SELECT population FROM judged WHERE is_unsafe)
            AND district_kato IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY population ORDER BY is_unsafe DESC, person_count, district_kato) = 1
    )

    SELECT class.leaf
    FROM release_class AS class
    JOIN chosen USING (population, district_kato)
)
