"""Builds the query of `item_nonresponse`: one pass over the answers of everybody counted, however many variables there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.sql import quoted


@dataclass(frozen=True)
class Variable:
    """A question: its column, the condition under which it is asked, and the codes that mean "declines to state"."""

    name: str
    asked_if: str
    declined: tuple[str, ...] = ()


def nonresponse_query(variables: Sequence[Variable]) -> str:
    """Return the SELECT that counts, per variable, category and mode, whom it was asked of and who left it open.

    The conditions read the answers' columns, `sex`, `age_completed` and `category_code`; a value that was blanked as impossible is open.
    """
    conditions = sorted({variable.asked_if for variable in variables})
    number = {condition: index for index, condition in enumerate(conditions)}
    asked = ",\n        ".join(f"COALESCE({condition}, FALSE) AS asked_{index}" for condition, index in number.items())
    values = ",\n        ".join(_value(variable.name) for variable in variables)
    eligible = ",\n        ".join(
        f"count(*) FILTER (WHERE asked_{index}) AS eligible_{index}" for index in number.values()
    )
    counts = ",\n        ".join(_counts(variable, number[variable.asked_if]) for variable in variables)
    rows = ",\n        ".join(_row(variable, number[variable.asked_if]) for variable in variables)
    return f"""
WITH blanked AS (
    SELECT record_id, blanked_columns FROM record_check WHERE len(blanked_columns) > 0
),
asked AS (
    SELECT
        category_code,
        mode,
        {asked},
        {values}
    FROM counted_answers
    LEFT JOIN blanked USING (record_id)
),
counted AS (
    SELECT
        category_code,
        mode,
        {eligible},
        {counts}
    FROM asked
    GROUP BY category_code, mode
),
by_variable AS (
    SELECT category_code, mode, unnest([
        {rows}
    ], recursive := TRUE)
    FROM counted
)
SELECT
    variable,
    category_code,
    mode,
    eligible_count,
    eligible_count - answered_count AS missing_count,
    declined_count,
    (eligible_count - answered_count) / NULLIF(eligible_count, 0) AS missing_rate,
    declined_count / NULLIF(eligible_count, 0) AS declined_rate
FROM by_variable
WHERE eligible_count > 0"""


def _value(name: str) -> str:
    return f"CASE WHEN blanked_columns IS NULL OR NOT list_contains(blanked_columns, {quoted(name)}) THEN {name} END AS {name}"


def _counts(variable: Variable, index: int) -> str:
    answered = f"count({variable.name}) FILTER (WHERE asked_{index}) AS answered_{variable.name}"
    if not variable.declined:
        return answered
    codes = ", ".join(quoted(code) for code in variable.declined)
    declined = f"count(*) FILTER (WHERE asked_{index} AND CAST({variable.name} AS VARCHAR) IN ({codes})) AS declined_{variable.name}"
    return f"{answered},\n        {declined}"


def _row(variable: Variable, index: int) -> str:
    declined = f"declined_{variable.name}" if variable.declined else "0"
    return (
        f"{{'variable': {quoted(variable.name)}, 'eligible_count': eligible_{index}, "
        f"'answered_count': answered_{variable.name}, 'declined_count': {declined}}}"
    )
