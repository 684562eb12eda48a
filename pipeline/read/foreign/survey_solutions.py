"""Survey Solutions: an export is a zip of tab-separated files, one for the interviews and one for each roster."""

from __future__ import annotations

import re
import zipfile
from functools import partial
from pathlib import PurePosixPath

from pipeline.read.foreign import archives
from pipeline.read.foreign.dictionary import Variable, ddi_labels, stata_labels
from pipeline.read.foreign.sheets import Export, Sheet

TAB = "\t"
DDI = "Questionnaire/ddi.xml"
LONGEST_CODEBOOK = 64 * 1024 * 1024
ACTIONS = "interview__actions"
SYSTEM = {
    "main": ("interview__id", "interview__status"),
    ACTIONS: ("interview__id", "date", "time", "action"),
}
NOTHING = ("##N/A##", "-999999999")


def recognised(archive: zipfile.ZipFile) -> bool:
    """Whether the archive is such an export: somewhere in it lies a table of interviews."""
    return bool(_main(_headers(archive)))


def read(archive: zipfile.ZipFile) -> Export:
    """Return the interviews, their rosters and the history of each."""
    headers = _headers(archive)
    main = _main(headers)
    assert main is not None
    rosters = [name for name in headers if f"{name}__id" in headers[name] and "interview__id" in headers[name]]
    sheets = [Sheet(main, headers[main], archives.rows(archive, f"{main}.tab", TAB), key=("interview__id",))]
    for name in sorted(rosters, key=lambda name: (len(_levels(headers[name], rosters)), name)):
        sheets.append(_roster(archive, name, main, headers, rosters))
    actions = [name for name in headers if name == ACTIONS]
    system = [Sheet(name, headers[name], archives.rows(archive, f"{name}.tab", TAB), key=()) for name in actions]
    return Export(
        "survey_solutions", main, tuple(sheets), tuple(system), NOTHING, partial(_described, archive, headers)
    )


def _described(archive: zipfile.ZipFile, headers: dict[str, tuple[str, ...]]) -> list[Variable]:
    """Read the labels: of the `.do` file beside each table, and of the codebook where the `.do` has none."""
    members = set(archive.namelist())
    scripts = [(name, f"{name}.do") for name in headers if f"{name}.do" in members]
    found = {one.name: one for name, script in scripts for one in stata_labels(archives.text_of(archive, script), name)}
    codebook = ddi_labels(archives.text_of(archive, DDI, LONGEST_CODEBOOK)) if DDI in members else {}
    return list((codebook | found).values())


def _roster(
    archive: zipfile.ZipFile, name: str, main: str, headers: dict[str, tuple[str, ...]], rosters: list[str]
) -> Sheet:
    """Make the sheet of a roster; a roster within a roster bears the ids of those above it."""
    above = [level for level in _levels(headers[name], rosters) if level != name]
    above.sort(key=lambda level: len(_levels(headers[level], rosters)))
    path = tuple(f"{level}__id" for level in above)
    return Sheet(
        name,
        headers[name],
        archives.rows(archive, f"{name}.tab", TAB),
        key=("interview__id", *path, f"{name}__id"),
        parent=above[-1] if above else main,
        parent_key=("interview__id", *path),
        row_id=(*path, f"{name}__id"),
    )


def _levels(columns: tuple[str, ...], rosters: list[str]) -> list[str]:
    return [roster for roster in rosters if f"{roster}__id" in columns]


def _headers(archive: zipfile.ZipFile) -> dict[str, tuple[str, ...]]:
    names = sorted(name for name in archive.namelist() if PurePosixPath(name).match("*.tab") and "/" not in name)
    return {name.removesuffix(".tab"): archives.header(archive, name, TAB) for name in names}


def _main(headers: dict[str, tuple[str, ...]]) -> str | None:
    """Return the name of the table of interviews: one of the questionnaire's own that is no roster."""
    own = [name for name in headers if not re.match(r"(interview|assignment)__|paradata$", name)]
    found = [name for name in own if "interview__id" in headers[name] and f"{name}__id" not in headers[name]]
    return found[0] if len(found) == 1 else None
