"""A release as it describes itself: its tables from `meta.dictionary`, its labels from `ref`; nothing from outside its folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.publish.snapshot import read_snapshot_manifest
from pipeline.schema import Labels

MICRODATA = "census"
DESCRIBING = ("ref", "meta")
LANGUAGES = ("en", "ru", "kk")
TITLE = Labels(
    en="Census of people in institutions",
    ru="Перепись населения в учреждениях",
    kk="Мекемелердегі халық санағы",
)
USE = Labels(
    en="Confidential: microdata for approved analysts; what protects the people in them, and what does not, is in docs/release.md.",
    ru="Конфиденциально: микроданные для допущенных аналитиков; что защищает людей в них и что нет, сказано в docs/release.md.",
    kk="Құпия: рұқсат алған талдаушыларға арналған микродеректер; адамдарды не қорғайтыны docs/release.md ішінде.",
)

UNITS = {
    "UTC": Labels(en="UTC", ru="UTC", kk="UTC"),
    "batches": Labels(en="batches", ru="партий", kk="партия"),
    "institutions": Labels(en="institutions", ru="учреждений", kk="мекеме"),
    "persons": Labels(en="persons", ru="человек", kk="адам"),
    "years": Labels(en="years", ru="лет", kk="жыл"),
}

DICTIONARY = """
SELECT schema_name, table_name, column_name, data_type, unit, code_list, is_key, comment_en, comment_ru, comment_kk
FROM meta.dictionary
ORDER BY schema_name, table_name, column_no"""

CODES = """
SELECT code_list, code, label_en, label_ru, label_kk, sort_no FROM ref.code
UNION ALL
SELECT 'kato', kato, name_en, name_ru, name_kk, NULL FROM ref.kato
UNION ALL
SELECT 'publication_group', publication_group, name_en, name_ru, name_kk, NULL FROM coverage_by_group
WHERE contains(publication_group, ' + ')
ORDER BY code_list, sort_no, code"""


@dataclass(frozen=True)
class Variable:
    """One column: its name, DuckDB type, unit, values by code, whether it is part of the key."""

    name: str
    type: str
    unit: Labels | None
    code_list: str | None
    codes: dict[str, Labels]
    is_key: bool
    labels: Labels

    @property
    def is_list(self) -> bool:
        """Whether one cell holds several codes."""
        return self.type.endswith("[]")

    @property
    def is_text(self) -> bool:
        """Whether a cell is a text, also once its codes are joined to one."""
        return self.type.startswith("VARCHAR")

    @property
    def is_whole(self) -> bool:
        """Whether it is a whole number."""
        return self.type.endswith("INT") or self.type == "INTEGER"

    @property
    def joined(self) -> str:
        """Its SQL, the codes of a list as one text."""
        return f"array_to_string(\"{self.name}\", ';')" if self.is_list else f'"{self.name}"'


@dataclass(frozen=True)
class ReleasedTable:
    """One table of the release."""

    schema: str
    name: str
    row_count: int
    labels: Labels
    variables: Sequence[Variable]

    @property
    def full_name(self) -> str:
        """`SCHEMA.NAME`."""
        return f"{self.schema}.{self.name}"

    @property
    def key(self) -> list[str]:
        """Names of the columns of its key."""
        return [variable.name for variable in self.variables if variable.is_key]

    def select(self, expressions: Sequence[str]) -> str:
        """Return a query for the expressions over its rows in the order of the key."""
        ordered = ", ".join(f'"{name}"' for name in self.key)
        return f"SELECT {', '.join(expressions)} FROM {self.full_name} ORDER BY {ordered}"


@dataclass(frozen=True)
class Source:
    """An opened release.

    Attributes
    ----------
    language
        Language of labels in a format that holds one; one of `LANGUAGES`.
    """

    con: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    tables: Sequence[ReleasedTable]
    language: str

    @property
    def name(self) -> str:
        """Id of the release."""
        return str(self.manifest["snapshot_id"])

    @property
    def as_of(self) -> datetime:
        """What had been received by this moment is in it."""
        return datetime.fromisoformat(self.manifest["as_of"])

    @property
    def title(self) -> str:
        """What it is, in one line."""
        return f"{self.said(TITLE)}: {self.manifest['round_id']}"

    @property
    def without_people(self) -> list[ReleasedTable]:
        """Every table but the microdata."""
        return [table for table in self.tables if table.schema != MICRODATA]

    @property
    def figures(self) -> list[ReleasedTable]:
        """The tables of figures: neither microdata nor what describes them."""
        return [table for table in self.without_people if table.schema not in DESCRIBING]

    def said(self, labels: Labels) -> str:
        """Return a text in the language asked for."""
        return str(getattr(labels, self.language))


@contextmanager
def opened(release: Path, language: str) -> Iterator[Source]:
    """Open a release, read-only."""
    manifest = read_snapshot_manifest(release)
    with duckdb.connect(str(release / "census.duckdb"), read_only=True) as con:
        codes: dict[str, dict[str, Labels]] = {}
        for code_list, code, en, ru, kk, _ in con.execute(CODES).fetchall():
            codes.setdefault(code_list, {})[code] = Labels(en=en or code, ru=ru or code, kk=kk or code)
        yield Source(con, manifest, _tables(con, manifest, codes), language)


def _tables(
    con: duckdb.DuckDBPyConnection, manifest: dict[str, Any], codes: dict[str, dict[str, Labels]]
) -> list[ReleasedTable]:
    tables: list[ReleasedTable] = []
    for schema, name, column, kind, unit, code_list, is_key, en, ru, kk in con.execute(DICTIONARY).fetchall():
        labels = Labels(en=en, ru=ru, kk=kk)
        if column is None:
            rows = manifest["tables"][f"{schema}.{name}"]["row_count"]
            variables: list[Variable] = []
            tables.append(ReleasedTable(schema, name, rows, labels, variables))
        else:
            said = UNITS[unit] if unit else None
            variables.append(Variable(column, kind, said, code_list, codes.get(code_list, {}), is_key, labels))
    return tables
