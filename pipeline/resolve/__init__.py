"""Versions, same person, survivor, two places, list match: from records to persons counted once and in the right place.

The road, in order: which version of a case stands (`case_record`); what can be compared of records, list entries and movements
(`current_record`, `document_key`); which papers speak of which record (`record_document`, `record_anchor`); for which institution a
record truly is (`record_place`); which records are one person (`pair`, what people said of pairs in `spoken_pair`, `cluster.py`); what papers and answers say about the person
there (`stay`), and from it scope and the two places (`scoped`); who stands for the person (`linked`, `counted`). From these come, at the end and
side by side, the tables: the persons, the two sides of every list (`list_match`), one state per record (`record_state`). What verification
files name is held against the outcome and has no part in it (`verification_match`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.resolve.blanked import register_kept
from pipeline.resolve.cluster import make_clusters
from pipeline.resolve.decisions import register_decisions, register_verdicts
from pipeline.sql import Workbench, step_failed

FOLDER = Path(__file__).resolve().parent
# What comes of the step, the largest first; `case_record` and `person_field`, which it reads itself, are written on the way.
OUTCOME = (
    "list_match", "person", "record_state", "respondent", "person_alias", "person_record", "list_across", "compared_pair", "review_pair",
    "own_account", "forwarded", "household", "verification_match", "intake_discarded",
)  # fmt: skip


def run(bench: Workbench) -> None:
    """Make every table of the step."""
    prepare(bench)
    bench.side_by_side(Workbench.write, OUTCOME)


def prepare(bench: Workbench) -> None:
    """Make what each table of `OUTCOME` is one query over."""
    register_decisions(bench, bench.as_of)
    register_verdicts(bench, bench.as_of)
    register_kept(bench)
    for macros in ("points", "likeness", "pair_id"):
        _execute(bench, macros)
    _find_papers(bench)
    _withhold(bench)
    _prepare_together(bench, "record_anchor", "record_place", "renumbered")
    bench.side_by_side(lambda beside, find: find(beside), (_find_people, _look_at_papers_alone))
    _settle(bench)
    _prepare(bench, "verified_pair", "verified_of")


def _find_papers(bench: Workbench) -> None:
    """Which record stands for its case, and which list entries and movements speak of it."""
    _prepare(bench, "given_part", "spelling", "case_standing")
    _prepare_together(bench, "current_record", "document_key")
    _prepare(bench, "contested_iin")
    _execute(bench, "set_aside_iin")
    _prepare_together(bench, "paper_pair", "entry_pair")
    _prepare_together(bench, "record_document", "entry_double")


def _withhold(bench: Workbench) -> None:
    """Take out of the way what stands for its case and is held all the same."""
    _prepare(bench, "withheld")
    bench.con.execute("DELETE FROM current_record WHERE no IN (SELECT no FROM withheld)")


def _find_people(bench: Workbench) -> None:
    """Which records are one person, in scope or not, living and staying where."""
    _prepare(bench, "linkable", "record_pair", "pair")
    _prepare(bench, "asked_record", "guarded_case", "guarded_pair", "pair_verdict", "spoken_pair", "parted_pair")
    make_clusters(bench.con)
    _execute(bench, "member", "CREATE OR REPLACE VIEW member AS ")
    _prepare(bench, "stay", "scoped")


def _look_at_papers_alone(bench: Workbench) -> None:
    """What needs no word on who is who: how each case stands, what movements and staff say of the lists, whom verification files name."""
    bench.write("case_record")
    _prepare(bench, "move_pair", "entry_move", "colleague", "staff_entry")
    _prepare(bench, "verified_key", "verified_repeat", "verified_double")


def _settle(bench: Workbench) -> None:
    """Who stands for each person, and where the person is counted."""
    _prepare_together(bench, "contender", "founder")
    _prepare_together(bench, "linked", "person_place")
    bench.write("person_field")
    _prepare_together(bench, "counted", "entry_of")


def _prepare(bench: Workbench, *names: str) -> None:
    """Keep the rows of each query under its name for the queries of this step."""
    for name in names:
        _execute(bench, name, f"CREATE OR REPLACE TABLE {name} AS ")


def _prepare_together(bench: Workbench, *names: str) -> None:
    """Prepare what does not need one another."""
    bench.side_by_side(_prepare, names)


def _execute(bench: Workbench, name: str, before: str = "") -> None:
    try:
        bench.con.execute(before + (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
    except duckdb.Error as error:
        raise step_failed(error, f"resolve/{name}.sql") from None
