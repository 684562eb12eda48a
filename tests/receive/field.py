"""A small field of its own: an inbox that tests fill by hand, and what a lake holds afterwards."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.lake import Clock, Lake, clock_from
from pipeline.receive import Receipt, receive
from pipeline.settings import Settings, load_settings
from sandbox.seals import key_of, sealed

START = datetime(2021, 10, 3, 16, 0, tzinfo=UTC)
LINE = b'{"case_id":"c1","case_version":1}\n'


class Field:
    """An inbox and a lake below one folder."""

    def __init__(self, root: Path, **settings: object) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.settings: Settings = load_settings(lake=root / "lake", inbox=self.inbox, **settings)
        self.lake = Lake(self.settings.lake)

    def put(self, path: str, content: bytes) -> Path:
        """Write a file into the inbox."""
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target

    def bundle(self, folder: str, lines: bytes = LINE, *, is_ready: bool = True, **said: object) -> Path:
        """Write a tablet's bundle; `said` overrides what its manifest says."""
        name = folder.rsplit("/", 1)[-1]
        manifest = {
            "bundle_id": name, "device_id": "TB-0001", "institution_id": "MNG-0001", "app_version": "3.1",
            "exported_at": "2021-10-03T21:00:00+05:00", "case_count": lines.count(b"\n"),
            "submissions_sha256": hashlib.sha256(lines).hexdigest(),
            "created_count": 1, "deleted_count": 0, "last_case_no": 1, "daily_counts": {"2021-10-03": 1},
        }  # fmt: skip
        manifest |= said
        for file, content in sealed(manifest, key_of(1, str(manifest["device_id"])), lines.split(b"\n")[:-1]).items():
            self.put(f"{folder}/{file}", content)
        self.put(f"{folder}/submissions.ndjson", lines)
        if is_ready:
            self.put(f"{folder}.ready", b"")
        return self.inbox / folder

    def receive(self, route: str, clock: Clock | None = None, *, is_sweep: bool = False) -> Receipt:
        """Receive over a route with a clock that stands still, to the end."""
        return receive(route, self.lake, self.settings, clock or clock_from(START), is_sweep=is_sweep).whole()

    def landing(self) -> dict[str, str]:
        """Return every landed file with the hash of its bytes."""
        root = self.lake.landing
        return {
            str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    def receipts(self) -> list[dict[str, Any]]:
        """Return the lines of `receipts.jsonl`."""
        if not self.lake.receipts.exists():
            return []
        return [json.loads(line) for line in self.lake.receipts.read_text(encoding="utf-8").splitlines()]
