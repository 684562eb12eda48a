-- Who was present in another group than the own in an earlier build.
SELECT
    getvariable('build_id') AS build_id,
    *
FROM two_places('earlier_person', 'release_earlier_site')
