-- Districts that may be shown beside a group: safe themselves, and what is left without a district safe as well;
-- otherwise the only site without a district would be known by its absence.
WITH site AS (
    SELECT
        release_group.released_group,
        release_group.min_count,
        CASE WHEN release_place.tier IN ('S0', 'S1') THEN release_place.district_kato END AS district_kato,
        release_place.institution_id,
        count(*) AS person_count
    FROM release_place
    JOIN release_group USING (publication_group)
    GROUP BY ALL
),

cell AS (
    SELECT
        released_group,
        district_kato,
        district_kato IS NOT NULL
        AND is_safe_cell(sum(person_count), count(*), max(person_count), max(min_count)) AS is_safe
    FROM site
    GROUP BY released_group, district_kato
),

remainder AS (
    SELECT
        site.released_group,
        is_safe_cell(sum(site.person_count), count(*), max(site.person_count), max(site.min_count)) AS is_safe
    FROM site
    JOIN cell ON cell.released_group = site.released_group AND cell.district_kato IS NOT DISTINCT FROM site.district_kato
    WHERE NOT cell.is_safe
    GROUP BY site.released_group
)

SELECT
    cell.released_group,
    cell.district_kato
FROM cell
LEFT JOIN remainder USING (released_group)
WHERE cell.is_safe AND COALESCE(remainder.is_safe, TRUE)
