"""`census.duckdb`: the analysts' database, made from a build on purpose and never overnight.

What protects the people in it is written in `docs/release.md`: pseudonyms that change with every release, closed vocabularies, years and regions
in place of dates and villages, groups in place of institutions, and three simple rules for every published cell. It is microdata for approved
analysts, not a public file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import BadSetting
from pipeline.identifiers.sql import make_table
from pipeline.lake import Lake
from pipeline.publish.assemble import (
    Task,
    open_bench,
    require_balance,
    run_sql,
    snapshot_manifest,
    sql_text,
    write_tables,
)
from pipeline.publish.catalogue import Entry, entries
from pipeline.publish.database import make_database
from pipeline.publish.earlier import earlier_releases, held_queries, hold, make_earlier, told_of
from pipeline.publish.groups import make_groups
from pipeline.publish.macros import macros
from pipeline.publish.pages import dictionary_html, disclosure_html
from pipeline.publish.snapshot import (
    Publication,
    content_digest,
    publish,
    read_build_manifest,
    refuse_withdrawn,
    snapshot_id,
    withdrawn,
)
from pipeline.publish.variables import Released, code_type, released_variables
from pipeline.publish.views import views
from pipeline.publish.withhold import withhold
from pipeline.round import Reference
from pipeline.schema import Column, Labels, Table
from pipeline.settings import Settings
from pipeline.sql import Workbench, quoted, step_failed

PERSON = "release_census_person"
PTABLE = "ref.ptable"
TOLD_INPUTS = ("receipts", "round", "reference", "crosswalks", "decisions", "code", "lock", "trust_root")
RECORD_KEY = Column(
    type="INTEGER",
    sensitivity="confidential",
    comment=Labels(
        en="Record key for perturbed(), the same in every release",
        ru="Ключ записи для perturbed(), одинаков во всех выпусках",
        kk="perturbed() үшін жазба кілті, барлық шығарылымда бірдей",
    ),
)


def publish_release(lake: Lake, build_dir: Path, settings: Settings) -> Publication:
    """Make the analysts' database of a build and switch `published/current` to it. Releases are kept.

    Raises
    ------
    BadSetting
        No key of the ids is set.
    LedgerUnbalanced
        The ledger of the build does not balance; nothing was released.
    StalePublication
        A release of a later moment exists; or the night of this build, or this very release, was taken back.
    RoundClosed
        The round was closed since the build was pinned.
    """
    _require_key(settings)
    manifest = read_build_manifest(build_dir)
    with lake.lock("publish"):
        refuse_withdrawn(withdrawn(lake, lake.operations), lake.operations / snapshot_id(manifest))
        fill = partial(_fill, lake, build_dir, settings, manifest)
        return publish(lake, lake.published, snapshot_id(manifest, "R"), manifest, fill, keep=None)


def _require_key(settings: Settings) -> None:
    if settings.id_key is None:
        raise BadSetting(
            "no key of the ids is set: the surrogate ids of a release would hang on the name of the round, which everybody knows",
            where="SANAQ_ID_KEY",
            todo="Set it to a secret (`openssl rand -hex 32`) and build again.",
        )


def _fill(lake: Lake, build_dir: Path, settings: Settings, manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    bench = open_bench(lake, settings, build_dir, manifest, folder)
    name = snapshot_id(manifest, "R")
    try:
        require_balance(bench)
        make_table(bench.con, "publication", [{"snapshot_id": name}], {"snapshot_id": "VARCHAR"})
        earlier = earlier_releases(lake)
        named = make_groups(bench, earlier.together)
        make_earlier(bench, earlier, named)
        variables = _make_answers(bench)
        withhold(bench, variables)
        held = hold(bench, earlier, named)
        is_perturbed = bench.round.disclosure.perturbation.is_on
        bench.schemas = {**bench.schemas, PERSON: _person_table(bench.schemas[PERSON], variables)}
        if is_perturbed:
            bench.schemas = {**bench.schemas, PERSON: _with_record_key(bench.schemas[PERSON])}
        listed = [entry for entry in entries(bench.schemas, "release") if is_perturbed or entry.full_name != PTABLE]
        queries = {
            **held_queries(listed, held),
            "meta.disclosure": sql_text("release_meta_disclosure"),
            PTABLE: sql_text("release_ref_ptable"),
        }
        task = Task(name, lake, settings, build_dir, manifest, folder, listed, queries)
        round_id = str(bench.value("SELECT round_id FROM round"))
        write_tables(bench, task)
        told = told_of(bench, manifest["build_id"], held, earlier, named)
        page = _disclosure_page(bench, name)
    finally:
        bench.close()
    counts = make_database(
        folder / "census.duckdb", folder, listed, macros(listed), views(listed), lake=lake, settings=settings
    )
    (folder / "dictionary.html").write_text(dictionary_html(listed, name), encoding="utf-8")
    (folder / "disclosure.html").write_text(page, encoding="utf-8")
    return {**_without_batches(snapshot_manifest(task, counts, round_id)), "disclosure": told}


def _disclosure_page(bench: Workbench, name: str) -> str:
    lost = bench.con.execute(
        "SELECT publication_group, column_name, person_count, empty_count, empty_rate, has_closed_values, held_as_in "
        "FROM release_meta_disclosure ORDER BY publication_group, empty_rate DESC, column_name"
    ).fetchall()
    asked = bench.con.execute("FROM disclosure ORDER BY tier")
    titles = [column[0] for column in asked.description or ()]
    rules = [dict(zip(titles, row, strict=True)) for row in asked.fetchall()]
    smallest = run_sql(bench, "release_smallest_class")[0][0]
    return disclosure_html(name, lost, rules, smallest)


def release_entries(tables: Mapping[str, Table], reference: Reference) -> list[Entry]:
    """Return the tables of a release with the person's released answers among its columns."""
    return entries({**tables, PERSON: _person_table(tables[PERSON], _variables(tables, reference))}, "release")


