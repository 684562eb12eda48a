-- The three rules of every published cell; the numbers are the round's.
CREATE OR REPLACE TEMP MACRO is_safe_cell(person_count, institution_count, largest_count, min_count) AS
    person_count >= min_count
    AND institution_count >= (SELECT max(min_institution_count) FROM disclosure)
    AND largest_count <= (SELECT min(max_institution_rate) FROM disclosure) * person_count;

-- People who look alike: enough of them, and where S3 takes part it is not alone.
CREATE OR REPLACE TEMP MACRO is_safe_class(person_count, institution_count, largest_count, has_s3) AS
    CASE
        WHEN has_s3 THEN is_safe_cell(person_count, institution_count, largest_count, (SELECT max(min_class_count) FROM disclosure))
        ELSE person_count >= (SELECT max(min_class_count) FROM disclosure)
    END;

-- A share, unless of so few that it would speak of somebody.
CREATE OR REPLACE TEMP MACRO safe_rate(part, whole) AS
    CASE WHEN whole >= (SELECT max(min_denominator_count) FROM disclosure) THEN part / NULLIF(whole, 0) END;
