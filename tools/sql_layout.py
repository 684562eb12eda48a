"""Keep the layout of .sql files: keyword case, indentation, blank lines, width.

A formatter that rewrites whole statements needs a parser, and none reads all of DuckDB's SQL
(sqlfluff stops at `IS DISTINCT FROM` in a select list). This checks only what holds for every
statement, and mends what can be mended without reading it.

Run: python -m tools.sql_layout [--fix] [FILE_OR_FOLDER ...]   (default: pipeline sandbox expectations)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlglot
from sqlglot import TokenType

from tools.sql_lint import DEFAULT_FOLDERS, sql_files

WIDTH = 140
INDENT = 4
BLANKS = "\n\n\n"
# Words that are nothing but keywords in our SQL; a name or function may be called what is not listed.
KEYWORDS = set(
    """ALL AND ANTI AS ASC ASOF BETWEEN BY CASE CREATE CROSS DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FILTER FROM
    FULL GROUP HAVING IN INNER INTERSECT INTERVAL IS JOIN LATERAL LIKE LIMIT MACRO NOT NULL ON OR ORDER OVER PARTITION
    QUALIFY RECURSIVE SELECT SEMI TEMP THEN TRUE UNION UNPIVOT USING VALUES WHEN WHERE WITH""".split()
)
_TEXT = {TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER}


def lint_layout(sql: str, path: str) -> Iterator[str]:
    """Yield `file:line what is wrong`."""
    for number, line in enumerate(sql.split("\n")[:-1], start=1):
        indent = len(line) - len(line.lstrip(" "))
        if "\t" in line:
            yield f"{path}:{number} tab: indent with spaces"
        elif line != line.rstrip():
            yield f"{path}:{number} blanks at the end of the line"
        elif indent % INDENT:
            yield f"{path}:{number} indented by {indent}: use multiples of {INDENT}"
        if len(line) > WIDTH:
            yield f"{path}:{number} {len(line)} characters: at most {WIDTH}"
        if line.lstrip().startswith(","):
            yield f"{path}:{number} comma at the start of the line: put it at the end of the line before"
    for start, end, line_no in _small_keywords(sql):
        yield f"{path}:{line_no} keyword {sql[start:end]}: write {sql[start:end].upper()}"
    if not sql.startswith("--"):
        yield f"{path}:1 no comment: say on the first line what one row is"
    if BLANKS in sql or sql.startswith("\n"):
        yield f"{path}:{sql.partition(BLANKS)[0].count(chr(10)) + 2} more than one blank line"
    if not sql.endswith("\n") or sql.endswith("\n\n"):
        yield f"{path}:{sql.count(chr(10)) or 1} the file ends with one newline"


def _small_keywords(sql: str) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and line of every keyword that is not in capitals."""
    for token in sqlglot.tokenize(sql, read="duckdb"):
        if token.token_type in _TEXT:
            continue
        # one token may hold several words: ORDER BY
        for word in re.finditer(r"\w+", sql[token.start : token.end + 1]):
            if word[0].upper() in KEYWORDS and word[0] != word[0].upper():
                yield token.start + word.start(), token.start + word.end(), token.line


def fix_layout(sql: str) -> str:
    """Mend keyword case, blanks at line ends, blank lines and the last newline."""
    for start, end, _ in _small_keywords(sql):
        sql = sql[:start] + sql[start:end].upper() + sql[end:]
    sql = re.sub(r"[ \t]+$", "", sql, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", sql).strip("\n") + "\n"


def main(arguments: Sequence[str]) -> int:
    """Print every finding, or mend what can be mended and print the rest; 1 when something is left."""
    places = [Path(place) for place in arguments if place != "--fix"] or [Path(place) for place in DEFAULT_FOLDERS]
    findings: list[str] = []
    for path in sql_files(places):
        sql = path.read_text(encoding="utf-8")
        if "--fix" in arguments:
            fixed = fix_layout(sql)
            if fixed != sql:
                path.write_text(fixed, encoding="utf-8")
            sql = fixed
        findings += lint_layout(sql, str(path))
    print("\n".join(findings) or "SQL layout kept")  # noqa: T201
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
