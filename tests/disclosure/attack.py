"""What can be worked out of a release: linear programs over everything it says, and rows that one release has and another has not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from tests.disclosure.town import Seen, Town

Cell = tuple[str, ...]

# What can be counted in the rows of a group, and the values it may have; a mode is what the table of modes lists.
COLUMNS = {
    "basis": ("usual_here", "present_only", "place_unresolved"),
    "is_present": ("true", "false"),
    "is_answered_by_proxy": ("true", "false"),
    "residence_status": ("USUAL_PRESENT", "TEMP_PRESENT"),
    "position_in_institution": ("RESIDENT", "TEMPORARY"),
    "mode": (),
}
# Nobody can be so, and everybody knows it.
IMPOSSIBLE = {
    ("basis", "present_only", "is_present", "false"),
    ("basis", "place_unresolved", "is_present", "true"),
    ("basis", "usual_here", "residence_status", "TEMP_PRESENT"),
    ("basis", "present_only", "residence_status", "USUAL_PRESENT"),
    ("basis", "place_unresolved", "residence_status", "TEMP_PRESENT"),
    ("basis", "usual_here", "position_in_institution", "TEMPORARY"),
    ("basis", "present_only", "position_in_institution", "RESIDENT"),
    ("basis", "place_unresolved", "position_in_institution", "TEMPORARY"),
}
# By an answer what it was asked by, or says again. In these towns everybody who was asked has answered: what is empty is not told.
SPEAKS_OF = {
    "religion_branch": "religion",
    "reason_no_work": "has_worked_last_week",
    "proxy_source": "is_answered_by_proxy",
    "residence_status": "basis",
    "position_in_institution": "basis",
    "presence_reason": "basis",
    "stay_duration": "basis",
    "has_other_home": "basis",
    "stay_to_year": "is_present",
    "children_born_count": "sex",
    "wg_memory": "age_band",
}


@dataclass
class Program:
    """Unknown counts, and what is known of their sums."""

    names: dict[Cell, int] = field(default_factory=dict)
    equal: list[tuple[list[Cell], list[Cell], float]] = field(default_factory=list)
    least: dict[Cell, float] = field(default_factory=dict)

    def say(self, cells: list[Cell], total: float, less: Sequence[Cell] = ()) -> None:
        """The cells, less some others, add up to the total."""
        for cell in (*cells, *less):
            self.names.setdefault(cell, len(self.names))
        self.equal.append((cells, list(less), total))

    def at_least(self, cell: Cell, count: float) -> None:
        """The cell has no fewer than this."""
        self.names.setdefault(cell, len(self.names))
        self.least[cell] = max(count, self.least.get(cell, 0))

    def interval(self, cell: Cell) -> tuple[float, float]:
        """Return the smallest and the largest value the cell can have."""
        sums = np.zeros((len(self.equal), len(self.names)))
        for row, (cells, less, _) in enumerate(self.equal):
            for names, sign in ((cells, 1), (less, -1)):
                for name in names:
                    sums[row, self.names[name]] += sign
        totals = np.array([total for *_, total in self.equal])
        bounds = [(self.least.get(name, 0), None) for name in self.names]
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(self.names))
            goal[self.names[cell]] = sign
            found = linprog(goal, A_eq=csr_array(sums), b_eq=totals, bounds=bounds)
            assert found.status in (0, 3), "the release contradicts itself"
            ends.append(sign * found.fun if found.status == 0 else float("inf"))
        return round(ends[0], 6), round(ends[1], 6)


def program(seen: Seen, group: str) -> Program:
    """Write down everything a release says about counts of a group: its tables, and what can be counted in its rows one by one and two by two."""
    known = Program()
    of_group = f"publication_group = '{group}'"
    ((persons,),) = seen.rows(f"SELECT count(*) FROM census.person WHERE {of_group}")
    for measure, true_count, denominator in seen.rows(
        f"SELECT measure, numerator_count, denominator_count FROM quality.measure WHERE {of_group}"
    ):
        assert denominator == persons
        yes, no = _cell(measure, "true"), _cell(measure, "false")
        known.say([yes, no], persons)
        if true_count is not None:
            known.say([yes], true_count)
    modes = seen.rows(f"SELECT mode, counted_count FROM coverage.mode WHERE {of_group}")
    for mode, count in modes:
        known.at_least(("mode", mode), 1)  # only modes that somebody used are listed
        if count is not None:
            known.say([("mode", mode)], count)
    values = COLUMNS | {"mode": tuple(mode for mode, _ in modes)}
    for column, listed in values.items():
        known.say([_cell(column, value) for value in listed], persons)
    _rows_of_persons(seen, known, of_group, values)
    _districts(seen, known, of_group, persons)
    _coverage(seen, known, of_group)
    return known


def _rows_of_persons(seen: Seen, known: Program, of_group: str, values: dict[str, tuple[str, ...]]) -> None:
    """A value that is told of one is told of all who have it, as who knows the rules knows; an empty field hides any other value."""
    told: dict[str, dict[str | None, int]] = {}
    for column in values:
        listed = f"SELECT CAST({column} AS VARCHAR), count(*) FROM census.person WHERE {of_group} GROUP BY ALL"
        told[column] = dict(seen.rows(listed))
        for value, count in told[column].items():
            if value is not None:
                known.say([_cell(column, value)], count)
    for one, other in combinations(values, 2):
        pairs = {(a, b): (one, a, other, b) for a in values[one] for b in values[other]}
        for a in values[one]:
            known.say([pairs[a, b] for b in values[other]], 0, [_cell(one, a)])
        for b in values[other]:
            known.say([pairs[a, b] for a in values[one]], 0, [_cell(other, b)])
        counted = f"SELECT CAST({one} AS VARCHAR), CAST({other} AS VARCHAR), count(*) FROM census.person WHERE {of_group} GROUP BY ALL"
        found = {(a, b): count for a, b, count in seen.rows(counted)}
        for (a, b), pair in pairs.items():
            if pair in IMPOSSIBLE:
                known.say([pair], 0)
            elif a in told[one] and b in told[other]:
                known.say([pair], found.get((a, b), 0))


def _districts(seen: Seen, known: Program, of_group: str, persons: int) -> None:
    """Who is told of by the region alone lives in any district."""
    found = dict(seen.rows(f"SELECT district_kato, count(*) FROM census.person WHERE {of_group} GROUP BY ALL"))
    districts = [
        kato
        for (kato,) in seen.rows(
            "SELECT kato FROM ref.kato WHERE kato LIKE '47%' AND kato[3:4] <> '00' AND kato[5:] = '00000' ORDER BY kato"
        )
    ]
    known.say([("district", kato) for kato in districts], persons)
    for kato in districts:
        known.at_least(("district", kato), found.get(kato, 0))


def _coverage(seen: Seen, known: Program, of_group: str) -> None:
    """Who is present is counted where he was, in the rows where he lives; a rate gives the count of the sites it compares."""
    ((usual, present, *rates),) = seen.rows(
        "SELECT usual_count, present_count, present_rate * expected_present_count, usual_rate * expected_usual_count "
        f"FROM coverage.publication_group WHERE {of_group}"
    )
    for name, count, own in (("usual", usual, ("basis", "usual_here")), ("present", present, ("is_present", "true"))):
        moved = [(name, "came")] if name == "present" else []
        if moved:  # whoever was elsewhere is a resident who was present
            known.say([(name, "went"), (name, "stayed")], 0, [("basis", "usual_here", "is_present", "true")])
        compared = rates[name == "usual"]
        known.say([(name, "compared"), (name, "other")], 0, [(name, "all")])
        known.say([own, *moved], 0, [(name, "all"), *((name, "went") for _ in moved)])
        if count is not None:
            known.say([(name, "all")], count)
        if compared is not None:
            known.say([(name, "compared")], compared)


def _cell(column: str, value: str) -> Cell:
    """The same thing said twice is one cell."""
    return ("proxy" if column == "is_answered_by_proxy" else column, value)


def truth(seen: Seen, town: Town, group: str) -> dict[Cell, Counter[str]]:
    """Return of every cell whom it counts, by institution; who came or went also by where he was, under the cell's name and `there`."""
    group_of = dict(seen.rows("SELECT person, publication_group FROM census.person"))
    found: dict[Cell, Counter[str]] = defaultdict(Counter)
    where = town.where()
    own = {row["person_id"]: group_of.get(seen.surrogate(row["person_id"])) for row in town.people}
    group_of_site = {where[person]: name for person, name in own.items() if name is not None}
    sites = {site.institution_id: site for site in town.sites}
    for row in town.people:
        place, usual, present = where[row["person_id"]], row["usual_institution_id"], row["present_institution_id"]
        is_own = own[row["person_id"]] == group
        if is_own:
            for cell in (
                ("basis", row["basis"]),
                ("is_present", str(present is not None).lower()),
                ("mode", row["mode"] or "UNKNOWN"),
                ("residence_status", row["residence_status"]),
                ("position_in_institution", row["position_in_institution"]),
                ("proxy", str(row["is_proxy"]).lower()),
                ("no_iin", str(not row["has_iin"]).lower()),
                ("more_than_one_record", str(row["record_count"] > 1).lower()),
                ("filled_from_another_record", "false"),
                *([("district", f"{sites[place].kato[:4]}00000")] if place in sites else []),
            ):
                found[cell][place] += 1
        for name, site in (("usual", usual), ("present", present)):
            if site is not None and group_of_site.get(site) == group:
                found[name, "all"][site] += 1
                found[name, "compared" if sites[site].is_expected else "other"][site] += 1
        if is_own and present is not None and usual is not None and group_of_site.get(present) == group:
            found["present", "stayed"][usual] += 1
        if present is not None and usual is not None and group_of_site.get(usual) != group_of_site.get(present):
            if is_own:
                found["present", "went"][usual] += 1
                found["present", "went", "there"][present] += 1
            elif group_of_site.get(present) == group:
                found["present", "came"][usual] += 1
                found["present", "came", "there"][present] += 1
    return found


def groups(seen: Seen) -> list[str]:
    """Names of the groups a release tells of."""
    return [name for (name,) in seen.rows("SELECT publication_group FROM coverage.publication_group ORDER BY ALL")]


def hidden(seen: Seen) -> int:
    """How many figures of its tables a release does not show."""
    tables = ("coverage.mode", "quality.measure", "coverage.publication_group")
    return sum(seen.rows(f"SELECT count(*) FROM {table} WHERE is_suppressed")[0][0] for table in tables)


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
