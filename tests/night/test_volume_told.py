"""The doctor calls a volume encrypted where the kernel says so, not where its name sounds like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import doctor
from pipeline.settings import load_settings

LUKS, LVM = "CRYPT-LUKS2-0123456789abcdef-data", "LVM-0123456789abcdef"
# Mount of the lake (number, kind, source); what lies below a number: uuid of the device mapper, and the devices it is made of.
VOLUMES = {
    "LUKS by a plain name": (("253:0", "ext4", "/dev/mapper/data"), {"253:0": (LUKS, ["8:2"])}, "ok"),
    "LVM on LUKS": (("253:1", "xfs", "/dev/dm-1"), {"253:1": (LVM, ["253:0"]), "253:0": (LUKS, ["8:2"])}, "ok"),
    "RAID of LUKS": (("9:0", "ext4", "/dev/md0"), {"9:0": (None, ["253:0", "253:1"]), "253:0": (LUKS, ["8:1"]), "253:1": (LUKS, ["8:2"])}, "ok"),
    "plain LVM": (("253:0", "ext4", "/dev/dm-0"), {"253:0": (LVM, ["8:2"])}, "attention"),
    "LVM half on LUKS": (("253:1", "ext4", "/dev/dm-1"), {"253:1": (LVM, ["253:0", "8:3"]), "253:0": (LUKS, ["8:2"])}, "attention"),
    "plain by an encrypted name": (("253:0", "ext4", "/dev/mapper/luks-crypt"), {"253:0": (LVM, ["8:2"])}, "attention"),
    "a partition": (("8:1", "ext4", "/dev/sda1"), {}, "attention"),
    "ZFS": (("0:42", "zfs", "tank/lake"), {}, "attention"),
    "Btrfs on what is not seen here": (("0:43", "btrfs", "/dev/mapper/none"), {}, "attention"),
    "a file system that encrypts": (("0:44", "fuse.gocryptfs", "/srv/cipher"), {}, "ok"),
}  # fmt: skip


@pytest.mark.parametrize("volume", VOLUMES)
def test_a_volume_is_encrypted_where_all_of_it_lies_on_what_encrypts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, volume: str
) -> None:
    (number, kind, source), devices, level = VOLUMES[volume]
    lake = (tmp_path / "the lake").resolve()
    point = str(lake).replace(" ", "\\040")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 8:9 / / rw shared:1 - ext4 /dev/sda9 rw\n"
        f"22 21 0:45 / {point} rw shared:2 - {'ext4' if level == 'ok' else 'ecryptfs'} hidden rw\n"
        f"23 22 {number} / {point} rw shared:2 master:3 - {kind} {source} rw\n"
    )
    blocks = tmp_path / "block"
    for each, (uuid, below) in devices.items():
        (blocks / each / "slaves").mkdir(parents=True)
        for slave in below:
            (blocks / slave).mkdir(parents=True, exist_ok=True)
            (blocks / each / "slaves" / slave).symlink_to(blocks / slave)
        if uuid:
            (blocks / each / "dm").mkdir()
            (blocks / each / "dm" / "uuid").write_text(f"{uuid}\n")
    monkeypatch.setattr(doctor, "MOUNTS", mounts)
    monkeypatch.setattr(doctor, "BLOCKS", blocks)
    monkeypatch.delenv("SANAQ_ALLOW_PLAIN_VOLUME", raising=False)
    found = doctor._volume(load_settings(lake=lake))
    assert found.level == level
    assert ("cannot be told" in found.found) == (kind in ("zfs", "btrfs"))
