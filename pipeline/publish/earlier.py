"""What earlier releases told: whoever holds two releases sees who came and who went between them.

A release compares itself with every one that lies in `published/`, taken back or not. A group from which fewer persons came or went than a cell
may show is *held*: it is told as in the release in force, row by row and figure by figure; or left out, if the release in force was made by other
rules, or tells of a house that has become more sensitive. In the others no value is told that the release in force does not tell of the same people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import BadSetting, InputsMissing
from pipeline.identifiers.sql import make_table
from pipeline.lake import Lake
from pipeline.publish.assemble import keep, run_sql, sql_text, until_nothing
from pipeline.publish.catalogue import Entry
from pipeline.publish.database import parquet_path
from pipeline.publish.snapshot import current_manifest, read_snapshot_manifest, snapshots
from pipeline.sql import Workbench, quoted, step_failed

UNNAMED = ""
# What is read of every build an earlier release told of.
OF_EARLIER_BUILDS = {
    "release_earlier": "build_id VARCHAR, told_as VARCHAR, founder_case_id VARCHAR, institution_id VARCHAR, is_s3 BOOLEAN, "
    "has_lost_district BOOLEAN, publication_group VARCHAR, district_kato VARCHAR, released_group VARCHAR, min_count INTEGER",
    "release_earlier_elsewhere": "build_id VARCHAR, founder_case_id VARCHAR, usual_institution_id VARCHAR, usual_group VARCHAR, "
    "is_usual_s3 BOOLEAN, present_institution_id VARCHAR, present_group VARCHAR, is_present_s3 BOOLEAN",
    "release_compared": "build_id VARCHAR, is_new BOOLEAN, released_group VARCHAR, measure VARCHAR, institution_id VARCHAR, is_s3 BOOLEAN, "
    "min_count INTEGER, person_count BIGINT",
    "release_stricter": "build_id VARCHAR, publication_group VARCHAR",
    "release_before": "build_id VARCHAR, released_group VARCHAR, column_name VARCHAR, told VARCHAR[]",
    "release_before_level": "person_id VARCHAR, least_level INTEGER",
}


@dataclass(frozen=True)
class Earlier:
    """The releases there are.

    Attributes
    ----------
    folders
        Of each release: where it lies.
    builds
        Of each release: the build it was made from.
    told
        Of each release: publication group (`UNNAMED` for who has none), and the build its persons were read from.
    named
        Of each release: publication group, and the name it was released under.
    current
        Folder of the release in force, None before the first.
    """

    folders: tuple[Path, ...]
    builds: tuple[str, ...]
    told: tuple[dict[str, str], ...]
    named: tuple[dict[str, str], ...]
    current: Path | None

    @property
    def in_force(self) -> dict[str, Any]:
        """What the release in force told, and under which names."""
        return dict(read_snapshot_manifest(self.current)["disclosure"]) if self.current else {"told": {}, "named": {}}

    @property
    def told_by(self) -> dict[str, Path]:
        """By build that some release tells of, the release made from it: the others repeat its rows under ids nobody can follow.

        Raises
        ------
        InputsMissing
            It is gone.
        """
        made_from = dict(zip(self.builds, self.folders, strict=True))
        told = sorted({build_id for release in self.told for build_id in release.values()})
        lost = [build_id for build_id in told if build_id not in made_from]
        if lost:
            raise InputsMissing(
                "a release that later ones repeat is gone, so nobody can say whom they tell of",
                where=", ".join(lost),
                todo="Put the release of this build back into published/, or, if nobody has a copy of them, delete those whose manifest names it under disclosure.told.",
            )
        return {build_id: made_from[build_id] for build_id in told}

    @property
    def together(self) -> list[frozenset[str]]:
        """Publication groups that some release had under one name."""
        return [
            frozenset(group for group, name in named.items() if name == shared)
            for named in self.named
            for shared in sorted(set(named.values()))
        ]


@dataclass(frozen=True)
class Held:
    """Groups told as in the release in force, or not told of because it does not have them, was made by other rules, or tells of a house that
    is more sensitive today.

    Attributes
    ----------
    groups
        Their names in the release at work.
    names
        Their names in the release in force.
    left_out
        Publication groups of theirs that are not told of.
    folder
        The release in force.
    """

    groups: tuple[str, ...]
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    folder: Path | None


def earlier_releases(lake: Lake) -> Earlier:
    """Read what the manifests of all releases say.

    Raises
    ------
    InputsMissing
        A release was made before releases were compared, so nobody knows what it told.
    """
    found: dict[Path, dict[str, Any]] = {}
    builds: list[str] = []
    for folder in snapshots(lake.published):
        manifest = read_snapshot_manifest(folder)
        if "disclosure" not in manifest:
            raise InputsMissing(
                "a release that does not say whom it tells of cannot be compared with",
                where=str(folder),
                todo="It was made by an earlier version. If nobody has a copy of it, delete it; if others lie beside it and it is in force, `sanaq release --rollback previous` comes first.",
            )
        found[folder] = manifest["disclosure"]
        builds.append(manifest["build_id"])
    present = current_manifest(lake.published)
    return Earlier(
        tuple(found),
        tuple(builds),
        tuple(line["told"] for line in found.values()),
        tuple(line["named"] for line in found.values()),
        lake.published / present["snapshot_id"] if present else None,
    )


def make_earlier(bench: Workbench, earlier: Earlier, named: dict[str, str]) -> None:
    """Make what a release is compared by.

    `release_earlier` has every person an earlier release told of, `release_before` what it tells of whom, `release_district` of whom another
    district is told than that of today, and `release_difference` the figures that would say something of few beside what an earlier release told.

    Parameters
    ----------
    named
        Released name by publication group, of the release at work.

    Raises
    ------
    InputsMissing
        The build a release was made from is gone, or the release whose rows another repeats.
    BadSetting
        The ids were made with another key.
    """
    told = {
        (build_id, group, then.get(group, UNNAMED))
        for release, then in zip(earlier.told, earlier.named, strict=True)
        for group, build_id in release.items()
    }
    names = ("build_id", "publication_group", "told_as")
    rows = [dict(zip(names, line, strict=True)) for line in sorted(told)]
    make_table(bench.con, "release_told", rows, dict.fromkeys(names, "VARCHAR"))
    for table, columns in OF_EARLIER_BUILDS.items():
        bench.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    for build_id, release in sorted(earlier.told_by.items()):
        folder = bench.lake.builds / build_id
        tables = release / "parquet"
        bench.relation("earlier_category", [tables / "ref" / "category.parquet"])
        bench.relation("earlier_told", [tables / "census" / "person.parquet"])
        bench.relation("earlier_mode", [tables / "coverage" / "mode.parquet"])
        for step, table in (("resolve", "person"), ("read", "institution"), ("read", "record"), ("count", "expected")):
            bench.relation(f"earlier_{table}", [_present(folder / step / f"{table}.parquet")])
        keep(bench, "VIEW", "release_earlier_site")
        bench.con.execute(f"SET VARIABLE build_id = {quoted(build_id)}")
        bench.con.execute(f"SET VARIABLE snapshot_id = {quoted(release.name)}")
        _name_groups(bench, earlier, release, named)
        for table in OF_EARLIER_BUILDS:
            _insert(bench, table)
        _require_same_key(bench, release)
    for table in (
        "release_district",
        "release_seen",
        "release_told_in",
        "release_site_count",
        "release_crossing",
        "release_changed",
        "release_difference",
    ):
        keep(bench, "TABLE", table)
    until_nothing(bench, "release_border")


def _insert(bench: Workbench, table: str) -> None:
    try:
        bench.con.execute(f"INSERT INTO {table} {sql_text(table)}")
    except duckdb.Error as error:
        raise step_failed(error, f"publish/{table}.sql") from None


def _name_groups(bench: Workbench, earlier: Earlier, release: Path, named: dict[str, str]) -> None:
    """Make `release_name`: of the groups a release told first, the names it gave them, beside those of today."""
    at = earlier.folders.index(release)
    told, then = earlier.told[at], earlier.named[at]
    names = {
        (named.get(group, UNNAMED), then.get(group, UNNAMED))
        for group, build_id in told.items()
        if build_id == earlier.builds[at]
    }
    rows = [{"released_group": now, "told_as": name} for now, name in sorted(names)]
    make_table(bench.con, "release_name", rows, {"released_group": "VARCHAR", "told_as": "VARCHAR"})


def _require_same_key(bench: Workbench, folder: Path) -> None:
    """Who is not recognised would be told again what that release closed for somebody rarer."""
    if not bench.value("SELECT count(*) FROM earlier_told"):
        return
    known = "left(keyed_id('release ' || getvariable('snapshot_id') || ' ' || earlier_person.person_id), 16)"
    if not bench.value(f"SELECT count(*) FROM earlier_told SEMI JOIN earlier_person ON earlier_told.person = {known}"):
        raise BadSetting(
            f"of those release {folder.name} tells of nobody is recognised: the ids were made with another key",
            where="SANAQ_ID_KEY",
            todo="Set the key that release was made with. If it is lost, what was told can no longer be followed: delete the releases in published/ if nobody has a copy of them.",
        )


def _has_other_rules(bench: Workbench, folder: Path | None) -> bool:
    """Whether a release was made by other rules than today's; one that lacks a rule was."""
    if folder is None:
        return False
    for name, today in (("disclosure", "disclosure"), ("category", "ref_category")):
        bench.relation("before_rule", [folder / "parquet" / "ref" / f"{name}.parquet"])
        bench.con.execute(
            f"CREATE OR REPLACE TEMP TABLE before_{name} AS FROM {today} WHERE FALSE UNION ALL BY NAME FROM before_rule"
        )
    return bool(run_sql(bench, "release_other_rule")[0][0])


