"""SDMX-CSV 2.0, one file for each table of figures, and their structures as an SDMX-JSON 2.0 message.

The key of a table are its dimensions, and one more says which of its figures an observation is; identifiers are the names of tables and
columns; the names of merged groups are joined by `MERGED`, since an id has neither a blank nor a plus. Every figure is an observation, the withheld ones too: `OBS_STATUS` and `CONF_STATUS` say why there is no value, in the codes of SDMX.
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
from pipeline.publish.groups import BETWEEN
from pipeline.schema import Labels
from pipeline.sql import quoted

AGENCY = Agency("SANAQ")
VERSION = "1.0.0"
CODELIST = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist"
SUPPRESSED = "is_suppressed"
MERGED = "-"
FIGURE, VALUE, OBS_STATUS, CONF_STATUS = "FIGURE", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"
CONCEPTS = {
    FIGURE: Labels(en="Which figure", ru="Какой показатель", kk="Қай көрсеткіш"),
    VALUE: Labels(en="Observation value", ru="Значение наблюдения", kk="Бақылау мәні"),
    OBS_STATUS: Labels(en="Observation status", ru="Статус наблюдения", kk="Бақылау мәртебесі"),
    CONF_STATUS: Labels(en="Confidentiality status", ru="Статус конфиденциальности", kk="Құпиялылық мәртебесі"),
}
# Of the lists SDMX keeps for all domains, the codes that occur. No release is free for publication (docs/release.md).
STATUSES = {
    OBS_STATUS: {
        "A": Labels(en="Normal value", ru="Обычное значение", kk="Қалыпты мән"),
        "O": Labels(en="Missing value", ru="Значение отсутствует", kk="Мән жоқ"),
        "Q": Labels(en="Missing value; suppressed", ru="Значение отсутствует; скрыто", kk="Мән жоқ; жасырылған"),
    },
    CONF_STATUS: {
        "N": Labels(
            en="Not for publication, restricted for internal use only",
            ru="Не для публикации, только для внутреннего пользования",
            kk="Жариялауға арналмаған, тек ішкі пайдалануға",
        ),
        "C": Labels(
            en="Confidential statistical information",
            ru="Конфиденциальная статистическая информация",
            kk="Құпия статистикалық ақпарат",
        ),
    },
}
SDMX = Agency("SDMX")
STATUS_VERSIONS = {OBS_STATUS: "2.2", CONF_STATUS: "1.2"}
Structure = Codelist | ConceptScheme | DataStructureDefinition | Dataflow


def write(source: Source, folder: Path) -> None:
    """Write the figures and their structures."""
    for table in source.figures:
        path = quoted(str(folder / f"{table.full_name}.csv"))
        source.con.execute(f"COPY ({_observations(table)}) TO {path} (FORMAT csv, HEADER)")
    header = Header(id=source.name, prepared=source.as_of, sender=AGENCY)
    message = json.loads(str(write_sdmx(_structures(source), Format.STRUCTURE_SDMX_JSON_2_0_0, header=header)))
    for structure in message["data"]["dataStructures"]:
        structure["dataStructureComponents"].pop("groups")  # an empty list, which the schema of the format forbids
    text = json.dumps(message, ensure_ascii=False, indent=1)
    (folder / "structure.json").write_text(text + "\n", encoding="utf-8")


def _observations(table: ReleasedTable) -> str:
    """One row for each figure; what is empty in a row of which something is withheld is withheld."""
    keys = ", ".join(f'"{name}"' for name in table.key)
    ids = ", ".join(f"replace(\"{name}\", '{BETWEEN}', '{MERGED}') AS \"{name}\"" for name in table.key)
    figures = [f'"{variable.name}"' for variable in _figures(table)]
    values = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in figures)
    flow = f"'{AGENCY.id}:{_id(table)}({VERSION})'"
    return f"""SELECT
    'dataflow' AS STRUCTURE, {flow} AS STRUCTURE_ID, 'I' AS ACTION, {keys}, {FIGURE}, {VALUE},
    CASE WHEN {VALUE} IS NOT NULL THEN 'A' WHEN is_withheld THEN 'Q' ELSE 'O' END AS {OBS_STATUS},
    CASE WHEN {VALUE} IS NULL AND is_withheld THEN 'C' ELSE 'N' END AS {CONF_STATUS}
