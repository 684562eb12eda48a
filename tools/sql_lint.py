"""Refuse SQL whose result may differ between two runs over the same rows.

A build must give the same bytes every time. DuckDB keeps that promise only for SQL that leaves
nothing to the order in which threads deliver rows; this lint names what does not, with file, line
and what to write instead.

It reads sqlglot's tokens, not its syntax tree: the tree renames functions, loses line numbers and
stops at syntax that sqlglot does not know yet, while tokens exist for every statement that DuckDB
can read. So no file is skipped.

A line whose order is total for a reason the lint cannot see carries the reason:

    arg_max(answer, case_version) AS answer  -- deterministic: one row per case_version

Run: python -m tools.sql_lint [FILE_OR_FOLDER ...]   (default: pipeline sandbox expectations)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import Token, TokenType
from sqlglot.errors import SqlglotError

DEFAULT_FOLDERS = ("pipeline", "sandbox", "expectations")

_ROW_NUMBER = "number the rows with row_number() OVER (... ORDER BY a unique key) and keep number 1 with QUALIFY"
_SUMS = "divide exact sums: sum(x) / NULLIF(count(x), 0), with x an integer or DECIMAL"
_AS_OF = "take the moment as a parameter ($as_of): a build knows no clock"
_KEYED = "derive it from a key with hash() or sha256()"
_EXACT = "use count(DISTINCT x) or quantile_disc(x, p)"

_FLOATING = """stddev stddev_pop stddev_samp variance var_pop var_samp sem corr covar_pop covar_samp skewness
    kurtosis kurtosis_pop fsum sumkahan kahan_sum product geomean geometric_mean entropy"""
_CLOCKS = """now today get_current_timestamp transaction_timestamp current_timestamp current_date current_time
    current_localtimestamp current_localtime get_current_time"""

FORBIDDEN_CALLS: dict[str, str] = {
    **dict.fromkeys(("avg", "mean", "favg"), _SUMS),
    **dict.fromkeys(_FLOATING.split(), "floating-point sums depend on thread order; compute it from exact sums"),
    **dict.fromkeys(("first", "last", "any_value", "arbitrary"), f"{_ROW_NUMBER}; or min() when one value exists"),
    "mode": f"count per value, then {_ROW_NUMBER}, ordered by the count and the value",
    "reservoir_quantile": _EXACT,
    **dict.fromkeys(("random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "nextval"), _KEYED),
    **dict.fromkeys(_CLOCKS.split(), _AS_OF),
    "getenv": "pass the value as a parameter: a build reads only its pinned inputs",
}
FORBIDDEN_PREFIXES: dict[str, str] = {"approx_": _EXACT, "regr_": "compute it from exact sums"}

# DuckDB reads these as the clock even without brackets.
BARE_CLOCKS = {
    TokenType.CURRENT_DATE,
    TokenType.CURRENT_TIME,
    TokenType.CURRENT_TIMESTAMP,
    TokenType.LOCALTIME,
    TokenType.LOCALTIMESTAMP,
}

ORDERED_AGGREGATES = {"list", "array_agg", "string_agg", "group_concat", "listagg"} | {
    f"{stem}{tail}" for stem in ("arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by") for tail in ("", "_null")
}
ORDERED_WINDOWS = {"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"}
SUMS = {"sum", "total"}
FLOAT_TYPES = {"double", "float", "real", "float4", "float8"}

_EXEMPTION = re.compile(r"--\s*deterministic:\s*\S")


@dataclass(frozen=True, order=True)
class Finding:
    """One construct whose result may differ between runs."""

    path: str
    line: int
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.what}: {self.instead}"


class _Statement:
    """The tokens of one file, with the questions the rules ask about them."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self._closing = self._match_brackets()

    def _match_brackets(self) -> dict[int, int]:
        closing: dict[int, int] = {}
        open_brackets: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.token_type is TokenType.L_PAREN:
                open_brackets.append(index)
            elif token.token_type is TokenType.R_PAREN and open_brackets:
                closing[open_brackets.pop()] = index
        return closing

    def type_at(self, index: int) -> TokenType | None:
        return self.tokens[index].token_type if 0 <= index < len(self.tokens) else None

    def word(self, index: int) -> str:
        """The bare or quoted name at `index` in lower case; nothing for a text or a number."""
        kind = self.type_at(index)
        if kind in (None, TokenType.STRING, TokenType.NUMBER):
            return ""
        return str(self.tokens[index].text).lower()

    def calls(self) -> Iterator[tuple[int, str]]:
        """Every `name(` with the index of the name."""
        for index in range(len(self.tokens) - 1):
            if self.type_at(index + 1) is TokenType.L_PAREN and self.word(index):
                yield index, self.word(index)

    def inside(self, opening: int) -> range:
        """Everything between the bracket at `opening` and the one that closes it."""
        return range(opening + 1, self._closing.get(opening, len(self.tokens)))

    def top_level(self, opening: int) -> Iterator[int]:
        """As `inside`, without what lies in further brackets."""
        index, end = opening + 1, self.inside(opening).stop
        while index < end:
            yield index
            index = self._closing.get(index, index) + 1

    def has_order(self, opening: int) -> bool:
        """ORDER BY inside the bracket itself, or in the WITHIN GROUP (...) that follows it."""
        if any(self.type_at(index) is TokenType.ORDER_BY for index in self.top_level(opening)):
            return True
        after = self._closing.get(opening, len(self.tokens)) + 1
        return self.word(after) == "within" and self.has_order(after + 2)

    def over(self, opening: int) -> int | None:
        """The bracket of the OVER clause of a call, through FILTER (...) and IGNORE NULLS."""
        index = self._closing.get(opening, len(self.tokens)) + 1
        while self.word(index) in {"filter", "ignore", "respect", "nulls"}:
            index = self._closing.get(index + 1, index) + 1
        if self.word(index) != "over":
            return None
        if self.type_at(index + 1) is TokenType.L_PAREN:
            return index + 1
        window = (self.word(index + 1), "as", "(")
        for place in range(len(self.tokens) - 2):
            if (self.word(place), self.word(place + 1), self.word(place + 2)) == window:
                return place + 2
        return None


