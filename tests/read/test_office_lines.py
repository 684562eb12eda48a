"""Movements and headcounts given in on the portal: pulled over HTTP, landed as they came, read to the tables of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.portal import running
from tests.read.desk import Desk, rows
from tests.read.test_office import HEADCOUNT, MOVEMENT, count, movement, register, states, text
from tests.receive.shop import SECRET, Shop


def lines(site: str, table: Sequence[Sequence[object]], columns: Sequence[str] = MOVEMENT) -> list[str]:
    """Return rows of a sheet as the portal gives them."""
    return [
        json.dumps({"institution_id": site} | dict(zip(columns, row, strict=True)), ensure_ascii=False, default=str)
        for row in table
    ]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "campaign")


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A desk whose register knows MNG-0001 and MNG-0002."""
    desk.put("register/reestr.xlsx", register("MNG-0001", "MNG-0002"))
    return desk


def pulled(office: Desk, shop: Shop, show: int = 999) -> Desk:
    """Pull the portal into the desk's lake."""
    shop.show(show)
    with running(shop.folder, SECRET) as url:
        office.settings = office.settings.model_copy(update={"portal_url": url, "portal_secret": _secret()})
        office.receive("portal")
    return office


def _secret() -> object:
    from pydantic import SecretStr

    return SecretStr(SECRET)


def test_movements_of_the_portal_are_those_of_the_files(office: Desk, shop: Shop) -> None:
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, movement(1), movement(2, clock="23:37")], ","))
    from_files = rows(office.read_office(), "SELECT * EXCLUDE (movement_id, batch_id) FROM movement ORDER BY ALL")
    shop.stock(lines("MNG-0002", [movement(1), movement(2, clock="23:37")]), "movements")
    bench = pulled(office, shop).read_office()
    of_both = rows(
        bench,
        "SELECT * EXCLUDE (movement_id, batch_id) REPLACE ('MNG-0001' AS institution_id) FROM movement ORDER BY ALL",
    )
    assert len(from_files) == 2
    assert sorted(of_both, key=str) == sorted(from_files * 2, key=str)
    assert rows(bench, "SELECT DISTINCT institution_id FROM movement ORDER BY 1") == [("MNG-0001",), ("MNG-0002",)]
    [batch] = [one for one in office.lake.batches() if one["route"] == "movement" and one["cursor_to"]]
    assert (batch["source_id"], batch["institution_id"], batch["declared"]["total"]) == ("portal", None, 2)
    landed = office.lake.landing / "movement" / batch["batch_id"] / "files" / "page-00001.ndjson"
    assert landed.read_bytes() == (shop.folder / "field/portal/movements.ndjson").read_bytes()


def test_a_row_of_a_file_given_in_again_on_the_portal_is_repeated_and_a_corrected_one_replaces(
    office: Desk, shop: Shop
) -> None:
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, movement(1), movement(2)], ","))
    office.receive("movement")
    shop.stock(lines("MNG-0001", [movement(1), movement(2, "DISCHARGE")]), "movements")
    assert states(pulled(office, shop).read_office(), "movement") == [
        ("in_force", None, 2), ("repeated", "SAME_AGAIN", 1), ("replaced", "NEWER_ROW", 1),
    ]  # fmt: skip


def test_an_empty_cell_says_what_a_key_left_out_says(office: Desk, shop: Shop) -> None:
    row = movement(1)
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, row], ","))
    office.receive("movement")
    given = [at for at, value in enumerate(row) if value is not None]
    assert len(given) < len(row)
    shop.stock(lines("MNG-0001", [[row[at] for at in given]], [MOVEMENT[at] for at in given]), "movements")
    assert states(pulled(office, shop).read_office(), "movement") == [
        ("in_force", None, 1), ("repeated", "SAME_AGAIN", 1),
    ]  # fmt: skip


