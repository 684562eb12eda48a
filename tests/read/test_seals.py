"""What a bundle's signature does not prove never gets past reading: signed, cut, altered, forged, revoked."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadSetting
from pipeline.lake import clock_from
from sandbox.seals import ROOT, digests, key_columns, key_of, public, sealed, signature
from tests.read.desk import Desk, line, rows, submission
from tests.receive.field import START

TABLET = "TB-0001"
LINES = [line(submission(number)) for number in (1, 2, 3)]
TRUST_ROOT = public(key_of(1, ROOT))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A lake that believes keys the root has vouched for."""
    return Desk(tmp_path, threads=2, memory_limit="1GB", trust_root=TRUST_ROOT)


def files(lines: list[bytes] = LINES, key: str = TABLET, seed: int = 1, **said: object) -> dict[str, bytes]:
    """Return the files of a bundle that is right in everything."""
    content = b"".join(one + b"\n" for one in lines)
    manifest = {"bundle_id": "B", "device_id": TABLET, "institution_id": "MNG-0001", "case_count": len(lines),
                "exported_at": "2021-10-03T21:00:00+05:00", "submissions_sha256": hashlib.sha256(content).hexdigest()} | said  # fmt: skip
    return {**sealed(manifest, key_of(seed, key), lines), "submissions.ndjson": content}


def errors(desk: Desk, bundle: dict[str, bytes], route: str = "tablet_vpn", at: datetime = START) -> list[str | None]:
    """Receive a bundle, read everything, and return why its lines are unreadable."""
    folder = "tablet_vpn/B" if route == "tablet_vpn" else "tablet_usb/S/B"
    for name, content in bundle.items():
        desk.put(f"{folder}/{name}", content)
    desk.put("tablet_vpn/B.ready", b"")
    desk.receive(route, clock_from(at))
    return read_errors(desk)


def read_errors(desk: Desk) -> list[str | None]:
    """Read, hold the tables against one another, and return why lines are unreadable."""
    bench = desk.read()
    found = [row[0] for row in rows(bench, "SELECT read_error FROM record ORDER BY record_no")]
    typed = sum(error is None for error in found)
    assert rows(bench, "SELECT count(*) FROM identity UNION ALL SELECT count(*) FROM answers") == [(typed,), (typed,)]
    assert rows(bench, "SELECT record_count FROM batch WHERE route LIKE 'tablet%'") == [(len(found),)]
    (fault,) = rows(bench, "SELECT seal_fault FROM batch WHERE route LIKE 'tablet%'")[0]
    assert fault is None or set(found) == {fault}
    return found


@pytest.mark.parametrize("route", ["tablet_vpn", "tablet_usb"])
def test_what_a_known_tablet_signed_is_read(desk: Desk, route: str) -> None:
    desk.know_tablet()
    assert errors(desk, files(), route) == [None] * 3


@pytest.mark.parametrize("route", ["tablet_vpn", "tablet_usb"])
def test_without_signature_nothing_is_read(desk: Desk, route: str) -> None:
    desk.know_tablet()
    bundle = files()
    del bundle["signature"]
    assert errors(desk, bundle, route) == ["BUNDLE_UNSIGNED"] * 3


def test_without_manifest_nothing_is_signed(desk: Desk) -> None:
    desk.know_tablet()
    bundle = files()
    del bundle["manifest.json"]
    assert errors(desk, bundle) == ["BUNDLE_UNSIGNED"] * 3


@pytest.mark.parametrize(
    "forged",
    [
        signature(files()["manifest.json"], key_of(1, "another tablet")),
        signature(files()["manifest.json"] + b" ", key_of(1, TABLET)),
        b"",
        b"not base64!",
        base64.b64encode(b"too short"),
        base64.b64encode(key_of(1, TABLET).sign(files()["manifest.json"])),  # signed for some other purpose
        b"A" * 5_000_000,
    ],
    ids=["another key", "another manifest", "empty", "no base64", "short", "other purpose", "endless"],
)
def test_a_wrong_signature_proves_nothing(desk: Desk, forged: bytes) -> None:
    desk.know_tablet()
    assert errors(desk, files() | {"signature": forged}) == ["BUNDLE_SIGNATURE_WRONG"] * 3


def test_a_manifest_changed_after_signing_is_wrongly_signed(desk: Desk) -> None:
    desk.know_tablet()
    bundle = files()
    said = json.loads(bundle["manifest.json"]) | {"institution_id": "MNG-0002"}
    assert errors(desk, bundle | {"manifest.json": json.dumps(said).encode()}) == ["BUNDLE_SIGNATURE_WRONG"] * 3


def test_one_tablet_cannot_speak_for_another(desk: Desk) -> None:
    desk.know_tablet()
    assert errors(desk, files(key="TB-0002", device_id="TB-0002")) == ["KEY_UNKNOWN"] * 3


ALTERED = {
    "an answer": [LINES[0], LINES[1].replace(b'"sex": 1', b'"sex": 2'), LINES[2]],
    "a blank": [LINES[0] + b" ", LINES[1], LINES[2]],
    "the last line": [LINES[0], LINES[1], LINES[2] + b" "],
    "a line more": [*LINES, LINES[0]],
    "a line less in the middle": [LINES[0], LINES[2]],
    "the order": [LINES[1], LINES[0], LINES[2]],
}


@pytest.mark.parametrize("lines", ALTERED.values(), ids=ALTERED)
def test_of_an_altered_bundle_nothing_is_read(desk: Desk, lines: list[bytes]) -> None:
    desk.know_tablet()
    altered = b"".join(one + b"\n" for one in lines)
    assert errors(desk, files() | {"submissions.ndjson": altered}) == ["BUNDLE_ALTERED"] * len(lines)


