"""Looks for people in whatever left the lake: every column of every table, and the bytes of every file."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from pipeline.settings import PROJECT

WORD = re.compile(r"[^\W\d_]+")
DIGITS = re.compile(r"\d{12}")
DATE = re.compile(r"(?<!\d)(?:\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}|\d{8})(?!\d)")
NAME_FIELDS = ("family_name", "given_name", "patronymic")
# A shorter name is looked for as a whole word only: «Ким» is part of many words.
SHORTEST_PART = 6
# Young enough that the date also stands in acts and receipts.
FIRST_ORDINARY_DAY = date(2019, 1, 1)


@dataclass
class Secrets:
    """What must not be found: everything by which the people of a campaign could be known."""

    iins: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    full_names: set[str] = field(default_factory=set)
    birth_dates: set[date] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    ordinary: frozenset[str] = frozenset()

    def add(self, iin: object, family: object, given: object, patronymic: object, born: object) -> None:
        """Take in one identity, whatever of it is there."""
        parts = [str(part).strip().casefold() for part in (family, given, patronymic) if part]
        if iin and DIGITS.fullmatch(str(iin)):
            self.iins.add(str(iin))
        self.names.update(word for part in parts for word in WORD.findall(part) if len(word) > 2)
        if family and given and (last := WORD.findall(parts[0])) and (first := WORD.findall(parts[1])):
            self.full_names.add(f"{last[-1]} {first[0]}")
        if isinstance(born, date) and born < FIRST_ORDINARY_DAY:
            self.birth_dates.add(born)

    def without(self, ordinary: set[str]) -> Secrets:
        """Let words that anybody may read, as those of labels, places and institutions, say nothing about anybody."""
        names = self.names - ordinary
        return Secrets(self.iins, names, self.full_names, self.birth_dates, self.addresses, frozenset(ordinary))

    @cached_property
    def hashes(self) -> set[str]:
        """Plain hashes of the IINs, whole and cut to 32 digits: seven hundred million guesses undo them."""
        algorithms = (hashlib.sha256, hashlib.sha1, hashlib.md5)
        whole = {algorithm(iin.encode()).hexdigest() for iin in self.iins for algorithm in algorithms}
        return whole | {digest[:32] for digest in whole}

    @cached_property
    def dates(self) -> set[str]:
        """Birth dates as they are written."""
        return {f"{born:{form}}" for born in self.birth_dates for form in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d")}

    def names_in(self, text: str) -> bool:
        """Whether a name stands in a folded text, alone or inside a word that is not an ordinary one (азамат, азаматтық)."""
        words = set(WORD.findall(text)) - self.ordinary
        if self.names & words:
            return True
        return any(part in self.names for word in words for part in _parts(word))

    def full_names_in(self, text: str) -> bool:
        """Whether two names of one person stand beside one another in a folded text."""
        words = WORD.findall(text)
        return not self.full_names.isdisjoint(f"{first} {second}" for first, second in pairwise(words))


def _parts(word: str) -> Iterator[str]:
    """Yield every part of a word that is long enough to be a name and no chance."""
    for start in range(len(word) - SHORTEST_PART + 1):
        for end in range(start + SHORTEST_PART, len(word) + 1):
            yield word[start:end]


def of_campaign(lake: Path) -> Secrets:
    """Collect the secrets from what was landed, and from what was read of spreadsheets, but for words that anybody may read."""
    secrets = Secrets()
    for path in sorted(lake.glob("landing/*/*/files/**/*.ndjson")):
        for line in path.read_bytes().splitlines():
            _add_submission(secrets, line)
    with duckdb.connect() as con:
        for table in ("list_identity", "movement_identity", "verification_identity"):
            for path in sorted(lake.glob(f"builds/*/read/{table}.parquet")):
                columns = "iin, family_name, given_name, patronymic, birth_on"
                for row in con.execute(f"SELECT DISTINCT {columns} FROM '{path}'").fetchall():
                    secrets.add(*row)
        for path in sorted(lake.glob("builds/*/read/staff_identity.parquet")):
            for (name,) in con.execute(f"SELECT full_name FROM '{path}' WHERE full_name IS NOT NULL").fetchall():
                secrets.add(None, *[*name.split(), None, None, None][:3], None)
    return secrets.without(_ordinary(lake))


def newest(lake: Path, table: str) -> Path:
    """Return a table of the newest build's step of reading."""
    return (lake / "builds" / "current").resolve() / "read" / f"{table}.parquet"


