"""The simple safety rules: three institutions, none above 80 %, a minimum count."""

from decimal import Decimal

import pytest

from pipeline.publish.groups import GroupCell, Rules, safe_groups
from pipeline.publish.variables import released_variables
from pipeline.schema import Column, Labels, Table

RULES = Rules(3, Decimal("0.8"))


def cell(
    name: str, persons: int, institutions: int = 5, largest: int | None = None, *, s3: int = 0, least: int = 10
) -> GroupCell:
    return GroupCell((name,), persons, institutions, persons // 2 if largest is None else largest, s3, least)


@pytest.mark.parametrize(
    ("group", "is_safe"),
    [
        (cell("a", 10), True),
        (cell("a", 9), False),
        (cell("a", 19, least=20), False),
        (cell("a", 20, least=20), True),
        (cell("a", 100, institutions=2), False),
        (cell("a", 100, largest=80), True),
        (cell("a", 100, largest=81), False),
        (cell("a", 100, s3=80), True),
        (cell("a", 100, s3=81), False),
    ],
)
def test_a_group_is_safe_or_not(group: GroupCell, is_safe: bool) -> None:
    assert group.is_safe(RULES) is is_safe


def test_an_unsafe_group_is_merged_with_the_smallest_other() -> None:
    merged = safe_groups([cell("big", 500), cell("small", 50), cell("one site", 30, institutions=1, largest=30)], RULES)
    assert [group.name for group in merged] == ["one site + small", "big"]


def test_groups_that_were_released_as_one_are_not_parted() -> None:
    cells = [cell("a", 500), cell("b", 50), cell("c", 400)]
    assert [group.name for group in safe_groups(cells, RULES, [frozenset("ab")])] == ["c", "a + b"]
    assert [group.name for group in safe_groups(cells, RULES, [frozenset("ab"), frozenset("bc")])] == ["a + b + c"]


def test_what_stays_unsafe_alone_is_left_to_the_caller_to_hide() -> None:
    (only,) = safe_groups([cell("a", 4), cell("b", 5, institutions=1)], RULES)
    assert only.groups == ("a", "b")
    assert not only.is_safe(RULES)


def answer(kind: str, **more: str) -> Column:
    return Column(type=kind, comment=Labels(en="e", ru="r", kk="k"), **more)  # type: ignore[arg-type]


def released(asked: dict[str, str] | None = None, **columns: Column) -> dict[str, str]:
    label = Labels(en="e", ru="r", kk="k")
    answers = Table(
        table="answers", step="read", comment=label, key=("record_id",), columns={"record_id": answer("VARCHAR"), **columns}
    )  # fmt: skip
    codes = {"colour": ["BLUE", "RED"], "grade": ["1", "2"]}
    found = released_variables(answers, codes, ["sex"], dict.fromkeys(columns, "TRUE") | (asked or {}))
    return {variable.name: variable.expression for variable in found}


def test_only_closed_vocabularies_leave() -> None:
    assert released(
        address=answer("VARCHAR"),
        colour=answer("VARCHAR", code_list="colour"),
        unknown=answer("VARCHAR", code_list="unknown list"),
        secret=answer("VARCHAR", code_list="colour", sensitivity="identifier"),
        sex=answer("INTEGER"),
        grade=answer("INTEGER", code_list="grade"),
        children_count=answer("INTEGER"),
        born_on=answer("DATE"),
    ) == {
        "colour": 'TRY_CAST(colour AS "code_colour")',
        "grade": "CASE WHEN grade IN (1, 2) THEN grade END",
        "children_count": "CASE WHEN children_count BETWEEN 0 AND 99 THEN children_count END",
        "born_year": "CASE WHEN year(born_on) BETWEEN 1880 AND 2100 THEN greatest(year(born_on), (SELECT year(moment_on) - 90 FROM round)) END",
    }


def test_what_is_asked_by_something_that_stays_does_not_leave() -> None:
    columns = dict.fromkeys(("home", "colour", "born", "job"), answer("VARCHAR", code_list="colour"))
    asked = {"home": "colour = 'RED' AND category_code NOT IN ('CRISIS')", "job": "home IS NOT NULL"}
    assert released(asked, **columns, village=answer("VARCHAR")).keys() == {"colour", "born"}
    assert released({"born": "sex = 2 AND age_completed >= 15 AND colour = 'RED'"}, **columns).keys() == columns.keys()
    assert released({"born": "village IS NULL"}, **columns, village=answer("VARCHAR")).keys() == columns.keys() - {
        "born"
    }
