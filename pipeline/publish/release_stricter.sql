-- Groups an earlier release told of with a house that is more sensitive today.
SELECT DISTINCT
    getvariable('build_id') AS build_id,
    publication_group
FROM release_earlier_site
WHERE is_stricter
