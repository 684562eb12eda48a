-- What the round says of verdicts on ages.
SELECT
    limit_of(z.amber)::DOUBLE AS amber_z,
    limit_of(z.red)::DOUBLE AS red_z,
    limit_of(persons.amber)::BIGINT AS least_persons,
    limit_of(birthdays.amber)::BIGINT AS least_birthdays
FROM threshold AS z
JOIN threshold AS persons ON persons.alert_id = 'heaping_persons'
JOIN threshold AS birthdays ON birthdays.alert_id = 'birthday_persons'
WHERE z.alert_id = 'whipple_z'
