"""Looks at the machine and the settings before a night does."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr

from pipeline.errors import BadDecision, PortalUnavailable, SanaqError
from pipeline.lake import EVER, LOCKS, Lake, counted_until, in_utc, received_by
from pipeline.receive import census_db, odk, portal, sftp
from pipeline.receive.portal_api import Portal
from pipeline.round import load_reference, load_round
from pipeline.settings import Settings, unknown_variables

Level = Literal["ok", "attention", "failed"]
RESERVE = 5 * 1024**3
MOUNTS = Path("/proc/self/mountinfo")
BLOCKS = Path("/sys/dev/block")
ENCRYPTING = ("ecryptfs", "fuse.gocryptfs", "fuse.cryfs")  # file systems that encrypt whatever lies on them


@dataclass(frozen=True)
class Finding:
    """One thing looked at, how it stands, and what to do."""

    check: str
    level: Level
    found: str
    next: str = ""

    def row(self) -> dict[str, str]:
        """Return the finding for a table or JSON."""
        return {"check": self.check, "level": self.level, "found": self.found, "next": self.next}


def examine(settings: Settings) -> list[Finding]:
    """Look at Python, names of variables, disk, time zones, the lake, locks, reference files, the inbox, secrets and what is pulled."""
    return [
        _python(),
        _variables(),
        _disk(settings.lake),
        _time_zones(),
        _volume(settings),
        *_lake(settings.lake),
        _reference(settings),
        _inbox(settings.inbox),
        _secret(
            "id_key",
            settings.id_key is not None,
            "person ids are derived from the round's name alone, and nothing is released; set SANAQ_ID_KEY to a secret",
        ),
        _secret(
            "trust_root",
            bool(settings.trust_root),
            "tablets' keys are believed as the register has them; set SANAQ_TRUST_ROOT to the key that vouches for them",
        ),
        *_beside_data(settings),
        _portal(settings),
        _gateway(settings),
        _census_db(settings),
        _central(settings),
    ]


def listed(settings: Settings | None) -> list[dict[str, Any]]:
    """Return every setting with its value (of a secret: whether it is set) and what it expects; no values without settings."""
    return [
        {
            "setting": f"SANAQ_{name.upper()}",
            "value": None if settings is None else _shown(getattr(settings, name)),
            "expects": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]


def _shown(value: object) -> str:
    return ("set" if value else "not set") if value is None or isinstance(value, SecretStr) else str(value)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(
        "python",
        "ok" if good else "failed",
        version,
        "" if good else "Install a Python from 3.11 to 3.13 and run `make setup`: the lock covers no other.",
    )


def _variables() -> Finding:
    """Names only: the value may be a secret."""
    unknown = unknown_variables()
    if not unknown:
        return Finding("variables", "ok", "every SANAQ_* name is known")
    said = ", ".join(f"{name} ({near}?)" if near else name for name, near in unknown.items())
    return Finding("variables", "attention", f"nothing reads {said}", "Correct the name, or take it away.")


def _disk(folder: Path) -> Finding:
    here = next(each for each in (folder.resolve(), *folder.resolve().parents) if each.exists())
    free = shutil.disk_usage(here).free
    found = f"{free / 1024**3:.1f} GiB free for {folder}"
    return (
        Finding("disk", "ok", found)
        if free > RESERVE
        else Finding("disk", "attention", found, "Free space or move the lake (SANAQ_LAKE).")
    )


def _time_zones() -> Finding:
    """2021 had Almaty at UTC+6 and Aqtau at +5; data older than 2024a or a wrong zone would move the census moment by an hour."""
    try:
        summer = datetime(2021, 9, 1, tzinfo=ZoneInfo("Asia/Almaty")).utcoffset()
        coast = datetime(2021, 9, 1, tzinfo=ZoneInfo("Asia/Aqtau")).utcoffset()
        today = datetime(2025, 1, 1, tzinfo=ZoneInfo("Asia/Almaty")).utcoffset()
    except ZoneInfoNotFoundError:
        return Finding("time zones", "failed", "no time-zone data", "Run `make setup` (it installs tzdata).")
    hours = [int(offset.total_seconds() // 3600) for offset in (summer, coast, today) if offset is not None]
    if hours != [6, 5, 5]:
        return Finding(
            "time zones",
            "failed",
            f"Almaty 2021, Aqtau 2021, Almaty 2025 are {hours}",
            "Update tzdata to 2024a or later (`make setup`).",
        )
    return Finding("time zones", "ok", "2021 and today's offsets are right")


def _volume(settings: Settings) -> Finding:
    name = "encrypted volume"
    if not MOUNTS.exists():
        return Finding(name, "attention", "cannot be told on this system", "Keep the lake on an encrypted volume.")
    number, point, kind, source = _mount(settings.lake)
    is_encrypted = _is_encrypted(number, kind, source)
    if is_encrypted:
        return Finding(name, "ok", f"{point} ({kind})")
    if settings.allow_plain_volume:
        return Finding(name, "ok", f"{point} is plain; accepted by SANAQ_ALLOW_PLAIN_VOLUME (sandbox only)")
    if is_encrypted is None:
        return Finding(
            name, "attention", f"{point} ({kind}): cannot be told", "Ask who set it up, or `zfs get encryption`."
        )
    todo = "Move the lake to an encrypted volume (SANAQ_LAKE) before real data come."
    return Finding(name, "attention", f"{point} looks plain", todo)


def _mount(folder: Path) -> tuple[str, str, str, str]:
    """Return number of the device, mount point, kind and source of the file system a folder lies on."""
    path = str(folder.resolve())
    holding = []
    for line in MOUNTS.read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        _, _, number, _, point = map(_unescaped, before.split()[:5])
        kind, source = map(_unescaped, after.split()[:2])
        if path == point or path.startswith(point.rstrip("/") + "/"):
            holding.append((number, point, kind, source))
    return max(reversed(holding), key=lambda row: len(row[1]))  # of two at one point the later hides the earlier


def _unescaped(text: str) -> str:
    """Return a field of the kernel's list of mounts with its blanks, which it writes as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), text)


