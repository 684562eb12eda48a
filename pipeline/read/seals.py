"""Proves bundles: whose tablet signed what, under the register in force, and which lines are the ones that were signed.

What a bundle's signature does not prove is never parsed. The verdict over a batch depends on the register, so it is no part of what is
kept of a batch; it is part of the name under which it is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipeline.errors import BadSetting
from pipeline.lake import BUNDLE_FILES, Lake
from pipeline.read.feed import BLOCK, BOM
from pipeline.read.landed import require_landed
from pipeline.sql import Workbench

ROUTES = ("tablet_vpn", "tablet_usb")
MANIFEST, SIGNATURE, SUBMISSIONS, DIGESTS = BUNDLE_FILES
BUNDLE_CONTEXT, DEVICE_CONTEXT = b"sanaq-bundle-v1\n", b"sanaq-device-v1\n"
LONGEST_SIGNATURE = 1024


@dataclass(frozen=True)
class Seal:
    """What is proven of a batch.

    Attributes
    ----------
    fault
        Why nothing in it is believed: every line is unreadable for this reason. None where the signature holds.
    is_cut
        Whether its last line is torn; the lines before it are proven.
    strangers
        Files its manifest does not answer for.
    """

    fault: str | None = None
    is_cut: bool = False
    strangers: tuple[str, ...] = ()

    @property
    def is_statement_proven(self) -> bool:
        """Whether what the sender says of the batch as a whole is what the sender signed."""
        return self.fault in (None, "BUNDLE_ALTERED")


@dataclass(frozen=True)
class Holder:
    """A key of a tablet, as registers have it.

    Attributes
    ----------
    revoked_on
        What is received from this day on is not believed.
    replaced_at
        Receipt of the first register that no longer has it, in UTC; None where the register in force has it.
    """

    device_id: str
    public_key: str
    key_signature: str | None
    revoked_on: date | None
    replaced_at: datetime | None = None


WHOLE = Seal()


class Verifier:
    """Judges bundles by the keys of a register.

    Parameters
    ----------
    holders
        Tablets and their keys, of which one may have several: it was handed on, or made ready anew.
    trust_root
        The public key that vouches for them; None where the register alone is trusted.
    zone
        Where the register's days are counted.
    """

    def __init__(self, lake: Lake, holders: list[Holder], trust_root: str | None, zone: str) -> None:
        self._landing = lake.landing
        self._holders: dict[str, list[Holder]] = {}
        for holder in holders:
            self._holders.setdefault(holder.device_id, []).append(holder)
        self._trust_root = trust_root
        self._zone = ZoneInfo(zone)
        self._keys: dict[Holder, Ed25519PublicKey | None] = {}

    def seal(self, batch: dict[str, Any]) -> Seal:
        """Return what is proven of a batch; of what is no bundle nothing need be."""
        if not is_bundle(batch):
            return WHOLE
        if fault := self._fault(batch):
            return Seal(fault)
        return replace(self._content(batch), strangers=tuple(_strangers(batch)))

    @cached_property
    def _root(self) -> Ed25519PublicKey | None:
        if not self._trust_root:
            return None
        if (key := _public_key(self._trust_root)) is None:
            raise BadSetting(
                "this is no Ed25519 public key",
                where="SANAQ_TRUST_ROOT",
                todo="Give the 32 bytes of the key in base64, 44 characters.",
            )
        return key

    def _fault(self, batch: dict[str, Any]) -> str | None:
        """Return why the signature proves nothing, or None."""
        if not {MANIFEST, SIGNATURE} <= {file["path"] for file in batch["files"]}:
            return "BUNDLE_UNSIGNED"
        if batch["declared"] is None:
            return "BUNDLE_ALTERED"
        device_id, received_at = batch["declared"].get("device_id"), datetime.fromisoformat(batch["received_at"])
        known = [
            (holder, key)
            for holder in (self._holders.get(device_id, []) if isinstance(device_id, str) else [])
            if (holder.replaced_at is None or received_at < holder.replaced_at)
            and (key := self._key(holder)) is not None
        ]
        if not known:
            return "KEY_UNKNOWN"
        signature = _decoded(self._bytes(batch, SIGNATURE, LONGEST_SIGNATURE).strip())
        statement = BUNDLE_CONTEXT + self._bytes(batch, MANIFEST)
        signer = next(
            (holder for holder, key in known if signature is not None and _signed(key, signature, statement)), None
        )
        if signer is None:
            return "BUNDLE_SIGNATURE_WRONG"
        # by the day of receipt: who has the key has the tablet's clock as well
        received_on = received_at.astimezone(self._zone).date()
        return "KEY_REVOKED" if signer.revoked_on is not None and received_on >= signer.revoked_on else None

    def _key(self, holder: Holder) -> Ed25519PublicKey | None:
        if holder not in self._keys:
            self._keys[holder] = _public_key(holder.public_key) if self._is_vouched(holder) else None
        return self._keys[holder]

    def _is_vouched(self, holder: Holder) -> bool:
        if self._root is None:
            return True
        signature = _decoded((holder.key_signature or "").encode())
        statement = DEVICE_CONTEXT + f"{holder.device_id}\n{holder.public_key}\n".encode()
        return signature is not None and _signed(self._root, signature, statement)

    def _content(self, batch: dict[str, Any]) -> Seal:
        """Hold the submissions against the digests of a manifest whose signature holds."""
        digest = {file["path"]: file["sha256"] for file in batch["files"]}
        said = batch["declared"]
        if SUBMISSIONS not in digest or digest[SUBMISSIONS] == said.get("submissions_sha256"):
            return WHOLE
        if DIGESTS in digest and digest[DIGESTS] == said.get("lines_sha256"):
            expected = self._bytes(batch, DIGESTS).decode("ascii", "replace").splitlines()
            if (seal := _beginning(self._path(batch, SUBMISSIONS), expected)) is not None:
                return seal
        return Seal("BUNDLE_ALTERED")

    def _path(self, batch: dict[str, Any], name: str) -> Path:
        file_no = next(no for no, file in enumerate(batch["files"], start=1) if file["path"] == name)
        path: Path = self._landing / batch["route"] / batch["batch_id"] / "files" / name
        require_landed(batch, file_no, path)
        return path

    def _bytes(self, batch: dict[str, Any], name: str, most: int = -1) -> bytes:
        with self._path(batch, name).open("rb") as handle:
            return handle.read(most)


def is_bundle(batch: dict[str, Any]) -> bool:
    """Whether a batch is a tablet's bundle: what was pulled by a cursor came from a server that was asked for it."""
    return batch["route"] in ROUTES and batch.get("cursor_to") is None


