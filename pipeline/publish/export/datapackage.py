"""CSV with a Frictionless data package: types, keys, labels and digests in `datapackage.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.publish.export.source import ReleasedTable, Source, Variable
from pipeline.publish.snapshot import file_sha256
from pipeline.schema import Labels
from pipeline.sql import quoted

# A spreadsheet takes a text that begins so for a formula.
FORMULA = r"^[=+\-@\t\r]"
JOINED = Labels(en="codes, joined by a semicolon", ru="коды через точку с запятой", kk="кодтар нүктелі үтір арқылы")


def write(source: Source, folder: Path) -> None:
    """Write every table as CSV, and the package that describes them."""
    for table in source.tables:
        rows = table.select([f'{_cell(variable)} AS "{variable.name}"' for variable in table.variables])
        source.con.execute(f"COPY ({rows}) TO {quoted(str(folder / _file(table)))} (FORMAT csv, HEADER)")
    package = {
        "profile": "tabular-data-package",
        "name": source.name.lower(),
        "title": source.title,
        "version": source.name,
        "created": source.as_of.isoformat(),
        "resources": [_resource(source, table, folder / _file(table)) for table in source.tables],
    }
    text = json.dumps(package, ensure_ascii=False, indent=1)
    (folder / "datapackage.json").write_text(text + "\n", encoding="utf-8")


def _file(table: ReleasedTable) -> str:
    return f"{table.full_name}.csv"


def _cell(variable: Variable) -> str:
    """Texts that look like a formula get an apostrophe before them; moments are written with their zone."""
    if variable.is_text:
        text = variable.joined
        return f"CASE WHEN regexp_matches({text}, '{FORMULA}') THEN '''' || {text} ELSE {text} END"
    return f"strftime({variable.joined}, '%Y-%m-%dT%H:%M:%SZ')" if variable.type == "TIMESTAMP" else variable.joined


def _resource(source: Source, table: ReleasedTable, path: Path) -> dict[str, Any]:
    return {
        "name": table.full_name,
        "profile": "tabular-data-resource",
        "path": path.name,
        "title": source.said(table.labels),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{file_sha256(path)}",
        "schema": {"fields": [_field(source, variable) for variable in table.variables], "primaryKey": table.key},
    }


def _field(source: Source, variable: Variable) -> dict[str, Any]:
    field: dict[str, Any] = {"name": variable.name, "type": _type(variable), "title": source.said(variable.labels)}
    if variable.unit:
        field["unit"] = source.said(variable.unit)
    if variable.codes:
        field["categories"] = [
            {"value": int(code) if variable.is_whole else code, "label": source.said(labels)}
            for code, labels in variable.codes.items()
        ]
    if variable.is_list:
        field["description"] = source.said(JOINED)
    if variable.is_key:
        field["constraints"] = {"required": True}
    return field


def _type(variable: Variable) -> str:
    if variable.is_text:
        return "string"
    if variable.is_whole:
        return "integer"
    return {"BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "datetime"}.get(variable.type, "number")
