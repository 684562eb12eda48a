"""Joins pairs of records into people, strongest evidence first, and never across what parts two people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

# Strongest first: number, one list entry, neighbour number, name and birth date here, the same with a slip, the same elsewhere.
TIERS = ("A", "L", "D", "C", "E", "F")

Edge = tuple[int, int, str, bool]
Trait = tuple[int, str | None, int | None, str | None, int | None]


@dataclass
class Group:
    """What is known of one person so far."""

    members: list[int]
    numbers: set[str] = field(default_factory=set)
    entries: dict[str, int] = field(default_factory=dict)
    given: set[int] = field(default_factory=set)


class People:
    """Groups of records that grow together.

    Parameters
    ----------
    traits
        Per record: its number, IIN, list entry with the institution of the list, given name.
    neighbours
        Pairs of IINs that may be one number mistyped.
    """

    def __init__(self, traits: Iterable[Trait], neighbours: set[tuple[str, str]]) -> None:
        self.group_of: dict[int, Group] = {}
        self.tier_of: dict[int, str] = {}
        self.neighbours = neighbours
        for no, iin, entry_no, institution_id, given in traits:
            self.group_of[no] = Group(
                [no],
                {iin} if iin else set(),
                {institution_id: entry_no} if entry_no is not None and institution_id else {},
                {given} if given else set(),
            )

    def join(self, a: int, b: int, tier: str, *, is_swapped: bool) -> bool:
        """Make one person of two records' groups, unless something parts them.

        Returns
        -------
        bool
            False where the groups stay two people.
        """
        kept, gone = self.group_of[a], self.group_of[b]
        if kept is gone:
            return True
        if self._are_parted(kept, gone, tier, is_swapped=is_swapped):
            return False
        for no in (a, b):
            if len(self.group_of[no].members) == 1:
                self.tier_of[no] = tier
        if len(kept.members) < len(gone.members):
            kept, gone = gone, kept
        kept.members += gone.members
        kept.numbers |= gone.numbers
        kept.entries = gone.entries | kept.entries
        kept.given |= gone.given
        for no in gone.members:
            self.group_of[no] = kept
        return True

    def _are_parted(self, one: Group, other: Group, tier: str, *, is_swapped: bool) -> bool:
        """Two different numbers, two entries of one list, or names no evidence but the name itself would hold together."""
        if any(x != y and (min(x, y), max(x, y)) not in self.neighbours for x in one.numbers for y in other.numbers):
            return True
        if tier != "A" and any(other.entries.get(list_, entry) != entry for list_, entry in one.entries.items()):
            return True
        rests_on_name = tier in {"C", "E", "F"} and not is_swapped
        return bool(rests_on_name and one.given and other.given and one.given.isdisjoint(other.given))

    def rows(self) -> Iterator[tuple[int, int, str]]:
        """Give every record of a group of several: its number, the group's (the lowest in it), the tier that brought it in."""
        for no in sorted(self.group_of):
            group = self.group_of[no]
            if len(group.members) > 1:
                yield no, min(group.members), self.tier_of[no]


def make_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `joined(record_no, cluster_no, tier)` of all records that share their person with another.

    Reads `pair` and `linkable` (see `pair.sql`). Edges are taken in order of tier, points and arrival, so that the
    result depends neither on threads nor on what arrives later at the end of the line.
    """
    edges = _edges(con)
    people = People(_traits(con), _neighbours(con))
    for a, b, tier, is_swapped in edges:
        people.join(a, b, tier, is_swapped=is_swapped)
    rows = list(people.rows())
    numbers, clusters, tiers = ([row[i] for row in rows] for i in range(3))
    found = pa.table(
        {
            "record_no": pa.array(numbers, pa.int64()),
            "cluster_no": pa.array(clusters, pa.int64()),
            "tier": pa.array(tiers, pa.string()),
        }
    )
    con.register("found_clusters", found)
    con.execute("CREATE OR REPLACE TEMP TABLE joined AS SELECT * FROM found_clusters")
    con.unregister("found_clusters")


def _edges(con: duckdb.DuckDBPyConnection) -> list[Edge]:
    order = "CASE tier " + " ".join(f"WHEN '{tier}' THEN {i}" for i, tier in enumerate(TIERS)) + " END"
    return con.execute(
        "SELECT a_no, b_no, tier, is_swapped FROM pair WHERE tier IS NOT NULL "
        f"ORDER BY {order}, points DESC, a_no, b_no"
    ).fetchall()


def _traits(con: duckdb.DuckDBPyConnection) -> list[Trait]:
    return con.execute(
        "WITH node AS (SELECT a_no AS no FROM pair WHERE tier IS NOT NULL UNION SELECT b_no FROM pair WHERE tier IS NOT NULL) "
        "SELECT no, iin, entry_no, institution_id, given_code FROM linkable SEMI JOIN node USING (no) ORDER BY no"
    ).fetchall()


def _neighbours(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    rows = con.execute(
        "SELECT DISTINCT least(a.iin, b.iin), greatest(a.iin, b.iin) FROM pair "
        "JOIN linkable AS a ON pair.a_no = a.no JOIN linkable AS b ON pair.b_no = b.no "
        "WHERE pair.is_neighbour AND pair.tier IS NOT NULL"
    ).fetchall()
    return set(rows)
