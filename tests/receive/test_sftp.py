"""Bundles are pulled from a real SFTP server, also one that misbehaves."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from pipeline.errors import BadSetting, GatewayRefused, GatewayUnavailable
from pipeline.receive import sftp
from sandbox.sftp import Access, running
from tests.receive.field import LINE, Field


class Moody(asyncssh.SFTPServer):
    """A server that counts what is read and can be told to misbehave."""

    reads: int = 0
    served: int = 0
    cut_at: frozenset[int] | range = frozenset()
    stalls_at: frozenset[int] = frozenset()
    is_deaf_to_removal = False

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:  # type: ignore[override]
        """Serve a block, unless this is the read at which to break off or to stand still."""
        Moody.reads += 1
        if Moody.reads in Moody.cut_at:
            self.connection.abort()
        if Moody.reads in Moody.stalls_at:
            await asyncio.sleep(5)
        block = bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]
        Moody.served += len(block)
        return block

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, unless told not to."""
        if Moody.is_deaf_to_removal:
            raise asyncssh.SFTPPermissionDenied("no")
        super().rename(oldpath, newpath)


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Access]:
    """A gateway over a folder `far`, and a client that does not wait long."""
    for name, calm in (("reads", 0), ("served", 0), ("cut_at", frozenset()), ("stalls_at", frozenset()), ("is_deaf_to_removal", False)):  # fmt: skip
        monkeypatch.setattr(Moody, name, calm)
    for name, value in (("timeout", 0.5), ("attempts", 3), ("first_wait", 0.01)):
        monkeypatch.setitem(sftp.Gateway.__init__.__kwdefaults__, name, value)
    with running(tmp_path / "far", tmp_path / "keys", Moody) as way_in:
        yield way_in


def pulling(root: Path, gateway: Access, **more: object) -> Field:
    """Return a lake that pulls from the gateway."""
    said = {"sftp_url": gateway.url, "sftp_key": gateway.key, "sftp_known_hosts": gateway.known_hosts}
    return Field(root, **{**said, **more})


@pytest.fixture
def far(tmp_path: Path, gateway: Access) -> Field:
    """The gateway's side: what its `inbox` holds is what the gateway shows."""
    far = Field(tmp_path / "unused")
    far.inbox = tmp_path / "far"
    return far


@pytest.fixture
def field(tmp_path: Path, gateway: Access) -> Field:
    """A lake that pulls from the gateway and keeps what lies there."""
    return pulling(tmp_path, gateway)


def fill(far: Field, count: int, size: int = 1) -> None:
    """Lay out bundles, each of other content."""
    for number in range(count):
        far.bundle(f"tablet_vpn/TB-{number:04d}", lines=LINE.replace(b"c1", f"c{number}".encode()) * size)


def reasons(field: Field) -> list[tuple[str, str]]:
    """Return what the receipts say was refused."""
    return [(row["origin"], row["reason"]) for row in field.receipts() if row["outcome"] == "refused"]


def test_what_lands_is_what_the_inbox_would_have_given(tmp_path: Path, far: Field, field: Field) -> None:
    fill(far, 3)
    by_folder = Field(tmp_path / "folder")
    shutil.copytree(far.inbox, by_folder.inbox, dirs_exist_ok=True)
    assert field.receive("tablet_vpn").landed == by_folder.receive("tablet_vpn").landed
    assert [batch["origin"] for batch in field.lake.batches()] == [f"tablet_vpn/TB-000{n}" for n in range(3)]
    assert list((tmp_path / "lake" / "staging").iterdir()) == []


def test_without_its_flag_a_bundle_is_left_alone(far: Field, field: Field) -> None:
    far.bundle("tablet_vpn/TB-0001", is_ready=False)
    far.bundle("tablet_vpn/.TB-0002")
    far.bundle("tablet_vpn/TB-0003.part")
    receipt = field.receive("tablet_vpn")
    assert (receipt.landed, receipt.waiting, receipt.refused, Moody.reads) == ([], 1, [], 0)


def test_an_empty_gateway_says_so(field: Field) -> None:
    assert field.receive("tablet_vpn").note == "the gateway has nothing new"


def test_what_has_landed_is_not_fetched_again(far: Field, field: Field) -> None:
    fill(far, 4)
    field.receive("tablet_vpn")
    Moody.reads = 0
    lines = len(field.receipts())
    receipt = field.receive("tablet_vpn")
    assert (receipt.landed, receipt.again, Moody.reads, len(field.receipts())) == ([], 4, 0, lines)


