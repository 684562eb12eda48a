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
from sandbox.seals import ROOT, digests, key_columns, key_of, public, sealed, signature, vouched
from tests.read.desk import FAR, Desk, line, rows, submission
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
    put(desk, "B", bundle, route)
    desk.receive(route, clock_from(at))
    return read_errors(desk)["B"]


def put(desk: Desk, name: str, bundle: dict[str, bytes], route: str = "tablet_vpn") -> None:
    """Lay a bundle into the inbox."""
    folder = f"tablet_vpn/{name}" if route == "tablet_vpn" else f"tablet_usb/S/{name}"
    for file, content in bundle.items():
        desk.put(f"{folder}/{file}", content)
    desk.put(f"tablet_vpn/{name}.ready" if route == "tablet_vpn" else "tablet_usb/S/custody.json", b"{}")


def read_errors(desk: Desk) -> dict[str, list[str | None]]:
    """Read, hold the tables against one another, and return by bundle why lines are unreadable."""
    bench = desk.read()
    found: dict[str, list[str | None]] = {}
    for batch in desk.lake.batches(FAR):
        if batch["route"] == "register":
            continue
        of_batch = f"WHERE batch_id = '{batch['batch_id']}'"
        read = [row[0] for row in rows(bench, f"SELECT read_error FROM record {of_batch} ORDER BY record_no")]
        typed = sum(error is None for error in read)
        for table in ("identity", "answers"):
            assert rows(bench, f"SELECT count(*) FROM {table} JOIN record USING (record_id) {of_batch}") == [(typed,)]
        ((count, fault),) = rows(bench, f"SELECT record_count, seal_fault FROM batch {of_batch}")
        assert count == len(read)
        assert fault is None or set(read) == {fault}
        found[batch["origin"].rsplit("/", 1)[-1]] = read
    return found


@pytest.mark.parametrize("route", ["tablet_vpn", "tablet_usb"])
def test_what_a_known_tablet_signed_is_read(desk: Desk, route: str) -> None:
    desk.know_tablet()
    assert errors(desk, files(), route) == [None] * 3


MANIFEST = files()["manifest.json"]
FORGED = {
    "another key": signature(MANIFEST, key_of(1, "another tablet")),
    "another manifest": signature(MANIFEST + b" ", key_of(1, TABLET)),
    "empty": b"",
    "no base64": b"not base64!",
    "short": base64.b64encode(b"too short"),
    "some other purpose": base64.b64encode(key_of(1, TABLET).sign(MANIFEST)),
    "endless": b"A" * 5_000_000,
}
ALTERED = {
    "an answer": [LINES[0], LINES[1].replace(b'"sex": 1', b'"sex": 2'), LINES[2]],
    "a blank": [LINES[0] + b" ", LINES[1], LINES[2]],
    "the last line": [LINES[0], LINES[1], LINES[2] + b" "],
    "a line more": [*LINES, LINES[0]],
    "a line less in the middle": [LINES[0], LINES[2]],
    "the order": [LINES[1], LINES[0], LINES[2]],
}
CONTENT = b"".join(one + b"\n" for one in LINES)
# What is left, and what is read of it.
CUT = {
    "within the last line": (CONTENT[:-40], [None, None, "TRUNCATED"]),
    "the last newline": (CONTENT[:-1], [None, None, None]),
    "after the first line": (CONTENT[: len(LINES[0]) + 1], [None]),
    "at the start of the second line": (CONTENT[: len(LINES[0]) + 2], [None, "TRUNCATED"]),
    "after one byte": (CONTENT[:1], ["TRUNCATED"]),
    "all": (b"", ["EMPTY_FILE"]),
    # what stands after a cut is not read, though it be JSON
    "and gone on with": (LINES[0] + b"\n" + LINES[1].replace(b'"sex": 1', b'"sex": 2'), [None, "TRUNCATED"]),
}


def without(name: str, bundle: dict[str, bytes]) -> dict[str, bytes]:
    return {file: content for file, content in bundle.items() if file != name}


def bundles() -> dict[str, tuple[dict[str, bytes], list[str | None]]]:
    """Every way a bundle of a tablet we know may be wrong, and what is read of it."""
    right = files()
    other_site = json.dumps(json.loads(MANIFEST) | {"institution_id": "MNG-0002"}).encode()
    altered = ALTERED["an answer"]
    more = line(submission(4))  # its digest covers it whole, a newline or none
    by_digest = {
        "signed.ndjson": hashlib.sha256(more + b"\n").hexdigest(),
        "changed.ndjson": hashlib.sha256(b"").hexdigest(),
    }
    extra = dict.fromkeys(("signed.ndjson", "changed.ndjson", "slipped-in.ndjson"), more + b"\n")
    alone = {"extra.ndjson": hashlib.sha256(more).hexdigest()}
    cut = {"submissions.ndjson": CONTENT[:-40]}
    return {
        "no signature": (without("signature", right), ["BUNDLE_UNSIGNED"] * 3),
        "no manifest": (without("manifest.json", right), ["BUNDLE_UNSIGNED"] * 3),
        **{f"signature: {name}": (right | {"signature": forged}, ["BUNDLE_SIGNATURE_WRONG"] * 3) for name, forged in FORGED.items()},
        "manifest changed after signing": (right | {"manifest.json": other_site}, ["BUNDLE_SIGNATURE_WRONG"] * 3),
        "one tablet speaks for another": (files(key="TB-0002", device_id="TB-0002"), ["KEY_UNKNOWN"] * 3),
        **{
            f"altered: {name}": (right | {"submissions.ndjson": b"".join(one + b"\n" for one in lines)}, ["BUNDLE_ALTERED"] * len(lines))
            for name, lines in ALTERED.items()
        },
        "digests changed with the lines": (
            right | {"submissions.ndjson": b"\n".join(altered), "submissions.sha256": digests(altered)}, ["BUNDLE_ALTERED"] * 3),
        **{f"cut: {name}": (right | {"submissions.ndjson": content}, wanted) for name, (content, wanted) in CUT.items()},
        # a cut cannot be told from a forgery
        "cut, and no digests of the lines": (without("submissions.sha256", right) | cut, ["BUNDLE_ALTERED"] * 3),
        "files the manifest does not answer for": (
            files(files_sha256=by_digest) | extra, ["UNKNOWN_FILE", None, "UNKNOWN_FILE", None, None, None]),
        # a cut of the submissions tells nothing of a file proven for itself
        "cut, and a file with a digest of its own": (
            files(files_sha256=alone) | {"extra.ndjson": more} | cut, [None, None, None, "TRUNCATED"]),
    }  # fmt: skip


