"""The classifier of administrative-territorial objects (КАТО): nine digits AB CD EF HIJ.

AB region, CD district or city of regional significance, EF city, town or rural okrug in it, HIJ settlement. What lies above an object is its
code with the later parts zero. Whether a code exists is a question for `ref_kato`; these rules only read the digits.
"""

from __future__ import annotations

from pipeline.identifiers.sql import evaluate

_CODE = "'[0-9]{9}'"


def district_sql(t: str) -> str:
    """Code of the district or city of regional significance; NULL for a region and for what is no code."""
    return f"CASE WHEN regexp_full_match({t}, {_CODE}) AND {t}[3:4] <> '00' THEN {t}[1:4] || '00000' END"


def parent_sql(t: str) -> str:
    """Code of the object above; NULL for a region and for what is no code."""
    return (
        f"CASE WHEN NOT regexp_full_match({t}, {_CODE}) THEN NULL WHEN {t}[7:9] <> '000' THEN {t}[1:6] || '000' "
        f"WHEN {t}[5:6] <> '00' THEN {t}[1:4] || '00000' WHEN {t}[3:4] <> '00' THEN {t}[1:2] || '0000000' END"
    )


def level_sql(t: str) -> str:
    """1 region, 2 district or city of regional significance, 3 city, town or okrug, 4 settlement; NULL for what is no code."""
    return (
        f"CASE WHEN NOT regexp_full_match({t}, {_CODE}) THEN NULL WHEN {t}[7:9] <> '000' THEN 4 "
        f"WHEN {t}[5:6] <> '00' THEN 3 WHEN {t}[3:4] <> '00' THEN 2 WHEN {t} IS NOT NULL THEN 1 END"
    )


def is_in_sql(t: str, area: str) -> str:
    """Whether the object lies in `area`, an object of any level, or is it. FALSE where either is no code, NULL for NULL."""
    prefix = (
        f"regexp_replace({area}, '^([0-9]{{2}}?)(0{{7}})$|^([0-9]{{4}})(0{{5}})$|^([0-9]{{6}})(0{{3}})$', '\\1\\3\\5')"
    )
    return f"(regexp_full_match({t}, {_CODE}) AND regexp_full_match({area}, {_CODE}) AND starts_with({t}, {prefix}))"


def district(value: str | None) -> str | None:
    """District of `value`: see `district_sql`."""
    answer: str | None = evaluate(district_sql, value)
    return answer


def parent(value: str | None) -> str | None:
    """Object above `value`: see `parent_sql`."""
    answer: str | None = evaluate(parent_sql, value)
    return answer


def level(value: str | None) -> int | None:
    """Level of `value`: see `level_sql`."""
    answer: int | None = evaluate(level_sql, value)
    return answer


def is_in(value: str | None, area: str | None) -> bool | None:
    """Whether `value` lies in `area`: see `is_in_sql`."""
    answer: bool | None = evaluate(is_in_sql, value, area)
    return answer
