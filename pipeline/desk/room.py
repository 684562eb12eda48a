"""What everything at the desk shares: one build, the decisions taken since, who may decide, and who looked at whom."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from pipeline.errors import BadDecision, RoundClosed
from pipeline.lake import EVER, Clock, Lake, append_line, in_utc, system_clock
from pipeline.settings import Settings
from pipeline.sql import Workbench, quoted, step_failed

HERE = Path(__file__).resolve().parent
PERSON = re.compile(r"[A-Za-z0-9._-]{1,64}")
LONGEST_WHY = 300
SHORTEST_STEM = 5
WORDS_ALONE = "Say in a few words why, without anybody's name or number: whoever works at the desk reads it."
NUMBER_OF_A_PERSON = re.compile(r"\d{12}")
Row = dict[str, Any]


class Room:
    """A build and the decisions taken since; leave it as a context manager.

    Parameters
    ----------
    folder
        Folder of a whole build.
    """

    def __init__(self, lake: Lake, settings: Settings, folder: Path) -> None:
        self._lake = lake
        as_of = datetime.fromisoformat(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["as_of"])
        self._bench = Workbench.over(folder, "desk", lake, settings, as_of)
        self._bench.con.execute((HERE / "shown_institution.sql").read_text(encoding="utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bench.close()

    def require_employee(self, by: str) -> None:
        """Let only people of the Department's register decide, or look.

        Raises
        ------
        BadDecision
            The register does not know the person.
        """
        known = self._bench.con.execute(f"SELECT employee_id FROM employee WHERE employee_id = {quoted(by)}").fetchall()
        if not PERSON.fullmatch(by) or not known:
            raise BadDecision(
                "the register knows no such employee of the Department",
                where="--by",
                todo="Give your `employee_id` as it stands in the register's sheet `employee`.",
            )

    def _require_round_open(self) -> None:
        """Let nothing be decided that no build would take up.

        Raises
        ------
        RoundClosed
            The round is closed.
        """
        closing = self._lake.closing(EVER)
        if closing:
            raise RoundClosed(
                f"the round is closed since {in_utc(closing['decided_at'])}",
                where="decisions/round.jsonl",
                todo="Decide nothing, or reopen it first: `sanaq reopen --by EMPLOYEE --why TEXT`.",
            )

    def said_of(self, records: str) -> dict[str, list[str]]:
        """Return names and dates that records say of who it is, what no reason may hold, by what a query says each `record_id` is `about`."""
        self._keep("reasoned", records)
        return {row["about"]: row["said"] for row in self._rows("said")}

    def note_access(self, act: str, by: str, about: Row) -> None:
        """Write down who looked at identity, when by the machine's own clock, and of whom: ids only, never what was read."""
        with self._lake.lock("access"):  # of its own: nobody who looks waits for a night that receives
            append_line(self._lake.access, {"at": system_clock().isoformat(), "act": act, "by": by, **about})

    def keyed(self, text: str) -> str:
        """Return the keyed digest of a text, as ids are made."""
        return str(self._bench.value(f"SELECT keyed_id({quoted(text)})"))

    @contextmanager
    def spilling(self) -> Iterator[None]:
        """Let libraries that write temporary files write them inside the lake, which lies on an encrypted volume."""
        before, tempfile.tempdir = tempfile.tempdir, str(self._lake.temp)
        try:
            yield
        finally:
            tempfile.tempdir = before

    def _moment(self, clock: Clock) -> datetime:
        """Return a moment later than everything a build may already have been made from."""
        newest = self._lake.newest_input()
        now = clock().astimezone(UTC)
        return now if newest is None or now > newest else newest.astimezone(UTC) + timedelta(microseconds=1)

    def _keep_guarded(self, cases: str) -> None:
        """Keep as `guarded_case` those of some cases that touch an S3 institution, by the query a build asks it with."""
        self._keep("asked_record", f"SELECT record_id, case_id FROM record WHERE case_id IN ({cases})")
        for name in ("current_record", "linkable"):
            self._keep(name, "SELECT arrival_no AS no, case_id, institution_id FROM respondent")
        self._execute("guarded", query=resolving("guarded"))
        self._keep("guarded_case", resolving("guarded_case"))

    def _keep(self, name: str, query: str | None = None) -> None:
        """Keep the rows of a query of this folder under its name for the queries after it."""
        self._execute(name, f"CREATE OR REPLACE TEMP TABLE {name} AS ", query)

    def _rows(self, name: str) -> list[Row]:
        cursor = self._execute(name)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _execute(self, name: str, before: str = "", query: str | None = None) -> duckdb.DuckDBPyConnection:
        try:
            return self._bench.con.execute(before + (query or (HERE / f"{name}.sql").read_text(encoding="utf-8")))
        except duckdb.Error as error:
            raise step_failed(error, f"desk/{name}.sql") from None


def resolving(name: str) -> str:
    """Return a query of the step that resolves."""
    return (HERE.parent / "resolve" / f"{name}.sql").read_text(encoding="utf-8")


def require_reason(why: str, option: str = "--why") -> None:
    """Hold a reason, or what else `option` says in words, to a few printable words without anybody's number.

    Raises
    ------
    BadDecision
        It is something else.
    """
    require_note(why, option)
    if len(why.strip()) < 3:
        raise BadDecision("that is too short to say anything", where=option, todo=WORDS_ALONE)


def require_note(why: str, option: str = "--why") -> None:
    """Hold a reason, or a note that may be left out, to one printable line without anybody's number.

    Raises
    ------
    BadDecision
        It is something else.
    """
    if len(why) > LONGEST_WHY or not why.isprintable():
        problem = f"the reason is longer than {LONGEST_WHY} characters or on several lines"
        raise BadDecision(problem, where=option, todo=WORDS_ALONE)
    if NUMBER_OF_A_PERSON.search(why):
        raise BadDecision("the reason holds an IIN", where=option, todo=WORDS_ALONE)


def require_nameless(why: str, said: Iterable[str]) -> None:
    """Hold a reason, or a note, to words that say nothing of who it is about.

    A longer word is found by how a word begins, since names are declined; a short one is half of many a plain word, and is found whole.

    Raises
    ------
    BadDecision
        It holds a name or a date.
    """
    folded = why.casefold()
    for text in (each.casefold() for each in said if len(each) > 2):
        if re.search(rf"(?<!\w){re.escape(text)}" + (r"(?!\w)" if len(text) < SHORTEST_STEM else ""), folded):
            raise BadDecision("the reason holds a name or a date of who it is about", where="--why", todo=WORDS_ALONE)
