-- Who was present in another group than the own, once for each of the two, today (no build is named) and in every build an earlier release
-- told of: in groups as they are named today.
WITH elsewhere AS (
    SELECT
        '' AS build_id,
        *
    FROM two_places('person', 'release_site')
    UNION ALL
    FROM release_earlier_elsewhere
),

crossed AS (
    SELECT
        elsewhere.*,
        -- a group that has nobody today is in no name; who was of it is in the other's count all the same
        [
            COALESCE(usual_group.released_group, elsewhere.usual_group),
            COALESCE(present_group.released_group, elsewhere.present_group)
        ] AS both_groups,
        CASE
            WHEN usual_group.min_count IS NULL OR present_group.min_count IS NULL THEN (SELECT max(min_cell_count) FROM disclosure)
            ELSE greatest(usual_group.min_count, present_group.min_count)
        END AS min_count
    FROM elsewhere
    LEFT JOIN release_group AS usual_group ON usual_group.publication_group = elsewhere.usual_group
    LEFT JOIN release_group AS present_group ON present_group.publication_group = elsewhere.present_group
    WHERE both_groups[1] <> both_groups[2]
)

SELECT
    build_id,
    founder_case_id,
    unnest(both_groups) AS released_group,
    unnest(list_reverse(both_groups)) AS other_group,
    unnest([FALSE, TRUE]) AS has_come,
    usual_institution_id,
    is_usual_s3,
    present_institution_id,
    is_present_s3,
    min_count
FROM crossed
