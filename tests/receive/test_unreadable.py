"""What the file system does not give is refused by its place, and keeps nothing else from landing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import BadSetting
from pipeline.lake import EVER
from tests.receive.field import Field

Shut = Callable[[Path, int], None]
CLOSED, NAMES_ONLY = 0, 0o400
CUSTODY = json.dumps({"medium_id": "USB-004"}).encode()


def fill(field: Field) -> None:
    """Put two of everything into the inbox."""
    for name in ("1", "2"):
        for route in ("list", "movement", "headcount"):
            field.put(f"{route}/MNG-000{name}/a.csv", f"{route} {name}".encode())
        for route in ("register", "verification"):
            field.put(f"{route}/D{name}/deeper/sheet.csv", f"{route} {name}".encode())
            field.put(f"{route}/D{name}.ready", b"")
        for folder in (f"tablet_vpn/B{name}", f"tablet_usb/S{name}/B1"):
            field.bundle(folder, lines=b'{"case_id":"%s"}\n' % folder.encode())
            field.put(f"{folder}/deeper/more", folder.encode())
        field.put(f"tablet_usb/S{name}/custody.json", CUSTODY)
        (field.inbox / f"tablet_usb/S{name}/B1.ready").unlink()


def refused(field: Field) -> list[tuple[str, str]]:
    return [(row["origin"], row["reason"]) for row in field.receipts() if row["outcome"] == "refused"]


PLACES = {
    "the folder of an institution": ("list/MNG-0001", CLOSED),
    "an institution's files": ("movement/MNG-0001", NAMES_ONLY),
    "a file": ("headcount/MNG-0001/a.csv", CLOSED),
    "a delivery": ("register/D1", CLOSED),
    "a folder of a delivery": ("verification/D1/deeper", CLOSED),
    "a bundle": ("tablet_vpn/B1", CLOSED),
    "a folder of a bundle": ("tablet_vpn/B1/deeper", CLOSED),
    "the files of a bundle": ("tablet_vpn/B1", NAMES_ONLY),
    "a stick": ("tablet_usb/S1", CLOSED),
    "a stick's bundles": ("tablet_usb/S1", NAMES_ONLY),
    "a stick's custody record": ("tablet_usb/S1/custody.json", CLOSED),
    "a bundle of a stick": ("tablet_usb/S1/B1", CLOSED),
}
INSTEAD = {  # what is refused where it is not the place itself
    "movement/MNG-0001": "movement/MNG-0001/a.csv",
    "verification/D1/deeper": "verification/D1",
    "tablet_vpn/B1/deeper": "tablet_vpn/B1",
    "tablet_usb/S1/custody.json": "tablet_usb/S1",
}


@pytest.mark.parametrize("place", PLACES)
def test_what_cannot_be_read_is_refused_whole_until_it_can_be_and_what_lies_behind_it_lands(
    field: Field, shut: Shut, place: str
) -> None:
    path, mode = PLACES[place]
    route = path.split("/")[0]
    fill(field)
    shut(field.inbox / path, mode)
    assert len(field.receive(route).landed) == 1
    assert refused(field) == [(INSTEAD.get(path, path), "CANNOT_BE_READ")]
    (field.inbox / path).chmod(0o700)
    assert (len(field.receive(route).landed), field.lake.not_taken(EVER)) == (1, [])


@pytest.mark.parametrize("route", ["list", "register", "tablet_vpn", "tablet_usb"])
def test_a_route_whose_folder_cannot_be_read_is_not_called_empty(field: Field, shut: Shut, route: str) -> None:
    fill(field)
    shut(field.inbox / route, CLOSED)
    receipt = field.receive(route)
    assert (receipt.landed, receipt.note) == ([], None)
    assert refused(field) == [(route, "CANNOT_BE_READ")]
    (field.inbox / route).chmod(0o700)
    field.receive(route)
    assert field.lake.not_taken(EVER) == []


@pytest.mark.parametrize("path", ["list", "list/MNG-0001"])
def test_what_had_been_refused_where_nobody_can_look_is_not_gone(field: Field, shut: Shut, path: str) -> None:
    field.put("list/MNG-0001/a.csv", b"x").with_name("link.csv").symlink_to("/etc/hostname")
    field.receive("list")
    shut(field.inbox / path, CLOSED)
    field.receive("list")
    assert {row["reason"]: row["place_count"] for row in field.lake.not_taken(EVER)} == {
        "CANNOT_BE_READ": 1,
        "SYMLINK": 1,
    }


def test_an_inbox_that_is_not_there_is_a_wrong_setting_and_nothing_in_it_is_gone_until_it_is_mounted(
    field: Field,
) -> None:
    field.put("tablet_vpn/stray.txt", b"x")
    field.receive("tablet_vpn")
    before = field.receipts()
    field.inbox.rename(field.inbox.with_name("unmounted"))
    with pytest.raises(BadSetting, match="SANAQ_INBOX"):
        field.receive("tablet_vpn")
    field.inbox.mkdir()
    assert field.receive("tablet_vpn").note == "nothing new: the inbox folder tablet_vpn/ is not there"
    assert field.receipts() == before
