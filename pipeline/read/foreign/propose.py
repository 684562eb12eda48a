"""Drafts a crosswalk from what a foreign file says of its own variables; a person corrects it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import cache

from pipeline.read.foreign.dictionary import Variable
from pipeline.read.foreign.sheets import Export
from pipeline.round import Reference

LIKELY = 0.7  # less alike is left out: a wrong guess costs more than a gap
LONGEST_LABEL = 60
SYSTEM = re.compile(
    r"(interview|assignment)__\w+|sssys_irnd|has__errors|\w+__id|KEY|PARENT_KEY|#|meta-instanceID|Submi\w+|Attachments\w+|"
    r"Status|ReviewState|DeviceID|Edits|UpdatedAt|DeletedAt|.*-id|occ|id|key|label|questionnaire|last_modified_revision|deleted|file_order|verified|"
    r"partial_save_\w+",
)
PIECES = {"year": r"year|год|жыл", "month": r"month|месяц|\bай", "day": r"\bday|_day|день|күн"}
CHOICE = re.compile(r"__\d+$|\(\d+\)$")
BIRTH = re.compile(r"birth|рожд|туған", re.IGNORECASE)
ENVELOPE_WORDS = {
    "institution_id": "institution institution code", "staff_id": "interviewer staff", "device_id": "tablet no device",
    "list_entry_no": "list no", "started_at": "start", "completed_at": "end",
}  # fmt: skip


def propose(export: Export, reference: Reference) -> str:
    """Return a draft as YAML: what was matched with how sure it is, and as comments what was not."""
    theirs = _theirs(export)
    rows = _rows(export, theirs, reference)
    lines = [
        "# A draft: hold every line against the questionnaire. The number says how alike names or labels are (1: the same).",
        f"tool: {export.tool}",
        f"instrument: {_text(export.instrument)}",
        *([f"rows: {_text(rows)}"] if rows else []),
        "zone: Asia/Aqtau  # where clock times without an offset were read",
        "fields:",
        "  form_code: {constant: F3_PERSON}  # to be decided",
        f"  form_version: {{constant: {_text(reference.questionnaire.forms[0].form_version)}}}  # to be decided",
        "  mode: {constant: tablet}  # to be decided",
    ]
    ours = _ours(reference)
    pieces = _birth_pieces(theirs)
    matched, used = _matches(ours, [one for one in theirs if one.name not in pieces.values()])
    if pieces:
        given = ", ".join(f"{piece}: {_text(name)}" for piece, name in pieces.items())
        lines.append(f"  birth_date: {{parts: {{{given}}}}}  # by the words birth and {', '.join(pieces)}")
        matched.pop("birth_date", None)
        used |= set(pieces.values())
    for name, (one, score) in matched.items():
        choices = _choices(one, theirs) if name in _lists(reference) else []
        used |= set(choices)
        lines.append(_line(name, one, score, choices, reference))
    settled = {"form_code", "form_version", "mode", *matched, *(["birth_date"] if pieces else [])}
    lines += ["# of ours, nothing like it was found:", *(f"#   {name}" for name in ours if name not in settled)]
    lines += ["# of theirs, nothing was made of:", *(f"#   {_said(one)}" for one in theirs if one.name not in used)]
    return "\n".join(lines) + "\n"


def _theirs(export: Export) -> list[Variable]:
    described = {variable.name.casefold(): variable for variable in export.described()}
    found = []
    for sheet in export.sheets:
        for column in sheet.columns:
            if not SYSTEM.fullmatch(column):
                known = described.get(column.casefold(), Variable(column, sheet.name))
                found.append(Variable(column, sheet.name, known.label, known.codes))
    return found


def _ours(reference: Reference) -> dict[str, list[str]]:
    """Return our fields and the texts by which each may be known."""
    variables = {
        one.name: [one.name, one.label.en, one.label.ru, one.label.kk] for one in reference.questionnaire.variables
    }
    return {name: [name, words] for name, words in ENVELOPE_WORDS.items()} | variables


def _rows(export: Export, theirs: list[Variable], reference: Reference) -> str | None:
    """Return the sheet of persons where it is not that of cases: the one with the family name."""
    names = {name: texts for name, texts in _ours(reference).items() if name == "family_name"}
    found, used = _matches(names, theirs)
    sheet = found["family_name"][0].sheet if used else export.sheets[0].name
    return None if sheet == export.sheets[0].name else sheet


def _matches(ours: dict[str, list[str]], theirs: list[Variable]) -> tuple[dict[str, tuple[Variable, float]], set[str]]:
    """Pair ours with theirs, the surest first, each once."""
    pairs = [(_alike(texts, one), name, one) for name, texts in ours.items() for one in theirs]
    found: dict[str, tuple[Variable, float]] = {}
    used: set[str] = set()
    for score, name, one in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2].name)):
        if score >= LIKELY and name not in found and one.name not in used:
            found[name] = (one, score)
            used.add(one.name)
    return {name: found[name] for name in ours if name in found}, used


def _alike(texts: Iterable[str], theirs: Variable) -> float:
    named = CHOICE.sub("", re.split(r"[-.]", theirs.name)[-1])
    return max(_ratio(text, word) for text in texts for word in (named, theirs.label) if word)


@cache
def _ratio(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, _plain(one), _plain(other))
    return matcher.ratio() if matcher.quick_ratio() >= LIKELY else 0.0


@cache
def _plain(text: str) -> str:
    """Return words alone, in one order: `P05_SEX` is `sex`, `Date of birth` is `birth date`."""
    words = re.sub(r"^[a-z]{1,2}\d+[a-z]? ", "", re.sub(r"[\W_]+", " ", text.casefold()).strip())
    return " ".join(sorted(word for word in words.split() if word not in ("of", "the", "a", "an")))


def _birth_pieces(theirs: list[Variable]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in theirs:
        said = f"{one.name} {one.label}"
        for piece, words in PIECES.items():
            if piece not in found and BIRTH.search(said) and re.search(words, said, re.IGNORECASE):
                found[piece] = one.name
                break
    return found if "year" in found else {}


def _lists(reference: Reference) -> set[str]:
    return {variable.name for variable in reference.questionnaire.variables if variable.type == "list"}


def _choices(one: Variable, theirs: list[Variable]) -> list[str]:
    """Return the columns of a question that allows several answers: `languages__1`, `languages__2` or `LANG(1)`, `LANG(2)`."""
    stem = CHOICE.sub("", one.name)
    return [other.name for other in theirs if other.sheet == one.sheet and CHOICE.sub("", other.name) == stem]


def _line(name: str, theirs: Variable, score: float, choices: list[str], reference: Reference) -> str:
    values = "".join(_values(name, theirs, reference))
    if len(choices) > 1:
        given = "{columns: {" + ", ".join(f"{_text(choice)}: null" for choice in choices) + "}}"
    elif choices:
        given = f'{{column: {_text(theirs.name)}, split: " "}}'
    else:
        given = f"{{column: {_text(theirs.name)}, values: {{{values}}}}}" if values else _text(theirs.name)
    label = f" {theirs.label[:LONGEST_LABEL]}" if theirs.label else ""
    return f"  {name}: {given}  # {score:.2f}{_one_line(label)}"


def _values(name: str, theirs: Variable, reference: Reference) -> Iterator[str]:
    """Yield their codes with ours, by the labels of both; null where none is alike."""
    variable = next((one for one in reference.questionnaire.variables if one.name == name), None)
    if variable is None or variable.code_list is None or not theirs.codes:
        return
    ours = reference.code_lists[variable.code_list].codes
    for number, (code, label) in enumerate(theirs.codes.items()):
        scored = [(_alike([key, texts.en, texts.ru, texts.kk], Variable(code, "", label)), key) for key, texts in ours.items()]  # fmt: skip
        score, best = max(scored, key=lambda pair: (pair[0], pair[1]))
        yield f"{', ' if number else ''}{_text(code)}: {_text(best) if score >= LIKELY else 'null'}"


def _said(variable: Variable) -> str:
    return _one_line(f"{variable.sheet}.{variable.name} {variable.label[:LONGEST_LABEL]}").strip()


def _one_line(text: str) -> str:
    return " ".join(text.split()) if not text.startswith(" ") else " " + " ".join(text.split())


def _text(value: str) -> str:
    """Write a text so that YAML reads it as just that; JSON's strings are YAML's."""
    return value if re.fullmatch(r"[a-z][a-z0-9_-]*[a-z0-9]", value) and value not in ("yes", "no", "on", "off", "true", "false", "null") else json.dumps(value, ensure_ascii=False)  # fmt: skip
