-- Questions among the answers, when each is asked, and the codes by which somebody declines to answer; what identifies is apart.
SELECT
    ref_variable.variable,
    COALESCE(ref_variable.asked_if, 'TRUE') AS asked_if,
    list_filter(list(ref_code.code ORDER BY ref_code.code), lambda code: code IS NOT NULL) AS declined
FROM ref_variable
LEFT JOIN ref_code ON ref_variable.code_list = ref_code.code_list AND ref_code.is_declined
WHERE ref_variable.section <> 'identity' AND ref_variable.sensitivity <> 'identifier'
GROUP BY ALL
ORDER BY ref_variable.variable
