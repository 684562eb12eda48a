-- Names and dates that the records a reason is about say of who it is, as a person would write them.
WITH told AS (
    SELECT
        reasoned.about,
        unnest([family_name, given_name, patronymic, strftime(birth_on, '%d.%m.%Y'), strftime(birth_on, '%Y-%m-%d')]) AS said
    FROM identity
    JOIN reasoned USING (record_id)
)

SELECT
    about,
    list(DISTINCT said ORDER BY said) AS said
FROM told
WHERE said IS NOT NULL
GROUP BY about
