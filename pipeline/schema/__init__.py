"""Table schemas: one YAML file per table is the single source of its columns, types, units, sensitivity and labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipeline.errors import BadReferenceFile

Sensitivity = Literal["open", "internal", "confidential", "identifier"]
STEP_NAMES = ("read", "check", "resolve", "count", "gates", "reconcile", "publish")
FOLDER = Path(__file__).resolve().parent
QUESTIONNAIRE_TYPES = {
    "text": "VARCHAR",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "list": "VARCHAR[]",
}


class Labels(BaseModel):
    """A text in the three languages of the office; Kazakh and Russian may wait for a translator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str
    ru: str
    kk: str


class Column(BaseModel):
    """One column: DuckDB type, whether it may be NULL, who may see it, what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    required: bool = False
    sensitivity: Sensitivity = "internal"
    unit: str | None = None
    code_list: str | None = None
    comment: Labels


class Table(BaseModel):
    """One table of a build.

    Attributes
    ----------
    key
        Columns that identify a row; verified by query after every write.
    order
        Sort order of the file, unique (defaults to `key`): what makes two builds byte-identical.
    publish
        Schema it gets in `operations.duckdb`, or None if it never leaves the lake.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    step: Literal["read", "check", "resolve", "count", "gates", "reconcile", "publish"]
    comment: Labels
    key: tuple[str, ...]
    order: tuple[str, ...] = ()
    publish: str | None = None
    columns_from: Literal["questionnaire"] | None = None
    reviewed: dict[str, bool] = {}
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _consistent(self) -> Table:
        missing = [name for name in (*self.key, *self.order) if name not in self.columns]
        if missing:
            raise ValueError(f"key or order names unknown columns: {', '.join(missing)}")
        secret = [name for name, column in self.columns.items() if column.sensitivity == "identifier"]
        if self.publish and secret:
            raise ValueError(f"identifier columns cannot leave the lake: {', '.join(secret)}")
        return self

    @property
    def sort(self) -> tuple[str, ...]:
        """Columns the file is ordered by."""
        return self.order or self.key


class Tables(Mapping[str, Table]):
    """Every table by name. A schema file is read when its table is asked for: there are many, and a step makes few of them.

    Parameters
    ----------
    questionnaire
        `questionnaire.yaml` of the reference data: the answers' columns are its variables.

    Raises
    ------
    BadReferenceFile
        A schema file is not valid; `where` names file and place.
    """

    def __init__(self, questionnaire: Path) -> None:
        self._questionnaire = questionnaire
        self._paths = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
        self._read: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        if name not in self._read:
            self._read[name] = _load(self._paths[name], self._questionnaire)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@cache
def load_tables(questionnaire: Path) -> Tables:
    """Return the tables of a questionnaire; a process reads each file once."""
    return Tables(questionnaire)


def _load(path: Path, questionnaire: Path) -> Table:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        if raw.get("columns_from") == "questionnaire":
            raw["columns"] = {**raw["columns"], **_answer_columns(questionnaire)}
        table = Table.model_validate(raw)
    except (yaml.YAMLError, ValidationError, KeyError, TypeError, AttributeError) as error:
        detail = (
            str(error.errors()[0]["loc"]) + ": " + error.errors()[0]["msg"]
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise BadReferenceFile(
            f"schema cannot be read: {detail}", where=f"pipeline/schema/{path.name}", todo="Correct the file."
        ) from None
    if table.table != path.stem:
        raise BadReferenceFile(
            f"table is called {table.table!r}", where=f"pipeline/schema/{path.name}", todo="Name file and table alike."
        )
    return table


def _answer_columns(questionnaire: Path) -> dict[str, object]:
    variables = yaml.load(questionnaire.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["variables"]
    return {
        variable["name"]: {
            "type": QUESTIONNAIRE_TYPES[variable["type"]],
            "sensitivity": variable["sensitivity"],
            "code_list": variable.get("code_list"),
            "comment": variable["label"],
        }
        for variable in variables
        if variable["section"] != "identity" and variable["sensitivity"] != "identifier"
    }
