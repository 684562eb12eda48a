-- Every row of verification files received and what became of it: of each source the newest delivery holds whole.
CREATE OR REPLACE TEMP TABLE verification_state AS
WITH known AS (
    SELECT row_key AS institution_id
    FROM register_state
    WHERE kind = 'institution' AND state = 'in_force'
),

cell AS (
    SELECT
        * EXCLUDE (sender_id),
        json_extract_string(cells, 'source_id') AS written_source_id,
        json_extract_string(cells, 'source_kind') AS source_kind,
        json_extract_string(cells, 'institution_id') AS written_institution_id,
        json_extract_string(cells, 'variable') AS variable,
        json_extract_string(cells, 'value') AS value,
        CASE kind
            WHEN 'source' THEN 'source'
            WHEN 'person' THEN json_extract_string(cells, 'person_no')
            WHEN 'answer' THEN json_extract_string(cells, 'case_id') || '|' || json_extract_string(cells, 'variable')
        END AS row_no
    FROM office_row
    WHERE route = 'verification'
),

-- What is wrong with a row, whatever else came.
looked_at AS (
    SELECT
        cell.*,
        CASE
            WHEN cell.fault IS NOT NULL THEN cell.fault
            WHEN cell.held IS NOT NULL THEN cell.held
            WHEN NOT office_is_identifier(cell.written_source_id) OR cell.row_no IS NULL THEN 'NO_KEY'
            WHEN cell.kind = 'source' AND verification_span.source_kind IS NULL THEN 'BAD_KIND'
            -- people at home are of no institution
            WHEN
                cell.kind = 'source' AND cell.source_kind <> 'HOME_RETURNS'
                AND COALESCE(cell.written_institution_id, '') NOT IN (FROM known) THEN 'UNKNOWN_INSTITUTION'
            WHEN cell.kind = 'source' AND office_day(json_extract_string(cell.cells, 'taken_on')) IS NULL THEN 'BAD_DATE'
            WHEN cell.kind = 'source' AND COALESCE(office_integer(json_extract_string(cell.cells, 'row_count')), -1) < 0 THEN 'BAD_COUNT'
            WHEN
                cell.kind = 'person'
                AND COALESCE(json_extract_string(cell.cells, 'finding'), 'PRESENT') NOT IN ('PRESENT', 'NOT_PRESENT') THEN 'BAD_FINDING'
            WHEN cell.kind = 'answer' AND asked.variable IS NULL THEN 'BAD_VARIABLE'
            WHEN
                cell.kind = 'answer' AND cell.value IS NOT NULL
                AND CASE asked.type WHEN 'boolean' THEN office_boolean(cell.value) IS NULL ELSE ref_code.code IS NULL END THEN 'BAD_VALUE'
        END AS own_problem
    FROM cell
    LEFT JOIN verification_span USING (source_kind)
    -- what has few answers can be asked twice and compared
    LEFT JOIN ref_variable AS asked
        ON cell.variable = asked.variable
        AND asked.section <> 'identity'
        AND (asked.type = 'boolean' OR (asked.code_list IS NOT NULL AND asked.type <> 'list'))
    LEFT JOIN ref_code ON asked.code_list = ref_code.code_list AND cell.value = ref_code.code
),

counted AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY batch_id, kind, written_source_id, row_no, own_problem IS NULL ORDER BY record_no) AS occurrence
    FROM looked_at
),

source AS (
    SELECT
        batch_id,
        written_source_id,
        received_at,
        source_kind,
        record_no AS source_no,
        CASE WHEN source_kind <> 'HOME_RETURNS' THEN written_institution_id END AS institution_id,
        row_number() OVER (PARTITION BY written_source_id ORDER BY received_at DESC, batch_id DESC) = 1 AS is_newest
    FROM counted
    WHERE kind = 'source' AND own_problem IS NULL AND occurrence = 1
),

-- What was held is settled by a later delivery of its source; what names none stays held: nobody can say who has sent it again.
judged AS (
    SELECT
        counted.* EXCLUDE (source_kind),
        source.source_kind,
        source.source_no,
        source.institution_id,
        COALESCE(source.is_newest, FALSE) AS is_newest,
        COALESCE(counted.received_at < newest.received_at, FALSE) AS is_followed,
        CASE
            WHEN counted.own_problem IS NOT NULL THEN counted.own_problem
            WHEN counted.occurrence > 1 THEN 'DUPLICATE_KEY'
            WHEN source.source_no IS NULL THEN 'UNKNOWN_SOURCE'
            WHEN counted.kind <> 'source' AND (counted.kind = 'answer') <> (source.source_kind = 'REINTERVIEW') THEN 'OTHER_KIND'
        END AS problem
    FROM counted
    LEFT JOIN source ON counted.batch_id = source.batch_id AND counted.written_source_id = source.written_source_id
    LEFT JOIN source AS newest ON counted.written_source_id = newest.written_source_id AND newest.is_newest
)

SELECT
    batch_id,
    route,
    received_at,
    record_no,
    file_no,
    kind,
    cells,
    content_sha256,
    institution_id,
    left(batch_id, 16) || '-' || lpad(CAST(source_no AS VARCHAR), 7, '0') AS source_id,
    CASE
        WHEN fault IS NOT NULL THEN 'unreadable'
        WHEN is_followed THEN 'replaced'
        WHEN problem IS NOT NULL THEN 'quarantined'
        WHEN is_newest THEN 'in_force'
        ELSE 'replaced'
    END AS state,
    CASE
        WHEN fault IS NOT NULL THEN fault
        WHEN is_followed THEN 'NEWER_SOURCE'
        WHEN problem IS NOT NULL THEN problem
        WHEN NOT is_newest THEN 'NEWER_SOURCE'
        WHEN office_is_set_aside(cells) THEN 'VALUE_SET_ASIDE'
    END AS reason
FROM judged
