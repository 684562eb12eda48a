"""Whatever arrives is landed, accounted for and never stops a night; what is not taken is said, and nobody is named.

All of it lies in one inbox, beside a whole campaign, and goes through one night.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pipeline.receive import inbox
from pipeline.round import OFFICE_ROUTES
from sandbox.seals import key_of, sealed
from tests.privacy.search import texts_of
from tests.road.conftest import Played
from tests.road.road import NIGHTS, STATES, Road, Said, copied, imbalances, rows

pytestmark = pytest.mark.timeout(600)

SECRETS = ("Қожахметов", "Секретбек", "850101300123", "Sekretbekova")
NIGHT = "2021-12-11T02:00:00+05:00"


def line(number: int, **changes: Any) -> dict[str, Any]:
    """A good submission about somebody."""
    return {
        "case_id": f"bad-{number}", "case_version": 1, "form_code": "F3_PERSON", "form_version": "2021.1", "institution_id": "MNG-0001",
        "list_entry_no": None, "mode": "tablet", "case_status": "submitted", "is_training": False, "staff_id": None, "device_id": None,
        "device_case_no": None, "certificate_no": None, "started_at": "2021-10-05T14:02:10+05:00", "completed_at": "2021-10-05T14:20:00+05:00",
        "synced_at": "2021-10-05T21:00:00+05:00",
        "identity": {"iin": SECRETS[2], "iin_missing_reason": None, "family_name": f"{SECRETS[0]}{number}", "given_name": SECRETS[1], "patronymic": None,
                     "sex": 1, "birth_date": "1985-01-01", "birth_date_precision": "DAY"},
        "answers": {"position_in_institution": "RESIDENT", "residence_status": "USUAL_PRESENT", "has_other_home": False, "stay_duration": "GE12M"},
    } | changes  # fmt: skip


def ndjson(*lines: object) -> bytes:
    """Lines as a tablet writes them."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)


class Spoiler:
    """Puts bad things into an inbox."""

    def __init__(self, inbox: Path, seed: int = 0) -> None:
        self.inbox = inbox
        self.seed = seed

    def put(self, path: str, content: bytes) -> Path:
        """Write a file."""
        target = self.inbox / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target

    def bundle(
        self, name: str, content: bytes, declared: bytes | None = None, route: str = "tablet_vpn", **said: object
    ) -> None:
        """Write a bundle; `declared` is what the tablet believes it sent."""
        sent = content if declared is None else declared
        manifest = {
            "bundle_id": name, "device_id": "TB-0001", "institution_id": "MNG-0001", "app_version": "3.1",
            "exported_at": "2021-10-05T21:00:00+05:00", "case_count": sent.count(b"\n"), "submissions_sha256": hashlib.sha256(sent).hexdigest(),
            "created_count": 1, "deleted_count": 0, "last_case_no": 1, "daily_counts": {},
        }  # fmt: skip
        manifest |= said
        for file, sealing in sealed(
            manifest, key_of(self.seed, str(manifest["device_id"])), sent.split(b"\n")[:-1]
        ).items():
            self.put(f"{route}/{name}/{file}", sealing)
        self.put(f"{route}/{name}/submissions.ndjson", content)
        if route == "tablet_vpn":
            self.put(f"{route}/{name}.ready", b"")


