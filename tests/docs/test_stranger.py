"""Somebody who has read docs/formats.md and nothing else sends a batch by every route of the inbox, and nobody has a question.

The generator knows columns and examples from the page itself; it uses the standard library, `cryptography` and a writer of workbooks alone.
Files of other survey tools, the portal's pages and the Census Database's rows are none of its inputs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipeline.round import OFFICE_ROUTES
from tests.road.road import STATES, Road, imbalances, rows

SITE, TABLET, STAFF = "MNG-0007", "TB-0031", "ST-0012"  # as the page's examples have them
PEOPLE = (("Ахметова", "Айгүл", 2, "1950-01-01"), ("Ким", "Пётр", 1, "1948-03-09"), ("Орлова", "Вера", 2, "1939-11-30"))
ARRIVALS = (
    ("2021-09-20T02:00:00+05:00", "register"),
    ("2021-09-20T02:00:00+05:00", "list"),
    ("2021-09-20T02:00:00+05:00", "movement"),
    ("2021-09-20T02:00:00+05:00", "headcount"),
    ("2021-10-04T02:00:00+05:00", "tablet_vpn"),
    ("2021-11-02T10:00:00+05:00", "tablet_usb"),
    ("2021-11-02T10:00:00+05:00", "verification"),
)


class Stranger:
    """A generator of files, written from the page.

    Parameters
    ----------
    page
        The text of docs/formats.md.
    inbox
        Where the files go.
    """

    def __init__(self, page: str, inbox: Path) -> None:
        self.page = page
        self.inbox = inbox
        self.submission, self.manifest, self.custody = map(
            json.loads, re.findall(r"```json\n(.*?)```", page, re.DOTALL)
        )
        self.root, self.key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()

    @property
    def trust_root(self) -> str:
        """The public half of the key that vouches for tablets."""
        return _public(self.root)

    def send_register(self) -> None:
        """Chapter 3, as a folder of csv."""
        known = _public(self.key)
        vouched = base64.b64encode(self.root.sign(f"sanaq-device-v1\n{TABLET}\n{known}\n".encode())).decode()
        site = {"institution_id": SITE}
        act = {"act_no": "A-1", "issued_on": "2021-09-25"}
        sheets: dict[str, dict[str, object]] = {
            "institution": site | {
                "bin": "990140000007", "site_no": 1, "name_kk": "Қарттар үйі", "name_ru": "Дом престарелых", "category_code": "SOCSERV",
                "kato": "471010000", "capacity": 10, "governing_order": "141/17", "head_order_no": "1", "head_order_on": "2021-07-05", "is_web_only": "false",
            },
            "staff": site | {"staff_id": STAFF, "full_name": "Серикова Дана", "order_no": "2", "order_on": "2021-07-06", "trained_on": "2021-08-20"},
            "premises": site | {"has_room": "true", "computer_count": 2, "has_internet": "true"},
            "device": site | act | {
                "device_id": TABLET, "form_version": self.submission["form_version"], "public_key": known, "key_signature": vouched,
                **dict.fromkeys(("has_case", "has_glass", "has_charger", "has_usb_cable", "has_stylus", "has_power_bank"), "true"),
            },
            "employee": {"employee_id": self.custody["employee_id"], "full_name": "Оспанов Ерлан"},
            "medium": {
                "medium_id": self.custody["medium_id"], "employee_id": self.custody["employee_id"], "act_no": self.custody["act_no"],
                "copied_on": self.custody["copied_at"][:10], "act_case_count": len(PEOPLE),
            },
            "certificate": {"first_no": "0001234", "last_no": "0001236", "staff_id": STAFF, "act_no": "C-1", "issued_on": "2021-09-25"},
        }  # fmt: skip
        self._delivery("register/first", {name: [row] for name, row in sheets.items()})

    def send_office_files(self) -> None:
        """Chapters 4, 5 and 6."""
        titles = [["Список проживающих"], ["по состоянию на 01.06.2021"], ["составлен 05.07.2021"]]
        entries = [
            [number, f"{family} {given}", "жен" if sex == 2 else "муж", _dotted(born)]
            for number, (family, given, sex, born) in enumerate(PEOPLE, 1)
        ]
        header = ["№ п/п", "ФИО", "Пол", "Дата рождения"]
        book = openpyxl.Workbook()
        for row in [*titles, header, *entries, ["Итого", len(entries)]]:
            book.active.append(row)
        (self.inbox / "list" / SITE).mkdir(parents=True)
        book.save(self.inbox / "list" / SITE / "list.xlsx")
        family, given, sex, born = PEOPLE[2]
        movement = {
            "movement_no": "1", "movement_type": "RETURN", "occurred_on": "2021-07-01", "family_name": family, "given_name": given, "sex": sex,
            "birth_date": born,
        }  # fmt: skip
        self._table(f"movement/{SITE}/june.csv", self._columns(r"## 5 .*?header row first: (.*?)\.\n"), [movement])
        headcount = {
            "institution_id": SITE, "moment_at": "2021-08-31T23:00:00+05:00", "present_count": len(PEOPLE), "temporarily_absent_count": 0,
            "living_in_staff_count": 0, "usual_present_count": len(PEOPLE), "signed_by_staff_id": STAFF, "signed_on": "2021-09-01",
        }  # fmt: skip
        self._table(f"headcount/{SITE}/count.csv", self._columns(r"## 6 .*?one data row: (.*?)\. "), [headcount])

    def send_verification(self) -> None:
        """Chapter 7."""
        source = {"source_id": "CW-1", "source_kind": "CONTROL_WALK", "institution_id": SITE, "taken_on": "2021-10-30", "row_count": len(PEOPLE)}  # fmt: skip
        persons = [
            source | {"person_no": number, "family_name": family, "given_name": given, "sex": sex, "birth_date": born}
            for number, (family, given, sex, born) in enumerate(PEOPLE, 1)
        ]
        self._delivery("verification/walk", {"source": [source], "person": persons})

    def send_bundle(self) -> None:
        """Chapters 2 and 2.1: a case a person, on the tablet's own road."""
        self._bundle("tablet_vpn", self.submission["synced_at"])
        (self.inbox / "tablet_vpn" / f"{self.manifest['bundle_id']}.ready").touch()

    def send_stick(self) -> None:
        """Chapter 2.2: the same cases again, on a stick."""
        bundle = self._bundle("tablet_usb/stick", None)
        files = [
            {"path": f"{bundle.name}/{path.name}", "sha256": _sha256(path.read_bytes()), "size": path.stat().st_size}
            for path in sorted(bundle.iterdir())
        ]
        custody = self.custody | {"act_case_count": len(PEOPLE), "files": files}
        (bundle.parent / "custody.json").write_text(json.dumps(custody))

    def _bundle(self, way: str, synced_at: str | None) -> Path:
        folder = self.inbox / way / str(self.manifest["bundle_id"])
        folder.mkdir(parents=True)
        lines = [
            json.dumps(self._case(number) | {"synced_at": synced_at}, ensure_ascii=False).encode() + b"\n"
            for number in range(1, len(PEOPLE) + 1)
        ]
        digests = b"".join(f"{_sha256(line[:-1])}\n".encode() for line in lines)
        manifest = json.dumps(
            self.manifest
            | {
                "case_count": len(lines), "created_count": len(lines), "last_case_no": len(lines), "daily_counts": {"2021-10-03": len(lines)},
                "submissions_sha256": _sha256(b"".join(lines)), "lines_sha256": _sha256(digests),
            }
        ).encode()  # fmt: skip
        (folder / "submissions.ndjson").write_bytes(b"".join(lines))
        (folder / "submissions.sha256").write_bytes(digests)
        (folder / "manifest.json").write_bytes(manifest)
        (folder / "signature").write_bytes(base64.b64encode(self.key.sign(b"sanaq-bundle-v1\n" + manifest)) + b"\n")
        return folder

    def _case(self, number: int) -> dict[str, Any]:
        """The page's submission, about somebody."""
        family, given, sex, born = PEOPLE[number - 1]
        said = json.loads(json.dumps(self.submission))
        del said["answers"]["…"]  # what the page leaves to its table
        said["answers"] |= {"residence_status": "USUAL_PRESENT", "stay_from_on": "2019-05-01", "is_proxy": False}
        said["identity"] |= {
            "family_name": family, "given_name": given, "sex": sex, "birth_date": born, "birth_date_precision": "DAY",
        }  # fmt: skip
        hour = 9 + number
        return said | {
            "case_id": f"5f0e-{number}", "list_entry_no": number, "device_case_no": number, "certificate_no": f"{1233 + number:07d}",
            "started_at": f"2021-10-03T{hour}:02:10+05:00", "completed_at": f"2021-10-03T{hour}:20:00+05:00",
        }  # fmt: skip

    def _columns(self, pattern: str) -> list[str]:
        found = re.search(pattern, self.page, re.DOTALL)
        assert found
        return re.findall(r"`(\w+)`", found[1])

    def _delivery(self, folder: str, sheets: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        for name, content in sheets.items():
            columns = self._columns(rf"\n\| `{name}` \| (.*?)[|;:]")
            self._table(f"{folder}/{name}.csv", columns, content)
        (self.inbox / f"{folder}.ready").touch()

    def _table(self, path: str, columns: Sequence[str], content: Sequence[Mapping[str, object]]) -> None:
        self._csv(path, [columns, *([row.get(name, "") for name in columns] for row in content)])

    def _csv(self, path: str, content: Sequence[Sequence[object]]) -> None:
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(content)


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _dotted(day: str) -> str:
    return ".".join(reversed(day.split("-")))


def test_what_a_stranger_sends_is_taken_without_a_question(root: Path, tmp_path: Path) -> None:
    stranger = Stranger((root / "docs" / "formats.md").read_text(encoding="utf-8"), tmp_path / "inbox")
    road = Road(tmp_path, trust_root=stranger.trust_root)
    stranger.send_register()
    stranger.send_office_files()
    stranger.send_bundle()
    stranger.send_stick()
    stranger.send_verification()
    for moment, route in ARRIVALS:
        road.do("receive", route, "--now", moment)
    received = [(row["route"], row["outcome"]) for row in road.lake.receipt_rows()]
    assert received == [(route, "landed") for _, route in ARRIVALS]
    assert [batch["problems"] for batch in road.lake.batches()] == [[]] * len(ARRIVALS)
    build = road.build()
    assert imbalances(build) == []
    assert len(rows(build, "person")) == len(PEOPLE)
    states = {(row["route"], state) for row in rows(build, "ledger") for state in STATES if row[f"{state}_count"]}
    assert states == {("tablet_vpn", "counted"), ("tablet_usb", "repeated")}
    office = {(row["route"], row["state"], row["reason"]) for row in rows(build, "intake_record")}
    assert office == {(route, "in_force", None) for route in OFFICE_ROUTES}
    checked = rows(build, "record_check")
    assert [row["rejects"] + row["blanks"] + row["flags"] for row in checked] == [[]] * 2 * len(PEOPLE)
    assert [row["kind"] for row in rows(build, "discrepancy")] == []
