"""The data dictionary, from the schema files: `docs/dictionary.md` for the project, `dictionary.html` beside each snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.publish.catalogue import entries
from pipeline.publish.release import release_entries
from pipeline.round import load_reference
from pipeline.schema import Table, load_tables
from pipeline.settings import PROJECT, Settings

DICTIONARY = PROJECT / "docs" / "dictionary.md"
HEAD = """# Data dictionary

Made from `pipeline/schema/*.yaml` and the questionnaire by `make docs`; do not edit. English here; the same in Kazakh and Russian is in
`meta.dictionary` of each database and in `dictionary.html` beside it. Machine-made Kazakh that nobody has read yet is marked
`is_kk_reviewed = false` there.

Sensitivity: `open` may be published, `internal` is for those who run the census, `confidential` is about one person or one arrival,
`identifier` never leaves the lake. A **bold** column is part of the key.
"""


def write_dictionary(settings: Settings, path: Path = DICTIONARY) -> Path:
    """Write the dictionary as Markdown and return its path."""
    path.write_text(dictionary_markdown(settings), encoding="utf-8")
    return path


def dictionary_markdown(settings: Settings) -> str:
    """Return the dictionary of everything as Markdown."""
    tables = load_tables(settings.reference / "questionnaire.yaml")
    lake_only = [tables[name] for name in sorted(tables) if tables[name].step != "publish"]
    parts = [
        HEAD,
        "## operations.duckdb\n\nEvery night, for those who run the census (need to know).\n",
        *(_markdown(entry.full_name, entry.table) for entry in entries(tables, "operations")),
        "## census.duckdb\n\nOn purpose, for approved analysts; see `docs/release.md`.\n",
        *(
            _markdown(entry.full_name, entry.table)
            for entry in release_entries(tables, load_reference(settings.reference))
        ),
        "## The lake\n\nTables of a build, `builds/BUILD_ID/STEP/TABLE.parquet`.\n",
        *(_markdown(f"{table.step}/{table.table}", table) for table in lake_only),
    ]
    return "\n".join(parts)


def _markdown(title: str, table: Table) -> str:
    lines = [
        f"### {title}\n",
        f"{table.comment.en}.\n",
        *_row(("column", "type", "unit", "codes", "sensitivity", "meaning"), head=True),
    ]
    for name, column in table.columns.items():
        shown = f"**`{name}`**" if name in table.key else f"`{name}`"
        lines += _row(
            (shown, column.type, column.unit or "", column.code_list or "", column.sensitivity, column.comment.en)
        )
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str], *, head: bool = False) -> list[str]:
    listed = [cell.replace("|", "\\|").replace("\n", " ") for cell in cells]
    row = f"| {' | '.join(listed)} |"
    return [row, "|" + " --- |" * len(listed)] if head else [row]
