-- The rules of every published cell; the numbers are the round's. S3 together counts as one institution: it is never shown alone.
CREATE OR REPLACE TEMP MACRO is_safe_cell(person_count, institution_count, largest_count, s3_count, min_count) AS
    person_count >= min_count
    AND institution_count >= (SELECT max(min_institution_count) FROM disclosure)
    AND greatest(largest_count, s3_count) <= (SELECT min(max_institution_rate) FROM disclosure) * person_count;

-- People who look alike: enough of them, and where S3 takes part it is not alone.
CREATE OR REPLACE TEMP MACRO is_safe_class(person_count, institution_count, largest_count, s3_count) AS
    CASE
        WHEN s3_count > 0 THEN is_safe_cell(
            person_count, institution_count, largest_count, s3_count, (SELECT max(min_class_count) FROM disclosure)
        )
        ELSE person_count >= (SELECT max(min_class_count) FROM disclosure)
    END;

-- A share, unless of so few that it would speak of somebody.
CREATE OR REPLACE TEMP MACRO safe_rate(part, whole) AS
    CASE WHEN whole >= (SELECT max(min_denominator_count) FROM disclosure) THEN part / NULLIF(whole, 0) END;

-- Who lives in one publication group and was in another at the moment; `people` and `sites` are names of relations.
CREATE OR REPLACE TEMP MACRO two_places(people, sites) AS TABLE
SELECT
    person.founder_case_id,
    usual_site.institution_id AS usual_institution_id,
    usual_site.publication_group AS usual_group,
    usual_site.tier = 'S3' AS is_usual_s3,
    present_site.institution_id AS present_institution_id,
    present_site.publication_group AS present_group,
    present_site.tier = 'S3' AS is_present_s3
FROM query_table(people) AS person
JOIN query_table(sites) AS usual_site ON usual_site.institution_id = person.usual_institution_id
JOIN query_table(sites) AS present_site ON present_site.institution_id = person.present_institution_id
WHERE usual_site.publication_group <> present_site.publication_group;

-- Whom the rates of a group compare with an expected count: who was present, and who lives, at a site that has one.
CREATE OR REPLACE TEMP MACRO compared(people, sites, counts) AS TABLE
SELECT
    person.founder_case_id,
    person.measure,
    release_group.released_group,
    release_group.min_count,
    site.institution_id,
    site.tier = 'S3' AS is_s3
FROM (
    SELECT
        founder_case_id,
        unnest(['compared_present', 'compared_usual']) AS measure,
        unnest([present_institution_id, usual_institution_id]) AS institution_id
    FROM query_table(people)
) AS person
JOIN query_table(sites) AS site USING (institution_id)
JOIN query_table(counts) AS counted USING (institution_id)
JOIN release_group USING (publication_group)
WHERE counted.grade <> 'MISSING'
    AND CASE person.measure
        WHEN 'compared_present' THEN counted.expected_present_count
        ELSE counted.expected_usual_count
    END IS NOT NULL;
