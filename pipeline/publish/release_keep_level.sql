-- Of nobody more is told than in the release in force: who lost a field for somebody rarer would leave him alone by having it again.
UPDATE release_class
SET level_no = level_no + 1
WHERE level_no = getvariable('level_no') AND least_level > level_no
