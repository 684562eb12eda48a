"""What arrives lands byte for byte, once, in one order."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import tempfile
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DiskFull
from pipeline.lake import EVER, clock_from
from pipeline.receive import inbox, landing
from pipeline.round import OFFICE_ROUTES
from tests.receive.field import LINE, START, Field

ROUTES = (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb")


def fill(field: Field) -> None:
    """Put something on every route."""
    field.put("register/reestr.xlsx", b"PK register")
    field.put("list/MNG-0001/spisok.CSV", b"list")
    field.put("movement/MNG-0001/a.csv", b"movement")
    field.put("headcount/MNG-0002/b.csv", b"headcount")
    field.put("verification/walk.xlsx", b"PK walk")
    field.bundle("tablet_vpn/TB-0001-20211003-01")
    field.bundle("tablet_usb/STICK-1/TB-0001-20211003-01", is_ready=False)
    field.put("tablet_usb/STICK-1/custody.json", json.dumps({"medium_id": "USB-004", "act_case_count": 1}).encode())


def test_bytes_land_unchanged_with_a_manifest(field: Field) -> None:
    fill(field)
    for route in ROUTES:
        assert len(field.receive(route).landed) == 1, route
    for manifest in field.lake.batches():
        folder = field.lake.landing / manifest["route"] / manifest["batch_id"] / "files"
        for file in manifest["files"]:
            content = (folder / file["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            assert len(content) == file["size"]
        assert {p.name for p in folder.iterdir()} == {file["path"] for file in manifest["files"]}


def test_batch_id_is_the_documented_hash(field: Field) -> None:
    field.put("list/MNG-0001/spisok.CSV", b"list")
    digest = hashlib.sha256(b"list").hexdigest()
    expected = hashlib.sha256(f"list\nMNG-0001\ncontent.csv\t{digest}\n".encode()).hexdigest()
    assert field.receive("list").landed == [expected]


def test_bundle_batch_id_covers_every_file(field: Field) -> None:
    folder = field.bundle("tablet_vpn/TB-0001-20211003-01")
    lines = "".join(
        f"{name}\t{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n"
        for name in ("manifest.json", "signature", "submissions.ndjson", "submissions.sha256")
    )
    expected = hashlib.sha256(f"tablet_vpn\nTB-0001\n{lines}".encode()).hexdigest()
    assert field.receive("tablet_vpn").landed == [expected]


@pytest.mark.parametrize("route", ROUTES)
def test_receiving_twice_adds_one_line_and_nothing_else(field: Field, route: str) -> None:
    fill(field)
    first = field.receive(route)
    before, lines = field.landing(), field.receipts()
    second = field.receive(route)
    assert (second.landed, second.again) == ([], len(first.landed))
    assert field.landing() == before
    assert field.receipts()[: len(lines)] == lines
    assert [row["outcome"] for row in field.receipts()[len(lines) :]] == ["again"]


@pytest.mark.parametrize("route", ROUTES)
def test_what_nobody_touched_is_read_no_more_once_a_line_says_so(
    field: Field, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "UNSEEN_NS", 0)
    fill(field)
    for _ in range(2):
        field.receive(route)
    before = field.receipts()
    with monkeypatch.context() as disk:
        disk.setattr(landing, "_copy", lambda *_: pytest.fail("read again"))
        assert field.receive(route).again == 1
    assert field.receipts() == before


def test_other_bytes_of_the_same_length_and_time_are_seen(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "UNSEEN_NS", 0)
    path = field.put("list/MNG-0001/spisok.csv", b"list")
    for _ in range(2):
        field.receive("list")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(b"tsil")
    os.utime(path, ns=times)
    assert len(field.receive("list").landed) == 1


def test_what_may_have_changed_unseen_is_read_again(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "UNSEEN_NS", 2**62)  # however long the test takes
    field.put("list/MNG-0001/spisok.csv", b"list")
    for _ in range(3):
        field.receive("list")
    assert [row["outcome"] for row in field.receipts()] == ["landed", "again", "again"]


def test_another_custody_record_of_the_same_bundle_is_entered(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "UNSEEN_NS", 0)
    field.bundle("tablet_usb/S1/TB-1", is_ready=False)
    for medium in ("USB-001", "USB-001", "USB-001", "USB-002"):
        field.put("tablet_usb/S1/custody.json", json.dumps({"medium_id": medium}).encode())
        field.receive("tablet_usb")
    assert [row["custody"]["medium_id"] for row in field.receipts()[1:]] == ["USB-001", "USB-002"]


def test_what_is_refused_as_before_is_entered_once(field: Field) -> None:
    path = field.put("tablet_vpn/stray", b"x")
    (field.inbox / "tablet_vpn/B").mkdir()
    field.put("tablet_vpn/B.ready", b"")
    for _ in range(2):
        field.receive("tablet_vpn")
    assert [(row["origin"], row["reason"]) for row in field.receipts()] == [
        ("tablet_vpn/B", "EMPTY_FOLDER"),
        ("tablet_vpn/stray", "OUTSIDE_A_BUNDLE"),
    ]
    path.unlink()
    path.symlink_to("B")
    field.put("tablet_vpn/stray.ready", b"")
    field.receive("tablet_vpn")
    assert [(row["origin"], row["reason"]) for row in field.receipts()[2:]] == [("tablet_vpn/stray", "SYMLINK")]


def test_the_same_content_from_another_place_is_the_same_batch(field: Field) -> None:
    field.put("list/MNG-0001/spisok.csv", b"list")
    field.put("list/MNG-0001/spisok_povtor.csv", b"list")
    receipt = field.receive("list")
    assert (len(receipt.landed), receipt.again) == (1, 1)


def test_the_same_content_by_another_route_is_a_new_batch(field: Field) -> None:
    field.bundle("tablet_vpn/TB-0001-20211003-01")
    field.bundle("tablet_usb/S/TB-0001-20211003-01", is_ready=False)
    field.put("tablet_usb/S/custody.json", b"{}")
    ids = field.receive("tablet_vpn").landed + field.receive("tablet_usb").landed
    assert len(set(ids)) == 2


def test_the_same_bundle_from_two_sticks_is_one_batch_and_both_sticks_are_entered(field: Field) -> None:
    for stick in ("S1", "S2"):
        field.bundle(f"tablet_usb/{stick}/TB-0001-20211003-01", is_ready=False)
        field.put(f"tablet_usb/{stick}/custody.json", json.dumps({"medium_id": stick}).encode())
    receipt = field.receive("tablet_usb")
    assert (len(receipt.landed), receipt.again) == (1, 1)
    assert field.lake.batches()[0]["custody"] == {"medium_id": "S1"}
    assert field.receipts()[-1]["custody"] == {"medium_id": "S2"}


@pytest.mark.parametrize("arrived", [None, b"", b'{"medium_id": "USB-0'], ids=["missing", "empty", "cut short"])
def test_a_stick_waits_for_its_custody_record_while_it_may_be_copied(field: Field, arrived: bytes | None) -> None:
    for bundle in ("TB-1", "TB-2"):
        field.bundle(f"tablet_usb/S1/{bundle}", is_ready=False)
    if arrived is not None:
        field.put("tablet_usb/S1/custody.json", arrived)
    receipt = field.receive("tablet_usb")
    assert (receipt.landed, receipt.waiting_at) == ([], ["tablet_usb/S1/TB-1", "tablet_usb/S1/TB-2"])
    field.put("tablet_usb/S1/custody.json", b'{"medium_id": "USB-001"}')
    field.receive("tablet_usb")
    assert [batch["custody"] for batch in field.lake.batches()] == [{"medium_id": "USB-001"}] * 2
    assert field.lake.not_taken(EVER) == []


def test_a_stick_without_custody_lands_flagged(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "COPYING_NS", 0)
    field.bundle("tablet_usb/S1/TB-0001-20211003-01", is_ready=False)
    field.receive("tablet_usb")
    manifest = field.lake.batches()[0]
    assert (manifest["custody"], manifest["problems"]) == (None, ["NO_CUSTODY"])


def test_custody_that_names_other_bytes_is_flagged(field: Field) -> None:
    field.bundle("tablet_usb/S1/TB-1", is_ready=False)
    files = [
        {"path": "TB-1/submissions.ndjson", "sha256": "0" * 64, "size": 3},
        {"path": "gone", "sha256": "", "size": 0},
    ]
    field.put("tablet_usb/S1/custody.json", json.dumps({"files": files}).encode())
    field.receive("tablet_usb")
    assert field.lake.batches()[0]["problems"] == ["CUSTODY_DIFFERS"]


@pytest.mark.parametrize("custody", [b"", b"{", b"[1]", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000])
def test_custody_that_stays_damaged_is_flagged(field: Field, custody: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "COPYING_NS", 0)
    field.bundle("tablet_usb/S1/TB-1", is_ready=False)
    field.put("tablet_usb/S1/custody.json", custody)
    field.receive("tablet_usb")
    assert field.lake.batches()[0]["problems"] == ["CUSTODY_UNREADABLE"]


def test_a_custody_record_is_the_shorter_the_more_bundles_keep_it(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "CUSTODY_KEPT", 100)
    monkeypatch.setattr(inbox, "COPYING_NS", 0)
    for stick, bundles in (("S1", ("TB-1",)), ("S2", ("TB-2", "TB-3", "TB-4"))):
        field.put(f"tablet_usb/{stick}/custody.json", b'{"medium_id": "USB-001", "act_no": "17"}')
        for bundle in bundles:
            field.bundle(f"tablet_usb/{stick}/{bundle}", is_ready=False)
    field.receive("tablet_usb")
    assert [batch["problems"] for batch in field.lake.batches()] == [[], *[["CUSTODY_UNREADABLE"]] * 3]


def test_what_waits_is_entered_once_and_until_it_lands_or_goes(field: Field) -> None:
    field.bundle("tablet_vpn/TB-1", is_ready=False)
    gone = field.bundle("tablet_vpn/TB-2", is_ready=False)
    field.put("tablet_vpn/stray.txt", b"x")
    for _ in range(2):
        field.receive("tablet_vpn")
    stray = {"outcome": "refused", "route": "tablet_vpn", "reason": "OUTSIDE_A_BUNDLE", "place_count": 1}
    waits = {"outcome": "waiting", "route": "tablet_vpn", "reason": None, "place_count": 2}
    assert field.lake.not_taken(START) == [stray, waits]
    assert sum(row["outcome"] == "waiting" for row in field.receipts()) == 2
    field.put("tablet_vpn/TB-1.ready", b"")
    shutil.rmtree(gone)
    (field.inbox / "tablet_vpn" / "stray.txt").unlink()
    field.receive("tablet_vpn", clock_from(START + timedelta(hours=1)))
    assert field.lake.not_taken(START + timedelta(hours=1)) == []
    assert field.lake.not_taken(START) == [stray, waits]


def test_a_bundle_without_its_flag_waits(field: Field) -> None:
    field.bundle("tablet_vpn/TB-1", is_ready=False)
    receipt = field.receive("tablet_vpn")
    assert (receipt.landed, receipt.waiting) == ([], 1)
    field.put("tablet_vpn/TB-1.ready", b"")
    assert len(field.receive("tablet_vpn").landed) == 1


def test_names_of_unfinished_files_are_left_alone(field: Field) -> None:
    field.put("list/MNG-0001/.spisok.csv", b"x")
    field.put("list/MNG-0001/spisok.csv.part", b"x")
    field.put("list/.hidden/spisok.csv", b"x")
    assert field.receive("list").note == "nothing new: the inbox folder list/ is empty"


def test_what_excel_and_windows_leave_among_papers_is_no_paper(field: Field) -> None:
    for name in ("~$spisok.xlsx", "Thumbs.db", "desktop.ini"):
        field.put(f"list/MNG-0001/{name}", b"x")
        field.put(f"register/{name}", b"x")
        field.put(f"register/july/{name}", b"x")
    field.put("register/july/institution.csv", b"institution_id,bin\n")
    field.put("register/july.ready", b"")
    assert field.receive("list").landed == []
    field.receive("register")
    assert [[file["path"] for file in batch["files"]] for batch in field.lake.batches()] == [["institution.csv"]]


def test_a_missing_folder_is_nothing_new_and_said(field: Field) -> None:
    receipt = field.receive("register")
    assert (receipt.landed, receipt.note) == ([], "nothing new: the inbox folder register/ is not there")
    assert field.receipts() == []


def test_empty_files_land(field: Field) -> None:
    field.put("list/MNG-0001/spisok.csv", b"")
    field.bundle("tablet_vpn/TB-1", lines=b"")
    assert len(field.receive("list").landed) == 1
    assert len(field.receive("tablet_vpn").landed) == 1


@pytest.mark.parametrize(
    "manifest", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"device_id": 7}', b'{"device_id": "../../etc"}']
)
def test_a_bundle_with_a_damaged_manifest_lands_under_no_sender(field: Field, manifest: bytes) -> None:
    field.bundle("tablet_vpn/TB-1")
    field.put("tablet_vpn/TB-1/manifest.json", manifest)
    field.receive("tablet_vpn")
    landed = field.lake.batches()[0]
    assert landed["source_id"] == "UNKNOWN"
    assert landed["problems"]


def test_a_submission_file_other_than_stated_is_flagged(field: Field) -> None:
    field.bundle("tablet_vpn/TB-1", submissions_sha256="0" * 64)
    field.receive("tablet_vpn")
    assert field.lake.batches()[0]["problems"] == ["SUBMISSIONS_DIFFER"]


@pytest.mark.parametrize(
    ("statement", "name", "problems"),
    [
        (b'{"device_id": "TB-0001"}', "export.zip", []),
        (b'{"device_id": "TB-0001"}', "submissions.ndjson", ["SUBMISSIONS_DIFFER"]),
        (b'{"device_id": "TB-0001", "submissions_sha256": "00"}', "export.zip", ["SUBMISSIONS_DIFFER"]),
    ],
)
def test_the_digest_of_submissions_may_be_left_out_only_where_there_are_none(
    field: Field, statement: bytes, name: str, problems: list[str]
) -> None:
    field.put("tablet_vpn/X-01/manifest.json", statement)
    field.put(f"tablet_vpn/X-01/{name}", b"x")
    field.put("tablet_vpn/X-01.ready", b"")
    field.receive("tablet_vpn")
    assert field.lake.batches()[0]["problems"] == problems


def test_a_file_outside_an_institution_folder_has_no_sender(field: Field) -> None:
    field.put("list/spisok.csv", b"x")
    field.put("list/МНГ 7/spisok.csv", b"y")
    assert len(field.receive("list").landed) == 2
    assert {(m["source_id"], m["institution_id"]) for m in field.lake.batches()} == {("UNKNOWN", None)}


def test_links_are_refused_and_never_followed(field: Field, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.csv").write_bytes(b"secret")
    field.put("list/MNG-0001/ok.csv", b"ok")
    (field.inbox / "list/MNG-0001/link.csv").symlink_to(secret / "key.csv")
    (field.inbox / "list/MNG-0002").symlink_to(secret)
    receipt = field.receive("list")
    assert len(receipt.landed) == 1
    assert [refusal.reason for refusal in receipt.refused] == ["SYMLINK", "SYMLINK"]
    folder = field.bundle("tablet_vpn/TB-1")
    (folder / "more.ndjson").symlink_to(secret / "key.csv")
    (field.inbox / "tablet_vpn/TB-2").symlink_to(folder)
    field.put("tablet_vpn/TB-2.ready", b"")
    receipt = field.receive("tablet_vpn")
    assert (receipt.landed, [refusal.reason for refusal in receipt.refused]) == ([], ["SYMLINK", "SYMLINK"])
    assert b"secret" not in b"".join(p.read_bytes() for p in field.lake.landing.rglob("*") if p.is_file())
    assert [row["outcome"] for row in field.receipts()] == ["landed", "refused", "refused", "refused", "refused"]


def test_a_linked_stick_is_refused_and_never_opened(field: Field, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "TB-1").mkdir(parents=True)
    (elsewhere / "TB-1" / "submissions.ndjson").write_bytes(b"secret")
    field.bundle("tablet_usb/USB-1/TB-1", is_ready=False)
    field.put("tablet_usb/USB-1/custody.json", b"{}")
    (field.inbox / "tablet_usb/USB-2").symlink_to(elsewhere)
    receipt = field.receive("tablet_usb")
    assert (len(receipt.landed), [(one.origin, one.reason) for one in receipt.refused]) == (
        1,
        [("tablet_usb/USB-2", "SYMLINK")],
    )
    assert b"secret" not in b"".join(p.read_bytes() for p in field.lake.landing.rglob("*") if p.is_file())


def test_files_that_lie_outside_a_bundle_are_refused_by_their_place(field: Field) -> None:
    field.bundle("tablet_vpn/TB-1")
    field.bundle("tablet_usb/USB-1/TB-1", is_ready=False)
    field.put("tablet_usb/USB-1/custody.json", b"{}")
    loose = ("tablet_usb/USB-1/loose.ndjson", "tablet_usb/loose.ndjson", "tablet_vpn/loose.ndjson")
    for place in (*loose, "tablet_usb/.trash", "tablet_vpn/copying.part"):
        field.put(place, b"x")
    receipts = [field.receive(route) for route in ("tablet_usb", "tablet_vpn")]
    assert [len(receipt.landed) for receipt in receipts] == [1, 1]
    refused = [(one.origin, one.reason) for receipt in receipts for one in receipt.refused]
    assert sorted(refused) == [(place, "OUTSIDE_A_BUNDLE") for place in loose]
    assert sorted(row["origin"] for row in field.receipts() if row["outcome"] == "refused") == list(loose)


def test_a_file_above_the_limit_is_refused_and_the_rest_lands(tmp_path: Path) -> None:
    field = Field(tmp_path, max_file_bytes=100)
    field.put("list/MNG-0001/a.csv", b"x" * 101)
    field.put("list/MNG-0001/b.csv", b"x" * 100)
    receipt = field.receive("list")
    assert (len(receipt.landed), [refusal.reason for refusal in receipt.refused]) == (1, ["TOO_LARGE"])


def test_a_full_disk_is_said_before_anything_is_written(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    field.put("list/MNG-0001/a.csv", b"x")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1, 1, 64 * 1024**2 + 1))
    with pytest.raises(DiskFull):
        field.receive("list")
    assert (field.landing(), field.receipts()) == ({}, [])


def test_a_disk_that_fills_while_copying_is_named(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    field.put("list/MNG-0001/a.csv", b"x")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "secret name.csv")

    monkeypatch.setattr("pipeline.receive.landing._writer", full)
    with pytest.raises(DiskFull) as caught:
        field.receive("list")
    assert "secret name" not in str(caught.value)
    assert field.landing() == {}
    assert list((field.lake.root / "staging").iterdir()) == []


def test_errors_and_logs_carry_no_file_name(field: Field, caplog: pytest.LogCaptureFixture) -> None:
    field.put("list/MNG-0001/Иванов Иван 050101500123.csv", b"x")
    (field.inbox / "list/MNG-0001/Петров.csv").symlink_to("/etc/hostname")
    with caplog.at_level("DEBUG"):
        field.receive("list")
    assert "Иванов" not in caplog.text
    assert "Петров" not in caplog.text
    assert "1 landed" in caplog.text


def test_receipts_are_strictly_later_even_when_the_clock_stands_or_goes_back(field: Field) -> None:
    for number, hours in enumerate((0, 0, -5, 3, 1)):
        field.put(f"list/MNG-000{number}/a.csv", str(number).encode())
        field.put(f"list/MNG-000{number}/b.csv", f"b{number}".encode())
        field.receive("list", clock_from(START + timedelta(hours=hours)))
    moments = [datetime.fromisoformat(row["received_at"]) for row in field.receipts() if row["outcome"] == "landed"]
    assert len(moments) == 10
    assert all(earlier < later for earlier, later in itertools.pairwise(moments))
    assert [m["received_at"] for m in field.lake.batches()] == [
        row["received_at"] for row in field.receipts() if row["outcome"] == "landed"
    ]


def test_files_of_one_run_are_received_in_order_of_path(field: Field) -> None:
    for name in ("b", "a", "c/d", "Ә"):
        field.put(f"list/MNG-0001/{name}.csv", name.encode())
    field.receive("list")
    assert [m["origin"].rsplit("/", 1)[-1] for m in field.lake.batches()] == ["a.csv", "b.csv", "d.csv", "Ә.csv"]


def test_two_lakes_that_receive_the_same_hold_the_same(tmp_path: Path) -> None:
    fields = [Field(tmp_path / name) for name in ("one", "two")]
    for field in fields:
        fill(field)
        for route in ROUTES:
            field.receive(route)
    assert fields[0].landing() == fields[1].landing()
    assert fields[0].receipts() == fields[1].receipts()


content = st.binary(max_size=40)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["MNG-1", "MNG-2"]), st.sampled_from("abc"), content), max_size=8))
def test_however_files_come_and_come_again_each_content_of_a_sender_lands_once(
    files: list[tuple[str, str, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as root:
        field = Field(Path(root))
        for sender, name, data in files:
            field.put(f"list/{sender}/{name}.csv", data)
            field.receive("list")
        landed = field.receipts()
        expected = {(sender, hashlib.sha256(data).hexdigest()) for sender, _, data in files}
        found = {(m["source_id"], m["files"][0]["sha256"]) for m in field.lake.batches()}
        assert found == expected
        assert sum(row["outcome"] == "landed" for row in landed) == len(expected)
        before = field.landing()
        field.receive("list")
        assert field.landing() == before


def test_many_bundles_cross_the_groups_they_are_landed_in(field: Field) -> None:
    for number in range(130):
        field.bundle(f"tablet_vpn/TB-{number:04d}", lines=LINE.replace(b"c1", f"c{number}".encode()))
    receipt = field.receive("tablet_vpn")
    assert len(receipt.landed) == len(field.lake.batches()) == receipt.record_count == receipt.declared_count == 130
