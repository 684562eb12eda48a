"""One questionnaire about one person, in one version, as somebody filled it in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.answers import Answers
from sandbox.identity import Identity
from sandbox.people import Person
from sandbox.world import Device


@dataclass
class Case:
    """A version of a case, with what is true about it.

    Attributes
    ----------
    person
        Whom it is about; None where there is no such person.
    filled_at
        Institution where it was truly filled.
    written_site
        Institution as written in the form.
    scope
        Why it is out of scope, None where it is in scope.
    hold
        Why it should be held in quarantine, None where it should not.
    started, completed
        True moments; a tablet writes them by its own clock.
    """

    case_id: str | None
    version: int
    person: Person | None
    filled_at: str
    written_site: str
    mode: str
    staff_id: str | None
    device: Device | None
    started: datetime
    completed: datetime
    identity: Identity
    answers: Answers
    scope: str | None = None
    hold: str | None = None
    status: str = "submitted"
    is_training: bool = False
    form_code: str = "F3_PERSON"
    form_version: str = "2021.1"
    list_entry_no: int | None = None
    certificate_no: str | None = None
    case_no: int | None = None

    def submission(self, synced_at: datetime | None) -> dict[str, Any]:
        """Return the submission as its source sends it.

        Parameters
        ----------
        synced_at
            Mark of sending by the tablet's own clock, None where there is none.
        """
        clock = self.device.clock if self.device else None

        def written(moment: datetime) -> str:
            return (moment + clock if clock else moment).isoformat(timespec="seconds")

        return {
            "case_id": self.case_id,
            "case_version": self.version,
            "form_code": self.form_code,
            "form_version": self.form_version,
            "institution_id": self.written_site,
            "list_entry_no": self.list_entry_no,
            "mode": self.mode,
            "case_status": self.status,
            "is_training": self.is_training,
            "staff_id": self.staff_id,
            "device_id": self.device.device_id if self.device else None,
            "device_case_no": self.case_no,
            "certificate_no": self.certificate_no,
            "started_at": written(self.started),
            "completed_at": None if self.status == "draft" else written(self.completed),
            "synced_at": synced_at.isoformat(timespec="seconds") if synced_at else None,
            "identity": self.identity,
            "answers": self.answers,
        }

    def content_key(self) -> str:
        """Digest of everything but the marks of transport: equal for repetitions."""
        return hashlib.sha256(line_of(self.submission(None))).hexdigest()[:24]


def line_of(submission: dict[str, Any]) -> bytes:
    """Return a submission as one line, without the newline."""
    return json.dumps(submission, ensure_ascii=False, separators=(", ", ": ")).encode()
