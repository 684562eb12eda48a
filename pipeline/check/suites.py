"""What the gates ask, as data: `expectations/suites/GATE.yaml`, one file per gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.round.files import read_model
from pipeline.settings import PROJECT

FOLDER = PROJECT / "expectations" / "suites"
GATES = ("read", "resolved", "counted")
Severity = Literal["critical", "warning"]


class Part(BaseModel):
    """Base of everything in a suite file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(Part):
    """How many rows are plausible."""

    at_least: int | None = None
    at_most: int | None = None
    severity: Severity


class Check(Part):
    """A number that has to lie between limits: rows for which `each` is true, or the result of `of`."""

    name: str = Field(pattern=r"^[A-Z0-9]+(_[A-Z0-9]+)*$")
    each: str | None = None
    of: str | None = None
    at_least: int | None = None
    at_most: int = 0
    severity: Severity
    why: str

    @model_validator(mode="after")
    def _one_way(self) -> Check:
        if (self.each is None) == (self.of is None):
            raise ValueError("a check has either `each` or `of`")
        return self


class GatedTable(Part):
    """What is asked of one table."""

    rows: Rows | None = None
    required: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


class Suite(Part):
    """What one gate asks."""

    gate: Literal["read", "resolved", "counted"]
    tables: dict[str, GatedTable]


@dataclass(frozen=True)
class Demand:
    """One thing a gate demands of a profile.

    Attributes
    ----------
    measure
        Name of the number in the wide profile, `table[.column] measure`.
    equals
        Another number it has to equal; else the limits hold.
    """

    gate: str
    measure: str
    severity: Severity
    why: str
    at_least: int | None = None
    at_most: int | None = None
    equals: str | None = None


def load_suites(folder: Path = FOLDER) -> list[Suite]:
    """Read the suites, in the order of the gates.

    Raises
    ------
    BadReferenceFile
        A file is missing or wrong; `where` is file:line.
    """
    return [read_model(folder / f"{gate}.yaml", Suite) for gate in GATES]


def demands(suite: Suite) -> Iterator[Demand]:
    """Spell out everything a gate demands, in the order of its file."""
    for name, table in suite.tables.items():
        if table.rows:
            rows = table.rows
            yield Demand(
                suite.gate,
                measure(name, "", "rows"),
                rows.severity,
                "A plausible number of rows",
                rows.at_least,
                rows.at_most,
            )
        for column in table.required:
            yield Demand(suite.gate, measure(name, column, "nulls"), "critical", "No row without it", at_most=0)
        for column in table.unique:
            total = measure(name, "", "rows")
            yield Demand(suite.gate, measure(name, column, "distinct"), "critical", "No value twice", equals=total)
        for check in table.checks:
            number = measure(name, "", f"violations:{check.name}")
            yield Demand(suite.gate, number, check.severity, check.why, check.at_least, check.at_most)


def measure(relation: str, column: str, kind: str) -> str:
    """Name a number of the profile."""
    return f"{relation}.{column} {kind}" if column else f"{relation} {kind}"
