-- Rules of today the release in force was not made by.
SELECT count(*)
FROM (
    SELECT tier
    FROM disclosure
    NATURAL ANTI JOIN before_disclosure
    UNION ALL
    SELECT category_code
    FROM (
        SELECT category_code, tier, publication_group FROM ref_category
        EXCEPT
        SELECT category_code, tier, publication_group FROM before_category
    )
)
