"""The Census Database is a real PostgreSQL that shows what it has accepted by the campaign's clock."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from sandbox.census_db import SERVED, Server, running
from sandbox.deliver import deliver

NIGHTS = ("2021-09-20T02:00:00+05:00", "2021-10-20T02:00:00+05:00", "2021-12-30T02:00:00+05:00")


def shown(server: Server) -> list[tuple[str, int, str, str]]:
    """Rows as the reading role sees them, in order."""
    with psycopg.connect(server.url, password=server.password) as db:
        query = "SELECT case_id, case_version, submission::text, accepted_on::text FROM sanaq.submission"
        return sorted(db.execute(query).fetchall())


def test_deliveries_fill_it_up_to_the_clock(campaign: Path, tmp_path: Path) -> None:
    field = Path(shutil.copytree(campaign, tmp_path / "campaign"))
    with (field / "field/census_db/index.csv").open() as index:
        rows = list(csv.DictReader(index))
    lines = (field / "field/census_db/submissions.ndjson").read_text().splitlines()
    everything = [
        (row["case_id"], int(row["case_version"]), line, row["accepted_on"])
        for row, line in zip(rows, lines, strict=True)
    ]
    deliver(field, datetime.fromisoformat(NIGHTS[0]), tmp_path / "inbox")
    with running(field) as server:
        early = sum(row["accepted_at"] <= "2021-09-19T21:00:00Z" for row in rows)
        assert 0 < early < len(rows)
        assert shown(server) == sorted(everything[:early])
        for night in NIGHTS[1:]:
            deliver(field, datetime.fromisoformat(night), tmp_path / "inbox")
        assert shown(server) == sorted(everything)
        assert json.loads((field / SERVED).read_text()) == {"port": server.port, "password": server.password}
        assert (field / SERVED).stat().st_mode & 0o077 == 0
    assert not (field / SERVED).exists()
    with pytest.raises(psycopg.OperationalError):
        shown(server)
