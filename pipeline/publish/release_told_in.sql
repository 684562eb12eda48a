-- The builds behind each set of earlier releases that somebody is told of in.
SELECT DISTINCT
    told_in,
    unnest(builds) AS build_id
FROM release_seen
