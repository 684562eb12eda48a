-- What the interviews say about an institution: about its accounts together, never about one of them. Known since it was received: what
-- a tablet's clock says may be of any year.
WITH staffed AS (
    SELECT *
    FROM form
    WHERE account_id IS NOT NULL AND institution_id <> 'UNKNOWN'
),

-- Fewer than ten forms say nothing about a pace or a share.
pace AS (
    SELECT
        institution_id,
        quantile_disc(seconds, 0.5) // 60 AS minutes_p50,
        count(seconds) AS paced_count,
        min(received_at) AS since_at
    FROM staffed
    GROUP BY institution_id
),

kept AS (
    SELECT
        institution_id,
        sum(clocked_count) AS clocked_count,
        sum(overlap_count) AS overlap_count,
        sum(night_count) AS night_count
    FROM interview
    WHERE staff_id <> 'NONE'
    GROUP BY institution_id
),

busiest AS (
    SELECT
        institution_id,
        count(*) AS form_count,
        max(received_at) AS since_at
    FROM staffed
    WHERE begun_local_at IS NOT NULL
    GROUP BY institution_id, account_id, begun_local_at::DATE
    QUALIFY row_number() OVER (PARTITION BY institution_id ORDER BY count(*) DESC, max(received_at)) = 1
),

longest AS (
    SELECT
        institution_id,
        form_count,
        received_at AS since_at
    FROM form_run
    WHERE staff_id <> 'NONE' AND institution_id <> 'UNKNOWN'
    QUALIFY row_number() OVER (PARTITION BY institution_id ORDER BY form_count DESC, received_at) = 1
),

-- Out of scope they harm nobody; counted they are one too many.
own AS (
    SELECT
        form.institution_id,
        count(*) AS person_count,
        min(form.received_at) AS since_at
    FROM staffed AS form
    JOIN own_account USING (record_id)
    WHERE form.state = 'counted'
    GROUP BY form.institution_id
),

finding AS (
    SELECT
        'FORM_FAST' AS kind,
        institution_id,
        minutes_p50 AS measured,
        paced_count AS person_count,
        since_at
    FROM pace
    WHERE paced_count >= 10
    UNION ALL BY NAME
    SELECT
        'FORMS_A_DAY' AS kind,
        institution_id,
        form_count AS measured,
        form_count AS person_count,
        since_at
    FROM busiest
    UNION ALL BY NAME
    SELECT
        'FORMS_OVERLAP' AS kind,
        institution_id,
        kept.overlap_count / NULLIF(kept.clocked_count, 0) AS measured,
        kept.overlap_count AS person_count,
        pace.since_at
    FROM kept
    JOIN pace USING (institution_id)
    WHERE kept.clocked_count >= 10
    UNION ALL BY NAME
    -- where people come at night, they are asked at night
    SELECT
        'FORMS_AT_NIGHT' AS kind,
        institution_id,
        kept.night_count / NULLIF(kept.clocked_count, 0) AS measured,
        kept.night_count AS person_count,
        pace.since_at
    FROM kept
    JOIN pace USING (institution_id)
    JOIN institution USING (institution_id)
    ANTI JOIN met_at_night USING (category_code)
    WHERE kept.clocked_count >= 10
    UNION ALL BY NAME
    SELECT
        'FORMS_IDENTICAL' AS kind,
        institution_id,
        form_count AS measured,
        form_count AS person_count,
        since_at
    FROM longest
    UNION ALL BY NAME
    SELECT
        'STAFF_AS_RESPONDENT' AS kind,
        institution_id,
        person_count AS measured,
        person_count,
        since_at
    FROM own
)

SELECT
    *,
    'institution' AS subject_kind,
    institution_id AS subject_id
FROM finding
