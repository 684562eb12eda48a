-- A threshold of the round as a number: a plain one, or a day as yyyymmdd.
CREATE OR REPLACE MACRO limit_of(t) AS
    COALESCE(TRY_CAST(t AS DECIMAL(18, 4)), CAST(strftime(TRY_CAST(t AS DATE), '%Y%m%d') AS DECIMAL(18, 4)));

-- 2.3 as 2,3 where that is how it is written.
CREATE OR REPLACE MACRO decimal_mark(n, language) AS
    CASE language WHEN 'en' THEN n ELSE replace(n, '.', ',') END;

-- 0.0345 as 3.5 %, 48.0000 as 48 h.
CREATE OR REPLACE MACRO written(n, unit, language) AS
    CASE unit
        WHEN 'rate' THEN decimal_mark(printf('%.1f %%', 100 * n::DOUBLE), language)
        WHEN 'hours' THEN n::BIGINT::VARCHAR || CASE language WHEN 'ru' THEN ' ч' WHEN 'kk' THEN ' сағ' ELSE ' h' END
        WHEN 'minutes' THEN n::BIGINT::VARCHAR || CASE language WHEN 'en' THEN ' min' ELSE ' мин' END
        WHEN 'days' THEN n::BIGINT::VARCHAR || CASE language WHEN 'ru' THEN ' дн.' WHEN 'kk' THEN ' күн' ELSE ' days' END
        ELSE decimal_mark(regexp_replace(n::DECIMAL(18, 1)::VARCHAR, '\.0$', ''), language)
    END;

-- A text with its numbers filled in.
CREATE OR REPLACE MACRO filled(text, measured, allowed, unit, persons, language) AS
    replace(
        replace(
            replace(text, '{measured}', written(measured, unit, language)),
            '{allowed}', COALESCE(written(allowed, unit, language), '')
        ),
        '{persons}', persons::VARCHAR
    );
