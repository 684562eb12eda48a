"""Questions left open, of those who were asked; declining to state is an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.count import make_item_nonresponse
from tests.count.field import Field


@pytest.fixture
def field(tmp_path: Path) -> Field:
    made = Field(tmp_path)
    made.institution()
    return made


def answer(
    field: Field, sex: int, age: int, *, blanked: list[str] | None = None, is_counted: bool = True, **answers: Any
) -> None:
    """One counted person with these answers."""
    number = field.value("SELECT count(*) FROM answers")
    if is_counted:
        field.people(1, usual="A", present="A", sex=sex, age_completed=age, survivor_record_id=f"a{number}")
    field.add("answers", record_id=f"a{number}", **answers)
    field.add("record_check", record_id=f"a{number}", blanked_columns=blanked or [])


def measured(field: Field, variable: str) -> dict[str, Any]:
    make_item_nonresponse(field)
    return field.row(f"SELECT * FROM item_nonresponse WHERE variable = '{variable}'")


def test_only_those_it_was_asked_of_are_eligible(field: Field) -> None:
    answer(field, 2, 30, children_born_count=0)
    answer(field, 2, 30)
    answer(field, 2, 14)
    answer(field, 1, 40)
    row = measured(field, "children_born_count")
    assert (row["eligible_count"], row["missing_count"], row["missing_rate"]) == (2, 1, 0.5)


def test_declining_to_state_is_counted_apart(field: Field) -> None:
    for value in ("DECLINED", "NO", "NO", None):
        answer(field, 1, 40, plans_to_move_abroad=value)
    row = measured(field, "plans_to_move_abroad")
    assert (row["eligible_count"], row["missing_count"], row["declined_count"]) == (4, 1, 1)
    assert (row["missing_rate"], row["declined_rate"]) == (0.25, 0.25)


def test_religion_has_a_code_of_its_own_for_declining(field: Field) -> None:
    answer(field, 1, 40, religion=6)
    answer(field, 1, 40, religion=1)
    assert measured(field, "religion")["declined_count"] == 1


def test_an_impossible_value_that_was_blanked_is_no_answer(field: Field) -> None:
    answer(field, 1, 40, ethnicity="KAZAKH", blanked=["ethnicity"])
    answer(field, 1, 40, ethnicity="KAZAKH", blanked=["religion"])
    assert measured(field, "ethnicity")["missing_count"] == 1


def test_only_survivors_speak(field: Field) -> None:
    answer(field, 1, 40, ethnicity="KAZAKH")
    answer(field, 1, 40, is_counted=False)
    assert measured(field, "ethnicity")["eligible_count"] == 1


def test_by_institution_and_mode(field: Field) -> None:
    field.institution("B")
    field.institution("H", "INPAT")
    places = [("A", "A", "tablet", None), ("A", "H", "tablet", "KAZAKH"), ("A", None, "web_self", None), ("B", "B", "tablet", None),
              (None, "H", "tablet", "KAZAKH"), (None, "gone", "tablet", None)]  # fmt: skip
    for number, (usual, present, mode, ethnicity) in enumerate(places):
        field.people(
            1, usual=usual, present=present, mode=mode, sex=1, age_completed=20, survivor_record_id=f"a{number}"
        )
        field.add("answers", record_id=f"a{number}", ethnicity=ethnicity)
    make_item_nonresponse(field)
    columns = "institution_id, category_code, mode, eligible_count, missing_count, missing_rate"
    assert field.con.execute(
        f"SELECT {columns} FROM item_nonresponse WHERE variable = 'ethnicity' ORDER BY ALL"
    ).fetchall() == [
        ("A", "ORPH", "tablet", 2, 1, 0.5),
        ("A", "ORPH", "web_self", 1, 1, 1),
        ("B", "ORPH", "tablet", 1, 1, 1),
        ("H", "INPAT", "tablet", 1, 0, 0),
        ("UNKNOWN", "UNKNOWN", "tablet", 1, 1, 1),
    ]