BUNDLES = bundles()


@pytest.fixture(scope="module")
def read_of(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str | None]]:
    """What is read of each of these bundles, received together from a tablet we know."""
    desk = Desk(tmp_path_factory.mktemp("bundles"), threads=2, memory_limit="1GB", trust_root=TRUST_ROOT)
    desk.know_tablet()
    for number, (bundle, _) in enumerate(BUNDLES.values()):
        put(desk, f"B{number:02d}", bundle)
    desk.receive("tablet_vpn")
    found = read_errors(desk)
    return {name: found[f"B{number:02d}"] for number, name in enumerate(BUNDLES)}


@pytest.mark.parametrize("name", BUNDLES)
def test_what_a_signature_does_not_prove_is_not_read(read_of: dict[str, list[str | None]], name: str) -> None:
    assert read_of[name] == BUNDLES[name][1]


def test_without_signature_nothing_is_read_from_a_medium_either(desk: Desk) -> None:
    desk.know_tablet()
    assert errors(desk, without("signature", files()), "tablet_usb") == ["BUNDLE_UNSIGNED"] * 3


def test_a_key_is_known_once_a_register_names_it_and_only_from_then_on(desk: Desk) -> None:
    assert errors(desk, files()) == ["KEY_UNKNOWN"] * 3
    desk.know_tablet(at=START + timedelta(days=3))
    assert read_errors(desk) == {"B": [None] * 3}
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


def vouched_anew() -> dict[str, str]:
    """What the register says of the tablet once it has another key."""
    key = key_of(1, "a new key")
    return {"public_key": public(key), "key_signature": vouched(key_of(1, ROOT), TABLET, public(key))}


def test_what_a_tablet_signed_before_it_got_another_key_stays_proven(desk: Desk) -> None:
    """And what arrives after the register without the old key needs the new one."""
    desk.know_tablet()
    put(desk, "early", files())
    desk.receive("tablet_vpn")
    desk.know_tablet(at=START + timedelta(days=3), **vouched_anew())
    put(desk, "late", files(LINES[:2]))
    put(desk, "new", files(LINES[:1], key="a new key"))
    desk.receive("tablet_vpn", clock_from(START + timedelta(days=4)))
    assert read_errors(desk) == {"early": [None] * 3, "late": ["BUNDLE_SIGNATURE_WRONG"] * 2, "new": [None]}


@pytest.mark.parametrize(("revoked_on", "error"), [(None, None), ("2021-10-01", "KEY_REVOKED")])
def test_every_act_of_a_tablet_has_a_key_of_its_own(desk: Desk, revoked_on: str | None, error: str | None) -> None:
    """A stick that was under way when the tablet was handed on is proven by the key of the act before, unless that is revoked."""
    key, vouched_for = key_columns(1, TABLET)
    acts = [
        {"issued_on": "2021-09-01", "public_key": key, "key_signature": vouched_for, "key_revoked_on": revoked_on},
        {"issued_on": "2021-10-02", **vouched_anew(), "key_revoked_on": None},
    ]
    desk.know_tablet(*acts)
    put(desk, "old", files())
    put(desk, "new", files(LINES[:1], key="a new key"))
    desk.receive("tablet_vpn")
    assert read_errors(desk) == {"old": [error] * 3, "new": [None]}


def test_a_register_may_say_that_an_earlier_one_revoked_a_key_by_mistake(desk: Desk) -> None:
    desk.know_tablet(key_revoked_on="2021-09-01")
    assert errors(desk, files()) == ["KEY_REVOKED"] * 3
    desk.know_tablet(at=START + timedelta(days=3))
    assert read_errors(desk) == {"B": [None] * 3}


def test_a_key_revoked_before_it_was_replaced_stays_revoked(desk: Desk) -> None:
    desk.know_tablet(key_revoked_on="2021-09-01")
    assert errors(desk, files()) == ["KEY_REVOKED"] * 3
    desk.know_tablet(at=START + timedelta(days=3), **vouched_anew())
    assert read_errors(desk) == {"B": ["KEY_REVOKED"] * 3}


def test_keys_stay_within_the_register(desk: Desk) -> None:
    desk.know_tablet(lost_on="2021-10-05")
    bench = desk.read()
    assert rows(bench, "SELECT lost_on::VARCHAR, key_revoked_on, public_key FROM device") == [
        ("2021-10-05", None, key_columns(1, TABLET)[0])
    ]
