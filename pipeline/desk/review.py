"""The worklist of pairs that may be one person: what waits, what people say about it, and what the two records say."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

from pipeline.desk.room import Room, Row, require_nameless, require_note, resolving
from pipeline.desk.words import Language, say, texts
from pipeline.errors import BadDecision, NoSuchRecord
from pipeline.lake import EVER, Clock, Lake, append_line, whole_lines
from pipeline.resolve.decisions import VERDICTS, register_verdicts
from pipeline.settings import Settings
from pipeline.sql import quoted

FIELDS = ("family_name", "given_name", "patronymic", "birth_on", "sex", "iin", "institution_id", "stay", "interview")
LIKENESSES = {"family_name": "family_like", "given_name": "given_like", "patronymic": "patronymic_like", "birth_on": "birth_like", "iin": "iin_like"}  # fmt: skip
SIGNS = {2: "=", 1: "≈", 0: "·", -1: "≠"}
DONE = ("decided", "settled")
Verdict = Literal["same", "different", "unsure"]


@dataclass(frozen=True)
class Compared:
    """One field of a pair: what either record says, and how alike it is.

    2 equal, 1 near, 0 one side says nothing, -1 different; None where a difference means nothing.
    """

    field: str
    left: str
    right: str
    likeness: int | None

    @property
    def sign(self) -> str:
        """The likeness as a sign that needs no colour."""
        return "" if self.likeness is None else SIGNS[self.likeness]

    def worded(self, language: Language) -> Compared:
        """Return the field with its codes as words."""
        if self.field not in texts():
            return self
        left, right = (
            " ".join(say(language, self.field, code) for code in side.split()) for side in (self.left, self.right)
        )
        return replace(self, left=left, right=right)


@dataclass(frozen=True)
class Word:
    """What somebody says about a pair of cases, and why if they say so."""

    cases: tuple[str, str]
    verdict: str
    by: str
    why: str | None = None


class Review(Room):
    """The worklist of a build, with what people said since; leave it as a context manager."""

    def __init__(self, lake: Lake, settings: Settings, folder: Path) -> None:
        super().__init__(lake, settings, folder)
        self._execute("pair_id", query=resolving("pair_id"))
        self._read_words()

    def pairs(self) -> list[Row]:
        """Return what is on the worklist, in its order, and what people settled before; ids, reasons and points only.

        `standing` is `waits`, `unsure`, `proposed`, `disputed`, `contradicted`, `decided` (holds from the next build on) or `settled`
        (nobody is asked about it any more).
        """
        return self._rows("review_item")

    def waiting(self, by: str | None = None, *, is_s3: bool) -> list[Row]:
        """Return the pairs nobody has settled and `by` has not spoken about; of S3 only if asked for."""
        return [
            row
            for row in self.pairs()
            if row["standing"] not in DONE and by not in row["said_by"] and (is_s3 or not row["needs_two"])
        ]

    def pair(self, pair_id: str, *, is_s3: bool) -> Row:
        """Return one pair to think about again, whoever has spoken about it and whatever holds.

        Raises
        ------
        NoSuchRecord
            It is not on the worklist, and nobody has spoken about it.
        BadDecision
            It touches an S3 institution, and that was not asked for.
        """
        found = [row for row in self.pairs() if row["pair_id"] == pair_id]
        if not found:
            raise NoSuchRecord(
                "that pair is not on the worklist, and nobody has spoken about it",
                where="--pair",
                todo="`sanaq review list --decided` lists what waits and what is settled.",
            )
        if found[0]["needs_two"] and not is_s3:
            raise BadDecision("the pair touches an S3 institution", where="--pair", todo="Say --s3 as well.")
        return found[0]

    def compared(self, pair_ids: list[str], by: str, act: str, **about: object) -> dict[str, list[Compared]]:
        """Return what the records of pairs say, side by side; that `by` looked is written down first."""
        self.require_employee(by)
        self.note_access(act, by, {"pairs": pair_ids, **about})
        self._keep("hand", f"SELECT unnest([{', '.join(map(quoted, pair_ids))}]::VARCHAR[]) AS pair_id")
        return {row["pair_id"]: [_compared(row, name) for name in FIELDS] for row in self._rows("review_side")}

    def decide(self, words: list[Word], clock: Clock) -> int:
        """Append what people say about pairs, as of one moment; nothing if one word cannot be taken. Who repeats their last word is not written down again.

        Words are written line by line: killed, or out of disk, those before stand, and saying all of it again adds the rest, at a later moment.

        Returns
        -------
        int
            How many words were new.

        Raises
        ------
        BadDecision
            Somebody may not decide, or says something else than `same`, `different` or `unsure`.
        RoundClosed
            The round is closed.
        """
        listed = ", ".join(quoted(case) for word in words if word.why is not None for case in word.cases)
        cases = f"SELECT unnest([{listed}]::VARCHAR[])"
        said = self.said_of(f"SELECT record_id, case_id AS about FROM respondent WHERE case_id IN ({cases})")
        for word in words:
            self.require_employee(word.by)
            if word.why is not None:
                require_note(word.why)
                require_nameless(word.why, chain(*(said.get(case, []) for case in word.cases)))
            if word.verdict not in VERDICTS:
                raise BadDecision("this is no verdict", where="verdict", todo=f"Say one of {', '.join(VERDICTS)}.")
        with self._lake.lock("receive"):  # what is being received, or pinned, bears no later moment
            self._require_round_open()
            last, moment = self._last_words(), self._moment(clock).isoformat()
            new = [word for word in words if last.get((*word.cases, word.by)) != word.verdict]
            for word in new:
                line = {
                    "left_case_id": word.cases[0],
                    "right_case_id": word.cases[1],
                    "verdict": word.verdict,
                    "decided_at": moment,
                    "decided_by": word.by,
                    "why": word.why,
                }
                append_line(self._lake.decisions / "review.jsonl", line)
            self._read_words()
        return len(new)

    def disputed(self, cases: dict[str, list[str]]) -> list[Row]:
        """Return those of the pairs, cases by pair, about which as many say the one as the other, with everybody's last word."""
        said: dict[tuple[str, str], dict[str, str]] = {}
        for (left, right, by), verdict in self._last_words().items():
            said.setdefault((left, right), {})[by] = verdict
        words = {pair_id: said.get((left, right), {}) for pair_id, (left, right) in sorted(cases.items())}
        return [{"pair_id": each, **told} for each, told in words.items() if _is_even([*told.values()])]

    def taken_out(self, sheet_id: str) -> Row | None:
        """Return what was noted when a sheet was exported; None if none was by that id."""
        noted = map(json.loads, whole_lines(self._lake.access)[0])
        return next((row for row in noted if sheet_id and row.get("sheet_id") == sheet_id), None)

    def _last_words(self) -> dict[tuple[str, str, str], str]:
        lines = self._lake.decided("review", EVER)
        return {(line["left_case_id"], line["right_case_id"], line["decided_by"]): line["verdict"] for line in lines}

    def _read_words(self) -> None:
        register_verdicts(self._bench, EVER)
        self._keep_guarded("SELECT unnest([left_case_id, right_case_id]) FROM verdict_line")
        self._keep("desk_pair")
        self._keep("guarded_pair", "SELECT left_case_id, right_case_id FROM desk_pair WHERE needs_two")
        self._keep("pair_verdict", resolving("pair_verdict"))


def _is_even(said: list[str]) -> bool:
    return 0 < said.count("same") == said.count("different")


def _compared(row: Row, name: str) -> Compared:
    left, right = row["left_side"][name], row["right_side"][name]
    likeness = row.get(LIKENESSES.get(name, ""))
    if likeness is None and name != "interview":
        likeness = 0 if left is None or right is None else 2 if left == right else -1
    return Compared(name, left or "", right or "", likeness)
