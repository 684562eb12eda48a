-- Everybody counted who could be asked, with what is usual in the category. Whoever had left or died by the interview says nothing about
-- the asking; nor do people of an age the baseline does not speak of.
SELECT
    person.survivor_record_id AS record_id,
    institution.institution_id,
    person.is_proxy,
    person.received_at,
    proxy_baseline.low_rate,
    proxy_baseline.high_rate
FROM person
JOIN institution ON COALESCE(person.usual_institution_id, person.present_institution_id) = institution.institution_id
LEFT JOIN proxy_baseline USING (category_code)
WHERE (proxy_baseline.from_age IS NULL OR person.age_completed >= proxy_baseline.from_age)
AND (proxy_baseline.below_age IS NULL OR person.age_completed < proxy_baseline.below_age)
AND COALESCE(person.proxy_reason, '') NOT IN ('LEFT', 'DECEASED')
