-- Of whom another district is told than the register has today, or none ('' here). Who moved from one district to another since an
-- earlier release, or whose house did, is told with the district first told until those who did the same are a safe cell, by the houses
-- they were in and by those they are in: whoever holds two releases sees them change it together. Of whom a release told none it stays so.
-- Where a house has become too sensitive to be told with its district, nobody of its group is any more: it alone would have lost it.
WITH now AS (
    SELECT
        release_place.founder_case_id,
        COALESCE(release_place.publication_group, '') AS publication_group,
        COALESCE(release_group.released_group, '') AS released_group,
        COALESCE(release_place.district_kato, '') AS district_kato,
        COALESCE(release_place.institution_id, release_place.person_id) AS institution_id,
        release_place.tier IS NOT DISTINCT FROM 'S3' AS is_s3
    FROM release_place
    LEFT JOIN release_group USING (publication_group)
),

told AS (
    SELECT
        *,
        min(district_kato) OVER person AS least_kato,
        max(district_kato) OVER person AS most_kato
    FROM release_earlier
    WINDOW person AS (PARTITION BY founder_case_id, publication_group)
),

moved AS (
    SELECT
        told.build_id,
        told.founder_case_id,
        told.publication_group,
        told.released_group,
        told.min_count,
        told.district_kato AS told_kato,
        now.district_kato AS now_kato,
        told.least_kato,
        told.most_kato,
        told.has_lost_district,
        [told.institution_id, now.institution_id] AS houses,
        [told.is_s3, now.is_s3] AS are_s3
    FROM told
    JOIN now USING (founder_case_id, publication_group)
    WHERE told.district_kato <> now.district_kato
),

by_side AS (
    SELECT
        build_id,
        released_group,
        told_kato,
        now_kato,
        min_count,
        unnest([TRUE, FALSE]) AS is_before,
        unnest(houses) AS institution_id,
        unnest(are_s3) AS is_s3
    FROM moved
),

site AS (
    SELECT
        build_id,
        released_group,
        told_kato,
        now_kato,
        is_before,
        institution_id,
        is_s3,
        max(min_count) AS min_count,
        count(*) AS person_count
    FROM by_side
    GROUP BY ALL
),

unsafe AS (
    SELECT DISTINCT
        build_id,
        released_group,
        told_kato,
        now_kato
    FROM site
    GROUP BY build_id, released_group, told_kato, now_kato, is_before
    HAVING NOT is_safe_cell(sum(person_count), count(*), max(person_count), sum(person_count) FILTER (WHERE is_s3), max(min_count))
),

kept AS (
    SELECT
        moved.founder_case_id,
        moved.publication_group,
        CASE
            WHEN min(moved.least_kato) = '' OR bool_or(moved.has_lost_district) THEN ''
            WHEN min(moved.now_kato) <> '' AND count(unsafe.build_id) = 0 THEN min(moved.now_kato)
            WHEN min(moved.least_kato) = max(moved.most_kato) THEN min(moved.least_kato)
            ELSE ''
        END AS district_kato
    FROM moved
    LEFT JOIN unsafe USING (build_id, released_group, told_kato, now_kato)
    GROUP BY moved.founder_case_id, moved.publication_group
),

settled AS (
    SELECT
        now.founder_case_id,
        now.publication_group,
        now.released_group,
        kept.district_kato IS NOT NULL AS is_kept,
        COALESCE(kept.district_kato, now.district_kato) AS district_kato
    FROM now
    LEFT JOIN kept USING (founder_case_id, publication_group)
),

closed AS (
    SELECT DISTINCT
        released_group,
        district_kato
    FROM release_earlier
    WHERE has_lost_district AND district_kato <> ''
)

SELECT
    settled.founder_case_id,
    settled.publication_group,
    CASE WHEN closed.district_kato IS NULL THEN settled.district_kato ELSE '' END AS district_kato
FROM settled
LEFT JOIN closed USING (released_group, district_kato)
WHERE settled.is_kept OR closed.district_kato IS NOT NULL
