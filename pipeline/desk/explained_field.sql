-- Which answers of the person in hand come from another record than the survivor; none of what they say.
SELECT
    person_field.column_name AS field,
    person_field.record_id,
    {'kk': ref_variable.label_kk, 'ru': ref_variable.label_ru, 'en': ref_variable.label_en} AS label
FROM person_field
JOIN ref_variable ON person_field.column_name = ref_variable.variable
SEMI JOIN hand USING (person_id)
ORDER BY person_field.column_name
