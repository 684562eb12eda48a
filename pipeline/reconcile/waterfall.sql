-- From the list of 1 June to the expected number, and from there to those counted as present.
WITH site AS (
    SELECT
        CASE
            WHEN coverage_institution.tier = 'S3' THEN 'S3'
            ELSE COALESCE(coverage_institution.publication_group, 'UNKNOWN')
        END AS page_group,
        expected.list_count,
        expected.departed_count,
        expected.died_count,
        expected.arrived_count,
        expected.born_count,
        expected.leave_count,
        expected.expected_present_count,
        coverage_institution.present_count
    FROM expected
    JOIN coverage_institution USING (institution_id)
    WHERE expected.expected_present_count IS NOT NULL
)

SELECT
    page_group,
    sum(list_count)::BIGINT AS list_count,
    -sum(departed_count)::BIGINT AS departed_count,
    -sum(died_count)::BIGINT AS died_count,
    sum(arrived_count)::BIGINT AS arrived_count,
    sum(born_count)::BIGINT AS born_count,
    -sum(leave_count)::BIGINT AS leave_count,
    -- where the signed headcount was believed and not the list
    sum(
        expected_present_count
        - (list_count - departed_count - died_count + arrived_count + born_count - leave_count)
    )::BIGINT AS headcount_count,
    sum(expected_present_count)::BIGINT AS expected_count,
    sum(present_count)::BIGINT AS counted_count
FROM site
GROUP BY page_group
ORDER BY page_group IN ('S3', 'UNKNOWN'), page_group