def _ordinary(lake: Path) -> set[str]:
    """Words anybody may read: in the project's own files, and in the register's names of institutions."""
    kinds = ("**/*.yaml", "**/*.py", "**/*.sql", "**/*.html", "**/*.css")
    paths = [
        path
        for folder in ("pipeline", "expectations", "data/reference", "data/rounds")
        for kind in kinds
        for path in (PROJECT / folder).glob(kind)
    ]
    words = {word for path in paths for word in WORD.findall(path.read_text(encoding="utf-8").casefold())}
    with duckdb.connect() as con:
        names = con.execute(f"SELECT concat_ws(' ', name_kk, name_ru) FROM '{newest(lake, 'institution')}'").fetchall()
    return words | {word for (name,) in names for word in WORD.findall(name.casefold())}


def _add_submission(secrets: Secrets, line: bytes) -> None:
    try:
        content: dict[str, Any] = json.loads(line)
        identity = content["identity"]
        born = date.fromisoformat(identity["birth_date"]) if identity.get("birth_date") else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    secrets.add(identity.get("iin"), *(identity.get(name) for name in NAME_FIELDS), born)
    address = (content.get("answers") or {}).get("usual_address_text")
    if address:
        secrets.addresses.add(str(address).casefold())


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield everything readable below a folder: where it stands and what it says. File names are text as well."""
    for path in sorted(folder.rglob("*")):
        where = str(path.relative_to(folder))
        yield f"{where} (name)", where
        if not path.is_file() or path.is_symlink():
            continue
        yield f"{where} (bytes)", path.read_bytes().decode("utf-8", errors="ignore")
        if path.suffix == ".duckdb":
            yield from _database(path, where)
        elif path.suffix == ".parquet":
            yield from _parquet(path, where)
        elif path.suffix == ".db":
            yield from _sqlite(path, where)


def findings(secrets: Secrets, where: str, text: str) -> list[str]:
    """Return what of the secrets stands in a text: kind and place, never the value.

    In the bytes of a binary file words are cut anywhere, so single names are looked for in its columns instead.
    """
    folded = text.casefold()
    is_binary = where.endswith("(bytes)") and any(kind in where for kind in (".duckdb", ".parquet", ".db "))
    found = []
    if secrets.iins & set(_twelve_digits(folded)):
        found.append("IIN")
    if secrets.hashes & set(re.findall(r"[0-9a-f]{32,}", folded)):
        found.append("hash of an IIN")
    if not is_binary and secrets.names_in(folded):
        found.append("name")
    if secrets.full_names_in(folded):
        found.append("full name")
    if secrets.dates & set(DATE.findall(folded)):
        found.append("birth date")
    if any(address in folded for address in secrets.addresses):
        found.append("address")
    return [f"{kind} in {where}" for kind in found]


def _twelve_digits(text: str) -> Iterator[str]:
    """Yield every run of twelve digits, also inside longer runs."""
    for run in re.findall(r"\d{12,}", text):
        yield from (run[start : start + 12] for start in range(len(run) - 11))


def _database(path: Path, where: str) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as con:
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        for schema, table in tables:
            yield from _columns(con, f'"{schema}"."{table}"', f"{where}: {schema}.{table}")
        comments = con.execute(
            "SELECT comment FROM duckdb_tables() UNION ALL SELECT comment FROM duckdb_columns() "
            "UNION ALL SELECT macro_definition FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
        yield f"{where} (catalogue)", "\n".join(str(comment) for (comment,) in comments)


def _sqlite(path: Path, where: str) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as con:
        tables = con.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            for name in [row[1] for row in con.execute(f'PRAGMA table_info("{table}")').fetchall()]:
                values = con.execute(f'SELECT DISTINCT "{name}" FROM "{table}" WHERE "{name}" IS NOT NULL').fetchall()
                texts = (
                    value.decode(errors="ignore") if isinstance(value, bytes) else str(value) for (value,) in values
                )
                yield f"{where}: {table}.{name}", "\n".join(texts)


def _parquet(path: Path, where: str) -> Iterator[tuple[str, str]]:
    with duckdb.connect() as con:
        yield from _columns(con, f"read_parquet('{path}')", where)
        yield f"{where} (footer)", str(con.execute(f"FROM parquet_metadata('{path}')").fetchall())
        yield f"{where} (key values)", str(con.execute(f"FROM parquet_kv_metadata('{path}')").fetchall())


def _columns(con: duckdb.DuckDBPyConnection, relation: str, where: str) -> Iterator[tuple[str, str]]:
    """Lists, structs and maps are written out by the cast; blobs are read as text."""
    for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall():
        value = f'decode("{name}")' if kind == "BLOB" else f'CAST("{name}" AS VARCHAR)'
        rows = con.execute(f'SELECT DISTINCT {value} FROM {relation} WHERE "{name}" IS NOT NULL').fetchall()
        yield f"{where}.{name}", "\n".join(str(text) for (text,) in rows)
