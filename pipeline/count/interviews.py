"""Builds the query of `told`: what a form's answers say about the interview, in one pass over them."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.count.nonresponse import Variable


def told_query(variables: Iterable[Variable], least_answers: int) -> str:
    """Return the SELECT of a line per record: whether the administration answered, and a key equal where all answers are.

    A form of fewer than `least_answers` answers has no key: where little can be asked, much is alike. What is asked of nobody, such as
    remarks, is not in it.
    """
    asked = sorted(variable.name for variable in variables if variable.asked_if != "FALSE")
    answered = " + ".join(f"CAST({name} IS NOT NULL AS INTEGER)" for name in asked)
    return f"""
SELECT
    record_id,
    COALESCE(proxy_source = 'ADMINISTRATION', FALSE) AS is_from_administration,
    CASE WHEN {answered} >= {least_answers} THEN hash({", ".join(asked)}) END AS answers_key
FROM answers"""
