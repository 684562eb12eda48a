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
