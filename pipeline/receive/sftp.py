"""Pulls tablet bundles from the SFTP gateway of the protected channel: flagged bundles only, each fetched once and landed before the next.

What lies on the gateway is believed in nothing: the host must show the key we know, names that are no identifiers and everything that is no
plain file are refused, and a file is read to its listed length and no further.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import shutil
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import asyncssh

from pipeline.errors import BadSetting, GatewayRefused, GatewayUnavailable
from pipeline.lake import Lake
from pipeline.receive.attempts import Shaky, attempting
from pipeline.receive.inbox import READY, Waiting, is_ignored
from pipeline.receive.landing import Again, Landed, Landing, Outcome
from pipeline.receive.parcel import Parcel, Refusal, Source, identifier
from pipeline.settings import Settings

ROUTE = "tablet_vpn"
BLOCK = 4 * 1024 * 1024
MOST_BUNDLES = 200_000  # names listed before the gateway is no longer believed
MOST_FILES = 100
TAKEN = ".taken"
BROKEN = (
    asyncssh.DisconnectError, asyncssh.ChannelOpenError,
    asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage,
)  # fmt: skip
Result = TypeVar("Result")

LOG = logging.getLogger(__name__)
logging.getLogger("asyncssh").setLevel(logging.WARNING)  # below it every path is written down


@dataclass(frozen=True)
class Entry:
    """One name in a folder of the gateway, with its attributes as listed."""

    name: str
    kind: int
    size: int
    modified: int


@dataclass(frozen=True)
class Bundle:
    """A flagged bundle as the gateway lists it."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def origin(self) -> str:
        """The path it would have below the inbox."""
        return f"{ROUTE}/{self.name}"

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(entry.size for entry in self.entries)

    @property
    def listing_sha256(self) -> str:
        """Hash over names, sizes and times of change: where it is the same, the bundle is not fetched again."""
        lines = "".join(f"{entry.name}\t{entry.size}\t{entry.modified}\n" for entry in self.entries)
        return hashlib.sha256(lines.encode()).hexdigest()


class Changed(Exception):  # control flow within this module
    """A bundle is no longer what was listed."""


