"""Joins pairs of records into people, strongest evidence first, and never across what parts two people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from pipeline.identifiers.sql import make_table

# Strongest first: somebody's word, number, one list entry, neighbour number, name and birth date here, the same with a slip, the same elsewhere.
TIERS = ("R", "A", "L", "D", "C", "E", "F")
BY_WORD = "R"
RESTS_ON_NAME = frozenset("CEF")

# Every pair that may be joined, by evidence or by somebody's word.
EDGE = (
    "SELECT a_no, b_no, tier, points, is_swapped, is_two_entries FROM pair WHERE tier IS NOT NULL "
    f"UNION ALL SELECT a_no, b_no, '{BY_WORD}', 0, FALSE, FALSE FROM spoken_pair WHERE standing = 'same'"
)

JOINED = {"record_no": "BIGINT", "cluster_no": "BIGINT", "tier": "VARCHAR"}

Edge = tuple[int, int, str, bool, bool]
Trait = tuple[int, str | None, int | None, str | None, int | None]


@dataclass(slots=True)
class Group:
    """What is known of one person so far: records, the first of them, numbers, list entries by institution,
    records parted from it, given names."""

    members: list[int]
    first: int
    numbers: set[str]
    entries: dict[str, set[int]]
    parted: set[int]
    given: set[int]


class People:
    """Groups of records that grow together.

    Parameters
    ----------
    traits
        Per record: its number, IIN, list entry with the institution of the list, code of the given name.
    neighbours
        Pairs of IINs, the lower first, that may be one number mistyped.
    parted
        Pairs of records that nothing brings together, in both directions.
    """

    def __init__(
        self, traits: Iterable[Trait], neighbours: set[tuple[str, str]], parted: Iterable[tuple[int, int]] = ()
    ) -> None:
        self.traits = {trait[0]: trait for trait in traits}
        self.neighbours = neighbours
        self.parted: dict[int, set[int]] = {}
        for one, other in parted:
            self.parted.setdefault(one, set()).add(other)
        self.group_of: dict[int, Group] = {}
        self.tier_of: dict[int, str] = {}

    def join(self, a: int, b: int, tier: str, *, is_swapped: bool, is_two_entries: bool = False) -> bool:
        """Make one person of two records' groups, unless something parts them.

        Parameters
        ----------
        a, b
            Two records.
        tier
            The evidence that they are one person.
        is_swapped
            Whether one of them has given and family name in each other's field.
        is_two_entries
            Whether the two are one in spite of their two entries of one list.

        Returns
        -------
        bool
            False where the groups stay two people.
        """
        kept, gone = self._group(a), self._group(b)
        if kept is gone:
            return True
        if self._are_parted(kept, gone, tier, is_swapped=is_swapped, is_two_entries=is_two_entries):
            return False
        if tier == BY_WORD:  # whoever has one of the numbers may now be met under the other
            self.neighbours |= {(min(x, y), max(x, y)) for x in kept.numbers for y in gone.numbers if x != y}
        self.tier_of.setdefault(a, tier)
        self.tier_of.setdefault(b, tier)
        if len(kept.members) < len(gone.members):
            kept, gone = gone, kept
        kept.members += gone.members
        kept.first = min(kept.first, gone.first)
        kept.numbers |= gone.numbers
        for place, entries in gone.entries.items():
            kept.entries[place] = entries | kept.entries.get(place, set())
        kept.parted |= gone.parted
        kept.given |= gone.given
        for no in gone.members:
            self.group_of[no] = kept
        return True

    def rows(self) -> Iterator[tuple[int, int, str]]:
        """Give every record of a group of several: its number, the group's (the lowest in it), the tier that brought it in."""
        for no in sorted(self.tier_of):
            yield no, self.group_of[no].first, self.tier_of[no]

    def _group(self, no: int) -> Group:
        group = self.group_of.get(no)
        if group is None:
            _, iin, entry_no, institution_id, given = self.traits[no]
            entries = {institution_id: {entry_no}} if entry_no is not None and institution_id else {}
            numbers = {iin} if iin else set()
            group = Group([no], no, numbers, entries, self.parted.get(no, set()), set() if given is None else {given})
            self.group_of[no] = group
        return group

    def _are_parted(self, one: Group, other: Group, tier: str, *, is_swapped: bool, is_two_entries: bool) -> bool:
        """What nothing brings together; two different numbers, two entries of one list, or names where no evidence but the name would hold them together."""
        if one.parted and not one.parted.isdisjoint(other.members):
            return True
        if tier == BY_WORD:
            return False
        for x in one.numbers:
            for y in other.numbers:
                if x != y and (min(x, y), max(x, y)) not in self.neighbours:
                    return True
        if not is_two_entries and any(
            place in other.entries and entries.isdisjoint(other.entries[place])
            for place, entries in one.entries.items()
        ):
            return True
        if tier in RESTS_ON_NAME and not is_swapped:
            return bool(one.given and other.given and one.given.isdisjoint(other.given))
        return False


def make_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `joined(record_no, cluster_no, tier)` of all records that share their person with another.

    Reads `pair`, `spoken_pair`, `parted_pair` and `linkable`. Pairs are taken in order of tier, points and arrival, so that the result depends
    neither on threads nor on what arrives later at the end of the line. What people said comes first: a pair they joined is one
    person whatever the rules say, and no chain of evidence brings together whom they parted.
    """
    people = People(_traits(con), _neighbours(con), _parted(con))
    for a, b, tier, is_swapped, is_two_entries in _edges(con):
        people.join(a, b, tier, is_swapped=is_swapped, is_two_entries=is_two_entries)
    make_table(con, "joined", (dict(zip(JOINED, row, strict=True)) for row in people.rows()), JOINED)


def _edges(con: duckdb.DuckDBPyConnection) -> list[Edge]:
    order = "CASE tier " + " ".join(f"WHEN '{tier}' THEN {i}" for i, tier in enumerate(TIERS)) + " END"
    return con.execute(
        f"WITH edge AS ({EDGE}) SELECT a_no, b_no, tier, is_swapped, is_two_entries FROM edge ORDER BY {order}, points DESC, a_no, b_no"
    ).fetchall()


def _traits(con: duckdb.DuckDBPyConnection) -> list[Trait]:
    return con.execute(
        f"WITH edge AS ({EDGE}), node AS (SELECT a_no AS no FROM edge UNION SELECT b_no FROM edge) "
        "SELECT no, iin, entry_no, institution_id, given_code FROM linkable SEMI JOIN node USING (no)"
    ).fetchall()


def _parted(con: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    return con.execute("SELECT a_no, b_no FROM parted_pair UNION ALL SELECT b_no, a_no FROM parted_pair").fetchall()


def _neighbours(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    rows = con.execute(
        "SELECT DISTINCT least(a.iin, b.iin), greatest(a.iin, b.iin) FROM pair "
        "JOIN linkable AS a ON pair.a_no = a.no JOIN linkable AS b ON pair.b_no = b.no "
        "WHERE pair.is_neighbour AND pair.tier IS NOT NULL"
    ).fetchall()
    return set(rows)
