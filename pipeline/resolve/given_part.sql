-- Every given name once, parted from a patronymic typed behind it.
WITH given AS (
    SELECT given_name FROM identity
    UNION
    SELECT given_name FROM list_identity
    UNION
    SELECT given_name FROM movement_identity
    UNION
    SELECT given_name FROM verification_identity
)

SELECT
    given_name,
    given_alone(given_name) AS alone,
    patronymic_within(given_name) AS patronymic_within
FROM given
WHERE given_name IS NOT NULL