def hold(bench: Workbench, earlier: Earlier, named: dict[str, str]) -> Held:
    """Find the groups that differ by too few from an earlier release, and make `release_held_group` of them.

    Parameters
    ----------
    named
        Released name by publication group, of the release at work.
    """
    groups = {group for (group,) in run_sql(bench, "release_held")}
    before = earlier.in_force["named"]
    is_repeated = not _has_other_rules(bench, earlier.current)
    members = _members(groups, named, before)
    while is_repeated and (beside := {named.get(group, UNNAMED) for group in _told_beside(members, before)} - groups):
        groups |= beside  # who is repeated with a held group under one name is not told of once more
        members = _members(groups, named, before)
    stricter = _told_with_a_stricter_house(bench, earlier)
    # a group the release in force does not have is not told of: only who has none is in its rows without a name
    stays = {
        group for group in members & {*before, UNNAMED} if is_repeated and before.get(group, UNNAMED) not in stricter
    }
    names, left_out = {before.get(group, UNNAMED) for group in stays}, members - stays
    held = Held(tuple(sorted(groups)), tuple(sorted(names)), tuple(sorted(left_out)), earlier.current)
    rows = [
        {"publication_group": name or "NONE", "held_as_in": held.folder.name if held.folder else None}
        for name in held.names
    ]
    rows += [{"publication_group": group or "NONE", "held_as_in": None} for group in held.left_out]
    make_table(bench.con, "release_held_group", rows, {"publication_group": "VARCHAR", "held_as_in": "VARCHAR"})
    return held


