"""What became of yesterday's persons: merges, splits and other names, each with its cause, told by the cases they are made of."""

from __future__ import annotations

import duckdb
import pytest

from pipeline.reconcile.figures import HERE

QUERY = (HERE / "person_change.sql").read_text(encoding="utf-8")
People = dict[str, str]


def changes(before: People, now: People, decided: str = "", cause: str = "unexplained") -> list[tuple[str | None, ...]]:
    """Hold cases and their persons of two nights together; a record is called after its case."""
    with duckdb.connect() as con:
        for prefix, people in (("before_", before), ("", now)):
            con.execute(
                f"CREATE TABLE {prefix}record_state (record_id VARCHAR, case_id VARCHAR, person_id VARCHAR, state VARCHAR)"
            )
            con.execute(f"CREATE TABLE {prefix}person (person_id VARCHAR)")
            for case, person in people.items():
                con.execute(f"INSERT INTO {prefix}record_state VALUES ('r-{case}', '{case}', '{person}', 'counted')")
            con.execute(f"INSERT INTO {prefix}person SELECT DISTINCT person_id FROM {prefix}record_state")
        con.execute(f"CREATE TABLE decided AS SELECT unnest(string_split('{decided}', ' ')) AS id")
        con.execute(f"CREATE TABLE inputs_differ AS SELECT '{cause}' AS cause")
        return [row[1:] for row in con.execute(QUERY).fetchall()]


def test_who_stays_is_not_listed() -> None:
    assert changes({"a": "p", "b": "q"}, {"a": "p", "b": "q"}) == []


def test_two_who_turn_out_to_be_one_are_merged() -> None:
    assert changes({"a": "p", "b": "q"}, {"a": "p", "b": "p"}, cause="code_or_reference") == [
        ("MERGED", "q", "p", "code_or_reference")
    ]


def test_a_record_that_brings_two_together_is_the_cause() -> None:
    assert changes({"a": "p", "b": "q"}, {"a": "p", "b": "p", "c": "p"}) == [("MERGED", "q", "p", "new_input")]


def test_one_who_turns_out_to_be_two_is_split() -> None:
    assert changes({"a": "p", "b": "p"}, {"a": "p", "b": "q"}, cause="unexplained") == [
        ("SPLIT", "p", "q", "unexplained")
    ]


@pytest.mark.parametrize("decided", ["a", "r-b"])
def test_a_decision_about_a_case_or_its_record_is_the_cause(decided: str) -> None:
    assert changes({"a": "p", "b": "p"}, {"a": "p", "b": "q"}, decided=f"DEP-01 {decided}") == [
        ("SPLIT", "p", "q", "decision")
    ]


def test_the_same_person_under_another_id_is_renamed() -> None:
    assert changes({"a": "p", "b": "p"}, {"b": "q"}) == [("RENAMED", "p", "q", "unexplained")]


def test_new_and_gone() -> None:
    assert sorted(changes({"a": "p"}, {"b": "q"}), key=str) == [
        ("GONE", "p", None, "unexplained"),
        ("NEW", None, "q", "new_input"),
    ]