class Gateway:
    """A connection to the gateway, made anew whenever it breaks; leave it as a context manager.

    Parameters
    ----------
    settings
        Address, private key and known hosts.
    timeout
        Seconds the gateway may take for one answer.
    attempts
        How often an act is tried before giving up.
    first_wait
        Seconds before the second attempt; doubled each time.
    """

    def __init__(
        self, settings: Settings, *, timeout: float = 30.0, attempts: int = 6, first_wait: float = 0.5
    ) -> None:
        place = urlsplit(settings.sftp_url or "")
        self._url = settings.sftp_url or ""
        self._host, self._port, self._user = place.hostname or "", place.port or 22, place.username or ""
        self._folder = place.path.rstrip("/").encode() or b"."
        self._key, self._known_hosts = _private_key(settings), _known_hosts(settings)
        self._limit = settings.max_file_bytes
        self._timeout, self._attempts, self._first_wait = timeout, attempts, first_wait
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()
        self._runner.close()

    def look(self) -> Iterator[Bundle | Refusal | Waiting]:
        """Yield what lies in the gateway's folder, in order of name.

        Raises
        ------
        GatewayRefused
            The host or we are not let through, or the folder cannot be listed.
        GatewayUnavailable
            No whole answer came in all attempts.
        """
        entries = self._listed()
        flags = {entry.name for entry in entries if entry.kind == asyncssh.FILEXFER_TYPE_REGULAR}
        for entry in entries:
            if is_ignored(entry.name) or (entry.name in flags and entry.name.endswith(READY)):
                continue
            if entry.kind != asyncssh.FILEXFER_TYPE_DIRECTORY:
                is_plain = entry.kind == asyncssh.FILEXFER_TYPE_REGULAR
                yield _refusal(entry.name, "OUTSIDE_A_BUNDLE" if is_plain else _odd_kind(entry))
            elif identifier(entry.name) is None:
                yield _refusal(entry.name, "ODD_NAME")
            elif entry.name + READY not in flags:
                yield Waiting(f"{ROUTE}/{entry.name}")
            else:
                yield self._bundle(entry.name)

    def knock(self) -> None:
        """List the folder and nothing more; raises as `look` does."""
        self._listed()

    def fetch(self, bundle: Bundle, folder: Path) -> Parcel | Refusal:
        """Load a bundle into `folder`; what a broken connection had loaded is gone on with."""
        folder.mkdir(parents=True)
        try:
            for entry in bundle.entries:
                self._do(lambda sftp, entry=entry: self._load(sftp, bundle, entry, folder / entry.name))  # type: ignore[misc]
            if self._bundle(bundle.name) != bundle:
                raise Changed
        except Changed:
            return Refusal(ROUTE, bundle.origin, "STILL_BEING_WRITTEN")
        except asyncssh.SFTPError:
            return Refusal(ROUTE, bundle.origin, "CANNOT_BE_READ")
        sources = tuple(Source(folder / entry.name, entry.name) for entry in bundle.entries)
        return Parcel(ROUTE, bundle.origin, sources, has_manifest=True, listing_sha256=bundle.listing_sha256)

    def remove(self, bundle: Bundle) -> None:
        """Take a landed bundle off the gateway, if it is still what was landed: aside first, so that no half of it is ever seen."""
        self._removing(lambda sftp: self._taken(sftp, bundle))

    def sweep(self) -> None:
        """Remove what a killed run had put aside to be removed; what cannot be is left, for another may have made it."""
        left = 0
        for entry in self._listed():
            is_aside = entry.name.startswith(".") and entry.name.endswith(TAKEN)
            if is_aside and entry.kind == asyncssh.FILEXFER_TYPE_DIRECTORY:
                try:
                    self._removing(lambda sftp, entry=entry: self._emptied(sftp, entry.name))  # type: ignore[misc]
                except GatewayRefused:
                    left += 1
        if left:
            LOG.warning("%d folders *%s on the gateway cannot be removed", left, TAKEN)

    # one act, tried until it is whole ---------------------------------------------------------------------------------

    def _do(self, act: Callable[[asyncssh.SFTPClient], Awaitable[Result]]) -> Result:
        try:
            for attempt in attempting(self._attempts, self._first_wait):
                with attempt:
                    return self._runner.run(self._once(act))
        except Shaky as shaky:
            raise GatewayUnavailable(
                f"the gateway gave no whole answer: {shaky.what}",
                where=self._url,
                todo="What had landed is whole; the next run goes on after it. If it stays so, call the gateway's operators.",
            ) from None
        raise AssertionError("the attempts end in a return or an error")

    async def _once(self, act: Callable[[asyncssh.SFTPClient], Awaitable[Result]]) -> Result:
        try:
            return await act(await self._session())
        except BROKEN:
            self._hang_up()
            raise Shaky("the connection broke or stood still") from None

    async def _session(self) -> asyncssh.SFTPClient:
        if self._sftp is None:
            self._connection = await self._connected()
            with self._watched():
                # names as bytes: what is no UTF-8 is refused by us, not by the driver
                self._sftp = await self._connection.start_sftp_client(path_encoding=None)
        return self._sftp

    async def _connected(self) -> asyncssh.SSHClientConnection:
        try:
            return await asyncssh.connect(
                self._host, self._port, username=self._user, client_keys=[self._key], known_hosts=self._known_hosts,
                config=None, agent_path=None, password=None, preferred_auth="publickey", disable_trivial_auth=True,
                connect_timeout=self._timeout, login_timeout=self._timeout,
            )  # fmt: skip
        except asyncssh.HostKeyNotVerifiable:
            is_known = bool(self._known_hosts.match(self._host, "", self._port)[0])
            raise self._refused(
                "the gateway shows another host key than the known one" if is_known else "the gateway's host key is not known",
                "Compare its fingerprint with the gateway's operators by another way, then enter it in SANAQ_SFTP_KNOWN_HOSTS. Never take it unseen.",
            ) from None  # fmt: skip
        except asyncssh.PermissionDenied:
            raise self._refused(
                "the gateway refuses the user or the key",
                "Have the public half of SANAQ_SFTP_KEY entered for the user of SANAQ_SFTP_URL.",
            ) from None
        except OSError:
            raise Shaky("there is no connection to be had") from None
        except (asyncssh.KeyExchangeFailed, asyncssh.ProtocolNotSupported):
            raise self._refused(
                "the gateway does not speak SSH as we do",
                "Correct SANAQ_SFTP_URL, or ask for current algorithms there.",
            ) from None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Hang up on a gateway that stands still: whatever waits for it then fails, and so do the closing words."""
        timer = asyncio.get_running_loop().call_later(self._timeout, self._hang_up)
        try:
            yield
        finally:
            timer.cancel()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        self._connection = self._sftp = None

    def _refused(self, what: str, todo: str) -> GatewayRefused:
        return GatewayRefused(what, where=self._url, todo=todo)

    # what is asked of the gateway -------------------------------------------------------------------------------------

    def _path(self, *names: str) -> bytes:
        return b"/".join((self._folder, *(name.encode() for name in names if name)))

    def _listed(self) -> list[Entry]:
        try:
            return self._do(lambda sftp: self._entries(sftp, "", MOST_BUNDLES))
        except asyncssh.SFTPError:
            raise self._refused(
                "the gateway's folder is not there or not open to us",
                "Correct the path in SANAQ_SFTP_URL, or have the folder made.",
            ) from None

    async def _entries(self, sftp: asyncssh.SFTPClient, name: str, most: int) -> list[Entry]:
        found = []
        with self._watched():
            async for one in sftp.scandir(self._path(name)):
                raw = one.filename if isinstance(one.filename, bytes) else one.filename.encode()
                if raw in (b".", b".."):
                    continue
                entry = Entry(
                    raw.decode("utf-8", "backslashreplace"), one.attrs.type, one.attrs.size or 0, int(one.attrs.mtime or 0)
                )  # fmt: skip
                found.append(entry)
                if len(found) > most:
                    raise self._refused(
                        "a folder of the gateway holds more than any campaign sends",
                        "Look at the folder with the gateway's operators.",
                    )
        return sorted(found, key=lambda entry: entry.name.encode())

    def _bundle(self, name: str) -> Bundle | Refusal:
        try:
            entries = self._do(lambda sftp: self._entries(sftp, name, MOST_FILES))
        except asyncssh.SFTPError:
            return _refusal(name, "CANNOT_BE_READ")
        except GatewayRefused:
            return _refusal(name, "TOO_MANY_FILES")
        kept = tuple(entry for entry in entries if not is_ignored(entry.name))
        for entry in kept:
            if entry.kind != asyncssh.FILEXFER_TYPE_REGULAR:
                return _refusal(name, _odd_kind(entry))
            if identifier(entry.name) is None:
                return _refusal(name, "ODD_NAME")
            if entry.size > self._limit:
                return _refusal(name, "TOO_LARGE")
        return Bundle(name, kept) if kept else _refusal(name, "EMPTY_FOLDER")

    async def _load(self, sftp: asyncssh.SFTPClient, bundle: Bundle, entry: Entry, target: Path) -> None:
        with target.open("ab") as writer:
            with self._watched():
                reader = await sftp.open(self._path(bundle.name, entry.name), "rb")
            while (left := entry.size - writer.tell()) > 0:
                with self._watched():
                    block = await reader.read(min(BLOCK, left), writer.tell())
                if not block:
                    raise Changed
                writer.write(block)  # type: ignore[arg-type]  # opened as bytes
            with self._watched():
                await reader.close()

    def _removing(self, act: Callable[[asyncssh.SFTPClient], Awaitable[None]]) -> None:
        try:
            self._do(act)
        except asyncssh.SFTPError:
            raise self._refused(
                "the gateway does not let a landed bundle be removed",
                "Have renaming and removing allowed there, or set SANAQ_SFTP_REMOVE=false.",
            ) from None

    async def _taken(self, sftp: asyncssh.SFTPClient, bundle: Bundle) -> None:
        with self._watched():
            await self._put_aside(sftp, bundle)

    async def _put_aside(self, sftp: asyncssh.SFTPClient, bundle: Bundle) -> None:
        # By its listing, too: what others call after the bundle alone does not stand in the way.
        aside = f".{bundle.name}.{bundle.listing_sha256[:12]}{TAKEN}"
        if await sftp.lexists(self._path(bundle.name)):  # else an attempt before this one had come as far
            if tuple(await self._entries(sftp, bundle.name, MOST_FILES)) != bundle.entries:
                return  # something lies there that has not landed, newer or passed over
            await sftp.rename(self._path(bundle.name), self._path(aside))
        if await sftp.lexists(self._path(bundle.name + READY)):
            await sftp.remove(self._path(bundle.name + READY))
        if await sftp.lexists(self._path(aside)):
            await self._emptied(sftp, aside)

    async def _emptied(self, sftp: asyncssh.SFTPClient, folder: str) -> None:
        if (await sftp.lstat(self._path(folder))).type != asyncssh.FILEXFER_TYPE_DIRECTORY:
            raise asyncssh.SFTPFailure("a link would lead to what is not ours")
        for entry in await self._entries(sftp, folder, MOST_FILES):
            await sftp.remove(self._path(folder, entry.name))
        await sftp.rmdir(self._path(folder))


def brought(landing: Landing, lake: Lake, settings: Settings) -> Iterator[Outcome | Waiting]:
    """Bring in every bundle of the gateway that is new, each landed whole before the next is fetched.

    Raises
    ------
    GatewayRefused, GatewayUnavailable
        See `Gateway.look`; what had landed before is whole and is not fetched again.
    """
    with Gateway(settings) as gateway:
        stuck: GatewayRefused | None = None
        for found in gateway.look():
            if not isinstance(found, Bundle):
                yield _entered(landing, found)
                continue
            outcome = _outcome(landing, lake, gateway, found)
            yield outcome
            if settings.sftp_remove and not isinstance(outcome, Refusal) and _is_whole(lake, outcome):
                try:
                    gateway.remove(found)
                except GatewayRefused as refused:  # what lies behind it is fetched all the same
                    stuck = stuck or refused
        if settings.sftp_remove:
            gateway.sweep()
        if stuck:
            raise stuck


def _outcome(landing: Landing, lake: Lake, gateway: Gateway, bundle: Bundle) -> Outcome:
    if known := landing.listed_as(bundle.origin, bundle.listing_sha256):
        return Again(known)
    lake.require_space(2 * bundle.size)
    folder = landing.staging / f"fetched-{uuid.uuid4().hex}"
    try:
        fetched = gateway.fetch(bundle, folder)
        if isinstance(fetched, Refusal):
            return _entered(landing, fetched)
        (outcome,) = landing.land([fetched])
        return outcome
    finally:
        shutil.rmtree(folder, ignore_errors=True)


Unlanded = TypeVar("Unlanded", Refusal, Waiting, Refusal | Waiting)


def _entered(landing: Landing, found: Unlanded) -> Unlanded:
    """Enter a refusal in `receipts.jsonl`."""
    if isinstance(found, Refusal):
        landing.refuse([found])
    return found


def _is_whole(lake: Lake, outcome: Landed | Again) -> bool:
    """Whether a landed batch still has the bytes its manifest names: asked before the other copy is given up."""
    batch_id = outcome.manifest["batch_id"] if isinstance(outcome, Landed) else outcome.batch_id
    folder = lake.landing / ROUTE / batch_id
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    return all(_sha256(folder / "files" / file["path"]) == file["sha256"] for file in files)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _refusal(name: str, reason: str) -> Refusal:
    return Refusal(ROUTE, f"{ROUTE}/{name[:255]}", reason)


def _odd_kind(entry: Entry) -> str:
    return "SYMLINK" if entry.kind == asyncssh.FILEXFER_TYPE_SYMLINK else "NOT_A_FILE"


def _private_key(settings: Settings) -> asyncssh.SSHKey:
    text = settings.sftp_key.get_secret_value() if settings.sftp_key else ""
    try:
        return asyncssh.import_private_key(text.strip() + "\n")
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise BadSetting(
            "there is no usable private key" if text else "there is no private key",
            where="SANAQ_SFTP_KEY",
            todo="Give the text of an OpenSSH private key without a passphrase, best as a secret file (SANAQ_SECRETS_DIR).",
        ) from None


def _known_hosts(settings: Settings) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.read_known_hosts(str(settings.sftp_known_hosts or ""))
    except (OSError, ValueError):
        raise BadSetting(
            "the file of known hosts is not there or cannot be read",
            where="SANAQ_SFTP_KNOWN_HOSTS",
            todo="Name a file like ~/.ssh/known_hosts with the gateway's host key in it.",
        ) from None
