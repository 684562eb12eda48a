"""The layout check of .sql files: what it finds and what it mends by itself."""

from pathlib import Path

import pytest

from tools.sql_layout import WIDTH, fix_layout, lint_layout, main

GOOD = """-- One row per case.
SELECT
    case_id,
    left(name, 1) AS initial,
    'from here' AS words,
    list_transform(codes, lambda x: x + 1) AS codes
FROM record
WHERE a IS NOT DISTINCT FROM b

ORDER BY case_id
"""


def test_accepts_a_well_kept_file() -> None:
    assert list(lint_layout(GOOD, "x.sql")) == []
    assert fix_layout(GOOD) == GOOD


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("FROM record", "from record", "x.sql:7 keyword from: write FROM"),
        ("ORDER BY", "ORDER by", "x.sql:10 keyword by: write BY"),
        ("SELECT\n", "SELECT \n", "x.sql:2 blanks at the end of the line"),
        ("\nORDER BY", "\n\nORDER BY", "x.sql:9 more than one blank line"),
        ("case_id\n", "case_id", "x.sql:9 the file ends with one newline"),
    ],
)
def test_finds_and_mends(old: str, new: str, finding: str) -> None:
    head, _, tail = GOOD.rpartition(old)
    bad = head + new + tail
    assert list(lint_layout(bad, "x.sql")) == [finding]
    assert fix_layout(bad) == GOOD


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("    case_id,", "   case_id,", "x.sql:3 indented by 3: use multiples of 4"),
        ("    case_id,", "\tcase_id,", "x.sql:3 tab: indent with spaces"),
        ("    'from here'", "    , 'from here'", "x.sql:5 comma at the start of the line"),
        ("-- One row per case.\n", "", "x.sql:1 no comment"),
        ("record", "r" * WIDTH, f"x.sql:7 {WIDTH + 5} characters"),
    ],
)
def test_finds_what_only_a_person_can_mend(old: str, new: str, finding: str) -> None:
    bad = GOOD.replace(old, new, 1)
    (found,) = lint_layout(bad, "x.sql")
    assert found.startswith(finding)
    assert fix_layout(bad) == bad


def test_fix_writes_the_file_and_reports_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.sql"
    path.write_text(GOOD.replace("SELECT", "select").replace("    case_id", "   case_id"), encoding="utf-8")
    assert main(["--fix", str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{path}:3 indented by 3: use multiples of 4\n"
    path.write_text(GOOD.replace("SELECT", "select"), encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert main(["--fix", str(tmp_path)]) == 0
    assert path.read_text(encoding="utf-8") == GOOD
