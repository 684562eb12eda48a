-- Persons by group and mode. A single closed cell would follow from the others, so the smallest open one is closed too.
WITH site AS (
    SELECT
        release_group.released_group,
        release_group.min_count,
        COALESCE(release_place.mode, 'unknown') AS mode,
        release_place.institution_id,
        count(*) AS person_count
    FROM release_place
    JOIN release_group USING (publication_group)
    GROUP BY ALL
),

cell AS (
    SELECT
        released_group,
        mode,
        sum(person_count)::BIGINT AS person_count,
        NOT is_safe_cell(sum(person_count), count(*), max(person_count), max(min_count)) AS is_unsafe
    FROM site
    GROUP BY released_group, mode
),

ranked AS (
    SELECT
        *,
        count(*) FILTER (WHERE is_unsafe) OVER (PARTITION BY released_group) AS unsafe_count,
        row_number() OVER (PARTITION BY released_group, is_unsafe ORDER BY person_count, mode) AS rank_no
    FROM cell
),

judged AS (
    SELECT
        *,
        is_unsafe OR (unsafe_count = 1 AND rank_no = 1) AS is_suppressed
    FROM ranked
)

SELECT
    released_group AS publication_group,
    mode,
    CASE WHEN NOT is_suppressed THEN person_count END AS counted_count,
    is_suppressed
FROM judged