def _told_with_a_stricter_house(bench: Workbench, earlier: Earlier) -> set[str]:
    """Return the names under which the release in force tells of a house that is more sensitive today."""
    before = earlier.in_force
    found = bench.con.execute("FROM release_stricter ORDER BY ALL").fetchall()
    return {before["named"].get(group, UNNAMED) for build_id, group in found if before["told"].get(group) == build_id}


def _members(groups: set[str], named: dict[str, str], before: dict[str, str]) -> set[str]:
    """Return the publication groups of released groups; one that has nobody today is among those without a name."""
    return {group for group in {UNNAMED, *named, *before} if named.get(group, UNNAMED) in groups}


def _told_beside(members: set[str], before: dict[str, str]) -> set[str]:
    """Return the publication groups that the release in force has under the names of these."""
    names = {before[group] for group in members if group in before}
    return {group for group, name in before.items() if name in names}


def held_queries(listed: Sequence[Entry], held: Held) -> dict[str, str]:
    """Return, by `SCHEMA.TABLE`, queries that tell of the held groups what the release in force tells."""
    return {
        entry.full_name: _held_query(entry, held, parquet_path(held.folder, entry))
        for entry in listed
        if held.folder is not None
        and held.groups
        and entry.is_made_here
        and entry.schema not in ("ref", "meta")
        and "publication_group" in entry.table.columns
    }


def _held_query(entry: Entry, held: Held, before: Path) -> str:
    """The rows of all other groups, and those the release in force has of the held ones, under new surrogate ids."""
    person = "left(keyed_id('release ' || (SELECT snapshot_id FROM publication) || ' ' || person), 16) AS person"
    rekeyed = f" REPLACE ({person})" if "person" in entry.table.key else ""
    columns = ", ".join(f'"{name}"' for name in entry.table.columns)
    return f"""SELECT {columns} FROM (
    SELECT * FROM ({sql_text(entry.table.table)}) WHERE COALESCE(publication_group, '') NOT IN ({_listed(held.groups)})
    UNION ALL BY NAME
    SELECT *{rekeyed} FROM read_parquet({quoted(str(before))})
    WHERE COALESCE(publication_group, '') IN ({_listed(held.names)})
)"""


def told_of(bench: Workbench, build_id: str, held: Held, earlier: Earlier, named: dict[str, str]) -> dict[str, Any]:
    """Return what the manifest keeps for the releases to come: names of the groups, and the build each was told from."""
    safe = {
        group
        for (group,) in bench.con.execute("SELECT released_group FROM release_population WHERE is_safe").fetchall()
    }
    told: dict[str, str] = {}
    names: dict[str, str] = {}
    before = earlier.in_force
    with_people = {
        group for group, *_ in run_sql(bench, "release_group_cell")
    }  # those that have no name are told of as well
    for group in sorted({*with_people, UNNAMED, *before["told"]}):
        name = named.get(group, UNNAMED)
        if {group, name} & {*held.left_out}:
            continue
        if name in held.groups:
            told |= {group: before["told"][group]} if group in before["told"] else {}
            names |= {group: before["named"][group]} if group in before["named"] else {}
        elif name in safe:
            told[group] = build_id
            names |= {group: name} if name else {}
    return {
        "told": told,
        "named": names,
        "held": [name or "NONE" for name in held.names],
        "left_out": [group or "NONE" for group in held.left_out],
    }


def _listed(values: Sequence[str]) -> str:
    return ", ".join(quoted(value) for value in values)


def _present(path: Path) -> Path:
    if not path.exists():
        raise InputsMissing(
            "the build a release was made from is gone, so nobody can say who came or went since",
            where=str(path),
            todo="Build it again from the inputs its manifest names (`sanaq build --inputs`), or delete the release if nobody has a copy and another is in force.",
        )
    return path
