-- What the likeness of a field is worth; how many points are enough depends on what is compared.
CREATE OR REPLACE MACRO field_points(field, likeness) AS
CASE field
    WHEN 'iin' THEN CASE likeness WHEN 2 THEN 60 WHEN 1 THEN 30 WHEN -1 THEN -60 ELSE 0 END
    WHEN 'family_name' THEN CASE likeness WHEN 2 THEN 20 WHEN 1 THEN 12 WHEN -1 THEN -15 ELSE 0 END
    WHEN 'given_name' THEN CASE likeness WHEN 2 THEN 25 WHEN 1 THEN 8 WHEN -1 THEN -30 ELSE 0 END
    WHEN 'patronymic' THEN CASE likeness WHEN 2 THEN 12 WHEN 1 THEN 8 WHEN -1 THEN -12 ELSE 0 END
    WHEN 'birth_on' THEN CASE likeness WHEN 2 THEN 25 WHEN 1 THEN 12 WHEN -1 THEN -25 ELSE 0 END
END;

CREATE OR REPLACE MACRO likeness_points(iin, family, given, patronymic, birth) AS
field_points('iin', iin)
+ field_points('family_name', family)
+ field_points('given_name', given)
+ field_points('patronymic', patronymic)
+ field_points('birth_on', birth);
