"""Loads `expectations/rules.yaml` and turns its rules into single checks, each a condition over one record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlglot
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.errors import BadReferenceFile
from pipeline.round.files import read_model, shown
from pipeline.schema import Labels
from pipeline.settings import PROJECT

PATH = PROJECT / "expectations" / "rules.yaml"
Severity = Literal["reject", "blank", "flag"]
EXAMPLE = "any_column"


class Rule(BaseModel):
    """One rule as written: what fails, how bad it is, what to tell people about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^R-[A-Z0-9]+(-[A-Z0-9]+)*$")
    requirement: str = Field(pattern=r"^(R\d\d|D\d\d|method \d|domain \d\.\d)$")
    severity: Severity
    fails_when: str
    blanks: tuple[str, ...] = ()
    for_each: tuple[str, ...] | Literal["coded"] = ()
    keep_value: bool = True
    shows: tuple[str, ...] = ()
    message: Labels

    @field_validator("fails_when")
    @classmethod
    def _readable(cls, fails_when: str) -> str:
        try:
            names_used(_example(fails_when))
        except SqlglotError as error:
            raise ValueError(f"the condition cannot be read: {str(error).splitlines()[0]}") from None
        return fails_when

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        if (self.severity == "blank") != bool(self.blanks or self.for_each):
            raise ValueError("a rule names columns to blank (blanks or for_each) if and only if its severity is blank")
        if ("{is_a_code}" in self.fails_when) != (self.for_each == "coded"):
            raise ValueError("{is_a_code} and `for_each: coded` go together")
        if ("{column}" in self.fails_when) != (bool(self.for_each) and self.for_each != "coded"):
            raise ValueError("{column} and a list of columns in for_each go together")
        return self


class NotRule(BaseModel):
    """Something that was considered and is decided elsewhere, with the reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^N-[A-Z0-9]+(-[A-Z0-9]+)*$")
    about: str
    decided_in: Literal["read", "check", "resolve", "count", "reconcile"]
    reason: str


class Clause(BaseModel):
    """One clause of the method about a single record, in its words, and the rules and reasons that serve it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^(method \d|domain \d\.\d)[a-z]$")
    says: str
    served_by: tuple[str, ...] = Field(min_length=1)


class Catalogue(BaseModel):
    """The whole rule file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reviewed: dict[str, bool] = {}
    columns: dict[str, str]
    rules: tuple[Rule, ...]
    not_rules: tuple[NotRule, ...]
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Check:
    """One condition to ask of every record; a rule for each of several columns is as many checks."""

    rule_id: str
    severity: Severity
    condition: str
    blanks: tuple[str, ...]
    keep_value: bool


def load_rules(path: Path = PATH, known: Collection[str] | None = None) -> Catalogue:
    """Read the rules.

    Parameters
    ----------
    path
        The rule file.
    known
        Names a condition may use; not checked when None.

    Raises
    ------
    BadReferenceFile
        The file is not valid YAML, a rule lacks or misspells something, or its SQL cannot be read; `where` is file:line.
    """
    catalogue = read_model(path, Catalogue)
    seen: set[str] = set()
    for rule in catalogue.rules:
        if rule.id in seen:
            raise _refusal(path, rule.id, "is there twice")
        unknown = sorted(_names(rule) - set(known)) if known is not None else []
        if unknown:
            raise _refusal(path, rule.id, f"no such column: {', '.join(unknown)}")
        seen.add(rule.id)
    return catalogue


def checks(catalogue: Catalogue, coded: Mapping[str, str]) -> list[Check]:
    """Spell the rules out as single checks, in the order of the file.

    Parameters
    ----------
    coded
        For every column that has a code list, the condition that its value is one of the codes.
    """
    return [check for rule in catalogue.rules for check in _spelled_out(rule, coded)]


def names_used(condition: str) -> set[str]:
    """Return the column names a condition reads.

    Raises
    ------
    SqlglotError
        The condition is not SQL.
    """
    tree = sqlglot.parse_one(condition, read="duckdb")
    parameters = {name.name for function in tree.find_all(exp.Lambda) for name in function.expressions}
    return {column.name for column in tree.find_all(exp.Column)} - parameters


def _spelled_out(rule: Rule, coded: Mapping[str, str]) -> Iterator[Check]:
    if not rule.for_each:
        yield Check(rule.id, rule.severity, rule.fails_when, tuple(sorted(rule.blanks)), rule.keep_value)
        return
    for column in sorted(coded) if rule.for_each == "coded" else rule.for_each:
        condition = rule.fails_when.replace("{column}", column).replace("{is_a_code}", f"({coded.get(column)})")
        yield Check(rule.id, rule.severity, condition, (column,), rule.keep_value)


def _names(rule: Rule) -> set[str]:
    columns = () if rule.for_each == "coded" else rule.for_each
    return (names_used(_example(rule.fails_when)) - {EXAMPLE}) | {*columns, *rule.blanks, *rule.shows}


def _example(fails_when: str) -> str:
    """Put something in the place of the placeholders, so that the condition can be read."""
    return fails_when.replace("{column}", EXAMPLE).replace("{is_a_code}", "TRUE")


def _refusal(path: Path, rule_id: str, problem: str) -> BadReferenceFile:
    lines = path.read_text(encoding="utf-8").splitlines()
    line = max(number for number, text in enumerate(lines, start=1) if text.partition("id:")[2].strip() == rule_id)
    return BadReferenceFile(
        f"{rule_id}: {problem}",
        where=f"{shown(path)}:{line}",
        todo="Correct the rule; the head of the file says what it may hold.",
    )
