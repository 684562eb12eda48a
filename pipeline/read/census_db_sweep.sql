-- The lines the Census Database has no more, by the last that was said of each.
WITH said AS (
    SELECT
        sweep_line.bytes_sha256,
        sweep_line.is_gone,
        sweep.filename,
        timezone('UTC', sweep.received_at::TIMESTAMPTZ) AS said_at
    FROM sweep_line
    JOIN sweep USING (filename)
)

SELECT
    bytes_sha256,
    said_at AS gone_at
FROM said
QUALIFY is_gone AND row_number() OVER (PARTITION BY bytes_sha256 ORDER BY said_at DESC, parse_filename(filename) DESC) = 1
