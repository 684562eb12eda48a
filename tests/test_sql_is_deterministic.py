"""The lint that has every .sql file give the same rows in the same order on every run: what it refuses, what it lets pass."""

from pathlib import Path

import pytest

from tools.sql_lint import lint_sql, main


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT avg(age) FROM t", "avg()"),
        ("SELECT AVG (age) FROM t", "avg()"),
        ("SELECT age.avg() FROM t", "avg()"),
        ("SELECT stddev_pop(age) FROM t", "stddev_pop()"),
        ("SELECT any_value(a) FROM t", "any_value()"),
        ("SELECT first(a ORDER BY b) FROM t", "first()"),
        ("SELECT last(a) FROM t", "last()"),
        ("SELECT mode(a) FROM t", "mode()"),
        ("SELECT approx_count_distinct(a) FROM t", "approx_count_distinct()"),
        ("SELECT approx_quantile(a, 0.5) FROM t", "approx_quantile()"),
        ("SELECT string_agg(a, ',') FROM t", "string_agg() without ORDER BY"),
        ("SELECT list(a) FROM t", "list() without ORDER BY"),
        ("SELECT array_agg(DISTINCT a) FROM t", "array_agg() without ORDER BY"),
        ("SELECT group_concat(a) FROM t", "group_concat() without ORDER BY"),
        ("SELECT arg_max(a, b) FROM t", "arg_max() without ORDER BY"),
        ("SELECT arg_min(a, (SELECT max(x) FROM u ORDER BY 1)) FROM t", "arg_min() without ORDER BY"),
        ("SELECT max_by(a, b) FROM t", "max_by() without ORDER BY"),
        ("SELECT list(a) OVER (PARTITION BY b) FROM t", "list() without ORDER BY"),
        ("SELECT ARRAY(SELECT a FROM u) FROM t", "ARRAY(SELECT ...) without ORDER BY"),
        ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a", "DISTINCT ON"),
        ("SELECT a / b FROM t", "division without NULLIF"),
        ("SELECT a / (b + NULLIF(c, 0)) FROM t", "division without NULLIF"),
        ("SELECT a / 0.0 FROM t", "division without NULLIF"),
        ("SELECT random()", "random()"),
        ("SELECT gen_random_uuid()", "gen_random_uuid()"),
        ("SELECT now()", "now()"),
        ("SELECT today()", "today()"),
        ("SELECT current_date", "current_date"),
        ("SELECT CURRENT_TIMESTAMP", "current_timestamp"),
        ("SELECT current_timestamp()", "current_timestamp()"),
        ("SELECT getenv('HOME')", "getenv()"),
        ("SELECT sum(a / NULLIF(b, 0)) FROM t", "sum of floating-point numbers"),
        ("SELECT sum(a::DOUBLE) FROM t", "sum of floating-point numbers"),
        ("SELECT row_number() OVER (PARTITION BY a) FROM t", "row_number() over unordered rows"),
        ("SELECT lag(a IGNORE NULLS) OVER () FROM t", "lag() over unordered rows"),
        ("SELECT row_number() OVER w FROM t WINDOW w AS (PARTITION BY a)", "row_number() over unordered rows"),
        ("SELECT a FROM t LIMIT 3", "LIMIT without ORDER BY"),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a) LIMIT 3", "LIMIT without ORDER BY"),
        ("SELECT a FROM t USING SAMPLE 10%", "sampling"),
        ("SELECT a FROM t TABLESAMPLE 10%", "sampling"),
        ("SELECT * FROM t POSITIONAL JOIN u", "POSITIONAL JOIN"),
        # found beside syntax of DuckDB that SQL parsers learn late
        ("FROM t SELECT list_transform(l, lambda x: upper(x)) AS l, avg(n)", "avg()"),
        ("SELECT 'never closed FROM t", "cannot be read"),
    ],
)
def test_refuses(sql: str, what: str) -> None:
    assert [finding.what for finding in lint_sql(sql)] == [what]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t ORDER BY case_id LIMIT 3",
        "SELECT sum(a) / NULLIF(sum(b), 0) AS a_rate, sum(a) / nullif (count(*), 0) FROM t",
        "SELECT a / 100.0, a // b, a % 2 FROM t",
        "SELECT list(a ORDER BY a), string_agg(DISTINCT a, ',' ORDER BY a) FILTER (WHERE a > 'x') FROM t",
        "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY a) FROM t",
        "SELECT arg_max(a, b ORDER BY b, key) FROM t",
        "SELECT list(a) OVER (PARTITION BY b ORDER BY key), sum(n) OVER () FROM t",
        "SELECT first_value(a) IGNORE NULLS OVER w FROM t WINDOW w AS (ORDER BY key)",
        "SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY a ORDER BY b, key) = 1",
        "SELECT mode, first, t.current_date, a NULLS FROM t ORDER BY mode NULLS FIRST, first NULLS LAST",
        "SELECT 'avg(x) now() a / b LIMIT 3', count(DISTINCT a) FROM t -- avg(x) / b\n",
        "SELECT sum(CAST(a AS DECIMAL(18, 2))) FROM t",
        "SELECT list_transform(l, lambda x: x + 1) FROM t",
        "SELECT arg_max(a, v) FROM t  -- deterministic: v is unique in t",
    ],
)
def test_accepts(sql: str) -> None:
    assert lint_sql(sql) == []


def test_an_exemption_needs_a_reason() -> None:
    assert lint_sql("SELECT arg_max(a, v) FROM t  -- deterministic:  ") != []


def test_says_file_line_and_what_to_write_instead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "count" / "coverage.sql"
    bad.parent.mkdir()
    bad.write_text("-- Жауаптар\nSELECT\n    avg(age),\n    1 / n\nFROM t\n", encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{bad}:3 avg(): divide exact sums: sum(x) / NULLIF(count(x), 0), with x an integer or DECIMAL",
        f"{bad}:4 division without NULLIF: write / NULLIF(denominator, 0): x / 0 is infinite in DuckDB",
    ]
    bad.write_text("SELECT count(*) AS person_count FROM t\n", encoding="utf-8")
    assert main([str(tmp_path)]) == 0
