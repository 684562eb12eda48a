"""One build seen from the desk, with the decisions taken since."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path

from pipeline.desk.room import HERE, PERSON, Room, Row, require_nameless, require_reason
from pipeline.desk.words import Language, say
from pipeline.errors import BadDecision, NoSuchRecord
from pipeline.lake import EVER, Clock, Lake, append_line
from pipeline.read.lists import HEADERS_NEEDED
from pipeline.read.mapping import IDENTITY
from pipeline.resolve.decisions import register_decisions
from pipeline.settings import Settings
from pipeline.sql import quoted

OUR_NAMES = re.compile(r"content(\.[a-z0-9]{1,8})?|page-\d{5}\.ndjson|submissions\.ndjson|manifest\.json")
Columns = dict[int, dict[str, int]]


class Desk(Room):
    """What a build holds in quarantine; leave it as a context manager.

    Parameters
    ----------
    folder
        Folder of a whole build.
    """

    def __init__(self, lake: Lake, settings: Settings, folder: Path) -> None:
        super().__init__(lake, settings, folder)
        self._register_receipts()
        self._read_decisions()

    def items(self) -> list[Row]:
        """Return everything in quarantine, what has waited longest first.

        `standing` is `waits`, `proposed` (a second person is wanted), `released` (takes part from the next build) or `settled`.
        """
        return self._rows("item")

    def item(self, record_id: str, language: Language = Language.en) -> Row:
        """Return one item with every decision on it; `says` is what its reason means, `next` what to do, in one of the languages.

        Raises
        ------
        NoSuchRecord
            Nothing in quarantine has that id.
        """
        found = [row for row in self.items() if row["record_id"] == record_id]
        if not found:
            raise self._unknown(record_id, "is not in quarantine")
        file = self._file(found[0]["route"], found[0]["batch_id"], found[0]["file_no"])
        mapping = {"mapping": rows} if (rows := self._mapping(record_id)) else {}
        told = {"says": self._meaning(found[0]["reason"], language), "next": _next_step(found[0], language)}
        return {**found[0], **file, **told, **mapping, "decisions": self.decisions(record_id)}

    def missing(self) -> list[Row]:
        """Return the cases that are not in the Census Database 72 hours after they came, or were and are no more, the oldest first."""
        return self._rows("missing")

    def decisions(self, record_id: str) -> list[Row]:
        """Return who decided what about a record, when and why, in order; of unknown headers what their columns were taken for."""
        taken = [row for row in self._lake.decided("quarantine", EVER) if row.get("record_id") == record_id]
        names = ("decided_at", "action", "decided_by", "why")
        return [
            {name: row.get(name) for name in names} | ({"headers": headers} if (headers := _headers_of(row)) else {})
            for row in taken
        ]

    def decide(
        self, action: str, record_ids: list[str], by: str, why: str, clock: Clock, columns: Columns | None = None
    ) -> list[Row]:
        """Append one decision about each record, of one moment; none if one of them cannot be taken.

        They are written line by line: killed, or out of disk, those before stand. Of the rest each can be given again.

        Parameters
        ----------
        columns
            For a file with unknown headers, which column (from 1) is what, by header (from 1), none if it is of no list; what was
            proposed for a header that is left out.

        Returns
        -------
        list[Row]
            `record_id`, `action` and how the item stands now.

        Raises
        ------
        BadDecision
            Nobody may decide like that.
        NoSuchRecord
            There is no such record.
        RoundClosed
            The round is closed.
        """
        self.require_employee(by)
        require_reason(why)
        with self._lake.lock("receive"):  # what is being received, or pinned, bears no later moment
            self._require_round_open()
            self._read_decisions()
            moment = self._moment(clock).isoformat()
            held = {row["record_id"]: row for row in self.items()}
            headers = {each: self._headers(action, each, held.get(each), columns or {}) for each in record_ids}
            for record_id, said in headers.items():
                self._require_open(action, record_id, held.get(record_id), by, said)
            self._require_nameless(action, record_ids, by, why)
            for record_id, said in headers.items():
                row = {
                    "record_id": record_id,
                    "action": action,
                    "decided_at": moment,
                    "decided_by": by,
                    "why": why,
                }
                append_line(self._lake.decisions / "quarantine.jsonl", row | said)
            self._read_decisions()
        now = {row["record_id"]: row["standing"] for row in self.items()}
        return [{"record_id": each, "action": action, "standing": now.get(each, "taken back")} for each in record_ids]

    def trace(self, record_id: str) -> Row:
        """Return the way of a record, station by station, from the batch it came in to where its person is counted.

        Raises
        ------
        NoSuchRecord
            There is no such record.
        """
        self._hold(record_id)
        found = self._rows("trace_record") or self._rows("trace_row")
        if not found:
            raise self._unknown(record_id, "is not in this build")
        way = found[0]
        way["place"] |= self._file(way["batch"]["route"], way["batch"]["batch_id"], way["place"]["file_no"])
        return {"record_id": record_id, **way, "decisions": self.decisions(record_id)}

    def states(self, record_ids: list[str]) -> list[Row]:
        """Return state and reason of records."""
        self._bench.con.execute(
            f"CREATE OR REPLACE TEMP TABLE traced AS SELECT unnest([{', '.join(map(quoted, record_ids))}]::VARCHAR[]) AS record_id"
        )
        return self._rows("state")

    def _file(self, route: str, batch_id: str, number: int) -> Row:
        """Return where a file lies, below the lake; a name of the sender's choosing may be somebody's."""
        manifest = json.loads((self._lake.landing / route / batch_id / "manifest.json").read_text(encoding="utf-8"))
        file = manifest["files"][number - 1]
        name = file["path"] if OUR_NAMES.fullmatch(file["path"]) else "(named by the sender)"
        return {"file": f"landing/{route}/{batch_id}/files/{name}", "file_sha256": file["sha256"]}

    def _meaning(self, reason: str, language: Language) -> str:
        rules = {rule.id: rule.message for rule in self._bench.reference.rules}
        return str(getattr(rules[reason], language)) if reason in rules else say(language, "held", reason)

    def _mapping(self, record_id: str) -> list[Row]:
        self._hold(record_id)
        return self._rows("mapping")

    def _headers(self, action: str, record_id: str, item: Row | None, columns: Columns) -> Row:
        """Return what a release takes the columns of unknown headers for, and which headers, once it holds: of S3 when a second person says so."""
        rows = self._mapping(record_id) if action == "release" else []
        if not rows:
            return {}
        digests = {row["header_no"]: row["header_sha256"] for row in rows}
        if not columns.keys() <= digests.keys():
            raise self._refused(record_id, "it has no header of that number", "`sanaq quarantine show` numbers them.")
        proposed: Columns = {number: {} for number in digests}
        for row in rows:
            proposed[row["header_no"]][row["column_name"]] = row["column_no"]
        for number, said in (proposed | columns).items():
            if said and (len(said) < HEADERS_NEEDED or not IDENTITY & said.keys()):
                raise self._refused(
                    record_id,
                    f"by these columns of header {number} no list can be read",
                    "Name two columns at least, one of them of a name or IIN; or none, if it is no list.",
                )
        is_seconded = item is not None and (item["standing"], item["last_action"]) == ("proposed", action)
        holds = item is not None and (is_seconded or not item["needs_two"])
        return {
            "headers": [
                {"columns": said} | ({"header_sha256": digests[number]} if holds else {})
                for number, said in (proposed | columns).items()
            ]
        }

    def _hold(self, record_id: str) -> None:
        self._bench.con.execute(f"CREATE OR REPLACE TEMP TABLE traced AS SELECT {quoted(record_id)} AS record_id")

    def _require_open(self, action: str, record_id: str, item: Row | None, by: str, said: Row) -> None:
        taken = self.decisions(record_id)
        if action == "retry":
            if not taken or taken[-1]["action"] == "retry":
                raise self._refused(record_id, "nothing is decided about it", "Every build judges it anew by itself.")
            return
        if item is None:
            raise self._unknown(record_id, "is not in quarantine")
        if action == "release" and not item["is_releasable"]:
            raise self._refused(
                record_id,
                "no decision can make it count: it has no case id and version, or is a row of an office's paper",
                "Mend the paper, the register or the rule; or discard it.",
            )
        if item["last_action"] == action and (item["standing"] != "proposed" or taken[-1]["decided_by"] == by):
            wanted = "Another person has to second it." if item["standing"] == "proposed" else "Nothing is left to do."
            raise self._refused(record_id, f"that is decided already ({item['standing']})", wanted)
        if item["last_action"] == action and _columns_said(said) != _columns_said(taken[-1]):
            raise self._refused(
                record_id,
                "the first person took the columns for something else",
                "`sanaq quarantine show` says for what: give the same with --column, or take the first decision back with `retry`.",
            )

    def _require_nameless(self, action: str, record_ids: list[str], by: str, why: str) -> None:
        """Refuse a reason that names whom it is about; who was refused has learned that name, so it is written down as a look."""
        listed = ", ".join(map(quoted, record_ids))
        said = self.said_of(f"SELECT record_id, record_id AS about FROM record WHERE record_id IN ({listed})")
        try:
            require_nameless(why, chain(*said.values()))
        except BadDecision:
            self.note_access(f"quarantine {action}, reason refused", by, {"records": record_ids})
            raise

    def _unknown(self, record_id: str, what: str) -> NoSuchRecord:
        where = record_id if PERSON.fullmatch(record_id) else "RECORD"
        return NoSuchRecord(
            f"that record {what}",
            where=where,
            todo="`sanaq quarantine list` says what waits, `sanaq ledger --trace RECORD` what became of a record.",
        )

    @staticmethod
    def _refused(record_id: str, what: str, todo: str) -> BadDecision:
        return BadDecision(what, where=record_id, todo=todo)

    def _read_decisions(self) -> None:
        register_decisions(self._bench, EVER, (HERE / "decidable.sql").read_text(encoding="utf-8"))

    def _register_receipts(self) -> None:
        listed = quoted(json.dumps([_receipt(row) for row in self._lake.receipt_rows()]))
        shape = quoted('[{"batch_id": "VARCHAR", "outcome": "VARCHAR", "noted_at": "VARCHAR"}]')
        self._bench.con.execute(
            "CREATE OR REPLACE TEMP TABLE receipt AS SELECT * REPLACE (timezone('UTC', noted_at::TIMESTAMPTZ) AS noted_at) "
            f"FROM (SELECT unnest(from_json({listed}, {shape}), recursive := true)) WHERE batch_id IS NOT NULL"
        )


def _receipt(row: Row) -> Row:
    return {name: row.get(name) for name in ("batch_id", "outcome")} | {
        "noted_at": row.get("at") or row.get("received_at")
    }


def _columns_said(decision: Row) -> list[Row]:
    return [header["columns"] for header in _headers_of(decision)]


def _headers_of(decision: Row) -> list[Row]:
    """Return what a decision takes the columns of each header for; a line of one header alone says it by itself."""
    headers: list[Row] = decision.get("headers", [{"columns": decision["columns"]}] if "columns" in decision else [])
    return headers


def _next_step(item: Row, language: Language) -> str:
    """Say what to do about an item, with the command."""
    if item["standing"] != "waits":
        key = item["standing"]
    elif item["reason"] == "MAPPING_UNCERTAIN":
        key = "mapping"
    elif item["kind"] != "submission":
        key = "paper"
    elif not item["is_releasable"]:
        key = "caseless"
    else:
        key = "conflict" if item["reason"] == "VERSION_CONFLICT" else "submission"
    return say(language, "next", key, item=item["record_id"], action=item["last_action"])
