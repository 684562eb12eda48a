"""A field whose lake is read: fills the inbox, receives, runs the read step, and answers questions about the tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline import read
from pipeline.lake import clock_from
from pipeline.read import office, submissions
from pipeline.read.seals import WHOLE, Seal
from pipeline.round import OFFICE_ROUTES, load_reference, load_round
from pipeline.schema import load_tables
from pipeline.sql import Workbench, connect, quoted
from sandbox.seals import key_columns
from sandbox.tables import xlsx_bytes
from tests.receive.field import START, Field

FAR = datetime(2100, 1, 1, tzinfo=UTC)
Row = tuple[Any, ...]


def submission(number: int = 1, **changes: object) -> dict[str, Any]:
    """Return a whole submission; `changes` replace fields of any part, a field set to `...` is left out."""
    said: dict[str, Any] = {
        "case_id": f"case-{number}", "case_version": 1, "form_code": "F3_PERSON", "form_version": "2021.1", "institution_id": "MNG-0001",
        "list_entry_no": number, "mode": "tablet", "case_status": "submitted", "is_training": False, "staff_id": "ST-1",
        "device_id": "TB-0001", "device_case_no": number, "certificate_no": None, "started_at": "2021-10-03T14:02:10+05:00",
        "completed_at": "2021-10-03T14:20:00+05:00", "synced_at": "2021-10-03T21:00:00Z",
        "identity": {
            "iin": "500101300012", "iin_missing_reason": None, "family_name": "Әлиев", "given_name": "Ұлан", "patronymic": None,
            "sex": 1, "birth_date": "1950-01-01", "birth_date_precision": "DAY",
        },
        "answers": {
            "position_in_institution": "RESIDENT", "religion": 1, "is_proxy": False, "languages_known": ["kk", "ru"],
            "stay_from_on": "2019-05-01", "usual_address_text": None,
        },
    }  # fmt: skip
    for name, value in changes.items():
        part = next((p for p in (said, said["identity"], said["answers"]) if name in p), said["answers"])
        if value is ...:
            part.pop(name, None)
        else:
            part[name] = value
    return said


def line(said: dict[str, Any], **form: Any) -> bytes:
    """Return a submission as a line of bytes, without its newline."""
    return json.dumps(said, **{"ensure_ascii": False, **form}).encode("utf-8")


class Desk(Field):
    """A field and its read step."""

    def __init__(self, root: Path, **settings: object) -> None:
        super().__init__(root, **settings)
        self.root = root
        self._readings = 0

    def know_tablet(
        self, *acts: dict[str, Any], at: datetime = START - timedelta(days=1), category: str | None = "PSY", **said: Any
    ) -> None:
        """Receive a register that knows tablet TB-0001 at MNG-0001, of this category; `said` replaces columns of its row, `acts` of one row each."""
        key, vouched = key_columns(1, "TB-0001")
        row = {"device_id": "TB-0001", "institution_id": "MNG-0001", "public_key": key, "key_signature": vouched} | said
        rows = [row | act for act in acts] or [row]
        sheets = {
            "institution": [["institution_id", "category_code"], ["MNG-0001", category]],
            "device": [[*rows[0]], *([*each.values()] for each in rows)],
        }
        self.put(f"register/tablets-{at:%Y%m%d%H%M}.xlsx", xlsx_bytes(sheets))
        self.receive("register", clock_from(at))

    def bench(self, as_of: datetime = FAR) -> Workbench:
        """Return a workbench of a build of its own."""
        self._readings += 1
        folder = self.root / "builds" / str(self._readings)
        folder.mkdir(parents=True)
        round_, reference = load_round(self.settings.round), load_reference(self.settings.reference)
        return Workbench(
            folder, "read", lake=self.lake, settings=self.settings, round_=round_, reference=reference,
            batches=self.lake.batches(as_of), as_of=as_of,
        )  # fmt: skip

    def read(self, as_of: datetime = FAR) -> Workbench:
        """Run the whole step."""
        bench = self.bench(as_of)
        read.run(bench)
        return bench

    def light_bench(self, as_of: datetime = FAR) -> Any:
        """Return as much of a workbench as reading submissions needs: a connection, the lake and the schemas."""
        con = connect(self.settings, self.lake)
        schemas = load_tables(self.settings.reference / "questionnaire.yaml")
        return SimpleNamespace(
            con=con,
            lake=self.lake,
            schemas=schemas,
            batches=self.lake.batches(as_of),
            close=con.close,
            settings=self.settings,
            reference=load_reference(self.settings.reference),
        )

    def read_submissions(self, seal: Seal = WHOLE) -> Any:
        """Read the submissions received so far, with this proven of every batch; the tables are views over the kept files."""
        bench = self.light_bench()
        reader = submissions.Reader(bench, [])
        proven = {batch["batch_id"]: seal for batch in bench.batches}
        kept = [reader.parquet(run, proven) for run in submissions.runs(bench.batches)]
        for table in submissions.TABLES:
            listed = ", ".join(quoted(str(path)) for files in kept for path in files[table])
            bench.con.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{listed}])")
        return bench

    def read_lines(
        self, *lines: bytes, name: str = "TB-0001-01", end: bytes = b"\n", seal: Seal = WHOLE, **said: object
    ) -> Any:
        """Put lines into a bundle, receive it and read the submissions."""
        self.bundle(f"tablet_vpn/{name}", lines=b"\n".join(lines) + end, **said)
        self.receive("tablet_vpn")
        return self.read_submissions(seal)

    def receive_office(self) -> None:
        """Receive what offices sent."""
        for route in OFFICE_ROUTES:
            self.receive(route)

    def read_office(self) -> Workbench:
        """Receive and read what offices sent, and nothing else."""
        self.receive_office()
        bench = self.bench()
        office.run(bench)
        return bench


def rows(bench: Any, query: str) -> list[Row]:
    """Return the rows of a query."""
    found: list[Row] = bench.con.execute(query).fetchall()
    return found
