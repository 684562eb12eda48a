"""How a tablet seals what it exports, and how the Department vouches for the tablet's key: Ed25519, as `formats.md` has it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = "root"


def key_of(seed: int, who: str) -> Ed25519PrivateKey:
    """Return the private key of a tablet, or of `ROOT`; the same seed gives the same keys, which no real device would do."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}/seal/{who}".encode()).digest())


def public(key: Ed25519PrivateKey) -> str:
    """Return the public half as the register writes it."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def vouched(root: Ed25519PrivateKey, device_id: str, public_key: str) -> str:
    """Return the root key's signature under a tablet's key."""
    return base64.b64encode(root.sign(f"sanaq-device-v1\n{device_id}\n{public_key}\n".encode())).decode()


def key_columns(seed: int, device_id: str) -> list[str]:
    """Return what the register's sheet `device` says in `public_key` and `key_signature`."""
    key = public(key_of(seed, device_id))
    return [key, vouched(key_of(seed, ROOT), device_id, key)]


def digests(lines: Sequence[bytes]) -> bytes:
    """Return the content of `submissions.sha256`: one digest a line."""
    return "".join(hashlib.sha256(line).hexdigest() + "\n" for line in lines).encode()


def sealed(manifest: dict[str, Any], key: Ed25519PrivateKey, lines: Sequence[bytes] | None = None) -> dict[str, bytes]:
    """Return manifest and signature, and the digests where the lines are given.

    Parameters
    ----------
    manifest
        What the tablet says; its digests must be those of what it meant to send.
    key
        The tablet's private key.
    lines
        The lines meant to be sent, without their newlines.
    """
    files = {"submissions.sha256": digests(lines)} if lines is not None else {}
    said = {**manifest, "lines_sha256": hashlib.sha256(files["submissions.sha256"]).hexdigest()} if files else manifest
    statement = (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
    return {"manifest.json": statement, "signature": signature(statement, key), **files}


def signature(statement: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the content of `signature` under a manifest."""
    return base64.b64encode(key.sign(b"sanaq-bundle-v1\n" + statement)) + b"\n"
