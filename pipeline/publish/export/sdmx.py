"""SDMX-CSV 2.0, one file for each table of figures, and their structures as an SDMX-JSON 2.0 message.

The key of a table are its dimensions, numbers its measures, the rest its attributes; identifiers are the names of tables and columns.
"""

from __future__ import annotations

import json
from pathlib import Path

from pysdmx.io import write_sdmx
from pysdmx.io.format import Format
from pysdmx.model import (
    Agency,
    Code,
    Codelist,
    Component,
    Components,
    Concept,
    ConceptScheme,
    Dataflow,
    DataStructureDefinition,
    DataType,
    ItemReference,
    Role,
)
from pysdmx.model.message import Header

from pipeline.publish.export.source import ReleasedTable, Source, Variable
from pipeline.sql import quoted

AGENCY = Agency("SANAQ")
VERSION = "1.0.0"
CODELIST = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist"
Structure = Codelist | ConceptScheme | DataStructureDefinition | Dataflow
TYPES = {
    "BOOLEAN": DataType.BOOLEAN,
    "DATE": DataType.DATE,
    "TIMESTAMP": DataType.DATE_TIME,
    "INTEGER": DataType.INTEGER,
}


def write(source: Source, folder: Path) -> None:
    """Write the figures and their structures."""
    for table in source.figures:
        path = quoted(str(folder / f"{table.full_name}.csv"))
        source.con.execute(f"COPY ({_rows(table)}) TO {path} (FORMAT csv, HEADER)")
    header = Header(id=source.name, prepared=source.as_of, sender=AGENCY)
    message = json.loads(str(write_sdmx(_structures(source), Format.STRUCTURE_SDMX_JSON_2_0_0, header=header)))
    for structure in message["data"]["dataStructures"]:
        structure["dataStructureComponents"].pop("groups")  # an empty list, which the schema of the format forbids
    text = json.dumps(message, ensure_ascii=False, indent=1)
    (folder / "structure.json").write_text(text + "\n", encoding="utf-8")


def _rows(table: ReleasedTable) -> str:
    columns = [f'{variable.joined} AS "{variable.name}"' for variable in _ordered(table)]
    flow = f"'{AGENCY.id}:{_id(table)}({VERSION})'"
    return table.select(["'dataflow' AS STRUCTURE", f"{flow} AS STRUCTURE_ID", "'I' AS ACTION", *columns])


def _structures(source: Source) -> list[Structure]:
    found: list[Structure] = []
    lists: dict[str, Codelist] = {}
    for table in source.figures:
        lists |= {str(each.code_list): _codelist(source, each) for each in table.variables if _is_coded(each)}
        name = source.said(table.labels)
        concepts = [Concept(each.name, name=source.said(each.labels), dtype=_type(each)) for each in _ordered(table)]
        components = Components([_component(table, each) for each in _ordered(table)])
        structure = DataStructureDefinition(
            id=_id(table), components=components, name=name, agency=AGENCY.id, version=VERSION
        )
        found += [
            ConceptScheme(_scheme(table), items=concepts, name=name, agency=AGENCY.id, version=VERSION),
            structure,
            Dataflow(_id(table), structure=structure, name=name, agency=AGENCY.id, version=VERSION),
        ]
    return [*(lists[name] for name in sorted(lists)), *found]


def _codelist(source: Source, variable: Variable) -> Codelist:
    codes = [Code(code, name=source.said(labels)) for code, labels in variable.codes.items()]
    name = str(variable.code_list)
    return Codelist(_list_id(name), name=name, agency=AGENCY.id, version=VERSION, items=codes)


def _component(table: ReleasedTable, variable: Variable) -> Component:
    role = _role(variable)
    return Component(
        variable.name,
        required=variable.is_key,
        role=role,
        concept=ItemReference("Concept", AGENCY.id, _scheme(table), VERSION, variable.name),
        local_dtype=_type(variable),
        local_enum_ref=f"{CODELIST}={AGENCY.id}:{_list_id(str(variable.code_list))}({VERSION})"
        if _is_coded(variable)
        else None,
        attachment_level=",".join(each.name for each in table.variables if _role(each) is Role.MEASURE)
        if role is Role.ATTRIBUTE
        else None,
    )


def _is_coded(variable: Variable) -> bool:
    return bool(variable.codes) and not variable.is_list


def _ordered(table: ReleasedTable) -> list[Variable]:
    """Dimensions, measures, attributes: the order the format wants."""
    return sorted(table.variables, key=lambda variable: list(Role).index(_role(variable)))


def _role(variable: Variable) -> Role:
    if variable.is_key:
        return Role.DIMENSION
    return Role.ATTRIBUTE if variable.is_text or variable.type in ("BOOLEAN", "DATE", "TIMESTAMP") else Role.MEASURE


def _type(variable: Variable) -> DataType:
    if variable.is_text:
        return DataType.STRING
    return TYPES.get(variable.type, DataType.BIG_INTEGER if variable.is_whole else DataType.DOUBLE)


def _id(table: ReleasedTable) -> str:
    return f"{table.schema}_{table.name}".upper()


def _scheme(table: ReleasedTable) -> str:
    return f"CS_{_id(table)}"


def _list_id(code_list: str) -> str:
    return f"CL_{code_list}".upper()
