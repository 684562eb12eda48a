"""Every question of the analyst's guide is asked of databases published from a simulated field."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "analyst-guide.md"
QUESTIONS = re.findall(r"```sql ?(release|none-is-good|)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(("kind", "sql"), QUESTIONS)
def test_a_question_of_the_guide_has_an_answer(kind: str, sql: str, published_lake: Path) -> None:
    name = "published/current/census.duckdb" if kind == "release" else "operations/current/operations.duckdb"
    with duckdb.connect(str(published_lake / name), read_only=True) as con:
        answer = con.execute(sql).fetchall()
    assert answer or kind == "none-is-good"


def test_the_guide_asks_twenty_different_questions() -> None:
    assert len({sql for _, sql in QUESTIONS}) >= 20
