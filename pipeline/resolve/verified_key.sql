-- Whom verification files name, with what can be compared; keyed as records are. Nothing that is counted depends on it.
-- Who was found comes before who was not: where one source says both of somebody, the finding of presence stands.
WITH named AS (
    SELECT
        verification_person.verification_id,
        verification_person.source_id,
        verification_person.finding,
        verification_source.institution_id,
        verification_identity.sex,
        verification_identity.birth_on,
        verification_identity.family_name,
        given_part.alone AS given_name,
        COALESCE(verification_identity.patronymic, given_part.patronymic_within) AS patronymic,
        CASE
            WHEN iin_is_well_formed(verification_identity.iin) AND verification_identity.iin NOT IN (SELECT iin FROM contested_iin)
                THEN verification_identity.iin
        END AS iin
    FROM verification_person
    JOIN verification_identity USING (verification_id)
    JOIN verification_source USING (source_id)
    LEFT JOIN given_part ON verification_identity.given_name = given_part.given_name
)

SELECT
    named.* EXCLUDE (family_name, given_name, patronymic),
    row_number() OVER (ORDER BY named.finding <> 'PRESENT', named.verification_id) AS no,
    month(named.birth_on) > 1 OR day(named.birth_on) > 1 AS is_birth_exact,
    family.spelling_no AS family_no,
    given.spelling_no AS given_no,
    patronymic.spelling_no AS patronymic_no,
    family.family_code,
    given.given_code,
    patronymic.patronymic_code,
    given.family_code AS swapped_family_code,
    family.given_code AS swapped_given_code,
    name_pair(family.family_code, given.family_code) AS names
FROM named
LEFT JOIN spelling AS family ON named.family_name = family.raw
LEFT JOIN spelling AS given ON named.given_name = given.raw
LEFT JOIN spelling AS patronymic ON named.patronymic = patronymic.raw
