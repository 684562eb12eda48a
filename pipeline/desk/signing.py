"""What the head of an institution signs under the counted total, entered at the desk."""

from __future__ import annotations

from pipeline.desk.room import Room, Row, require_reason
from pipeline.errors import BadDecision
from pipeline.lake import Clock, append_line
from pipeline.sql import quoted


class Signing(Room):
    """The signatures, beside the build that is published; leave it as a context manager."""

    def sign(self, institution_id: str, present: int, usual: int, act: str, by: str, clock: Clock) -> Row:
        """Append what a head signed, and return it beside what the build counts there; a later signature takes the place of it.

        Raises
        ------
        BadDecision
            Nobody may enter that, the act is no plain words, or the register knows no such institution.
        RoundClosed
            The round is closed.
        """
        self.require_employee(by)
        require_reason(act, "--act")
        counted = self._counted(institution_id)
        with self._lake.lock("receive"):
            self._require_round_open()
            line = {
                "institution_id": institution_id,
                "present_count": present,
                "usual_count": usual,
                "act": act,
                "decided_at": self._moment(clock).isoformat(),
                "decided_by": by,
            }
            append_line(self._lake.decisions / "sign_off.jsonl", line)
        return {**line, **counted, "agrees": (present, usual) == tuple(counted.values())}

    def _counted(self, institution_id: str) -> Row:
        found = self._bench.con.execute(
            "SELECT present_count, usual_count FROM coverage_institution "
            f"JOIN institution USING (institution_id) WHERE institution_id = {quoted(institution_id)}"
        ).fetchall()
        if not found:
            raise BadDecision(
                "the register knows no such institution",
                where="INSTITUTION",
                todo="Give its `institution_id` as it stands in the register and in `coverage.institution`.",
            )
        return {"counted_present": found[0][0], "counted_usual": found[0][1]}
