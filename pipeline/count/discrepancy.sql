-- What somebody has to do something about, the weightiest first: one cause, one row.
SELECT
    matter.* EXCLUDE (part_of, message_kk, message_ru, message_en),
    row_number() OVER (
        ORDER BY matter.severity DESC, matter.person_count DESC, matter.age_hours DESC, matter.discrepancy_id
    ) AS rank_no,
    filled(matter.message_kk, matter.measured, matter.allowed, matter.unit, matter.person_count, 'kk') AS message_kk,
    filled(matter.message_ru, matter.measured, matter.allowed, matter.unit, matter.person_count, 'ru') AS message_ru,
    filled(matter.message_en, matter.measured, matter.allowed, matter.unit, matter.person_count, 'en') AS message_en
FROM matter
ANTI JOIN matter AS whole
    ON matter.institution_id = whole.institution_id
    AND list_contains(matter.part_of, whole.kind)
    AND matter.severity <= whole.severity  -- 'red' sorts after 'amber'
    AND matter.person_count <= whole.person_count
