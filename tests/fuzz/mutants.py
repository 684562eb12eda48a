"""Damages real files: seeded, so that a number names the damage and anybody can make it again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

Change = Callable[[bytes, Random], bytes]

LONGEST = 256 * 1024  # a mutant that grew beyond is cut; larger input has tests of its own
NUMBERS = (
    b"0", b"-0", b"-1", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"2147483648", b"9223372036854775808", b"9" * 400, b"1" + b"0" * 5000,
    b"0x10", b"\xd9\xa1\xd9\xa2", b"1.7976931348623157e309", b"2958466", b"-693594", b"1048577",
)  # fmt: skip
TOKENS = (
    b"\x00", b"\r", b"\n", b"\r\n", b"\t", b'"', b'""', b"'", b";", b",", b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b"[" * 300,
    b'{"a":' * 120, b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", "\u2028".encode(), "\u202e".encode(),
    b"null", b"true", b"../../../etc/passwd", b"=cmd|' /C calc'!A0", b"%s%n", b"'; DROP TABLE record; --", b"$.identity", b"&a [*a]",
    b"&lol;", b"<!DOCTYPE x [<!ENTITY a \"b\">]>", b"9999-12-31", b"0000-00-00", b"2021-02-30T25:61:00+99:99", b"31.12.9999",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**400, 1.5, 1e308, "", " ", "x" * 5000, "\u0000", "\ud800", "²", "٣", "NaN", "null", [], {},
    [[[[]]]], {"a": {"b": {}}}, ["kk", 1, None], "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00", "2021-10-03", "'", '"', "\\",
    "../..", "=1+1", "{", "[", "кк", "ﷺ" * 50,
)  # fmt: skip
ENCODINGS = ("cp1251", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r", "cp866", "utf-7", "utf-8-sig")


def mutant(content: bytes, dice: Random) -> bytes:
    """Return a damaged copy: damaged as bytes, or as the JSON or the archive it is, up to four times over."""
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        change = dice.choice(CHANGES)
        if content.startswith(b"PK") and dice.random() < 0.7:
            change = in_archive
        elif content[:1] == b"{" and dice.random() < 0.5:
            change = in_json
        content = change(content, dice)
    return content[:LONGEST]


def _span(content: bytes, dice: Random) -> tuple[int, int]:
    start = dice.randrange(len(content) + 1)
    return start, min(len(content), start + int(len(content) ** dice.random()) + dice.randrange(2))


def flip_bits(content: bytes, dice: Random) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 8) if content else 0):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def delete(content: bytes, dice: Random) -> bytes:
    """Leave a piece out."""
    start, end = _span(content, dice)
    return content[:start] + content[end:]


def insert(content: bytes, dice: Random) -> bytes:
    """Put something odd in, or bytes of no meaning."""
    start = dice.randrange(len(content) + 1)
    return content[:start] + (dice.choice(TOKENS) if dice.random() < 0.8 else dice.randbytes(30)) + content[start:]


def swap(content: bytes, dice: Random) -> bytes:
    """Let two neighbouring pieces change places."""
    start, end = _span(content, dice)
    far = min(len(content), end + (end - start))
    return content[:start] + content[end:far] + content[start:end] + content[far:]


def truncate(content: bytes, dice: Random) -> bytes:
    """Break off."""
    return content[: dice.randrange(len(content) + 1)]


def double(content: bytes, dice: Random) -> bytes:
    """Say a piece again, often many times."""
    start, end = _span(content, dice)
    return content[:end] + content[start:end] * dice.choice((1, 1, 3, 50)) + content[end:]


def recode(content: bytes, dice: Random) -> bytes:
    """Write the text in another encoding."""
    return content.decode("utf-8", "replace").encode(dice.choice(ENCODINGS), "replace")


def other_number(content: bytes, dice: Random) -> bytes:
    """Put an extreme number in place of digits."""
    digits = [at for at, byte in enumerate(content[:20_000]) if 48 <= byte <= 57]
    if not digits:
        return content
    start = end = dice.choice(digits)
    while end < len(content) and 48 <= content[end] <= 57:
        end += 1
    return content[:start] + dice.choice(NUMBERS) + content[end:]


def zeros(content: bytes, dice: Random) -> bytes:
    """Overwrite a piece with NULs, as a disk does that lost a sector."""
    start, end = _span(content, dice)
    return content[:start] + b"\x00" * (end - start) + content[end:]


CHANGES: tuple[Change, ...] = (
    flip_bits, delete, insert, insert, swap, truncate, double, recode, other_number, other_number, zeros,
)  # fmt: skip


def in_archive(content: bytes, dice: Random) -> bytes:
    """Damage a member and pack it again, so that the damage lies behind a right checksum."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            members = {entry.filename: old.read(entry) for entry in old.infolist()}
        name = dice.choice(sorted(members))
        changed = dice.choice(CHANGES)(members.pop(name), dice)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", dice.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as new:
            for other, kept in members.items():
                new.writestr(other, kept)
            if dice.random() < 0.95:
                new.writestr(name if dice.random() < 0.95 else dice.choice(("../x.csv", "x.zip", "")), changed)
        return out.getvalue()
    except Exception:  # noqa: BLE001  # damaged before: nothing is left to unpack
        return flip_bits(content, dice)


def in_json(content: bytes, dice: Random) -> bytes:
    """Change a value, a key or their number in a JSON object or in one line of many."""
    lines = content.split(b"\n")
    at = dice.randrange(len(lines))
    try:
        said = json.loads(lines[at])
    except (ValueError, RecursionError):
        return flip_bits(content, dice)
    part = said
    while isinstance(part, dict | list) and part:
        key = dice.choice(sorted(part) if isinstance(part, dict) else range(len(part)))
        if not isinstance(part[key], dict | list) or not part[key] or dice.random() < 0.2:
            _change(part, key, dice)
            break
        part = part[key]
    lines[at] = json.dumps(said, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _change(part: Any, key: Any, dice: Random) -> None:
    if dice.random() < 0.2:
        del part[key]
    elif isinstance(part, dict) and dice.random() < 0.2:
        part[str(dice.choice(VALUES))] = part.pop(key)
    else:
        part[key] = dice.choice(VALUES)