FROM (SELECT {ids}, COALESCE({SUPPRESSED}, TRUE) AS is_withheld, {values} FROM {table.full_name})
UNPIVOT INCLUDE NULLS ({VALUE} FOR {FIGURE} IN ({", ".join(figures)}))
ORDER BY {keys}, {FIGURE}"""


def _structures(source: Source) -> list[Structure]:
    found: list[Structure] = []
    lists = {
        _list_id(name): _codelist(source, _list_id(name), codes, SDMX, STATUS_VERSIONS[name])
        for name, codes in STATUSES.items()
    }
    for table in source.figures:
        for variable in _dimensions(table):
            if variable.codes:
                listed = _list_id(str(variable.code_list))
                lists[listed] = _codelist(source, listed, variable.codes)
        figures = {variable.name: variable.labels for variable in _figures(table)}
        lists[_figure_list(table)] = _codelist(source, _figure_list(table), figures)
        name = source.said(table.labels)
        components = Components(_components(table, lists))
        said = {variable.name: variable.labels for variable in _dimensions(table)} | CONCEPTS
        concepts = [Concept(each.id, name=source.said(said[each.id]), dtype=each.local_dtype) for each in components]
        structure = DataStructureDefinition(
            id=_id(table), components=components, name=name, agency=AGENCY.id, version=VERSION
        )
        found += [
            ConceptScheme(_scheme(table), items=concepts, name=name, agency=AGENCY.id, version=VERSION),
            structure,
            Dataflow(_id(table), structure=structure, name=name, agency=AGENCY.id, version=VERSION),
        ]
    return [*(lists[name] for name in sorted(lists)), *found]


def _codelist(
    source: Source, name: str, codes: dict[str, Labels], agency: Agency = AGENCY, version: str = VERSION
) -> Codelist:
    items = [Code(code.replace(BETWEEN, MERGED), name=source.said(labels)) for code, labels in codes.items()]
    is_partial = agency is SDMX
    return Codelist(name, name=name, agency=agency.id, version=version, items=items, is_partial=is_partial)


def _components(table: ReleasedTable, lists: dict[str, Codelist]) -> list[Component]:
    """Dimensions, measures, attributes: the order the format wants."""

    def component(name: str, role: Role, code_list: str | None) -> Component:
        listed = lists.get(code_list or "")
        return Component(
            name,
            required=role is not Role.MEASURE,
            role=role,
            concept=ItemReference("Concept", AGENCY.id, _scheme(table), VERSION, name),
            local_dtype=DataType.DOUBLE if role is Role.MEASURE else DataType.STRING,
            local_enum_ref=f"{CODELIST}={listed.agency}:{listed.id}({listed.version})" if listed else None,
            attachment_level=VALUE if role is Role.ATTRIBUTE else None,
        )

    return [
        *(component(each.name, Role.DIMENSION, _list_id(str(each.code_list))) for each in _dimensions(table)),
        component(FIGURE, Role.DIMENSION, _figure_list(table)),
        component(VALUE, Role.MEASURE, None),
        *(component(name, Role.ATTRIBUTE, _list_id(name)) for name in STATUSES),
    ]


def _dimensions(table: ReleasedTable) -> list[Variable]:
    return [variable for variable in table.variables if variable.is_key]


def _figures(table: ReleasedTable) -> list[Variable]:
    return [variable for variable in table.variables if not variable.is_key and variable.name != SUPPRESSED]


def _id(table: ReleasedTable) -> str:
    return f"{table.schema}_{table.name}".upper()


def _scheme(table: ReleasedTable) -> str:
    return f"CS_{_id(table)}"


def _figure_list(table: ReleasedTable) -> str:
    return _list_id(f"figure_{_id(table)}")


def _list_id(name: str) -> str:
    return f"CL_{name}".upper()
