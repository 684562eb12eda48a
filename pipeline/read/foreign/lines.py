"""Makes native submissions of the cases of a foreign file: one query over its sheets, written by a crosswalk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pipeline.read.foreign.crosswalk import Crosswalk, Mapping
from pipeline.read.foreign.sheets import Export, Loaded
from pipeline.sql import quoted

# Set before what a crosswalk does not translate or read: of no type and in no code list, so that the rules set it aside.
STRANGE = "?"
OFFSET = r"(?:Z|[+-]\d\d:\d\d)$"
# What the tool says of a case; a crosswalk may say otherwise of all but a withdrawal and a draft.
OWN = ("case_id", "case_version", "case_status", "case_clock", "started_at", "completed_at", "synced_at")
CHOSEN_NOT = "('0', 'false', 'no')"


@dataclass(frozen=True)
class Place:
    """One sheet on the way from a row up to its case, and the table it has in the query."""

    loaded: Loaded
    alias: str


class Lines:
    """The query of one file: a line per person, or the reason why there is none.

    Parameters
    ----------
    export, sheets
        What the file holds, and its sheets as tables in the same order.
    parts
        Part (`identity`, `answers`, None for the envelope) of every field.
    kinds
        Kind of every field.
    """

    def __init__(
        self, export: Export, sheets: list[Loaded], parts: dict[str, str | None], kinds: dict[str, str]
    ) -> None:
        self._export = export
        self._sheets = {loaded.sheet.name: loaded for loaded in sheets}
        self._main = sheets[0]
        self._parts = parts
        self._kinds = kinds

    def fits(self, crosswalk: Crosswalk) -> bool:
        """Whether the file has everything the crosswalk speaks of."""
        places = self._places(crosswalk)
        names = {name for mapping in crosswalk.fields.values() for name in mapping.named}
        return bool(places) and all(self._find(places, name) for name in names)

    def held(self, reason: str) -> str:
        """Return the query of a file whose cases wait: each becomes a record that says why."""
        cells = _digest([Place(self._main, "main")])
        return f"SELECT {cells} || ' ' || coalesce(main.fault, '{reason}') AS line FROM {self._main.relation} AS main ORDER BY main.row_no"

    def query(self, crosswalk: Crosswalk) -> str:
        """Return the query of a file that the crosswalk fits.

        `foreign_case` has what the tool says of each case.
        """
        places = self._places(crosswalk)
        fault = "coalesce(record.fault, " + ("" if len(places) == 1 else "CASE WHEN main.row_no IS NULL THEN 'ORPHAN_ROW' END, ") + "own.fault)"  # fmt: skip
        # told apart: rows of persons, and cases in which there is no row of a person
        empty = f"""
    UNION ALL
    SELECT main.row_no, 0, {_digest([Place(self._main, "main")])} || ' ' || coalesce(main.fault, own.fault, 'EMPTY_ROSTER')
    FROM {self._main.relation} AS main
    JOIN foreign_case AS own USING (row_no)
    WHERE main.row_no NOT IN (SELECT case_no FROM person WHERE case_no IS NOT NULL)"""
        return f"""