def _is_encrypted(number: str, kind: str, source: str) -> bool | None:
    """Whether all of a file system lies on dm-crypt, or encrypts itself; None where that cannot be told."""
    if kind in ENCRYPTING:
        return True
    if kind == "zfs":  # encrypts by folder, and does not say so here
        return None
    if number.startswith("0:") and source.startswith("/dev/"):  # Btrfs has numbers of its own
        try:
            device = Path(source).stat().st_rdev
        except OSError:
            return None
        number = f"{os.major(device)}:{os.minor(device)}"
    return _is_crypt(BLOCKS / number)


def _is_crypt(block: Path) -> bool:
    """Whether a block device is one of dm-crypt, or is made of nothing else."""
    uuid = block / "dm" / "uuid"
    if uuid.exists() and uuid.read_text(encoding="ascii").startswith("CRYPT-"):
        return True
    below = sorted((block / "slaves").glob("*"))
    return bool(below) and all(_is_crypt(each) for each in below)


def _lake(folder: Path) -> list[Finding]:
    """What can be said of a lake that is there; looking for one makes none."""
    if not folder.is_dir():
        todo = "Name the folder of the lake you mean (SANAQ_LAKE), or begin one there with `sanaq receive`."
        return [Finding("lake", "attention", f"none yet at {folder}", todo)]
    lake = Lake(folder)
    return [_closed(lake), _torn(lake), _round(lake), *(_lock(lake, name) for name in LOCKS)]


def _closed(lake: Lake) -> Finding:
    """Folders the lake made before this was held to, or that somebody opened."""
    rooms = (lake.landing, lake.staging, lake.decisions, lake.memo, lake.builds, lake.temp)
    is_open = [room.name for room in rooms if room.exists() and room.stat().st_mode & 0o077]
    if is_open and lake.root.stat().st_mode & 0o077:
        return Finding(
            "closed to others",
            "attention",
            f"names and numbers lie open in {', '.join(is_open)}",
            f"chmod 700 {' '.join(str(lake.root / name) for name in is_open)}",
        )
    return Finding("closed to others", "ok", "only the owner reads what holds names")


def _torn(lake: Lake) -> Finding:
    """A line cut by a kill is a decision nobody was told had been taken."""
    if names := lake.torn():
        return Finding(
            "whole lines",
            "attention",
            f"a line of {', '.join(names)} was cut while it was written: it decides nothing",
            "Decide again what is not there. The next decision keeps what was cut as NAME.torn beside it: read it, then delete it.",
        )
    return Finding("whole lines", "ok", "no decision was cut while it was written")


def _round(lake: Lake) -> Finding:
    """Whether the round is closed, since when and by whom, and whether anything waits for it to be reopened."""
    try:
        closing = lake.closing(EVER)
    except BadDecision as error:
        return Finding("round", "failed", f"{error.what} ({error.where})", error.todo)
    if closing is None:
        return Finding("round", "ok", "open")
    batches = lake.batches()
    waiting = len(batches) - len(received_by(batches, counted_until(closing, EVER)))
    found = f"closed since {in_utc(closing['decided_at'])}, by {closing['decided_by']}; {waiting} batches have arrived since"
    return (
        Finding("round", "attention", found, "Decide whether to reopen it (`sanaq reopen`); until then they wait.")
        if waiting
        else Finding("round", "ok", found)
    )


