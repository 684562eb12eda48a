"""What other tools call a case and its version: a row of a roster is a case, and each tool counts versions in its own way."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.read import foreign_files as files
from tests.read.desk import Desk, rows

FEW = settings(max_examples=3, deadline=None)
ROSTERS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=3)


def read(content: bytes, name: str) -> list[tuple[Any, ...]]:
    """Return case, version and clock of every record of a file."""
    with tempfile.TemporaryDirectory() as root:
        desk = Desk(Path(root), threads=1, memory_limit="1GB")
        files.put(desk, content, name=name)
        bench = desk.read_submissions()
        found = rows(bench, "SELECT case_id, case_version, case_clock FROM record ORDER BY record_no")
        bench.close()
        return found


@FEW
@given(ROSTERS)
def test_cspro_counts_revisions_and_keeps_a_clock(rosters: list[tuple[int, int]]) -> None:
    cases = [
        files.case(number, [files.member()] * size, last_modified_revision=version, clock={"one": version, "two": 1})
        for number, (size, version) in enumerate(rosters, 1)
    ]
    with tempfile.TemporaryDirectory() as root:
        found = read(files.csdb(Path(root) / "work" / "data.csdb", cases), "data.csdb")
    assert found == [
        (f"{case['id']}.{row}", version, f"one:{version},two:1")
        for case, (size, version) in zip(cases, rosters, strict=True)
        for row in range(1, size + 1)
    ]


@FEW
@given(ROSTERS)
def test_survey_solutions_counts_completed_actions(rosters: list[tuple[int, int]]) -> None:
    interviews = [files.interview(number) for number in range(1, len(rosters) + 1)]
    people = [files.resident(number, row) for number, (size, _) in enumerate(rosters, 1) for row in range(1, size + 1)]
    history = [
        files.action(number, files.COMPLETED, f"09:{minute:02d}:00")
        for number, (_, version) in enumerate(rosters, 1)
        for minute in range(version)
    ]
    assert read(files.survey_solutions(interviews, people, history), "export.zip") == [
        (f"{interview['interview__id']}.{row}", version, None)
        for interview, (size, version) in zip(interviews, rosters, strict=True)
        for row in range(1, size + 1)
    ]


@FEW
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_odk_counts_edits(edits: list[int]) -> None:
    persons = [files.person(number, Edits=count) for number, count in enumerate(edits, 1)]
    found = read(files.odk_csv(persons), "submissions.csv.zip")
    assert [(case, version) for case, version, _ in found] == [
        (person["KEY"].removeprefix("uuid:"), count) for person, count in zip(persons, edits, strict=True)
    ]
