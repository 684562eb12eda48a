"""Asks the portal: a page or a count is taken only if it is what docs/portal-openapi.yaml says, and never believed beyond that."""

from __future__ import annotations

import logging
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from pipeline.errors import BadSetting, PortalRefused, PortalUnavailable
from pipeline.receive.attempts import TRY_AGAIN, Shaky, attempting, broken, clock_of, dated
from pipeline.receive.inbox import read_statement
from pipeline.receive.parcel import JSON_LIMIT
from pipeline.settings import Settings

PAGE_RECORDS = 1000
PAGE_BYTES = 64 * 1024 * 1024
BLOCK = 1024 * 1024
NDJSON, JSON = "application/x-ndjson", "application/json"
CURSOR = re.compile(r"[\x21-\x7e]{1,512}")
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")
UNTRUSTED = {9: "is not valid yet", 10: "has expired", 62: "is for another host", 64: "is for another address"}
Taken = TypeVar("Taken")

for name in ("httpx", "httpcore"):
    logging.getLogger(name).setLevel(logging.WARNING)  # below it every cursor is written down


@dataclass(frozen=True)
class Page:
    """One whole page, on the disk; `next_cursor` is where to go on."""

    path: Path
    record_count: int
    next_cursor: str


class Portal:
    """The portal's API; leave it as a context manager.

    Parameters
    ----------
    settings
        Address, authority, client and secret.
    timeout
        Seconds an answer may take to begin or to go on.
    longest
        Seconds an answer may take in all.
    attempts
        How often a shaky answer is asked for again before giving up.
    first_wait
        Seconds before the second attempt; doubled each time.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float = 30.0,
        longest: float = 600.0,
        attempts: int = 6,
        first_wait: float = 0.5,
    ) -> None:
        self._client = httpx.Client(
            base_url=settings.portal_url,
            headers={"Accept-Encoding": "gzip", "User-Agent": "sanaq"},
            timeout=timeout,
            verify=_authority(settings.portal_ca),
            follow_redirects=False,
            trust_env=False,  # no proxy of somebody's shell stands between
        )
        self._url = settings.portal_url
        self._credentials = settings.portal_client, settings.portal_secret
        self._token: str | None = None
        self._has_served = False
        self._page_bytes = min(PAGE_BYTES, settings.max_file_bytes)
        self._longest = longest
        self._attempts = attempts
        self._first_wait = first_wait

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def log_in(self) -> None:
        """Get a token for the secret; raises as `page` does."""
        self._asked(self._bearer)

    def page(self, feed: str, cursor: str | None, path: Path) -> Page:
        """Write the page after a cursor to `path`.

        Raises
        ------
        PortalRefused
            The secret is refused, the certificate is not trusted, or the answer does not follow docs/portal-openapi.yaml.
        PortalUnavailable
            No whole answer came in all attempts.
        """
        query = {"limit": str(PAGE_RECORDS)} | ({"cursor": cursor} if cursor is not None else {})
        return self._asked(
            lambda: self._once(
                f"/api/v1/{feed}", query, NDJSON, lambda answer: self._written(answer, cursor or "", path)
            )
        )

    def counts(self, feed: str) -> dict[str, Any]:
        """Return what the portal says it holds, per day; raises as `page` does."""
        return self._asked(lambda: self._once(f"/api/v1/{feed}/counts", {}, JSON, self._statement))

    # one question, asked until the answer is whole --------------------------------------------------------------------

    def _asked(self, ask: Callable[[], Taken]) -> Taken:
        try:
            for attempt in attempting(self._attempts, self._first_wait):
                with attempt:
                    return ask()
        except Shaky as shaky:
            raise PortalUnavailable(
                f"the portal gave no whole answer: {shaky.what}",
                where=f"{self._url} (SANAQ_PORTAL_URL)",
                todo="What had landed is whole; the next run goes on from there. If it stays so, look at the address, then call the portal's operators.",
            ) from None
        raise AssertionError("the attempts end in a return or an error")

    def _once(self, path: str, query: dict[str, str], kind: str, take: Callable[[httpx.Response], Taken]) -> Taken:
        headers = {"Accept": kind, "Authorization": f"Bearer {self._bearer()}"}
        with self._sent("GET", path, params=query, headers=headers) as answer:
            if answer.status_code == 401 and self._has_served:
                self._token = None
                raise Shaky("the token has ended", 0.0)
            self._require(answer, kind)
            self._has_served = True
            return take(answer)

    def _bearer(self) -> str:
        """Return the token, which is short-lived: a new one for the secret where there is none or it has ended."""
        if self._token is None:
            client, secret = self._credentials
            given = httpx.BasicAuth(client, secret.get_secret_value() if secret else "")
            form = {"grant_type": "client_credentials"}
            with self._sent("POST", "/api/v1/token", data=form, auth=given) as answer:
                self._require(answer, JSON)
                token = self._statement(answer).get("access_token")
            if not isinstance(token, str) or not TOKEN.fullmatch(token):
                raise self._refused("the portal gives no token for the secret")
            self._token, self._has_served = token, False
        return self._token

    @contextmanager
    def _sent(self, method: str, path: str, **what: Any) -> Iterator[httpx.Response]:
        """Send a request; whatever goes wrong on the wire, also while the answer is read, gets a name."""
        try:
            with self._client.stream(method, path, **what) as answer:
                yield answer
        except httpx.TimeoutException:
            raise Shaky("no answer in time") from None
        except httpx.TransportError as error:
            if fault := _certificate_fault(error):
                raise PortalRefused(
                    f"the portal's certificate {fault}",
                    where=self._url,
                    todo="Correct SANAQ_PORTAL_URL, or name the file with its issuer's certificate as SANAQ_PORTAL_CA; else call the portal's operators.",
                ) from None
            raise Shaky(broken(error)) from None
        except httpx.HTTPError:
            raise self._refused("the answer is no HTTP the client understands") from None

    # what an answer must be -------------------------------------------------------------------------------------------

    def _require(self, answer: httpx.Response, kind: str) -> None:
        status = answer.status_code
        if status in TRY_AGAIN:
            raise Shaky(f"HTTP {status}", _wait(answer))
        if status in (401, 403):
            raise PortalRefused(
                f"the portal refuses the secret or the token it gave (HTTP {status})",
                where=f"{self._url} (SANAQ_PORTAL_SECRET)",
                todo="Set SANAQ_PORTAL_SECRET to a valid secret; `sanaq doctor` tries it.",
            )
        if answer.has_redirect_location:
            raise self._refused(f"the portal sends us elsewhere (HTTP {status}), where nobody follows")
        if status != 200:
            raise self._refused(f"HTTP {status} where 200 is expected")
        if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() != kind:
            raise self._refused(f"the answer is not {kind}: another server, or a page for people")

    def _written(self, answer: httpx.Response, cursor: str, path: Path) -> Page:
        size, count = self._number(answer, "Sanaq-Byte-Count"), self._number(answer, "Sanaq-Record-Count")
        next_cursor = answer.headers.get("Sanaq-Next-Cursor", "")
        if not CURSOR.fullmatch(next_cursor):
            raise self._refused("a page names no cursor to go on from")
        if answer.headers.get("Sanaq-Cursor") != cursor:
            raise Shaky("a page is not the one that was asked for")
        if size > self._page_bytes:
            raise self._refused(f"a page says it is larger than {self._page_bytes} bytes")
        lines, last = 0, b"\n"
        with path.open("wb") as target:
            for block in self._blocks(answer, size):
                target.write(block)
                lines, last = lines + block.count(b"\n"), block[-1:]
            found = target.tell()
        if (found, lines + (last != b"\n")) != (size, count):
            raise Shaky("a page is shorter than its headers say")
        return Page(path, count, next_cursor)

    def _statement(self, answer: httpx.Response) -> dict[str, Any]:
        said = read_statement(b"".join(self._blocks(answer, JSON_LIMIT)))
        if said is None:
            raise self._refused("an answer is no JSON object")
        return said

    def _blocks(self, answer: httpx.Response, limit: int) -> Iterator[bytes]:
        """Yield an answer's body unpacked, no more than `limit` bytes and no longer than we wait."""
        until, size = time.monotonic() + self._longest, 0
        for block in self._unpacked(answer):
            size += len(block)
            if size > limit:
                raise self._refused(f"an answer goes on beyond {limit} bytes, which is more than it says or may have")
            if time.monotonic() > until:
                raise Shaky("no whole answer in time")
            if block:
                yield block

    def _unpacked(self, answer: httpx.Response) -> Iterator[bytes]:
        coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if coding == "identity":
            return answer.iter_raw()
        if coding == "gzip":
            return _unzipped(answer.iter_raw())
        raise self._refused("an answer is packed in a way that was not asked for")

    def _number(self, answer: httpx.Response, header: str) -> int:
        said = answer.headers.get(header, "")
        if not re.fullmatch(r"[0-9]{1,15}", said):
            raise self._refused(f"a page lacks {header}")
        return int(said)

    def _refused(self, what: str) -> PortalRefused:
        return PortalRefused(
            what, where=self._url, todo="Compare the portal with docs/portal-openapi.yaml, or correct SANAQ_PORTAL_URL."
        )


