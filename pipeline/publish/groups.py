"""Under which groups a release is made: publication groups, merged until each is safe, and never parted again once a release had them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.identifiers.sql import make_table
from pipeline.publish.assemble import keep, run_sql
from pipeline.sql import Workbench

BETWEEN = " + "  # the names of groups that are released as one
FIELDS = {"publication_group": "VARCHAR", "released_group": "VARCHAR", "min_count": "INTEGER"}


@dataclass(frozen=True)
class Rules:
    """Safety rules that hold for every cell: fewest institutions, largest share of one."""

    min_institutions: int
    max_share: Decimal


@dataclass(frozen=True)
class GroupCell:
    """How many persons a publication group has, how they lie over its institutions, how many are of S3, and the fewest it may show."""

    groups: tuple[str, ...]
    person_count: int
    institution_count: int
    largest_count: int
    s3_count: int
    min_count: int

    @property
    def name(self) -> str:
        """Name the group is released under."""
        return BETWEEN.join(self.groups)

    def is_safe(self, rules: Rules) -> bool:
        """Enough institutions, none too large, nor all of S3 together, and the minimum count."""
        return (
            self.institution_count >= rules.min_institutions
            and self.person_count >= self.min_count
            and max(self.largest_count, self.s3_count) <= rules.max_share * self.person_count
        )

    def merged(self, other: GroupCell) -> GroupCell:
        """Return both groups as one."""
        return GroupCell(
            tuple(sorted(self.groups + other.groups)),
            self.person_count + other.person_count,
            self.institution_count + other.institution_count,
            max(self.largest_count, other.largest_count),
            self.s3_count + other.s3_count,
            max(self.min_count, other.min_count),
        )


def safe_groups(cells: Iterable[GroupCell], rules: Rules, together: Iterable[frozenset[str]] = ()) -> list[GroupCell]:
    """Merge every unsafe group with the smallest other one until all are safe or one is left.

    Parameters
    ----------
    together
        Groups that an earlier release had as one: parted, the smaller one would follow from both releases.
    """
    left = list(cells)
    for groups in together:
        joined = [cell for cell in left if groups.intersection(cell.groups)]
        for cell in joined[1:]:
            joined[0] = joined[0].merged(cell)
        left = [cell for cell in left if not groups.intersection(cell.groups)] + joined[:1]
    left.sort(key=_smallest_first)
    while len(left) > 1:
        unsafe = next((cell for cell in left if not cell.is_safe(rules)), None)
        if unsafe is None:
            break
        left.remove(unsafe)
        left[0] = left[0].merged(unsafe)
        left.sort(key=_smallest_first)
    return left


def _smallest_first(cell: GroupCell) -> tuple[int, tuple[str, ...]]:
    return cell.person_count, cell.groups


def make_groups(bench: Workbench, together: Iterable[frozenset[str]]) -> dict[str, str]:
    """Make `release_site`, `release_place` and `release_group`; return the released name of every publication group that has one."""
    run_sql(bench, "release_macros")
    keep(bench, "TABLE", "release_site")
    keep(bench, "VIEW", "release_place")
    cells = [GroupCell((name,), *rest) for name, *rest in run_sql(bench, "release_group_cell")]
    rules = Rules(
        *bench.con.execute("SELECT max(min_institution_count), min(max_institution_rate) FROM disclosure").fetchall()[0]
    )
    rows: list[dict[str, Any]] = [
        {"publication_group": group, "released_group": cell.name, "min_count": cell.min_count}
        for cell in safe_groups(cells, rules, together)
        if cell.is_safe(rules)  # a group that stays unsafe whatever it is merged with is named nowhere
        for group in cell.groups
    ]
    make_table(bench.con, "release_group", rows, FIELDS)
    return {row["publication_group"]: row["released_group"] for row in rows}