def test_headcounts_of_the_portal_replace_and_the_sender_is_who_the_line_names(office: Desk, shop: Shop) -> None:
    shop.stock(lines("MNG-0001", [count(present=5), count(present=6), count("MNG-0002", 7)], HEADCOUNT), "headcounts")
    bench = pulled(office, shop).read_office()
    assert rows(bench, "SELECT institution_id, present_count FROM headcount ORDER BY 1") == [
        ("MNG-0001", 6), ("MNG-0002", 7),
    ]  # fmt: skip
    assert states(bench, "headcount") == [("in_force", None, 2), ("replaced", "NEWER_ROW", 1)]


def test_every_line_is_a_row_whatever_is_in_it(office: Desk, shop: Shop) -> None:
    good = json.loads(lines("MNG-0001", [movement(9)])[0])
    odd = [
        json.dumps(good | {"movement_no": 10, "sex": {"a": [1]}, "further": 1}),
        json.dumps(good | {"movement_no": 11, "family_name": "a\u0000b"}),
        json.dumps(good | {"movement_no": 12.5, "sex": True}),
    ]
    lost = [
        "", "{", "[1]", '"x"', "NaN", '{"institution_id": "MNG-0001", "institution_id": "MNG-0002"}', "\udcff\udcfe",
        json.dumps(good | {"ward": "\ud800"}), "[" * 200 + "]" * 200, json.dumps(good | {"ward": "x" * 1024 * 1024}),
    ]  # fmt: skip
    held = [
        json.dumps({"further": 1}), json.dumps(good | {"institution_id": "Асанов А."}), json.dumps(good | {"institution_id": 7}),
        json.dumps(good | {"institution_id": "MNG-0099"}), json.dumps({"movement_no": 1}),
    ]  # fmt: skip
    shop.stock([*odd, *lost, *held, json.dumps(good)], "movements")
    bench = pulled(office, shop).read_office()
    found = dict.fromkeys(("in_force", "quarantined", "unreadable"), 0)
    for state, _, number in states(bench, "movement"):
        found[str(state)] += int(str(number))
    assert found == {"in_force": len(odd) + 1, "quarantined": len(held), "unreadable": len(lost)}
    assert {reason for state, reason, _ in states(bench, "movement") if state == "unreadable"} == {
        "NOT_JSON", "NOT_OBJECT", "NOT_FINITE", "DUPLICATE_KEY", "NOT_UTF8", "TOO_DEEP", "TOO_LONG",
    }  # fmt: skip


def test_what_is_given_in_later_is_pulled_from_where_the_last_pull_of_its_feed_ended(office: Desk, shop: Shop) -> None:
    shop.stock(lines("MNG-0001", [movement(number) for number in range(1, 6)]), "movements")
    pulled(office, shop, show=2)
    pulled(office, shop, show=5)
    ends = [(one["cursor_from"], one["cursor_to"]) for one in office.lake.batches() if one["route"] == "movement"]
    assert ends == [(None, "2"), ("2", "5")]
    assert states(office.read_office(), "movement") == [("in_force", None, 5)]


def test_a_faulty_line_has_its_own_digest(office: Desk, shop: Shop) -> None:
    """By it copies of the line are found, and when it was first and last seen."""
    long = '"' + "x" * 3 * 1024 * 1024
    lost = ["{", "[1]", long, "{"]
    shop.stock([*lines("MNG-0001", [movement(1)]), *lost], "movements")
    bench = pulled(office, shop).read_office()
    found = rows(bench, "SELECT content_sha256 FROM intake_record WHERE state = 'unreadable' ORDER BY record_no")
    assert found == [(hashlib.sha256(line.encode()).hexdigest(),) for line in lost]


def test_a_byte_order_mark_is_not_part_of_the_first_line(office: Desk, shop: Shop) -> None:
    first, second = lines("MNG-0001", [movement(1), movement(2)])
    shop.stock(["\ufeff" + first, second], "movements")
    assert states(pulled(office, shop).read_office(), "movement") == [("in_force", None, 2)]
