"""A crosswalk says, in a file of its own, which of a foreign questionnaire's variables are which of ours."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import duckdb
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from pipeline.read.foreign.sheets import Tool
from pipeline.round import Reference
from pipeline.round.files import read_model
from pipeline.sql import quoted

ENVELOPE_CODES = {"form_code": "form_code", "mode": "mode", "case_status": "case_status"}
Code = str | None


def _code(value: object) -> Code:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _codes(values: object) -> object:
    """Take numbers as keys; refuse what YAML makes of `yes` and `no`."""
    if not isinstance(values, dict):
        return values
    if any(isinstance(key, bool) for key in values):
        raise ValueError("YAML reads yes, no, on and off as true and false: quote them")
    return {str(key): _code(value) for key, value in values.items()}


Codes = Annotated[dict[str, Code], BeforeValidator(_codes)]
Constant = Annotated[str, BeforeValidator(_code)]


def _try(sql: str) -> None:
    """Let the engine that will run an expression take it apart once: its rules are not Python's."""
    try:
        with duckdb.connect() as con:
            con.execute(f"SELECT {sql}").fetchall()
    except duckdb.Error as error:
        raise ValueError(str(error).splitlines()[0]) from None


class Part(BaseModel):
    """Base of what a crosswalk is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parts(Part):
    """Columns that hold a date in pieces."""

    year: str
    month: str | None = None
    day: str | None = None


class Mapping(Part):
    """Where one of our variables, `name`, comes from: exactly one of `column`, `columns`, `parts`, `constant`.

    Attributes
    ----------
    column
        A column of the row or of a sheet above it; `SHEET.COLUMN` names the sheet.
    columns
        For a list: a column per choice and the code it stands for where it is ticked.
    parts
        For a date: columns of year, month and day.
    constant
        The same value for every case.
    values
        Their code to ours; null empties. A code that is not here is set aside and never taken for one of ours.
    split
        For a list in one column: what stands between the choices.
    extract
        Regular expression whose first group is the value.
    format
        How a date or time is spelled, as in strptime.
    """

    name: str = Field(exclude=True)
    column: str | None = None
    columns: Codes | None = None
    parts: Parts | None = None
    constant: Constant | None = None
    values: Codes | None = None
    split: str | None = Field(None, min_length=1)
    extract: str | None = None
    format: str | None = None

    @field_validator("extract")
    @classmethod
    def _one_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except re.error:
            raise ValueError("it is no regular expression") from None
        _try(f"regexp_extract('', {quoted(pattern or '()')}, 1)")
        if groups < 1:
            raise ValueError("it has no group in round brackets to take the value from")
        return pattern

    @field_validator("format")
    @classmethod
    def _spelling(cls, spelling: str | None) -> str | None:
        _try(f"try_strptime('', {quoted(spelling)})" if spelling is not None else "NULL")
        return spelling

    @model_validator(mode="after")
    def _one_source(self) -> Mapping:
        sources = [self.column, self.columns, self.parts, self.constant]
        if sum(source is not None for source in sources) != 1:
            raise ValueError("one of column, columns, parts and constant is wanted")
        if self.column is None and any((self.values, self.split, self.extract, self.format)):
            raise ValueError("values, split, extract and format go with column")
        return self

    @model_validator(mode="after")
    def _ours(self, info: ValidationInfo) -> Mapping:
        """Hold it against our own variables, where the context names them."""
        if info.context is None:
            return self
        kind = info.context["kinds"].get(self.name)
        if kind is None:
            raise ValueError("there is no such field of a submission")
        if strangers := sorted(self.codes - info.context["codes"].get(self.name, self.codes)):
            raise ValueError(f"no code of it: {', '.join(strangers)} (YAML reads YES and NO as booleans: quote them)")
        if kind != "list" and (self.columns is not None or self.split is not None):
            raise ValueError("it takes one value: columns and split are for lists")
        if kind != "date" and self.parts is not None:
            raise ValueError("it is no date: parts are for dates")
        return self

    @property
    def named(self) -> list[str]:
        """Every column it speaks of."""
        parts = [] if self.parts is None else [self.parts.year, self.parts.month, self.parts.day]
        return [name for name in (self.column, *(self.columns or ()), *parts) if name is not None]

    @property
    def codes(self) -> set[str]:
        """Every value of ours it can give by itself."""
        given = [self.constant, *(self.values or {}).values(), *(self.columns or {}).values()]
        return {code for code in given if code is not None}


class Crosswalk(Part):
    """One file of `data/crosswalks/`.

    Attributes
    ----------
    tool, instrument
        Which files it is for: the program that wrote them and its name of the questionnaire.
    rows
        Sheet that has one person a row, where that is not the sheet of cases: each row becomes a case of its own.
    zone
        Where clock times without an offset were read off a clock; times that the tool itself keeps are written in it, too.
    """

    tool: Tool
    instrument: str = Field(min_length=1)
    rows: str | None = None
    zone: str
    fields: dict[str, Mapping] = Field(min_length=1)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"no such time zone: {name}") from None
        return name

    @field_validator("fields", mode="before")
    @classmethod
    def _named(cls, fields: Any) -> Any:
        """Tell each mapping its name; a bare text is a column."""
        if not isinstance(fields, dict):
            return fields
        whole = {name: {"column": given} if isinstance(given, str) else given for name, given in fields.items()}
        return {name: {**given, "name": name} if isinstance(given, dict) else given for name, given in whole.items()}


def load_crosswalks(folder: Path, reference: Reference, kinds: dict[str, str]) -> tuple[Crosswalk, ...]:
    """Read every crosswalk, in order of file name.

    Parameters
    ----------
    kinds
        The fields of a submission and their kinds.

    Raises
    ------
    BadReferenceFile
        A file says what a crosswalk cannot say; `where` is file:line.
    """
    lists = {variable.name: variable.code_list for variable in reference.questionnaire.variables if variable.code_list}
    codes = {name: set(reference.code_lists[code_list].codes) for name, code_list in (lists | ENVELOPE_CODES).items()}
    context = {"kinds": kinds, "codes": codes}
    return tuple(read_model(path, Crosswalk, context) for path in sorted(folder.glob("*.yaml")))