def seals(bench: Workbench) -> dict[str, Seal]:
    """Return the verdict over every batch, by its id; the register's tables must have been made."""
    rows = bench.con.execute(
        "SELECT device_id, public_key, key_signature, revoked_on, replaced_at FROM device_key ORDER BY device_id, public_key"
    ).fetchall()
    holders = [
        Holder(device_id, key, signature, revoked_on, replaced_at.replace(tzinfo=UTC) if replaced_at else None)
        for device_id, key, signature, revoked_on, replaced_at in rows
    ]
    verifier = Verifier(bench.lake, holders, bench.settings.trust_root, bench.round.zone)
    return {batch["batch_id"]: verifier.seal(batch) for batch in bench.batches}


def _strangers(batch: dict[str, Any]) -> Iterator[str]:
    """Yield the files beside those every bundle has whose digest the manifest does not name."""
    said = batch["declared"].get("files_sha256")
    named = said if isinstance(said, dict) else {}
    for file in batch["files"]:
        if file["path"] not in BUNDLE_FILES and named.get(file["path"]) != file["sha256"]:
            yield file["path"]


def _beginning(path: Path, expected: list[str]) -> Seal | None:
    """Return the seal of a file that begins as one whose lines have these digests, or None where it is another."""
    wanted = iter(expected)
    for digest, is_ended in _line_digests(path):
        signed = next(wanted, None)
        if digest != signed:
            return None if is_ended or signed is None else Seal(is_cut=True)
    return WHOLE


def _line_digests(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the digest of each line, and whether its newline is there; a line may be longer than what fits into memory."""
    with path.open("rb") as handle:
        handle.seek(len(BOM) if handle.read(len(BOM)) == BOM else 0)
        digest, is_begun = hashlib.sha256(), False
        while part := handle.readline(BLOCK):
            digest.update(part.removesuffix(b"\n"))
            is_begun = not part.endswith(b"\n")
            if not is_begun:
                yield digest.hexdigest(), True
                digest = hashlib.sha256()
        if is_begun:
            yield digest.hexdigest(), False


def _public_key(text: str) -> Ed25519PublicKey | None:
    content = _decoded(text.encode())
    try:
        return Ed25519PublicKey.from_public_bytes(content) if content is not None else None
    except ValueError:
        return None


def _signed(key: Ed25519PublicKey, signature: bytes, statement: bytes) -> bool:
    try:
        key.verify(signature, statement)
    except InvalidSignature:
        return False
    return True


def _decoded(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
