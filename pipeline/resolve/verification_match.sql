-- What became of everybody a verification file names; sex and age as the file has them.
SELECT
    verified_key.verification_id,
    verified_key.source_id,
    verified_key.finding,
    CASE
        WHEN verified_double.no IS NOT NULL THEN 'DOUBLE'
        WHEN counted.present_institution_id = verified_key.institution_id THEN 'COUNTED_HERE'
        WHEN counted.cluster_no IS NOT NULL THEN 'COUNTED_AWAY'
        WHEN verified_of.cluster_no IS NOT NULL THEN 'NOT_COUNTED'
        WHEN verified_key.iin IS NULL AND verified_key.names IS NULL THEN 'UNNAMED'
        ELSE 'NOT_FOUND'
    END AS outcome,
    verified_of.person_id,
    verified_key.sex,
    CASE WHEN verified_key.birth_on <= round.moment_on THEN date_sub('year', verified_key.birth_on, round.moment_on) END AS age_completed
FROM verified_key
LEFT JOIN verified_double USING (no)
LEFT JOIN verified_of ON verified_key.no = verified_of.verified_no
LEFT JOIN counted ON verified_of.cluster_no = counted.cluster_no
CROSS JOIN round