def test_a_bundle_put_there_anew_is_fetched_once_and_is_the_same_batch(far: Field, field: Field) -> None:
    fill(far, 1)
    field.receive("tablet_vpn")
    os.utime(far.inbox / "tablet_vpn/TB-0000/manifest.json", (1, 1))
    Moody.reads = 0
    assert field.receive("tablet_vpn").again == 1
    assert Moody.reads > 0
    Moody.reads = 0
    assert field.receive("tablet_vpn").again == 1
    assert Moody.reads == 0


def test_lost_receipts_do_not_make_it_fetch_again(far: Field, field: Field) -> None:
    fill(far, 2)
    field.receive("tablet_vpn")
    field.lake.receipts.unlink()
    Moody.reads = 0
    assert (field.receive("tablet_vpn").again, Moody.reads) == (2, 0)


def test_a_pull_cut_for_good_has_landed_what_came_before(far: Field, field: Field) -> None:
    fill(far, 5)
    Moody.cut_at = range(6, 1000)
    with pytest.raises(GatewayUnavailable, match="broke"):
        field.receive("tablet_vpn")
    landed = len(field.lake.batches())
    assert 0 < landed < 5
    Moody.cut_at = frozenset()
    receipt = field.receive("tablet_vpn")
    assert (receipt.again, len(receipt.landed)) == (landed, 5 - landed)


