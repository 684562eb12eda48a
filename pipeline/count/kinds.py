"""The kinds of discrepancy and their words, from `data/reference/discrepancies.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import BadReferenceFile
from pipeline.identifiers.sql import make_table
from pipeline.schema import Labels

Owner = Literal["HEAD", "DEPARTMENT", "REGIONAL_COMMISSION", "DEPUTY_AKIM"]
TEXTS = ("kind", "alert_id", "least_alert_id", "begins_alert_id", "compare", "unit", "owner_amber", "owner_red")
COLUMNS = {
    **dict.fromkeys(TEXTS, "VARCHAR"),
    "is_past": "BOOLEAN",
    "part_of": "VARCHAR[]",
    **dict.fromkeys(("due_days_amber", "due_days_red"), "BIGINT"),
    **dict.fromkeys(("message_en", "message_ru", "message_kk", "todo_en", "todo_ru", "todo_kk"), "VARCHAR"),
}


class ByOwner(BaseModel):
    """Who acts while it is amber, and who while it is red."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amber: Owner
    red: Owner


class ByDays(BaseModel):
    """Days to act, counted from the day it began."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amber: int = Field(ge=0)
    red: int = Field(ge=0)


class Kind(BaseModel):
    """One kind of discrepancy as written in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(pattern=r"^[A-Z]+(_[A-Z]+)*$")
    alert: str
    least: str | None = None
    begins: str | None = None
    compare: Literal["from", "over", "under"]
    unit: Literal[
        "date", "days", "hours", "minutes", "persons", "people", "forms", "bundles", "batches", "rows", "rate", "sigma"
    ]
    is_past: bool = False
    part_of: tuple[str, ...] = ()
    owner: ByOwner
    due_days: ByDays
    message: Labels
    todo: Labels


class Escalation(BaseModel):
    """Who comes after whom when a matter is overdue, and the shortest period that counts as one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ladder: tuple[Owner, ...] = Field(min_length=2)
    least_days: int = Field(ge=1)


class Catalogue(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reviewed: dict[str, bool] = {}
    escalation: Escalation
    kinds: tuple[Kind, ...]


def load_kinds(path: Path) -> Catalogue:
    """Read the file.

    Raises
    ------
    BadReferenceFile
        It is missing, not YAML, or a kind lacks or misspells something.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        catalogue = Catalogue.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise BadReferenceFile(
            f"cannot be read: {type(error).__name__}", where=where, todo="Correct the file."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadReferenceFile(f"{place}: {first['msg']}", where=where, todo="Correct the file.") from None
    names = [kind.kind for kind in catalogue.kinds]
    twice = sorted({name for name in names if names.count(name) > 1})
    owners = {owner for kind in catalogue.kinds for owner in (kind.owner.amber, kind.owner.red)}
    unplaced = sorted(owners - set(catalogue.escalation.ladder))
    if unplaced:
        raise BadReferenceFile(f"the ladder misses {', '.join(unplaced)}", where=where, todo="Name every owner there.")
    unknown = sorted({name for kind in catalogue.kinds for name in kind.part_of} - set(names))
    if unknown:
        raise BadReferenceFile(
            f"part_of names no kind: {', '.join(unknown)}", where=where, todo="Name kinds of this file."
        )
    if twice:
        raise BadReferenceFile(f"kinds are there twice: {', '.join(twice)}", where=where, todo="Keep one of each.")
    return catalogue


def register(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Make the kinds a relation of `con`, `discrepancy_kind`, and who follows whom two more, `owner_level` and `escalation`."""
    rows = [
        {
            "kind": kind.kind,
            "alert_id": kind.alert,
            "least_alert_id": kind.least,
            "begins_alert_id": kind.begins,
            "compare": kind.compare,
            "unit": kind.unit,
            "is_past": kind.is_past,
            "part_of": list(kind.part_of),
            "owner_amber": kind.owner.amber,
            "owner_red": kind.owner.red,
            "due_days_amber": kind.due_days.amber,
            "due_days_red": kind.due_days.red,
            "message_en": kind.message.en,
            "message_ru": kind.message.ru,
            "message_kk": kind.message.kk,
            "todo_en": kind.todo.en,
            "todo_ru": kind.todo.ru,
            "todo_kk": kind.todo.kk,
        }
        for kind in catalogue.kinds
    ]
    make_table(con, "discrepancy_kind", rows, COLUMNS)
    ladder = enumerate(catalogue.escalation.ladder, start=1)
    levels = [{"level_no": level_no, "owner": owner} for level_no, owner in ladder]
    make_table(con, "owner_level", levels, {"level_no": "BIGINT", "owner": "VARCHAR"})
    make_table(con, "escalation", [{"least_days": catalogue.escalation.least_days}], {"least_days": "BIGINT"})