WITH person AS (
    SELECT
        {"record" if len(places) == 1 else "main"}.row_no AS case_no,
        record.row_no,
        {_digest(places)} || ' ' || coalesce({fault}, {self._json(crosswalk, places)}) AS line
    FROM {self._joined(places)}
),
told AS (
    SELECT * FROM person{"" if len(places) == 1 else empty}
)
SELECT line FROM told ORDER BY case_no NULLS LAST, row_no"""

    def _places(self, crosswalk: Crosswalk) -> list[Place]:
        """Return the way from the rows of persons up to the cases; empty where there is none."""
        name: str | None = crosswalk.rows or self._main.sheet.name
        names: list[str] = []
        while name is not None and name in self._sheets and name not in names:
            names.append(name)
            name = self._sheets[name].sheet.parent
        if name is not None or not names or names[-1] != self._main.sheet.name:
            return []
        aliases = ["record", *(f"above{number}" for number in range(1, len(names) - 1)), "main"][: len(names)]
        return [Place(self._sheets[name], alias) for name, alias in zip(names, aliases, strict=True)]

    def _joined(self, places: list[Place]) -> str:
        """Join each row to the rows above it; of two rows with one key the first is above."""
        tables = f"{places[0].loaded.relation} AS record"
        for below, above in pairwise(places):
            key = above.loaded.joined(above.loaded.sheet.key, "/", "above")
            found = f"SELECT *, {key} AS key FROM {above.loaded.relation} AS above WHERE fault IS NULL QUALIFY row_number() OVER (PARTITION BY key ORDER BY row_no) = 1"
            parent_key = below.loaded.joined(below.loaded.sheet.parent_key, "/", below.alias)
            tables += f"\n    LEFT JOIN ({found}) AS {above.alias} ON {parent_key} = {above.alias}.key"
        return tables + f"\n    LEFT JOIN foreign_case AS own ON own.row_no = {places[-1].alias}.row_no"

    def _find(self, places: list[Place], name: str) -> str | None:
        """Return SQL for a cell: of the row itself, or of the nearest row above that has such a column."""
        sheet, _, column = name.partition(".")
        for place in places:
            if cell := place.loaded.cell(name):
                return f"{place.alias}.{cell}"
        for place in places:
            if place.loaded.sheet.name.casefold() == sheet.casefold() and (cell := place.loaded.cell(column)):
                return f"{place.alias}.{cell}"
        return None

    def _json(self, crosswalk: Crosswalk, places: list[Place]) -> str:
        values = self._own(crosswalk, places)
        for name, mapping in crosswalk.fields.items():
            given = _Value(self, crosswalk, mapping, places).sql
            values[name] = self._status(given) if name == "case_status" else given
        if "birth_date" in crosswalk.fields and "birth_date_precision" not in crosswalk.fields:
            values["birth_date_precision"] = _Value(self, crosswalk, crosswalk.fields["birth_date"], places).precision
        parts = {
            part: ", ".join(f"'{name}': {sql}" for name, sql in values.items() if self._parts[name] == part)
            for part in (None, "identity", "answers")
        }
        inner = "".join(f", '{part}': {{{fields}}}" for part, fields in parts.items() if part and fields)
        return f"to_json({{{parts[None]}{inner}}})::VARCHAR"

    def _own(self, crosswalk: Crosswalk, places: list[Place]) -> dict[str, str]:
        """Return what the tool says of the case; one of several rows adds which row it is."""
        values = {name: f"own.{name}" for name in OWN}
        for name in OWN:
            if name.endswith("_at"):
                values[name] = _moment(f"own.{name}", crosswalk.zone)
        if len(places) > 1:
            row_id = places[0].loaded.joined(places[0].loaded.sheet.row_id, ".", "record")
            values["roster_case_id"] = "own.case_id"
            values["case_id"] = f"own.case_id || '.' || {row_id}"
        return values

    @staticmethod
    def _status(given: str) -> str:
        return f"CASE WHEN own.case_status IN ('withdrawn', 'draft') THEN own.case_status ELSE coalesce({given}, own.case_status) END"

    def clean(self, places: list[Place], name: str) -> str:
        """Return SQL for what somebody answered in a column, NULL where nobody did."""
        cell = self._find(places, name)
        assert cell is not None, "fits() has looked"
        sql = f"nullif(trim({cell}), '')"
        for nothing in self._export.nothing:
            sql = f"nullif({sql}, {quoted(nothing)})"
        return sql

    def kind(self, name: str) -> str:
        """Return the kind of a field."""
        return self._kinds[name]


class _Value:
    """SQL for one of our variables."""

    def __init__(self, lines: Lines, crosswalk: Crosswalk, mapping: Mapping, places: list[Place]) -> None:
        self._lines = lines
        self._zone = crosswalk.zone
        self._mapping = mapping
        self._places = places

    @property
    def sql(self) -> str:
        """The value as text (of a list: a list), NULL where there is none."""
        mapping = self._mapping
        if mapping.constant is not None:
            return quoted(mapping.constant)
        if mapping.columns is not None:
            return self._ticked(mapping.columns)
        if mapping.parts is not None:
            return self._date_of_parts()
        assert mapping.column is not None
        cell = self._cell(mapping.column)
        if mapping.extract is not None:
            cell = f"nullif(regexp_extract({cell}, {quoted(mapping.extract)}, 1), '')"
        if mapping.split is not None:
            parted = f"list_filter(string_split({cell}, {quoted(mapping.split)}), lambda v: v <> '')"
            chosen = f"list_transform({parted}, lambda v: {self._translated('v')})"
            return f"list_filter({chosen}, lambda v: v IS NOT NULL)"
        if mapping.values is not None:
            return self._translated(cell)
        return {"date": self._date, "moment": self._clock_time}.get(self._lines.kind(mapping.name), str)(cell)

    @property
    def precision(self) -> str:
        """How exact a birth date is, by which of its parts are there."""
        if self._mapping.parts is not None:
            year, month, day = self._pieces()
            return f"CASE WHEN {year} IS NULL THEN NULL WHEN {month} IS NULL THEN 'YEAR' WHEN {day} IS NULL THEN 'MONTH' ELSE 'DAY' END"
        if self._mapping.column is None or self._mapping.format is not None:
            return "NULL"
        cell = self._cell(self._mapping.column)
        return f"CASE length({cell}) WHEN 4 THEN 'YEAR' WHEN 6 THEN 'MONTH' WHEN 8 THEN 'DAY' WHEN 10 THEN 'DAY' END"

    def _cell(self, name: str) -> str:
        return self._lines.clean(self._places, name)

    def _translated(self, cell: str) -> str:
        values = self._mapping.values
        if values is None:
            return cell
        cases = "".join(f" WHEN {quoted(theirs)} THEN {quoted(ours) if ours is not None else 'NULL'}" for theirs, ours in values.items())  # fmt: skip
        return f"CASE {cell}{cases} ELSE '{STRANGE}' || {cell} END"

    def _ticked(self, columns: dict[str, str | None]) -> str:
        cells = {self._cell(column): code for column, code in columns.items()}
        ticks = ", ".join(
            f"CASE WHEN lower({cell}) NOT IN {CHOSEN_NOT} THEN {quoted(code)} END"
            for cell, code in cells.items()
            if code is not None
        )
        chosen = f"list_filter([{ticks}]::VARCHAR[], lambda v: v IS NOT NULL)"
        return f"CASE WHEN coalesce({', '.join(cells)}) IS NOT NULL THEN {chosen} END"

    def _pieces(self) -> tuple[str, str, str]:
        parts = self._mapping.parts
        assert parts is not None
        bounds = ((parts.year, 1800, 2200), (parts.month, 1, 12), (parts.day, 1, 31))
        year, month, day = (
            "NULL::INTEGER" if name is None else
            f"CASE WHEN TRY_CAST({self._cell(name)} AS INTEGER) BETWEEN {low} AND {high} THEN TRY_CAST({self._cell(name)} AS INTEGER) END"
            for name, low, high in bounds
        )  # fmt: skip
        return year, month, day

    def _date_of_parts(self) -> str:
        year, month, day = self._pieces()
        return f"printf('%04d-%02d-%02d', {year}, coalesce({month}, 1), CASE WHEN {month} IS NULL THEN 1 ELSE coalesce({day}, 1) END)"

    def _date(self, cell: str) -> str:
        if self._mapping.format is not None:
            return f"coalesce(strftime(try_strptime({cell}, {quoted(self._mapping.format)}), '%Y-%m-%d'), '{STRANGE}' || {cell})"
        digits = f"CASE WHEN regexp_full_match({cell}, '\\d{{4}}(\\d\\d){{0,2}}') THEN left({cell}, 4) || '-' || coalesce(nullif(substr({cell}, 5, 2), ''), '01') || '-' || coalesce(nullif(substr({cell}, 7, 2), ''), '01')"
        return (
            f"{digits} WHEN regexp_matches({cell}, '^\\d{{4}}-\\d\\d-\\d\\d[T ]') THEN left({cell}, 10) ELSE {cell} END"
        )

    def _clock_time(self, cell: str) -> str:
        at = f"TRY_CAST({cell} AS TIMESTAMP)"
        if self._mapping.format is not None:
            at = f"try_strptime({cell}, {quoted(self._mapping.format)})"
        local = _moment(f"({at} AT TIME ZONE {quoted(self._zone)})", self._zone)
        return f"CASE WHEN regexp_matches({cell}, '{OFFSET}') THEN {cell} ELSE coalesce({local}, '{STRANGE}' || {cell}) END"


def _moment(at: str, zone: str) -> str:
    """SQL for a moment as it stood on a clock in the zone, with its offset."""
    local = f"({at} AT TIME ZONE {quoted(zone)})"
    ahead = f"date_diff('minute', {at} AT TIME ZONE 'UTC', {local})"
    sign = f"CASE WHEN {ahead} < 0 THEN '-' ELSE '+' END"
    return f"strftime({local}, '%Y-%m-%dT%H:%M:%S') || {sign} || printf('%02d:%02d', abs({ahead}) // 60, abs({ahead}) % 60)"


def _digest(places: list[Place]) -> str:
    """SQL for SHA-256 over a row as the file has it: its cells as one JSON list, then those of the rows above."""
    cells = [f"{place.alias}.c{at}" for place in places for at in range(len(place.loaded.sheet.columns))]
    return f"sha256(to_json([{', '.join(cells)}])::VARCHAR)"