def _lock(lake: Lake, name: str) -> Finding:
    if not lake.is_held(name):
        return Finding(f"lock {name}", "ok", "free")
    return Finding(
        f"lock {name}", "attention", "held by a running process", "Wait for it; the lock falls with its process."
    )


def _reference(settings: Settings) -> Finding:
    try:
        load_round(settings.round)
        load_reference(settings.reference)
    except SanaqError as error:
        return Finding("reference data", "failed", f"{error.what} ({error.where})", error.todo)
    return Finding("reference data", "ok", settings.round.name)


def _inbox(folder: Path) -> Finding:
    return (
        Finding("inbox", "ok", str(folder))
        if folder.is_dir()
        else Finding("inbox", "attention", f"{folder} is missing", "Make it, or set SANAQ_INBOX.")
    )


def _beside_data(settings: Settings) -> list[Finding]:
    """A key that lies beside what it locks locks nothing: it goes wherever a copy of the lake goes."""
    folder = os.environ.get("SANAQ_SECRETS_DIR")
    if settings.identity_key is None:
        return []
    if folder and Path(folder).resolve().is_relative_to(settings.lake.resolve()):
        return [Finding("identity_key", "failed", "lies inside the lake", "Move SANAQ_SECRETS_DIR to another volume.")]
    return [Finding("identity_key", "ok", "set")]


def _secret(name: str, given: bool, otherwise: str) -> Finding:
    return Finding(name, "ok", "set") if given else Finding(name, "attention", "not set", otherwise)


def _portal(settings: Settings) -> Finding:
    """Ask the portal for its counts, once and briefly: that tries address, certificate and secret."""
    if not portal.is_set_up(settings):
        return Finding(
            "portal",
            "attention",
            "skipped: not set up",
            "Set SANAQ_PORTAL_URL and SANAQ_PORTAL_SECRET; until then the portal is not received.",
        )
    try:
        with Portal(settings, timeout=5.0, attempts=1) as api:
            api.counts("submissions")
    except PortalUnavailable as problem:
        return Finding(
            "portal",
            "attention",
            f"{settings.portal_url}: {problem.what}",
            "Start it, or correct SANAQ_PORTAL_URL; the other routes go on without it.",
        )
    except SanaqError as problem:
        return Finding("portal", "attention", f"{settings.portal_url}: {problem.what}", problem.todo)
    return Finding("portal", "ok", f"{settings.portal_url} answers and takes the secret")


def _gateway(settings: Settings) -> Finding:
    """List the gateway's folder, once and briefly: that tries address, host key and key."""
    if settings.sftp_url is None:
        return Finding("gateway", "ok", "not set: bundles of VPN tablets are read from the inbox")
    try:
        with sftp.Gateway(settings, timeout=5.0, attempts=1) as gateway:
            gateway.knock()
    except SanaqError as problem:
        return Finding("gateway", "attention", f"{settings.sftp_url}: {problem.what}", problem.todo)
    return Finding("gateway", "ok", f"{settings.sftp_url} shows the known host key and takes ours")


def _census_db(settings: Settings) -> Finding:
    """Ask the Census Database for nothing: that tries address, certificate, password, rights and columns."""
    name = "census database"
    if settings.census_db_url is None:
        return Finding(
            name, "attention", "skipped: not set up", "Set SANAQ_CENSUS_DB_URL; until then no case is looked for there."
        )
    try:
        can_write = census_db.can_write(settings)
    except SanaqError as problem:
        return Finding(name, "attention", f"{settings.census_db_url}: {problem.what}", problem.todo)
    if can_write:
        return Finding(
            name, "attention", "the role can write in the Census Database", "Ask for a role as in docs/census-db.sql."
        )
    return Finding(name, "ok", f"{settings.census_db_url} answers, is as agreed, and the role only reads")


def _central(settings: Settings) -> Finding:
    """Ask ODK Central how many submissions each form has, once and briefly: that tries address, account and forms."""
    name = "odk central"
    if settings.odk_url is None:
        return Finding(name, "ok", "not set: no submissions are pulled from ODK Central")
    forms = odk.forms(settings)
    try:
        with odk.Central(settings, timeout=5.0, attempts=1) as central:
            for form in forms:
                central.knock(form)
    except SanaqError as problem:
        return Finding(name, "attention", f"{settings.odk_url}: {problem.what}", problem.todo)
    if not forms:
        return Finding(name, "attention", "SANAQ_ODK_FORMS is not set", "Name the forms; until then none is pulled.")
    return Finding(name, "ok", f"{settings.odk_url} takes the account and gives {len(forms)} forms")
