"""DDI Codebook 2.5: one XML file that says what the release is, which files and variables it has, and what their codes mean, in three languages."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from pipeline.publish.export.source import LANGUAGES, TITLE, USE, ReleasedTable, Source, Variable
from pipeline.schema import Labels

DDI = "ddi:codebook:2_5"
LOCATION = f"{DDI} http://www.ddialliance.org/Specification/DDI-Codebook/2.5/XMLSchema/codebook.xsd"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
COUNTRY = Labels(en="Kazakhstan", ru="Казахстан", kk="Қазақстан")
UNIT = Labels(en="Unit", ru="Единица", kk="Бірлік")
XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def write(source: Source, folder: Path) -> None:
    """Write the codebook."""
    Xml.register_namespace("", DDI)
    Xml.register_namespace("xsi", XSI.strip("{}"))
    root = Xml.Element(f"{{{DDI}}}codeBook", {"ID": source.name, "version": "2.5", f"{XSI}schemaLocation": LOCATION})
    _citation(_add(root, "docDscr"), source)
    _study(_add(root, "stdyDscr"), source)
    for table in source.tables:
        _file(root, table)
    variables = _add(root, "dataDscr")
    for table in source.tables:
        for variable in table.variables:
            _variable(variables, table, variable)
    Xml.indent(root)
    Xml.ElementTree(root).write(folder / f"{source.name}.xml", encoding="utf-8", xml_declaration=True)


def _study(study: Xml.Element, source: Source) -> None:
    _citation(study, source)
    summary = _add(_add(study, "stdyInfo"), "sumDscr")
    moment, region = source.con.execute(
        "SELECT strftime(moment_on, '%Y-%m-%d'), region_kato FROM ref.round"
    ).fetchall()[0]
    _add(summary, "timePrd", date=moment, event="single").text = moment
    _said(summary, "nation", COUNTRY, abbr="KZ")
    _add(summary, "geogCover").text = f"KATO {region}"
    _said(summary, "dataKind", Labels(en="Census microdata and figures", ru="Микроданные и показатели переписи", kk="Санақ микродеректері мен көрсеткіштері"))  # fmt: skip
    access = _add(_add(study, "dataAccs"), "useStmt")
    _said(access, "restrctn", USE)
    _add(access, "citReq").text = f"{source.title}. {source.name}"


def _citation(parent: Xml.Element, source: Source) -> None:
    citation = _add(parent, "citation")
    title = _add(citation, "titlStmt")
    _add(title, "titl", language="en").text = f"{TITLE.en}: {source.manifest['round_id']}"
    for language in LANGUAGES[1:]:
        _add(title, "parTitl", language=language).text = f"{getattr(TITLE, language)}: {source.manifest['round_id']}"
    _add(title, "IDNo").text = source.name
    version = _add(_add(citation, "verStmt"), "version", date=f"{source.as_of:%Y-%m-%d}")
    version.text = source.manifest["content_digest"]


def _file(root: Xml.Element, table: ReleasedTable) -> None:
    text = _add(_add(root, "fileDscr", ID=_file_id(table)), "fileTxt")
    _add(text, "fileName").text = table.full_name
    _said(text, "fileCont", table.labels)
    size = _add(text, "dimensns")
    _add(size, "caseQnty").text = str(table.row_count)
    _add(size, "varQnty").text = str(len(table.variables))


def _variable(parent: Xml.Element, table: ReleasedTable, variable: Variable) -> None:
    name = f"V.{table.full_name}.{variable.name}"
    node = _add(parent, "var", ID=name, name=variable.name, files=_file_id(table), intrvl=_interval(variable))
    _said(node, "labl", variable.labels)
    if variable.unit:
        for language in LANGUAGES:
            unit = f"{getattr(UNIT, language)}: {getattr(variable.unit, language)}"
            _add(node, "txt", language=language).text = unit
    for code, labels in variable.codes.items():
        category = _add(node, "catgry")
        _add(category, "catValu").text = code
        _said(category, "labl", labels)
    _add(node, "varFormat", type="character" if variable.is_text else "numeric", schema="other").text = variable.type


def _interval(variable: Variable) -> str:
    return "discrete" if variable.codes or variable.is_text or variable.type == "BOOLEAN" else "contin"


def _file_id(table: ReleasedTable) -> str:
    return f"F.{table.full_name}"


def _said(parent: Xml.Element, name: str, labels: Labels, **attributes: str) -> None:
    for language in LANGUAGES:
        _add(parent, name, language=language, **attributes).text = getattr(labels, language)


def _add(parent: Xml.Element, name: str, /, *, language: str | None = None, **attributes: str) -> Xml.Element:
    said = {XML_LANGUAGE: language} if language else {}
    return Xml.SubElement(parent, f"{{{DDI}}}{name}", {**attributes, **said})
