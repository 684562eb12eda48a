"""Versions, same person, survivor, two places, list match: from records to persons counted once and in the right place.

The road, in order: which version of a case stands (`case_record`); what can be compared of records, list entries and movements
(`record_key`, `document_key`); which papers speak of which record (`record_document`, `record_anchor`); for which institution a
record truly is (`record_place`); which records are one person (`pair`, `cluster.py`); what papers and answers say about the person
there (`stay`), and from it scope and the two places (`respondent`); who stands for the person (`person_record`, `person`); the two
sides of every list (`list_match`); one state per record (`record_state`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.resolve.cluster import make_clusters
from pipeline.resolve.decisions import register_decisions
from pipeline.sql import Workbench, step_failed

FOLDER = Path(__file__).resolve().parent


def run(bench: Workbench) -> None:
    """Make every table of the step."""
    register_decisions(bench)
    _execute(bench, "likeness")
    _find_versions(bench)
    _find_papers(bench)
    _find_people(bench)
    _settle(bench)


def _find_versions(bench: Workbench) -> None:
    bench.write("case_record")


def _find_papers(bench: Workbench) -> None:
    for relation in ("spelling", "record_key", "document_key", "contested_iin", "entry_double", "record_document"):
        _prepare(bench, relation)
    for relation in ("record_anchor", "record_place"):
        _prepare(bench, relation)


def _find_people(bench: Workbench) -> None:
    _prepare(bench, "linkable")
    _prepare(bench, "pair")
    make_clusters(bench.con)
    _prepare(bench, "stay")
    bench.write("respondent")


def _settle(bench: Workbench) -> None:
    for relation in ("case_alias", "contender", "founder"):
        _prepare(bench, relation)
    bench.write("person_record")
    bench.write("person_alias")
    _prepare(bench, "person_place")
    bench.write("person_field")
    for relation in ("entry_of", "entry_move", "staff_entry"):
        _prepare(bench, relation)
    for table in ("person", "list_match", "record_state", "forwarded", "household", "review_pair"):
        bench.write(table)


def _prepare(bench: Workbench, name: str) -> None:
    """Keep the rows of one query under its name for the queries of this step."""
    _execute(bench, name, f"CREATE OR REPLACE TEMP TABLE {name} AS ")


def _execute(bench: Workbench, name: str, before: str = "") -> None:
    try:
        bench.con.execute(before + (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
    except duckdb.Error as error:
        raise step_failed(error, f"resolve/{name}.sql") from None
