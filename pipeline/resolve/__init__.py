"""Versions, same person, survivor, two places, list match: from records to persons counted once and in the right place.

The road, in order: which version of a case stands (`case_record`); what can be compared of records, list entries and movements
(`current_record`, `document_key`); which papers speak of which record (`record_document`, `record_anchor`); for which institution a
record truly is (`record_place`); which records are one person (`pair`, what people said of pairs in `spoken_pair`, `cluster.py`); what papers and answers say about the person
there (`stay`), and from it scope and the two places (`scoped`); who stands for the person (`linked`, `person`); the two
sides of every list (`list_match`); one state per record (`record_state`). What verification files name is held against the outcome and has
no part in it (`verification_match`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.resolve.blanked import register_kept
from pipeline.resolve.cluster import make_clusters
from pipeline.resolve.decisions import register_decisions, register_verdicts
from pipeline.sql import Workbench, step_failed

FOLDER = Path(__file__).resolve().parent


def run(bench: Workbench) -> None:
    """Make every table of the step."""
    register_decisions(bench, bench.as_of)
    register_verdicts(bench, bench.as_of)
    register_kept(bench)
    for macros in ("points", "likeness", "pair_id"):
        _execute(bench, macros)
    _find_papers(bench)
    _withhold(bench)
    _find_people(bench)
    _settle(bench)
    _bring_lists_together(bench)
    _verify(bench)


def _find_papers(bench: Workbench) -> None:
    """Which record stands for its case, and which list entries and movements speak of it."""
    _prepare(bench, "case_standing", "spelling", "current_record", "document_key", "contested_iin")
    _execute(bench, "set_aside_iin")
    _prepare(bench, "entry_pair", "entry_double", "paper_pair", "record_document")


def _withhold(bench: Workbench) -> None:
    """Take out of the way what stands for its case and is held all the same."""
    _prepare(bench, "withheld")
    bench.write("case_record")
    bench.con.execute("DELETE FROM current_record WHERE no IN (SELECT no FROM withheld)")


def _find_people(bench: Workbench) -> None:
    """Which records are one person, in scope or not, living and staying where."""
    _prepare(bench, "record_anchor", "record_place", "linkable", "record_pair", "renumbered", "pair")
    _prepare(bench, "asked_record", "guarded_case", "guarded_pair", "pair_verdict", "spoken_pair", "parted_pair")
    make_clusters(bench.con)
    _execute(bench, "member", "CREATE OR REPLACE TEMP VIEW member AS ")
    _prepare(bench, "stay", "scoped")
    for table in ("respondent", "compared_pair"):
        bench.write(table)


def _settle(bench: Workbench) -> None:
    """Who stands for each person, and the state of every record."""
    _prepare(bench, "contender", "founder", "linked")
    for table in ("person_record", "person_alias", "person_field", "record_state"):
        bench.write(table)
    _prepare(bench, "person_place", "counted", "entry_of")
    bench.write("person")


def _bring_lists_together(bench: Workbench) -> None:
    """One outcome for each entry and each person not listed; who is handed on to others."""
    _prepare(bench, "move_pair", "entry_move", "colleague", "staff_entry")
    for table in ("list_match", "list_across", "own_account", "forwarded", "household", "review_pair"):
        bench.write(table)


def _verify(bench: Workbench) -> None:
    """What became of everybody a verification file names."""
    _prepare(bench, "verified_key", "verified_repeat", "verified_double", "verified_pair", "verified_of")
    bench.write("verification_match")


def _prepare(bench: Workbench, *names: str) -> None:
    """Keep the rows of each query under its name for the queries of this step."""
    for name in names:
        _execute(bench, name, f"CREATE OR REPLACE TEMP TABLE {name} AS ")


def _execute(bench: Workbench, name: str, before: str = "") -> None:
    try:
        bench.con.execute(before + (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
    except duckdb.Error as error:
        raise step_failed(error, f"resolve/{name}.sql") from None
