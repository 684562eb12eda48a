"""Which answers leave in the microdata, and in what form.

The rule is made for what nobody foresaw: a text leaves only if its value is in a published code list, so a name typed into the wrong field stays.

- identifier variables and free text: left out
- text with a code list, and lists of codes: only values of the list; a text becomes a value of the type of that list, `code_type`
- dates: the year, under the name `…_year`; all that lie as far back as the births of the oldest are one
- places by KATO: the region
- countries: two capital letters
- coded numbers: only values of the list; years and counts: only what can be a year or a count, never eight digits of a date
- yes/no: as it is
- what is not asked everywhere: only where it is asked by what is told as well; an empty field says that the question was not put
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pipeline.schema import Column, Labels, Table
from pipeline.sql import quoted

# Said by the person table already, or a second road to the exact age.
LEFT_OUT = frozenset({"record_id", "is_proxy", "age_stated", "birth_time", "death_time"})
# What a question may be asked by besides answers that leave: a release tells it, or an age group of it.
TOLD_OF_EVERYBODY = frozenset({"sex", "age_completed", "is_proxy"})


@dataclass(frozen=True)
class Released:
    """One released variable: its name, the SQL over the answer `source`, how it is described, and of whom it is asked."""

    name: str
    source: str
    expression: str
    column: Column
    asked_if: str = "TRUE"


def released_variables(
    answers: Table, codes: Mapping[str, list[str]], taken: Iterable[str], asked: Mapping[str, str]
) -> list[Released]:
    """Return the variables that leave.

    Parameters
    ----------
    answers
        Schema of the wide answers.
    codes
        Values by code list.
    taken
        Names the person table has already.
    asked
        Of whom a question is asked, by its name: SQL of the questionnaire.
    """
    used = set(taken)
    found = []
    for name, column in answers.columns.items():
        if name in LEFT_OUT or name in used or column.sensitivity == "identifier":
            continue
        variable = _released(name, column, codes.get(column.code_list or "", []))
        if variable is not None:
            found.append(replace(variable, asked_if=asked[name]))
    return _asked_by_what_is_told(found, {*answers.columns, "category_code"})


def _asked_by_what_is_told(found: list[Released], known: set[str]) -> list[Released]:
    """Without those that are asked by what stays, and so without those that are asked by them."""
    told = TOLD_OF_EVERYBODY | {variable.name for variable in found}
    kept = [variable for variable in found if known.intersection(re.findall(r"\w+", variable.asked_if)) <= told]
    return kept if len(kept) == len(found) else _asked_by_what_is_told(kept, known)


def _released(name: str, column: Column, codes: list[str]) -> Released | None:
    kind = column.type.upper()
    if kind == "DATE":
        return _as_year(name, column)
    if name.endswith("_kato") and kind == "VARCHAR":
        expression = f"CASE WHEN regexp_full_match({name}, '[0-9]{{9}}') THEN left({name}, 2) || '0000000' END"
        place = column.model_copy(update={"code_list": "kato"})
        return Released(name, name, expression, _described(place, "region only", "только область", "тек облыс"))
    if kind == "VARCHAR" and name.endswith("country"):
        return Released(
            name, name, f"CASE WHEN regexp_full_match({name}, '[A-Z]{{2}}') THEN {name} END", _confidential(column)
        )
    if kind.startswith("VARCHAR"):
        return Released(name, name, _closed(name, column, codes), _confidential(column)) if codes else None
    return Released(name, name, _bounded(name, kind, codes), _confidential(column))


def _bounded(name: str, kind: str, codes: list[str]) -> str:
    if kind == "BOOLEAN":
        return name
    if codes:
        return f"CASE WHEN {name} IN ({', '.join(codes)}) THEN {name} END"
    if name.endswith("_year"):
        return _year(name)
    return f"CASE WHEN {name} BETWEEN 0 AND 99 THEN {name} END"


def _year(expression: str) -> str:
    """The oldest share one year of birth (release_row.sql), and so one year of what may have begun with it."""
    shared = "(SELECT year(moment_on) - 90 FROM round)"
    return f"CASE WHEN {expression} BETWEEN 1880 AND 2100 THEN greatest({expression}, {shared}) END"


def _as_year(name: str, column: Column) -> Released:
    year = column.model_copy(update={"type": "INTEGER"})
    return Released(
        name.removesuffix("_on") + "_year",
        name,
        _year(f"year({name})"),
        _described(year, "year only", "только год", "тек жылы"),
    )


def code_type(code_list: str) -> str:
    """Return the name of the type whose values are the codes of a list: a byte for each row, where a text takes sixteen."""
    return f'"code_{code_list}"'


def _closed(name: str, column: Column, codes: list[str]) -> str:
    if column.type.upper() == "VARCHAR[]":
        listed = ", ".join(quoted(code) for code in sorted(codes))
        return f"NULLIF(list_sort(list_filter({name}, lambda value: value IN ({listed}))), [])"
    return f"TRY_CAST({name} AS {code_type(column.code_list or '')})"


def _confidential(column: Column) -> Column:
    return column.model_copy(update={"required": False, "sensitivity": "confidential"})


def _described(column: Column, en: str, ru: str, kk: str) -> Column:
    labels = Labels(
        en=f"{column.comment.en} ({en})", ru=f"{column.comment.ru} ({ru})", kk=f"{column.comment.kk} ({kk})"
    )
    return _confidential(column).model_copy(update={"comment": labels})
