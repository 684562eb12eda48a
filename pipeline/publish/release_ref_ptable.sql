-- What each cell key adds to each count; empty where the round has no perturbation.
SELECT
    pcv,
    unnest(range(before_count, before_count + key_count)) AS ckey,
    pvalue
FROM (
    SELECT
        *,
        COALESCE(sum(key_count) OVER (
            PARTITION BY pcv
            ORDER BY pvalue
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0)::INTEGER AS before_count
    FROM perturbation
)
