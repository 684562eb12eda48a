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
        [usual_group.released_group, present_group.released_group] AS both_groups,
        greatest(usual_group.min_count, present_group.min_count) AS min_count
    FROM elsewhere
    JOIN release_group AS usual_group ON usual_group.publication_group = elsewhere.usual_group
    JOIN release_group AS present_group ON present_group.publication_group = elsewhere.present_group
    WHERE usual_group.released_group <> present_group.released_group
)

SELECT
    build_id,
    founder_case_id,
    unnest(both_groups) AS released_group,
    unnest([FALSE, TRUE]) AS has_come,
    usual_institution_id,
    is_usual_s3,
    present_institution_id,
    is_present_s3,
    min_count
FROM crossed
