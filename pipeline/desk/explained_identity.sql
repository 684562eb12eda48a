-- What the records of the person in hand say of who it is. Identity: whoever asks for this is written down.
SELECT
    identity.record_id,
    identity.family_name,
    identity.given_name,
    identity.patronymic,
    identity.birth_on,
    identity.iin
FROM identity
JOIN person_record USING (record_id)
SEMI JOIN hand USING (person_id)
ORDER BY identity.record_id
