"""Why some records are one person and near ones are not: in words, and as a waterfall of points."""

from __future__ import annotations

from itertools import accumulate, pairwise
from pathlib import Path

from pipeline.desk.review import SIGNS
from pipeline.desk.room import Room, Row, resolving
from pipeline.desk.words import Language, say
from pipeline.errors import BadDecision, NoSuchRecord
from pipeline.lake import Lake
from pipeline.settings import Settings
from pipeline.sql import quoted

NEAREST = 10
WORTH = 4  # points a column of the waterfall


class Explain(Room):
    """The evidence of a build; leave it as a context manager."""

    def __init__(self, lake: Lake, settings: Settings, folder: Path) -> None:
        super().__init__(lake, settings, folder)
        self._execute("points", query=resolving("points"))

    def person(self, asked: str) -> Row:
        """Return why the records of a person are one, and why the nearest others are somebody else; no word of what they say.

        Parameters
        ----------
        asked
            Id of a person, or one the person had before: every case's own id leads to whom it belongs to now.

        Raises
        ------
        NoSuchRecord
            No case of this build leads from that id to a person.
        """
        person_id = self._person_id(asked)
        self._keep("hand", f"SELECT {quoted(person_id)} AS person_id")
        self._keep_guarded(
            "SELECT case_id FROM respondent JOIN person_record USING (record_id) SEMI JOIN hand USING (person_id)"
        )
        pairs = self._rows("explained_pair")
        return {
            "person_id": person_id,
            "asked_id": asked,
            "records": [{"no": number, **row} for number, row in enumerate(self._rows("explained_record"), 1)],
            "fields": self._rows("explained_field"),
            "together": [row for row in pairs if row["is_one_person"]],
            "near": list(_nearest(pairs).values())[:NEAREST],
        }

    def identity(self, explained: Row, by: str, *, is_s3: bool) -> dict[str, Row]:
        """Return what the person's records say of who it is; that `by` looked is written down first.

        Raises
        ------
        BadDecision
            The register does not know `by`, or the person touches an S3 institution and that was not asked for.
        """
        self.require_employee(by)
        if not is_s3 and any(row["institution_id"] == "S3" for row in explained["records"]):
            raise BadDecision("the person is at an S3 institution", where="--identity", todo="Say --s3 as well.")
        ids = [row["record_id"] for row in explained["records"]]
        self.note_access("explain", by, {"person_id": explained["person_id"], "records": ids})
        return {row.pop("record_id"): row for row in self._rows("explained_identity")}

    def _person_id(self, asked: str) -> str:
        found = self._bench.con.execute(
            "SELECT DISTINCT person_id FROM person_alias "
            f"WHERE {quoted(asked)} IN (alias_person_id, person_id) AND person_id IS NOT NULL"
        ).fetchall()
        if len(found) != 1:
            raise NoSuchRecord(
                "no person of this build has or had that id",
                where="PERSON_ID",
                todo="Ids are in `person`, in `sanaq ledger --trace RECORD` and in `sanaq review list --json`; or name another --build.",
            )
        return str(found[0][0])


def _nearest(pairs: list[Row]) -> dict[str, Row]:
    """Of each of the others the comparison with the most points, the nearest first."""
    nearest: dict[str, Row] = {}
    for row in pairs:
        if not row["is_one_person"]:
            nearest.setdefault(row["other_person_id"] or row["other_record_id"], row)
    return nearest


def told(explained: Row, language: Language) -> list[str]:
    """Return the explanation in words, line by line; records by their number."""
    names = {row["record_id"]: f"{row['no']}" for row in explained["records"]}
    count = len(explained["records"])
    lines = [say(language, "explain", "one" if count == 1 else "several", count=count)]
    for pair in explained["together"]:
        reason = _why_together(pair, language)
        if reason:
            a, b = sorted((names[pair["record_id"]], names[pair["other_record_id"]]), key=int)
            lines.append(say(language, "explain", "together", a=a, b=b, reason=reason))
    for row in explained["fields"]:
        field, number = row["label"][language.value], names[row["record_id"]]
        lines.append(say(language, "explain", "field", field=field, number=number))
    lines.append(say(language, "explain", "near" if explained["near"] else "nobody_near"))
    for pair in explained["near"]:
        lines.append(
            say(
                language,
                "explain",
                "apart",
                a=names[pair["record_id"]],
                person=(pair["other_person_id"] or "?")[:12],
                reason=_why_apart(pair, language),
            )
        )
    return lines


def waterfall(pair: Row, language: Language) -> list[tuple[str, int]]:
    """Return the evidence of a pair as lines to print, each with its points: field, sign, points, and a bar from the sum before to the sum after."""
    points = [each["points"] for each in pair["evidence"]]
    sums = list(accumulate(points, initial=0))
    lowest = min(sums)
    lines = []
    for each, low, high in zip(pair["evidence"], map(min, pairwise(sums)), map(max, pairwise(sums)), strict=True):
        label = f"{say(language, 'field', each['field']):<16} {SIGNS[each['likeness']]}"
        bar = " " * ((low - lowest) // WORTH) + ("█" if each["points"] > 0 else "░") * ((high - low) // WORTH)
        lines.append((f"{label} {each['points']:>+4}  {bar}".rstrip(), each["points"]))
    total = " " * ((min(sums[-1], 0) - lowest) // WORTH) + "▒" * (abs(sums[-1]) // WORTH)
    lines.append((f"{say(language, 'explain', 'sum'):<16}   {pair['points']:>+4}  {total}".rstrip(), pair["points"]))
    return lines


def _why_together(pair: Row, language: Language) -> str | None:
    """The rule that joins a pair, or somebody's word; None where only other records hold the two together."""
    if pair["verdict"] == "same":
        return say(language, "tier", "R")
    return say(language, "tier", pair["tier"]) if pair["tier"] else None


def _why_apart(pair: Row, language: Language) -> str:
    if pair["verdict"] == "different":
        return say(language, "bar", "SAID_DIFFERENT")
    if pair["bar"]:
        return say(language, "bar", pair["bar"])
    return say(language, "bar", "OTHERS_FORBID" if pair["tier"] else "NOT_ENOUGH")