def spoil(inbox: Path, campaign: Path) -> None:
    """Put one of everything bad into the inbox."""
    bad = Spoiler(inbox, json.loads((campaign / "campaign.json").read_text())["seed"])
    whole = ndjson(line(1), line(2), line(3))
    bad.bundle("empty", b"")
    bad.bundle("cut", whole[:-200], declared=whole)
    bad.bundle(
        "cp1251", json.dumps(line(4), ensure_ascii=False).replace("Қ", "К").encode("cp1251") + b"\n" + ndjson(line(5))
    )
    bad.bundle(
        "schema",
        ndjson({"id": 7, "name": SECRETS[0]}, [SECRETS[1]], SECRETS[0], line(6, identity=SECRETS[1], answers=7)),
    )
    bad.bundle("noise", b"\x00\xff\xfe" * 50 + b"\n" + SECRETS[0].encode() + b"\n")
    bad.bundle("once", ndjson(line(8)))
    bad.bundle("once-more", ndjson(line(8)), exported_at="2021-10-06T21:00:00+05:00")
    bad.bundle("stranger", ndjson(line(9, institution_id="MNG-9999")), institution_id="MNG-9999")
    bad.bundle("unknown-tablet", ndjson(line(25)), device_id="TB-9999")
    bad.bundle("unsigned", ndjson(line(19), line(20)))
    (inbox / "tablet_vpn" / "unsigned" / "signature").unlink()
    bad.bundle("forged", ndjson(line(21)))
    bad.put("tablet_vpn/forged/signature", (inbox / "tablet_vpn" / "once" / "signature").read_bytes())
    bad.bundle("altered", ndjson(line(22), line(23)), declared=ndjson(line(22), line(24)))
    bad.bundle("named", ndjson(line(18, institution_id=SECRETS[3], device_id=SECRETS[3])), institution_id=SECRETS[3])
    bad.bundle("named-and-empty", b"\xef\xbb\xbf", institution_id=SECRETS[3], device_id=f"{SECRETS[3]}2")
    bad.bundle("form", ndjson(line(10, form_version="2020.9"), line(11, form_code="F9_OTHER")))
    bad.bundle("long", ndjson(line(12, answers={"usual_address_text": "x" * 1_100_000}), line(13)))
    bad.bundle("no-manifest", ndjson(line(14)))
    (inbox / "tablet_vpn" / "no-manifest" / "manifest.json").unlink()
    bad.bundle("bad-manifest", ndjson(line(15)))
    bad.put("tablet_vpn/bad-manifest/manifest.json", b'{"device_id": "' + SECRETS[0].encode())
    bad.bundle("still-coming", ndjson(line(16)))
    (inbox / "tablet_vpn" / "still-coming.ready").unlink()
    (inbox / "tablet_vpn" / "nothing").mkdir()
    bad.put("tablet_vpn/nothing.ready", b"")
    bad.bundle("stick/no-custody", ndjson(line(17)), route="tablet_usb")
    bad.bundle("named-stick/bundle", ndjson(line(19)), route="tablet_usb")
    bad.put("tablet_usb/named-stick/custody.json", json.dumps(
        {"medium_id": SECRETS[3], "act_no": SECRETS[3], "institution_id": SECRETS[3], "act_case_count": 4, "copied_at": "2021-10-06T21:00:00+05:00"}
    ).encode())  # fmt: skip
    bad.put(f"tablet_usb/named-stick/{SECRETS[0]}.ndjson", ndjson(line(20)))
    (inbox / "tablet_usb" / "linked").symlink_to(inbox / "tablet_vpn")

    workbook = next((campaign / "field" / "register").glob("*.xlsx")).read_bytes()
    bad.put("register/torn.xlsx", workbook[: len(workbook) // 2])
    bad.put(f"list/MNG-0001/{SECRETS[0]} {SECRETS[1]}.xlsx", b"")
    bad.put("list/MNG-0002/photo.xlsx", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40)
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("photo.jpg", b"\xff\xd8\xff\xe0")
    bad.put("list/MNG-0003/archive.xlsx", archive.getvalue())
    people = f"№;ФИО;Дата рождения;Пол\n1;{SECRETS[0]} {SECRETS[1]};01.01.1985;М\n"
    bad.put("list/MNG-9999/list.csv", people.encode())
    bad.put("list/MNG-0004/letter.csv", f"Уважаемая {SECRETS[0]}!\nСписок будет позже.\n".encode())
    columns = "movement_no,movement_type,occurred_on,occurred_time,iin,family_name,given_name,patronymic,sex,birth_date"
    move = f"77,ADMISSION,2021-08-01,,{SECRETS[2]},Кожахметов,{SECRETS[1]},,1,1985-01-01"
    bad.put("movement/MNG-0005/cp1251.csv", f"{columns}\n{move}\n".encode("cp1251"))
    bad.put("movement/MNG-0005/schema.csv", f"кто,когда\n{SECRETS[0]},вчера\n".encode())
    bad.put("movement/MNG-0005/values.csv", f"{columns}\n78,ВЫШЕЛ,32.13.2021,,{SECRETS[2]},,,,9,x\n".encode())
    bad.put(
        "headcount/MNG-0006/nobody.csv",
        b"institution_id,moment_at,present_count\nMNG-0006,2021-08-31T23:00:00+05:00,minus one\n",
    )
    secret = bad.put("list/MNG-0007/secret.csv", b"x")
    secret.unlink()
    secret.symlink_to("/etc/passwd")
    os.mkfifo(inbox / "list" / "MNG-0007" / "pipe.csv")


class Night:
    """The night after: what was said, and what it came to."""

    def __init__(self, road: Road) -> None:
        with road.portal():
            self.received = road.sanaq("receive", "--now", NIGHT)
        self.built = road.sanaq("build")
        self.reconciled = road.sanaq("reconcile")
        self.published = road.sanaq("publish")
        self.road = road
        self.build = (road.lake.builds / "current").resolve()
        self.batch_of = {batch["origin"]: batch["batch_id"] for batch in road.lake.batches()}

    @property
    def said(self) -> list[Said]:
        return [self.received, self.built, self.reconciled, self.published]

    def ledger(self, origin: str) -> dict[str, int]:
        """What the ledger says of a bundle: states that are not zero."""
        return self._states("ledger", origin, STATES)

    def intake(self, origin: str) -> dict[str, int]:
        """What the intake says of a file."""
        return self._states("intake", origin, ("in_force", "replaced", "repeated", "quarantined", "unreadable"))

    def _states(self, table: str, origin: str, states: tuple[str, ...]) -> dict[str, int]:
        lines = [row for row in rows(self.build, table) if row["batch_id"] == self.batch_of[origin]]
        return {state: n for state in states if (n := sum(row[f"{state}_count"] for row in lines))}


@pytest.fixture(scope="module")
def night(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("spoiled")
    campaign = Path(shutil.copytree(played.campaign, folder / "campaign"))
    road = copied(played.road, folder / "road", campaign, with_builds=True)
    (campaign / "clock").write_text(NIGHTS[-1].replace("+05:00", "Z"))
    spoil(road.inbox, campaign)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "COPYING_NS", 0)  # the stick whose custody record never comes has rested
        return Night(road)


def test_a_night_of_bad_input_ends_well(night: Night) -> None:
    assert [said.code for said in night.said] == [0, 0, 0, 0], "\n".join(said.err for said in night.said)


def test_nothing_is_lost_in_it(night: Night) -> None:
    assert imbalances(night.build) == []
    before = sum(row["received_count"] for row in rows(night.build, "ledger"))
    assert before == len(rows(night.build, "record")) == len(rows(night.build, "record_state"))


@pytest.mark.parametrize(
    ("bundle", "states"),
    [
        ("empty", {"unreadable": 1}),
        ("cut", {"unreadable": 1, "counted": 2}),
        ("cp1251", {"unreadable": 1, "counted": 1}),
        ("schema", {"unreadable": 2, "quarantined": 2}),
        ("noise", {"unreadable": 2}),
        ("once", {"counted": 1}),
        ("once-more", {"repeated": 1}),
        ("stranger", {"quarantined": 1}),
        ("named", {"quarantined": 1}),
        ("named-and-empty", {"unreadable": 1}),
        ("form", {"quarantined": 2}),
        ("long", {"unreadable": 1, "counted": 1}),
        ("no-manifest", {"unreadable": 1}),
        ("bad-manifest", {"unreadable": 2}),
        ("unknown-tablet", {"unreadable": 1}),
        ("unsigned", {"unreadable": 2}),
        ("forged", {"unreadable": 1}),
        ("altered", {"unreadable": 2}),
    ],
)
def test_a_bad_bundle_is_accounted_for_line_by_line(night: Night, bundle: str, states: dict[str, int]) -> None:
    found = night.ledger(f"tablet_vpn/{bundle}")
    in_play = sum(found.pop(state, 0) for state in ("counted", "duplicate", "out_of_scope"))
    wanted = dict(states)
    assert in_play == wanted.pop("counted", 0)
    assert found == wanted


def test_a_stick_without_custody_is_taken_and_flagged(night: Night) -> None:
    (batch,) = [
        row for row in rows(night.build, "batch") if row["batch_id"] == night.batch_of["tablet_usb/stick/no-custody"]
    ]
    assert batch["problems"] == ["NO_CUSTODY"]
    assert sum(night.ledger("tablet_usb/stick/no-custody").values()) == 1


@pytest.mark.parametrize(
    ("file", "states"),
    [
        ("register/torn.xlsx", {"unreadable": 1}),
        (f"list/MNG-0001/{SECRETS[0]} {SECRETS[1]}.xlsx", {"unreadable": 1}),
        ("list/MNG-0002/photo.xlsx", {"unreadable": 1}),
        ("list/MNG-0003/archive.xlsx", {"unreadable": 1}),
        ("list/MNG-9999/list.csv", {"quarantined": 1}),
        ("list/MNG-0004/letter.csv", {"quarantined": 1}),
        ("movement/MNG-0005/cp1251.csv", {"in_force": 1}),
        ("movement/MNG-0005/schema.csv", {"quarantined": 1}),
        ("movement/MNG-0005/values.csv", {"quarantined": 1}),
        ("headcount/MNG-0006/nobody.csv", {"quarantined": 1}),
    ],
)
def test_a_bad_file_of_an_office_is_accounted_for(night: Night, file: str, states: dict[str, int]) -> None:
    assert night.intake(file) == states


def test_a_torn_register_leaves_the_one_before_in_force(night: Night, played: Played) -> None:
    assert rows(night.build, "institution") == rows(played.builds[-1], "institution")


NOT_TAKEN = {
    ("refused", "list", "NOT_A_FILE"): 1,
    ("refused", "list", "SYMLINK"): 1,
    ("refused", "tablet_usb", "OUTSIDE_A_BUNDLE"): 1,
    ("refused", "tablet_usb", "SYMLINK"): 1,
    ("refused", "tablet_vpn", "EMPTY_FOLDER"): 1,
    ("waiting", "tablet_vpn", None): 1,
}


def test_what_is_not_taken_is_said_and_why(night: Night) -> None:
    """Links, pipes, empty folders and bundles still being written."""
    lines = {words[0]: words for line in night.received.out.splitlines() if (words := line.split())}
    assert {"SYMLINK,", "NOT_A_FILE,"} & set(lines["list"])
    assert "EMPTY_FOLDER" in lines["tablet_vpn"]
    assert "receipts.jsonl" in night.received.out
    left = night.road.do("status")["not_taken"]
    assert {(row["outcome"], row["route"], row["reason"]): row["place_count"] for row in left} == NOT_TAKEN
    figures = json.loads((night.build / "reconcile" / "reconciliation.json").read_text())
    assert figures["not_taken"] == left
    assert {"topic": "REFUSED", "size_count": 5} in figures["unknown"]
    assert {"topic": "WAITING", "size_count": 1} in figures["unknown"]
    waiting = {row["route"]: row["waiting"] for row in night.road.do("receive", "tablet_vpn")}
    assert waiting == {"tablet_vpn": 1}


def test_nothing_said_names_anybody(night: Night) -> None:
    """Not even by the name of a file, which institutions like to call after the person in it."""
    words = "".join(
        said.out + said.err for said in [*night.said, night.road.sanaq("status"), night.road.sanaq("ledger")]
    )
    assert not [secret for secret in SECRETS if secret.casefold() in words.casefold()]


def test_nothing_published_names_anybody(night: Night) -> None:
    for path in (night.road.lake.operations / "current").resolve().rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("utf-8", "ignore").casefold()
            assert not [secret for secret in SECRETS if secret.casefold() in content], path
    cells = [text for _, text in texts_of((night.road.lake.operations / "current").resolve())]
    assert any("MNG-0001" in text for text in cells)
    assert not [secret for secret in SECRETS if any(secret.casefold() in text.casefold() for text in cells)]


def test_what_unknown_senders_lack_is_a_gap_all_the_same(night: Night) -> None:
    """They stand under no name."""
    gaps = [
        row for row in rows(night.build, "control_total") if row["subject_id"] == "UNKNOWN" and row["gap_count"] > 0
    ]
    assert ("medium", "MEDIUM_ACT", 3) in {(row["subject_kind"], row["control_code"], row["gap_count"]) for row in gaps}


def test_a_file_too_large_is_refused_by_name_of_the_setting_only(played: Played, copy_of: Callable[..., Road]) -> None:
    road = copy_of("small")
    road.settings["max_file_bytes"] = 1000
    Spoiler(road.inbox).put(f"list/MNG-0001/{SECRETS[0]}.csv", b"x" * 1001)
    said = road.sanaq("receive", "list")
    assert said.code == 0
    assert "TOO_LARGE" in said.out
    assert SECRETS[0] not in said.out + said.err
    assert [row["origin"] for row in _refused(road)] == [f"list/MNG-0001/{SECRETS[0]}.csv"]


def _refused(road: Road) -> list[dict[str, Any]]:
    receipts = [json.loads(line) for line in road.lake.receipts.read_text().splitlines()]
    return [row for row in receipts if row["outcome"] == "refused"]


def test_an_inbox_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    road = Road(tmp_path)
    road.inbox.rmdir()
    for route in ("register", "list", "tablet_vpn", "tablet_usb"):
        said = road.sanaq("receive", route)
        assert (said.code, "SANAQ_INBOX" in said.err) == (2, True)


def test_an_inbox_that_is_not_there_is_told_once_and_the_routes_without_one_are_asked(tmp_path: Path) -> None:
    road = Road(tmp_path)
    road.inbox.rmdir()
    said = road.sanaq("receive", "--json")
    assert (said.code, said.err.count("(SANAQ_INBOX)")) == (2, 1)
    assert [row["route"] for row in said.data if row["note"] != "failed"] == ["portal", "census_db"]


def test_an_inbox_without_anything_is_said_and_is_no_error(tmp_path: Path) -> None:
    road = Road(tmp_path)
    for route in (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb"):
        said = road.sanaq("receive", route)
        assert said.code == 0
        assert "nothing new" in said.out
    said = road.sanaq("build")
    assert (said.code, "nothing had been received" in said.err) == (3, True)
