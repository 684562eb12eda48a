"""The real files that are damaged: a small campaign of the sandbox, and exports as other survey tools write them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.campaign import create
from sandbox.seals import key_of, sealed
from tests.read import foreign_files as foreign
from tests.read.desk import line, submission
from tests.read.test_dress import DRESSES

CROSSWALKS = Path(__file__).resolve().parents[2] / "data" / "crosswalks"
REGISTER_FOLDER = "register/reestr_3"
LINES = 4  # of a file of submissions: small files are damaged more thoroughly


SIGNED = [line(submission(number, device_id="TB-0002")) for number in (1, 2)]
# Of a bundle whose seal is damaged: its tablet is one the register knows, or nothing would look at the seal.
SEALED: dict[str, Any] = {
    "bundle_id": "sealed", "device_id": "TB-0002", "institution_id": "MNG-0001", "exported_at": "2021-10-03T21:00:00+05:00", "case_count": 2,
    "submissions_sha256": hashlib.sha256(b"".join(one + b"\n" for one in SIGNED)).hexdigest(),
}  # fmt: skip


@dataclass(frozen=True)
class Original:
    """A file and how it comes: `kind` is a route, or which file of a bundle or medium it is."""

    kind: str
    name: str
    content: bytes


@cache
def originals() -> dict[str, list[Original]]:
    """Return the originals by kind, in one order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create(folder, seed=12, institutions=6, people=60)
        found = [*_of_campaign(folder / "field"), *_of_tools(folder), *_made()]
    return {kind: [one for one in found if one.kind == kind] for kind in dict.fromkeys(one.kind for one in found)}


def _of_campaign(field: Path) -> list[Original]:
    kinds = {
        "submissions": "tablet_vpn/*/submissions.ndjson", "manifest": "tablet_vpn/*/manifest.json", "custody": "tablet_usb/*/custody.json",
        "portal": "portal/submissions.ndjson", "portal_movement": "portal/movements.ndjson", "portal_headcount": "portal/headcounts.ndjson",
        "register": "register/*.xlsx", "register_sheet": f"{REGISTER_FOLDER}/*.csv", "census_db": "census_db/submissions.ndjson",
        **{route: f"{route}/**/*.*" for route in ("list", "movement", "headcount", "verification")},
    }  # fmt: skip
    files = [
        (kind, path)
        for kind, pattern in kinds.items()
        for path in sorted(field.glob(pattern))
        if path.suffix != ".ready"
    ]
    return [Original(kind, path.name, _few(path)) for kind, path in files]


def _few(path: Path) -> bytes:
    content = path.read_bytes()
    return b"".join(content.splitlines(keepends=True)[:LINES]) if path.suffix == ".ndjson" else content


def _of_tools(folder: Path) -> list[Original]:
    people = [foreign.person(number) for number in (1, 2)]
    survey = foreign.survey_solutions(
        [foreign.interview()], [foreign.resident(), foreign.resident(row=2)], [foreign.action(1, 3)]
    )
    data = foreign.csdb(folder / "data.csdb", [foreign.case(1, [foreign.member(), foreign.member()]), foreign.case(2)])
    files = {
        "export.zip": survey,
        "odk.zip": foreign.odk_csv(people),
        "page-00001.json": foreign.odata_page(people),
        "data.csdb": data,
    }
    return [Original("foreign", name, content) for name, content in files.items()]


def _made() -> list[Original]:
    """What the campaign has none of: lists in every dress, a medium's paper, the crosswalks."""
    custody = {
        "medium_id": "USB-001", "employee_id": "DEP-01", "reason_code": "NO_INTERNET", "act_no": "A-1", "act_case_count": 3,
        "copied_at": "2021-10-06T21:00:00+05:00", "loaded_at": "2021-10-07T10:00:00+05:00", "files": [{"path": "b/submissions.ndjson", "sha256": "0" * 64}],
    }  # fmt: skip
    sealed_files = sealed(SEALED, key_of(1, SEALED["device_id"]), SIGNED)
    return [
        *(Original("seal", name, sealed_files[name]) for name in ("signature", "submissions.sha256")),
        *(Original("list", f"list.{dress}", content) for dress, content in DRESSES.items()),
        Original("custody", "custody.json", json.dumps(custody).encode()),
        *(Original("crosswalk", path.name, path.read_bytes()) for path in sorted(CROSSWALKS.glob("*.yaml"))),
    ]
