"""What a foreign file says of its own variables: names, labels and the labels of codes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Any

BOM = "\ufeff"
LABEL_VARIABLE = re.compile(r"^label variable (\S+) `\"(.*)\"'\s*$")
LABEL_DEFINE = re.compile(r"^label define (\S+) (.*)$")
LABEL_VALUES = re.compile(r"^label values (\S+) (\S+)\s*$")
CODE = re.compile(r"(-?\d+) `\"(.*?)\"'")


@dataclass
class Variable:
    """One variable of a foreign questionnaire; `codes` are its codes and what they stand for."""

    name: str
    sheet: str
    label: str = ""
    codes: dict[str, str] = field(default_factory=dict)


@dataclass
class Dictionary:
    """A foreign questionnaire."""

    name: str
    variables: list[Variable] = field(default_factory=list)


def cspro_dictionary(text: str) -> Dictionary:
    """Read a CSPro dictionary: JSON from 7.7 on, sections of `Key=Value` before."""
    content = text.lstrip(BOM).strip()
    if content.startswith("{"):
        try:
            return _cspro_json(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Dictionary("")
    return _cspro_sections(content)


def stata_labels(text: str, sheet: str) -> list[Variable]:
    """Read the `.do` file that Survey Solutions puts beside each table."""
    variables: dict[str, Variable] = {}
    lists: dict[str, dict[str, str]] = {}
    for line in text.lstrip(BOM).splitlines():
        if found := LABEL_DEFINE.match(line):
            lists[found[1]] = dict(CODE.findall(found[2]))
        elif found := LABEL_VALUES.match(line):
            variables.setdefault(found[1], Variable(found[1], sheet)).codes = lists.get(found[2], {})
        elif found := LABEL_VARIABLE.match(line):
            variables.setdefault(found[1], Variable(found[1], sheet)).label = found[2]
    return list(variables.values())


def ddi_labels(text: str) -> dict[str, Variable]:
    """Read the variables of a DDI codebook; a file that declares entities is not read."""
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        return {}
    try:
        tree = ET.fromstring(text.lstrip(BOM))  # noqa: S314  # no entities, see above
    except ET.ParseError:
        return {}
    found = {}
    for var in tree.iterfind(".//{*}var"):
        codes = {
            (category.findtext("{*}catValu") or "").strip(): (category.findtext("{*}labl") or "").strip()
            for category in var.iterfind("{*}catgry")
        }
        name = var.get("name", "")
        found[name] = Variable(name, "", (var.findtext("{*}labl") or "").strip(), codes)
    return found


def _cspro_json(content: dict[str, Any]) -> Dictionary:
    dictionary = Dictionary(str(content.get("name", "")))
    for number, level in enumerate(content.get("levels", []), start=1):
        records = [{"name": f"level-{number}", **level.get("ids", {})}, *level.get("records", [])]
        for record in records:
            for item in record.get("items", []):
                dictionary.variables.append(_json_item(item, str(record["name"])))
    return dictionary


def _json_item(item: dict[str, Any], record: str) -> Variable:
    codes = {
        str(pair["value"]): _json_label(value)
        for value_set in item.get("valueSets", [])
        for value in value_set.get("values", [])
        for pair in value.get("pairs", [])
        if "value" in pair
    }
    return Variable(str(item["name"]), record, _json_label(item), codes)


def _json_label(item: dict[str, Any]) -> str:
    labels = item.get("labels") or [{"text": item.get("label", "")}]
    return str(labels[0].get("text", ""))


def _cspro_sections(content: str) -> Dictionary:
    dictionary = Dictionary("")
    section = record = ""
    level = 0
    for line in content.splitlines():
        if line.startswith("["):
            section = line.strip("[] \r")
            level += section == "Level"
            record = f"level-{level}" if section in ("Level", "IdItems") else record
            if section in ("Item", "SubItem"):
                dictionary.variables.append(Variable("", record))
            continue
        key, _, value = line.partition("=")
        key, value = key.strip(), value.strip()
        item = dictionary.variables[-1] if dictionary.variables else None
        if section == "Dictionary" and key == "Name":
            dictionary.name = value
        elif section == "Record" and key == "Name":
            record = value
        elif section in ("Item", "SubItem") and item and key in ("Name", "Label"):
            item.name, item.label = (value, item.label) if key == "Name" else (item.name, value)
        elif section == "ValueSet" and item and key == "Value":
            code, _, label = value.partition(";")
            item.codes.setdefault(code.strip(" '"), label)
    return dictionary