def _calls(statement: _Statement) -> Iterator[tuple[int, str, str]]:
    for index, name in statement.calls():
        opening = index + 1
        advice = FORBIDDEN_CALLS.get(name)
        if advice is None:
            advice = next((text for stem, text in FORBIDDEN_PREFIXES.items() if name.startswith(stem)), None)
        if advice is not None:
            yield index, f"{name}()", advice
            continue
        over = statement.over(opening)
        if name in ORDERED_AGGREGATES and not (
            statement.has_order(opening) or (over is not None and statement.has_order(over))
        ):
            yield index, f"{name}() without ORDER BY", f"write {name}(... ORDER BY a unique key)"
        elif name in ORDERED_WINDOWS and over is not None and not statement.has_order(over):
            yield index, f"{name}() over unordered rows", "end the window's ORDER BY with a unique key"
        elif (
            name == "array" and statement.type_at(opening + 1) is TokenType.SELECT and not statement.has_order(opening)
        ):
            yield index, "ARRAY(SELECT ...) without ORDER BY", "order the inner SELECT by a unique key"
        elif name in SUMS:
            yield from _sum_of_floats(statement, index, opening)


def _sum_of_floats(statement: _Statement, index: int, opening: int) -> Iterator[tuple[int, str, str]]:
    for place in statement.inside(opening):
        if statement.type_at(place) is TokenType.SLASH or statement.word(place) in FLOAT_TYPES:
            yield index, "sum of floating-point numbers", "sum integers or DECIMAL first, divide afterwards"
            return


def _divisions(statement: _Statement) -> Iterator[tuple[int, str, str]]:
    for index in range(len(statement.tokens)):
        if statement.type_at(index) is not TokenType.SLASH:
            continue
        if statement.word(index + 1) == "nullif" and statement.type_at(index + 2) is TokenType.L_PAREN:
            continue
        if statement.type_at(index + 1) is TokenType.NUMBER and statement.tokens[index + 1].text.strip("0."):
            continue
        yield index, "division without NULLIF", "write / NULLIF(denominator, 0): x / 0 is infinite in DuckDB"


def _clauses(statement: _Statement) -> Iterator[tuple[int, str, str]]:
    """DISTINCT ON, LIMIT over unordered rows, samples, positional joins, the bare clock."""
    ordered = [False]  # per open bracket: has the SELECT we are in an ORDER BY?
    for index, token in enumerate(statement.tokens):
        kind = token.token_type
        called = statement.type_at(index + 1) is TokenType.L_PAREN
        if kind is TokenType.L_PAREN:
            ordered.append(False)
        elif kind is TokenType.R_PAREN and len(ordered) > 1:
            ordered.pop()
        elif kind in (TokenType.SELECT, TokenType.SEMICOLON):
            ordered[-1] = False
        elif kind is TokenType.ORDER_BY:
            ordered[-1] = True
        elif kind is TokenType.DISTINCT and statement.type_at(index + 1) is TokenType.ON:
            yield index, "DISTINCT ON", _ROW_NUMBER
        elif kind is TokenType.LIMIT and not ordered[-1] and statement.word(index - 1) != ".":
            yield index, "LIMIT without ORDER BY", "order by a unique key first"
        elif kind is TokenType.TABLE_SAMPLE or (
            statement.word(index) == "using" and statement.word(index + 1) == "sample"
        ):
            yield index, "sampling", "keep rows by a key: WHERE hash(key) % 100 < 5"
        elif statement.word(index) == "positional" and statement.type_at(index + 1) is TokenType.JOIN:
            yield index, "POSITIONAL JOIN", "join on a key"
        elif kind in BARE_CLOCKS and not called and statement.type_at(index - 1) is not TokenType.DOT:
            yield index, token.text.lower(), _AS_OF


def lint_sql(sql: str, path: str = "<sql>") -> list[Finding]:
    """All findings in one text of SQL, in order of appearance."""
    try:
        statement = _Statement(sqlglot.tokenize(sql, read="duckdb"))
    except SqlglotError as error:
        # Only unfinished text or comments end here; nobody else can read such a file either.
        reason = str(error).splitlines()[0]
        return [Finding(path, 1, "cannot be read", reason)]
    lines = sql.splitlines()
    return sorted(
        Finding(path, statement.tokens[index].line, what, instead)
        for rule in (_calls, _divisions, _clauses)
        for index, what, instead in rule(statement)
        if not _EXEMPTION.search(lines[statement.tokens[index].line - 1])
    )


def sql_files(places: Iterable[Path]) -> list[Path]:
    """Every .sql file at or below the places that exist."""
    found: set[Path] = set()
    for place in places:
        found.update([place] if place.is_file() else place.rglob("*.sql"))
    return sorted(found)


def main(arguments: Sequence[str]) -> int:
    """Print every finding; 1 when there is one."""
    files = sql_files(Path(place) for place in (arguments or DEFAULT_FOLDERS))
    findings = [finding for path in files for finding in lint_sql(path.read_text(encoding="utf-8"), str(path))]
    for finding in findings:
        print(finding)  # noqa: T201
    print(f"{len(files)} SQL files, {len(findings)} findings", file=sys.stderr)  # noqa: T201
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
