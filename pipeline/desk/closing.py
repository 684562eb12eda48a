"""The end of a round: what is left open, and the decisions that close it and reopen it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipeline.desk.room import Room, Row, require_reason
from pipeline.errors import BadDecision, NotReadyToClose
from pipeline.lake import EVER, Clock, append_line, in_utc, received_by
from pipeline.reconcile.campaign import catalogue, checks
from pipeline.reconcile.figures import register_beside

OWN = {check["id"] for check in catalogue()["phases"]["closing"] if "own" in check}

GAPS = "FROM quality.control_total WHERE gap_count > 0 AND control_code IN"
LOOKS = {
    "BATCHES_NOT_IN_BUILD": "sanaq status",
    "CENSUS_DB_GONE": "sanaq missing",
    "CENSUS_DB_GAP": f"sanaq missing; of days and totals sanaq query \"{GAPS} ('CENSUS_DAY', 'PORTAL_TOTAL')\"",
    "COUNTER_GAP": f"sanaq query \"{GAPS} ('TABLET_COUNTER', 'TABLET_NUMBERS')\"",
    "DECISIONS_NOT_IN_BUILD": "sanaq build, reconcile, publish takes them up",
    "MEDIA_OUT": "the page, operations/current/index.html",
    "NO_OUTCOME": 'sanaq query "SELECT institution_id, no_outcome_count FROM coverage.institution WHERE no_outcome_count > 0"',
    "PORTAL_GAP": f"sanaq query \"{GAPS} ('PORTAL_TOTAL')\"",
    "QUARANTINE": "sanaq quarantine list",
    "REVIEW": "sanaq review list",
    "SIGN_OFF": 'sanaq query "FROM coverage.sign_off WHERE NOT is_agreed"',
    "TABLETS_OUT": 'sanaq query "FROM census.device WHERE returned_on IS NULL AND COALESCE(issued_on <= current_date, TRUE)"',
    "TABLET_LEFT": f"sanaq query \"{GAPS} ('TABLET_RETURNED')\"",
}


def _look(left: str) -> str:
    """Return the command that shows what is left; a kind of discrepancy is a query of its own."""
    return LOOKS.get(left, f"sanaq query \"FROM coverage.discrepancy WHERE severity = 'red' AND kind = '{left}'\"")


class Closing(Room):
    """The round, seen from the build that is published; leave it as a context manager."""

    def left_open(self) -> list[Row]:
        """Return what closing leaves undone, with counts: failed checks of the closing phase, red discrepancies by kind, and what the build does not know."""
        register_beside(self._bench, self._bench.as_of)
        failed = [check for check in checks(self._bench, "closing") if check["status"] == "failed"]
        rows = [{"left": row["check_id"], "count": row["finding_count"]} for row in failed if row["check_id"] in OWN]
        return rows + self._rows("left_open") + self._not_in_build()

    def close(self, by: str, why: str, clock: Clock, snapshot: dict[str, Any], *, with_open: bool = False) -> Row:
        """Append the decision that closes the round on this build, with E as it is frozen and what the heads signed beside it.

        Parameters
        ----------
        snapshot
            Manifest of the snapshot published from this build: what people could read when they decided.
        with_open
            Close although something is left open; the decision says what.

        Raises
        ------
        BadDecision
            Nobody may decide like that.
        RoundClosed
            It is closed already.
        NotReadyToClose
            A window is still open, the build is as of a moment to come, or something is left open and `with_open` does not say so.
        """
        self.require_employee(by)
        require_reason(why)
        with self._lake.lock("receive"):  # what is being received, or pinned, bears no later moment
            self._require_round_open()
            decided_at = self._moment(clock)
            self._require_windows_over(decided_at)
            left = self.left_open()
            if left and not with_open:
                looks = "".join(f"\n{row['left']} {row['count']}: {_look(row['left'])}" for row in left)
                raise NotReadyToClose(
                    f"left open: {', '.join(row['left'] for row in left)}",
                    where=f"builds/{snapshot['build_id']}",
                    todo=f"Settle it, or close knowingly with --with-open: the decision keeps what was left. What it is:{looks}",
                )
            line = {
                "action": "close",
                "decided_at": decided_at.isoformat(),
                "decided_by": by,
                "why": why,
                "as_of": self._bench.as_of.isoformat(),
                **{name: snapshot[name] for name in ("build_id", "snapshot_id", "content_digest")},
                "left_open": left,
                "expected": self._rows("frozen"),
            }
            append_line(self._lake.decisions / "round.jsonl", line)
        return line

    def reopen(self, by: str, why: str, clock: Clock) -> Row:
        """Append the decision that reopens the round: from the next build on all that was received and decided counts.

        Raises
        ------
        BadDecision
            It is not closed, or nobody may decide like that.
        """
        self.require_employee(by)
        require_reason(why)
        with self._lake.lock("receive"):
            if self._lake.closing(EVER) is None:
                raise BadDecision(
                    "the round is not closed", where="decisions/round.jsonl", todo="Nothing is left to do."
                )
            line = {
                "action": "reopen",
                "decided_at": self._moment(clock).isoformat(),
                "decided_by": by,
                "why": why,
            }
            append_line(self._lake.decisions / "round.jsonl", line)
        return line

    def _require_windows_over(self, decided_at: datetime) -> None:
        if decided_at <= self._bench.as_of:
            raise NotReadyToClose(
                f"the build is as of {in_utc(self._bench.as_of)}, and it is {in_utc(decided_at)}",
                where="--as-of of the build published last",
                todo="Take it back (`sanaq publish --rollback previous`), or wait until that moment has passed.",
            )
        ends_at: datetime = self._bench.value("SELECT max(ends_at) FROM round_window").replace(tzinfo=UTC)
        if self._bench.as_of < ends_at:
            raise NotReadyToClose(
                f"a window is open until {in_utc(ends_at)}, the build is as of {in_utc(self._bench.as_of)}",
                where=f"{self._bench.settings.round.name}, windows",
                todo="Wait until it has closed; then build, reconcile, publish, and close on that.",
            )

    def _not_in_build(self) -> list[Row]:
        """Return how many batches and decisions are newer than the build: closed on it, they wait."""
        until = self._bench.as_of
        batches = self._lake.batches()
        kinds = sorted(path.stem for path in self._lake.decisions.glob("*.jsonl") if path.stem != "round")
        decisions = [row for kind in kinds for row in self._lake.decided(kind, EVER)]
        newer = [row for row in decisions if datetime.fromisoformat(row["decided_at"]) > until]
        counts = {
            "BATCHES_NOT_IN_BUILD": len(batches) - len(received_by(batches, until)),
            "DECISIONS_NOT_IN_BUILD": len(newer),
        }
        return [{"left": name, "count": count} for name, count in counts.items() if count]
