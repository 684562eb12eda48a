"""Receives and reads an inbox of hostile files in a process that can be watched: `python -m tests.fuzz.hostile FOLDER`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from unittest import mock

from pipeline.round import OFFICE_ROUTES
from tests.fuzz.one_pass import run
from tests.fuzz.watch import ready
from tests.read.desk import Desk, rows

ROUTES = (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb")
READ = "SELECT batch_id, coalesce(read_error, 'read'), count(*) FROM record GROUP BY ALL"
TAKEN = "SELECT batch_id, coalesce(reason, 'read'), count(*) FROM intake_record GROUP BY ALL"


def read(folder: Path) -> dict[str, Counter[str]]:
    """Receive and read what lies in the inbox of a folder; return by place how many rows were read, or why they were not.

    Submissions are read twice: as their signature is judged, and as if every bundle were believed; the second is returned.
    """
    with mock.patch.object(os, "fsync"):
        desk = Desk(folder, threads=1, memory_limit="320MB")
        for route in ROUTES:
            desk.receive(route)
        bench = desk.read()
        believed = desk.read_submissions()
    place = {batch["batch_id"]: batch["origin"] for batch in desk.lake.batches()}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for batch_id, reason, count in [*rows(believed, READ), *rows(bench, TAKEN)]:
        found[place[batch_id]][reason] += count
    for receipt in desk.receipts():
        if receipt["outcome"] == "refused":
            found[receipt["origin"]][receipt["reason"]] += 1
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as warm:
        run(Path(warm), [])  # whatever is imported late
    ready()
    print(json.dumps(read(Path(sys.argv[1]))))