def _authority(path: Path | None) -> ssl.SSLContext | bool:
    """Return what certificates are held against: the authority we were given and no other, or the public ones."""
    if path is None:
        return True
    try:
        return ssl.create_default_context(cafile=path)
    except OSError:  # ssl.SSLError is one
        raise BadSetting(
            "there is no certificate to be read",
            where="SANAQ_PORTAL_CA",
            todo="Name a file with the certificate of the portal's issuer, PEM.",
        ) from None


def _certificate_fault(error: BaseException) -> str | None:
    """Return what is wrong with the certificate where that is why a connection broke."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return UNTRUSTED.get(cause.verify_code, "is not by an issuer we trust") if cause else None


def _unzipped(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip a block at a time: what unpacks without end is met block by block."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        for rest in packed:
            while rest:
                yield unzip.decompress(rest, BLOCK)
                rest = unzip.unconsumed_tail
        yield unzip.flush()
    except zlib.error:
        raise Shaky("a packed page is damaged") from None
    if not unzip.eof or unzip.unused_data:
        raise Shaky("a packed page is cut, or goes on behind its end")


def _wait(answer: httpx.Response) -> float | None:
    """Return the seconds Retry-After asks for; a date there is held against the portal's own clock."""
    said = answer.headers.get("Retry-After", "")
    if re.fullmatch(r"[0-9]{1,15}", said):
        return float(said)
    until = dated(said)
    return max(0.0, (until - clock_of(answer)).total_seconds()) if until else None
