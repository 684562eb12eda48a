"""What can be worked out of a release: linear programs over everything it says, and rows that one release has and another has not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.optimize import linprog

from tests.disclosure.town import Seen

Known = dict[tuple[str, ...], float]


@dataclass
class Program:
    """Unknown counts, and what is known of their sums."""

    names: dict[tuple[str, ...], int] = field(default_factory=dict)
    equal: list[tuple[list[tuple[str, ...]], float]] = field(default_factory=list)
    least: Known = field(default_factory=dict)

    def say(self, cells: list[tuple[str, ...]], total: float) -> None:
        """The cells add up to the total."""
        for cell in cells:
            self.names.setdefault(cell, len(self.names))
        self.equal.append((cells, total))

    def at_least(self, cell: tuple[str, ...], count: float) -> None:
        """The cell has no fewer than this."""
        self.names.setdefault(cell, len(self.names))
        self.least[cell] = max(count, self.least.get(cell, 0))

    def interval(self, cell: tuple[str, ...]) -> tuple[float, float]:
        """Return the smallest and the largest value the cell can have."""
        sums = np.zeros((len(self.equal), len(self.names)))
        for row, (cells, _) in enumerate(self.equal):
            for name in cells:
                sums[row, self.names[name]] += 1
        totals = np.array([total for _, total in self.equal])
        bounds = [(self.least.get(name, 0), None) for name in self.names]
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(self.names))
            goal[self.names[cell]] = sign
            found = linprog(goal, A_eq=sums, b_eq=totals, bounds=bounds)
            assert found.status in (0, 3), "the release contradicts itself"
            ends.append(sign * found.fun if found.status == 0 else float("inf"))
        return round(ends[0], 6), round(ends[1], 6)


def program(seen: Seen) -> Program:
    """Write down everything a release says about counts by group: its tables, and what can be counted in its rows."""
    known = Program()
    for group, measure, true_count, persons in seen.rows(
        "SELECT publication_group, measure, numerator_count, denominator_count FROM quality.measure"
    ):
        yes, no = (group, measure, "true"), (group, measure, "false")
        known.say([yes, no], persons)
        if true_count is not None:
            known.say([yes], true_count)
    for group, persons in seen.rows(
        "SELECT publication_group, max(denominator_count) FROM quality.measure GROUP BY ALL"
    ):
        _rows_of_persons(seen, known, group, persons)
        modes = seen.rows(f"SELECT mode, counted_count FROM coverage.mode WHERE publication_group = '{group}'")
        known.say([(group, "mode", mode) for mode, _ in modes], persons)
        for mode, count in modes:
            known.at_least((group, "mode", mode), 1)  # only modes that somebody used are listed
            if count is not None:
                known.say([(group, "mode", mode)], count)
    for group, usual in seen.rows("SELECT publication_group, usual_count FROM coverage.publication_group"):
        if usual is not None:
            known.say([(group, "basis", "usual_here")], usual)
    return known


def _rows_of_persons(seen: Seen, known: Program, group: str, persons: int) -> None:
    """An empty field may hide any value, so what is there is the least."""
    columns = {"mode": "unknown", "basis": None, "is_present": None, "is_answered_by_proxy": None}
    for column in columns:
        found = seen.rows(
            f"SELECT CAST({column} AS VARCHAR), count(*) FROM census.person WHERE publication_group = '{group}' GROUP BY ALL"
        )
        for value, count in found:
            if value is not None:
                known.at_least(_cell(group, column, value), count)
        if column != "mode":
            known.say([_cell(group, column, value) for value in VALUES[column]], persons)


VALUES = {
    "basis": ("usual_here", "present_only", "place_unresolved"),
    "is_present": ("true", "false"),
    "is_answered_by_proxy": ("true", "false"),
}


def _cell(group: str, column: str, value: str) -> tuple[str, ...]:
    """The same thing said twice is one cell."""
    return (group, "proxy" if column == "is_answered_by_proxy" else column, value)


def hidden(seen: Seen) -> list[tuple[str, ...]]:
    """Cells of the tables that a release does not show."""
    modes = seen.rows("SELECT publication_group, 'mode', mode FROM coverage.mode WHERE is_suppressed")
    measures = seen.rows("SELECT publication_group, measure, 'true' FROM quality.measure WHERE is_suppressed")
    return [tuple(row) for row in (*modes, *measures)]


def came(earlier: Seen, later: Seen) -> list[tuple[str, str | None]]:
    """Return surrogate id and group of the rows that the later release has and the earlier one has not, all common columns compared."""
    return _only_in(later, earlier)


def went(earlier: Seen, later: Seen) -> list[tuple[str, str | None]]:
    """Return surrogate id and group of the rows that only the earlier release has."""
    return _only_in(earlier, later)


def _only_in(one: Seen, other: Seen) -> list[tuple[str, str | None]]:
    """Rows are matched as a multiset: of several that look alike, any may be the odd one."""
    columns = [name for name in one.columns() if name in other.columns()]
    listed = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in columns)
    left = Counter(row for row in other.rows(f"SELECT {listed} FROM census.person"))
    odd = []
    for surrogate, group, *row in one.rows(
        f"SELECT person, publication_group, {listed} FROM census.person ORDER BY person"
    ):
        if left[tuple(row)] > 0:
            left[tuple(row)] -= 1
        else:
            odd.append((surrogate, group))
    return odd


def groups_of_rows(seen: Seen, columns: tuple[str, ...]) -> dict[tuple[object, ...], list[str]]:
    """Return surrogate ids by the values of some columns; that one of them is empty says something as well."""
    listed = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in columns)
    found: dict[tuple[object, ...], list[str]] = {}
    for surrogate, *values in seen.rows(f"SELECT person, {listed} FROM census.person"):
        found.setdefault(tuple(values), []).append(surrogate)
    return found


def combinations_of(columns: list[str]) -> list[tuple[str, ...]]:
    """Return every combination of the columns, each alone first."""
    return [chosen for size in range(1, len(columns) + 1) for chosen in combinations(columns, size)]