def _variables(tables: Mapping[str, Table], reference: Reference) -> list[Released]:
    asked = {variable.name: variable.asked_if for variable in reference.questionnaire.variables}
    return released_variables(tables["answers"], _codes(reference), tables[PERSON].columns, asked)


def _codes(reference: Reference) -> dict[str, list[str]]:
    return {name: sorted(code_list.codes) for name, code_list in sorted(reference.code_lists.items())}


def _make_answers(bench: Workbench) -> list[Released]:
    variables = _variables(bench.schemas, bench.reference)
    try:
        for code_list, listed in _codes(bench.reference).items():
            values = ", ".join(quoted(code) for code in listed)
            bench.con.execute(f"CREATE TEMP TYPE {code_type(code_list)} AS ENUM ({values})")
        mended = _mended_columns(bench, variables)
        bench.con.execute(_mended_sql(mended))
        bench.con.execute(_answer_sql(variables, mended))
    except duckdb.Error as error:
        raise step_failed(error, "publish/release.py: answers") from None
    return variables


def _mended_columns(bench: Workbench, variables: list[Released]) -> list[str]:
    """Return the answers that some person has from another record, or blanked: few, so the wide answers are read once."""
    named = bench.con.execute(
        "SELECT column_name FROM person_field UNION SELECT unnest(blanked_columns) FROM record_check"
    ).fetchall()
    return sorted({variable.source for variable in variables} & {row[0] for row in named})


def _mended_sql(columns: list[str]) -> str:
    """Those answers of those persons, each from the record its lineage names and empty where a check blanked it there."""
    chosen = "".join(
        f", max({name}) FILTER (WHERE record_id = COALESCE(source['{name}'], survivor_record_id) "
        f"AND NOT list_contains(blanked_columns, '{name}')) AS {name}"
        for name in columns
    )
    return f"""CREATE TEMP TABLE release_mended AS
WITH lineage AS (
    SELECT person_id, map_from_entries(list((column_name, record_id) ORDER BY column_name)) AS source
    FROM person_field GROUP BY person_id
),
mended AS (
    SELECT person.person_id, person.survivor_record_id, lineage.source
    FROM person
    JOIN record_check ON record_check.record_id = person.survivor_record_id
    LEFT JOIN lineage USING (person_id)
    WHERE lineage.person_id IS NOT NULL OR len(record_check.blanked_columns) > 0
),
used AS (
    SELECT person_id, survivor_record_id AS record_id FROM mended
    UNION
    SELECT person_id, record_id FROM person_field
)
SELECT survivor_record_id{chosen}
FROM mended
JOIN used USING (person_id)
JOIN answers USING (record_id)
JOIN record_check USING (record_id)
GROUP BY survivor_record_id"""


def _answer_sql(variables: list[Released], mended: list[str]) -> str:
    patched = ", ".join(
        f"CASE WHEN release_mended.survivor_record_id IS NULL THEN answers.{name} ELSE release_mended.{name} END AS {name}"
        for name in mended
    )
    replaced = f" REPLACE ({patched})" if mended else ""
    expressions = "".join(f", {variable.expression} AS {variable.name}" for variable in variables)
    return f"""CREATE TEMP VIEW release_answer AS
SELECT record_id AS survivor_record_id{expressions}
FROM (
    SELECT answers.*{replaced}
    FROM answers LEFT JOIN release_mended ON release_mended.survivor_record_id = answers.record_id
)"""


def _person_table(table: Table, variables: list[Released]) -> Table:
    return table.model_copy(
        update={"columns": {**table.columns, **{variable.name: variable.column for variable in variables}}}
    )


def _with_record_key(table: Table) -> Table:
    return table.model_copy(update={"columns": {**table.columns, "record_key": RECORD_KEY}})


def _without_batches(manifest: dict[str, Any]) -> dict[str, Any]:
    """A batch of one is one arrival at a shelter, and the key's hash is a target: only what is listed leaves with a release."""
    inputs = {name: value for name, value in manifest["inputs"].items() if name in TOLD_INPUTS}
    batches = manifest["inputs"].get("batches", [])
    inputs["batches"] = {"count": len(batches), "sha256": content_digest(dict.fromkeys(batches, ""))}
    return {**manifest, "inputs": inputs}