def test_a_file_cut_in_the_middle_is_gone_on_with(far: Field, field: Field) -> None:
    fill(far, 1, size=400_000)  # three blocks and a bit
    size = sum(path.stat().st_size for path in (far.inbox / "tablet_vpn" / "TB-0000").iterdir())
    Moody.cut_at = frozenset({size * 3 // 4 // 32768})
    receipt = field.receive("tablet_vpn")
    assert receipt.record_count == 400_000
    assert size <= Moody.served < size + 2 * sftp.BLOCK


def test_a_gateway_that_stands_still_is_left_and_asked_again(far: Field, field: Field) -> None:
    fill(far, 1)
    Moody.stalls_at = frozenset({1})
    assert len(field.receive("tablet_vpn").landed) == 1


def test_a_listing_that_changed_meanwhile_is_not_taken(
    far: Field, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(far, 1)
    served = Moody.read

    async def grow(self: Moody, file_obj: object, offset: int, size: int) -> bytes:
        with (far.inbox / "tablet_vpn/TB-0000/submissions.ndjson").open("ab") as handle:
            handle.write(LINE)
        return await served(self, file_obj, offset, size)

    monkeypatch.setattr(Moody, "read", grow)
    field.receive("tablet_vpn")
    assert (reasons(field), field.lake.batches()) == ([("tablet_vpn/TB-0000", "STILL_BEING_WRITTEN")], [])


def test_what_is_no_plain_bundle_is_refused_by_name_and_the_rest_lands(
    tmp_path: Path, far: Field, gateway: Access
) -> None:
    fill(far, 1)
    secret = far.put("secret", b"root:x")
    root = far.inbox / "tablet_vpn"
    (root / "link").symlink_to(secret)
    (root / "linked").symlink_to(root / "TB-0000")
    (root / "linked.ready").touch()
    for name in ("inner-link", "folder", "fifo", "odd", "large", "empty", "many"):
        (root / name).mkdir()
        (root / f"{name}.ready").touch()
    (root / "inner-link" / "submissions.ndjson").symlink_to(secret)
    (root / "folder" / "deeper").mkdir()
    os.mkfifo(root / "fifo" / "submissions.ndjson")
    (root / "odd" / "a b").touch()
    (root / "large" / "submissions.ndjson").write_bytes(b"x" * 5000)
    for number in range(sftp.MOST_FILES + 1):
        (root / "many" / str(number)).touch()
    (root / os.fsdecode(b"\xff\xfe")).mkdir()
    (root / r"a\..\b").mkdir()
    (root / "loose.txt").touch()
    field = pulling(tmp_path, gateway, max_file_bytes=4000)
    receipt = field.receive("tablet_vpn")
    assert len(receipt.landed) == 1
    assert dict(reasons(field)) == {
        "tablet_vpn/link": "SYMLINK", "tablet_vpn/linked": "SYMLINK", "tablet_vpn/inner-link": "SYMLINK",
        "tablet_vpn/folder": "NOT_A_FILE", "tablet_vpn/fifo": "NOT_A_FILE", "tablet_vpn/odd": "ODD_NAME",
        "tablet_vpn/large": "TOO_LARGE", "tablet_vpn/empty": "EMPTY_FOLDER", "tablet_vpn/many": "TOO_MANY_FILES",
        "tablet_vpn/\\xff\\xfe": "ODD_NAME", "tablet_vpn/a\\..\\b": "ODD_NAME", "tablet_vpn/loose.txt": "OUTSIDE_A_BUNDLE",
    }  # fmt: skip


def test_by_default_nothing_is_removed(far: Field, field: Field) -> None:
    fill(far, 1)
    before = sorted(far.inbox.rglob("*"))
    field.receive("tablet_vpn")
    assert sorted(far.inbox.rglob("*")) == before


def test_landed_bundles_are_removed_where_that_is_wanted(tmp_path: Path, far: Field, gateway: Access) -> None:
    fill(far, 2)
    far.bundle("tablet_vpn/waiting", is_ready=False)
    pulling(tmp_path, gateway).receive("tablet_vpn")
    fill(far, 3)  # the first two anew: as another listing, or still the same
    pulling(tmp_path, gateway, sftp_remove=True).receive("tablet_vpn")
    assert sorted(path.name for path in (far.inbox / "tablet_vpn").iterdir()) == ["waiting"]


def test_the_night_and_the_quarter_of_an_hour_do_not_take_bundles_from_each_other(
    tmp_path: Path, far: Field, gateway: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(far, 2)
    night, quarter = (pulling(tmp_path, gateway, sftp_remove=True) for _ in range(2))
    landed, listed, removed = list[str](), threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: landed.extend(quarter.receive("tablet_vpn").landed))
    look, remove = sftp.Gateway._listed, sftp.Gateway.remove

    def listed_first(self: sftp.Gateway) -> list[sftp.Entry]:
        found = look(self)
        if threading.current_thread() is other:
            listed.set()
            removed.wait(30)
        return found

    def removed_meanwhile(self: sftp.Gateway, bundle: sftp.Bundle) -> None:
        if not other.ident:
            other.start()
            listed.wait(0.5)  # what the other lists is gone when it looks, unless it waits for us
        remove(self, bundle)

    monkeypatch.setattr(sftp.Gateway, "_listed", listed_first)
    monkeypatch.setattr(sftp.Gateway, "remove", removed_meanwhile)
    assert len(night.receive("tablet_vpn").landed) == 2
    removed.set()
    other.join()
    assert (landed, reasons(night)) == ([], [])


def test_what_is_not_whole_in_the_lake_stays_on_the_gateway(tmp_path: Path, far: Field, gateway: Access) -> None:
    fill(far, 1)
    field = pulling(tmp_path, gateway)
    (batch,) = field.receive("tablet_vpn").landed
    (field.lake.landing / "tablet_vpn" / batch / "files" / "submissions.ndjson").write_bytes(b"damaged")
    pulling(tmp_path, gateway, sftp_remove=True).receive("tablet_vpn")
    assert (far.inbox / "tablet_vpn/TB-0000/submissions.ndjson").exists()


def test_what_a_killed_removal_left_is_swept(tmp_path: Path, far: Field, gateway: Access) -> None:
    far.put("tablet_vpn/.TB-0009.taken/submissions.ndjson", LINE)
    pulling(tmp_path, gateway, sftp_remove=True).receive("tablet_vpn")
    assert list((far.inbox / "tablet_vpn").iterdir()) == []


def test_a_bundle_stays_where_something_lies_in_it_that_has_not_landed(
    tmp_path: Path, far: Field, gateway: Access
) -> None:
    fill(far, 3)
    far.put("tablet_vpn/TB-0000/.deeper/note", b"x")
    far.put("tablet_vpn/TB-0001/more.ndjson.part", b"x")
    field = pulling(tmp_path, gateway, sftp_remove=True)
    assert len(field.receive("tablet_vpn").landed) == 3
    assert field.receive("tablet_vpn").again == 2
    left = sorted(path.name for path in (far.inbox / "tablet_vpn").iterdir())
    assert left == ["TB-0000", "TB-0000.ready", "TB-0001", "TB-0001.ready"]
    assert (far.inbox / "tablet_vpn/TB-0000/.deeper/note").exists()
    assert (far.inbox / "tablet_vpn/TB-0001/more.ndjson.part").exists()


def test_what_only_looks_put_aside_neither_stops_a_pull_nor_is_followed(
    tmp_path: Path, far: Field, gateway: Access
) -> None:
    fill(far, 2)
    kept = [far.put("tablet_vpn/.a.taken", b"x"), far.put("other/file", b"x"), far.put("tablet_vpn/.c.taken/deep/file", b"x")]  # fmt: skip
    (far.inbox / "tablet_vpn/.b.taken").symlink_to(far.inbox / "other")
    assert len(pulling(tmp_path, gateway, sftp_remove=True).receive("tablet_vpn").landed) == 2
    assert all(path.exists() for path in kept)
    assert sorted(path.name for path in (far.inbox / "tablet_vpn").iterdir()) == [".a.taken", ".b.taken", ".c.taken"]


def test_what_others_named_as_if_it_were_put_aside_keeps_no_bundle_from_being_removed(
    tmp_path: Path, far: Field, gateway: Access
) -> None:
    fill(far, 2)
    kept = [far.put("tablet_vpn/.TB-0000.taken", b"x"), far.put("tablet_vpn/.TB-0001.taken/deep/file", b"x")]
    assert len(pulling(tmp_path, gateway, sftp_remove=True).receive("tablet_vpn").landed) == 2
    left = sorted(path.name for path in (far.inbox / "tablet_vpn").iterdir())
    assert left == [".TB-0000.taken", ".TB-0001.taken"]
    assert all(path.exists() for path in kept)


def test_a_gateway_that_keeps_us_from_removing_is_named_when_all_have_landed(
    tmp_path: Path, far: Field, gateway: Access
) -> None:
    fill(far, 2)
    Moody.is_deaf_to_removal = True
    field = pulling(tmp_path, gateway, sftp_remove=True)
    with pytest.raises(GatewayRefused, match="SANAQ_SFTP_REMOVE"):
        field.receive("tablet_vpn")
    assert len(field.lake.batches()) == 2


def test_an_unknown_host_key_is_refused(tmp_path: Path, far: Field, gateway: Access) -> None:
    fill(far, 1)
    gateway.known_hosts.write_text("")
    with pytest.raises(GatewayRefused, match="host key is not known"):
        pulling(tmp_path, gateway).receive("tablet_vpn")
    assert Moody.reads == 0


def test_a_changed_host_key_is_refused(tmp_path: Path, gateway: Access) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    place = gateway.known_hosts.read_text().split()[0]
    gateway.known_hosts.write_text(f"{place} {other}\n")
    with pytest.raises(GatewayRefused, match="another host key"):
        pulling(tmp_path, gateway).receive("tablet_vpn")


def test_a_key_that_is_not_let_in_is_refused_and_not_shown(tmp_path: Path, gateway: Access) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(GatewayRefused, match="SANAQ_SFTP_KEY") as caught:
        pulling(tmp_path, gateway, sftp_key=other).receive("tablet_vpn")
    assert other.splitlines()[1] not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, gateway: Access) -> None:
    with pytest.raises(GatewayRefused, match="folder"):
        pulling(tmp_path, gateway, sftp_url=gateway.url + "/elsewhere").receive("tablet_vpn")


@pytest.mark.parametrize(("name", "value"), [("sftp_key", None), ("sftp_key", "no key"), ("sftp_known_hosts", None), ("sftp_known_hosts", "/nowhere")])  # fmt: skip
def test_without_key_or_known_hosts_it_is_the_setting_that_is_named(
    tmp_path: Path, gateway: Access, name: str, value: str | None
) -> None:
    with pytest.raises(BadSetting, match=f"SANAQ_{name.upper()}"):
        pulling(tmp_path, gateway, **{name: value}).receive("tablet_vpn")


@pytest.mark.parametrize("url", ["http://host/x", "sftp://host/x", "sftp://user:word@host/x", "sftp://u@h x/"])
def test_an_address_that_is_none_is_a_bad_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Field(tmp_path, sftp_url=url)
    assert url not in str(caught.value)


def test_nobody_there_is_named(tmp_path: Path, gateway: Access) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"sftp://department@127.0.0.1:{free.getsockname()[1]}/tablet_vpn"
        with pytest.raises(GatewayUnavailable):
            pulling(tmp_path, gateway, sftp_url=url).receive("tablet_vpn")


def test_what_speaks_no_ssh_is_named(tmp_path: Path, gateway: Access) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"sftp://department@127.0.0.1:{silent.getsockname()[1]}/tablet_vpn"
        with pytest.raises(GatewayUnavailable):
            pulling(tmp_path, gateway, sftp_url=url).receive("tablet_vpn")


def test_an_empty_address_reads_the_inbox(tmp_path: Path) -> None:
    field = Field(tmp_path, sftp_url="")
    field.bundle("tablet_vpn/TB-0001")
    assert len(field.receive("tablet_vpn").landed) == 1