def test_digests_changed_with_the_lines_do_not_help(desk: Desk) -> None:
    desk.know_tablet()
    lines = ALTERED["an answer"]
    changed = {"submissions.ndjson": b"\n".join(lines), "submissions.sha256": digests(lines)}
    assert errors(desk, files() | changed) == ["BUNDLE_ALTERED"] * 3


CUT = b"".join(one + b"\n" for one in LINES)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (CUT[:-40], [None, None, "TRUNCATED"]),
        (CUT[:-1], [None, None, None]),
        (CUT[: len(LINES[0]) + 1], [None]),
        (CUT[: len(LINES[0]) + 2], [None, "TRUNCATED"]),
        (CUT[:1], ["TRUNCATED"]),
        (b"", ["EMPTY_FILE"]),
    ],
)
def test_of_a_cut_bundle_the_lines_proven_by_their_digests_are_read(
    desk: Desk, content: bytes, wanted: list[str | None]
) -> None:
    desk.know_tablet()
    assert errors(desk, files() | {"submissions.ndjson": content}) == wanted


def test_what_stands_after_a_cut_is_not_read_though_it_be_json(desk: Desk) -> None:
    desk.know_tablet()
    content = LINES[0] + b"\n" + LINES[1].replace(b'"sex": 1', b'"sex": 2')
    assert errors(desk, files() | {"submissions.ndjson": content}) == [None, "TRUNCATED"]


def test_without_digests_of_the_lines_a_cut_cannot_be_told_from_a_forgery(desk: Desk) -> None:
    desk.know_tablet()
    bundle = files() | {"submissions.ndjson": CUT[:-40]}
    del bundle["submissions.sha256"]
    assert errors(desk, bundle) == ["BUNDLE_ALTERED"] * 3


def test_a_file_the_manifest_does_not_answer_for_is_not_read(desk: Desk) -> None:
    desk.know_tablet()
    more = line(submission(4)) + b"\n"
    signed = {"signed.ndjson": hashlib.sha256(more).hexdigest(), "changed.ndjson": hashlib.sha256(b"").hexdigest()}
    extra = {"signed.ndjson": more, "changed.ndjson": more, "slipped-in.ndjson": more}
    assert sorted(map(str, errors(desk, files(files_sha256=signed) | extra))) == ["None"] * 4 + ["UNKNOWN_FILE"] * 2


def test_a_cut_of_the_submissions_tells_nothing_of_a_file_proven_for_itself(desk: Desk) -> None:
    desk.know_tablet()
    more = line(submission(4))  # its digest covers it whole, a newline or none
    signed = {"extra.ndjson": hashlib.sha256(more).hexdigest()}
    bundle = files(files_sha256=signed) | {"extra.ndjson": more, "submissions.ndjson": CUT[:-40]}
    assert sorted(map(str, errors(desk, bundle))) == ["None"] * 3 + ["TRUNCATED"]


def test_a_key_is_known_once_a_register_names_it_and_only_from_then_on(desk: Desk) -> None:
    assert errors(desk, files()) == ["KEY_UNKNOWN"] * 3
    desk.know_tablet(at=START + timedelta(days=3))
    assert read_errors(desk) == [None] * 3
    before = desk.read(START + timedelta(days=2))
    assert rows(before, "SELECT DISTINCT read_error FROM record") == [("KEY_UNKNOWN",)]


@pytest.mark.parametrize(
    "said",
    [
        {"public_key": None},
        {"public_key": "no key"},
        {"key_signature": None},
        {"key_signature": key_columns(2, TABLET)[1]},
        {"public_key": key_columns(1, "TB-0002")[0], "key_signature": key_columns(1, "TB-0002")[1]},
    ],
    ids=["none", "no key", "not vouched for", "vouched for by another root", "vouched for as another's"],
)
def test_a_key_nobody_vouches_for_is_no_key(desk: Desk, said: dict[str, Any]) -> None:
    desk.know_tablet(**said)
    assert errors(desk, files(key="TB-0002" if said.get("key_signature") else TABLET)) == ["KEY_UNKNOWN"] * 3


def test_without_a_root_the_register_alone_is_trusted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, threads=2, memory_limit="1GB")
    desk.know_tablet(key_signature=None)
    assert errors(desk, files()) == [None] * 3


def test_a_root_that_is_no_key_is_a_bad_setting(tmp_path: Path) -> None:
    desk = Desk(tmp_path, threads=2, memory_limit="1GB", trust_root="no key")
    desk.know_tablet()
    with pytest.raises(BadSetting, match="SANAQ_TRUST_ROOT"):
        errors(desk, files())


def test_a_revoked_key_counts_until_the_day_it_was_revoked_on_by_receipt(desk: Desk) -> None:
    revoked_on = START.date() + timedelta(days=1)  # START is 21:00 of its day in Aktau
    desk.know_tablet(key_revoked_on=revoked_on)
    assert errors(desk, files()) == [None] * 3


@pytest.mark.parametrize("day", ["2021-10-03", "03.10.2021", "yesterday"])
def test_what_is_received_after_a_key_was_revoked_is_not_read_whatever_the_tablets_clock_says(
    desk: Desk, day: str
) -> None:
    desk.know_tablet(key_revoked_on=day)
    assert errors(desk, files(exported_at="2021-10-01T10:00:00+05:00")) == ["KEY_REVOKED"] * 3


def test_keys_stay_within_the_register(desk: Desk) -> None:
    desk.know_tablet(lost_on="2021-10-05")
    bench = desk.read()
    assert rows(bench, "SELECT lost_on::VARCHAR, key_revoked_on, public_key FROM device") == [
        ("2021-10-05", None, key_columns(1, TABLET)[0])
    ]
