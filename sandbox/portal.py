"""The portal as a server: what it holds by cursor, control totals, tokens, and faults on request (docs/portal-openapi.yaml)."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hmac
import secrets
import socket
import threading
import time
import zlib
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse

from sandbox.clock import read_clock
from sandbox.faults import Faults, Planned
from sandbox.world import AQTAU

FEEDS = ("submissions", "movements", "headcounts")
CLIENT = "sanaq"
TOKEN_SECONDS = 300
DEFAULT_LIMIT, HIGHEST_LIMIT = 500, 5000
PAGE_BYTES = 64 * 1024 * 1024
NDJSON = "application/x-ndjson"
ELSEWHERE = "http://elsewhere.invalid/api/v1/submissions"


class Feed:
    """What the portal holds of one kind, in the order in which it becomes available.

    Parameters
    ----------
    campaign
        Folder of the campaign; its ``clock`` decides what is available.
    name
        ``field/portal/NAME.ndjson`` holds the lines, ``NAME.csv`` says when each becomes available; without them the feed is empty.
    """

    def __init__(self, campaign: Path, name: str) -> None:
        self.campaign = campaign
        self.path = campaign / "field" / "portal" / f"{name}.ndjson"
        index = self.path.with_suffix(".csv")
        rows = index.read_text().splitlines()[1:] if index.exists() else []
        self.available = [row.split(",")[1] for row in rows]
        self.offsets = array("q", self._offsets())
        if len(self.offsets) != len(self.available) + 1:
            raise ValueError("the portal's index does not fit its store")

    def _offsets(self) -> Iterator[int]:
        at = 0
        yield at
        if self.available:
            with self.path.open("rb") as lines:
                for line in lines:
                    at += len(line)
                    yield at

    def visible(self) -> int:
        """How many lines have become available by the campaign's clock."""
        return bisect_right(self.available, read_clock(self.campaign))

    def end(self, first: int, limit: int) -> int:
        """Return where a page of at most `limit` lines after the first ends; it is no larger than a page may be."""
        fitting = bisect_right(self.offsets, self.offsets[first] + PAGE_BYTES) - 1
        return max(first, min(first + limit, self.visible(), fitting))

    def read(self, first: int, last: int) -> bytes:
        """Return the lines after the first and up to the last."""
        if first == last:
            return b""
        with self.path.open("rb") as lines:
            lines.seek(self.offsets[first])
            return lines.read(self.offsets[last] - self.offsets[first])

    def counts(self) -> dict[str, Any]:
        """Return the control totals by local day of receipt."""
        visible = self.visible()
        days = Counter(str(datetime.fromisoformat(at).astimezone(AQTAU).date()) for at in self.available[:visible])
        return {"daily": dict(sorted(days.items())), "total": visible}


class Tokens:
    """The tokens given and not yet over."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._ends: dict[str, float] = {}

    def give(self, authorization: str) -> str:
        """Return a new token to the client that shows the secret."""
        shown = base64.b64encode(f"{CLIENT}:{self._secret}".encode()).decode()
        if not _is_same(authorization, f"Basic {shown}"):
            raise HTTPException(401, "client and secret required", {"WWW-Authenticate": "Basic"})
        token = secrets.token_urlsafe(24)
        self._ends = {known: end for known, end in self._ends.items() if end > time.monotonic()}
        self._ends[token] = time.monotonic() + TOKEN_SECONDS
        return token

    def require(self, authorization: str) -> None:
        """Refuse a request without a token that still holds."""
        token = authorization.removeprefix("Bearer ")
        if not authorization.startswith("Bearer ") or self._ends.get(token, 0.0) <= time.monotonic():
            raise HTTPException(401, "token required, or ended", {"WWW-Authenticate": "Bearer"})

    def forget(self) -> None:
        """Let all tokens be over."""
        self._ends.clear()


def _is_same(shown: str, wanted: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), wanted.encode())


@dataclass(frozen=True)
class Page:
    """A page before it is packed: the lines after a cursor, and the headers that speak of them."""

    body: bytes
    cursor: str
    next_cursor: str
    count: int

    def headers(self) -> dict[str, str]:
        """Return what the headers say."""
        return {
            "Sanaq-Cursor": self.cursor,
            "Sanaq-Next-Cursor": self.next_cursor,
            "Sanaq-Record-Count": str(self.count),
            "Sanaq-Byte-Count": str(len(self.body)),
            "Cache-Control": "no-store",
            "Vary": "Accept-Encoding",
        }


def create_app(campaign_dir: Path, secret: str, faults: Faults | None = None) -> FastAPI:
    """Return the portal of a campaign as an application.

    Parameters
    ----------
    campaign_dir
        Folder of the campaign; its ``clock`` decides what is available, its ``faults.json`` what goes wrong.
    secret
        What the client ``sanaq`` shows to be given a token.
    faults
        Faults to begin with.
    """
    app = FastAPI(title="sanaq portal (sandbox)", version="2", docs_url=None, redoc_url=None, openapi_url=None)
    planned, tokens = Planned(campaign_dir, faults), Tokens(secret)
    feeds = {name: Feed(campaign_dir, name) for name in FEEDS}

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        tokens.require(authorization)

    @app.get("/api/v1/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/api/v1/token")
    async def token(request: Request, authorization: Annotated[str, Header()] = "") -> JSONResponse:
        if planned.now().take("no_token"):
            raise HTTPException(503, "no tokens now")
        given = tokens.give(authorization)
        if parse_qs((await request.body()).decode("utf-8", "replace")).get("grant_type") != ["client_credentials"]:
            raise HTTPException(400, "grant_type=client_credentials required")
        if planned.now().take("wrong_token"):
            given = "wrong"
        said = {"access_token": given, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return JSONResponse(said, headers={"Cache-Control": "no-store"})

    def serve_feed(name: str, feed: Feed) -> None:
        @app.get(f"/api/v1/{name}/counts", dependencies=[Depends(authorised)])
        def counts() -> JSONResponse:
            return JSONResponse(feed.counts())

        @app.get(f"/api/v1/{name}")
        async def page(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
            now = planned.now()
            if now.take("unauthorized"):
                tokens.forget()
            tokens.require(authorization)
            if wrong := await _wrong(now):
                return wrong
            return _packed(_page(feed, request, now), request.headers.get("Accept-Encoding", ""), now)

    for name, feed in feeds.items():
        serve_feed(name, feed)
    return app


async def _wrong(faults: Faults) -> Response | None:
    """Go wrong before a page is looked for; None where nothing is to go wrong."""
    if faults.take("too_many"):
        raise HTTPException(429, "too many requests", {"Retry-After": str(faults.retry_after)})
    if faults.take("too_many_dated"):
        until = datetime.now(UTC) + timedelta(seconds=faults.retry_after)
        raise HTTPException(429, "too many requests", {"Retry-After": format_datetime(until, usegmt=True)})
    if faults.take("server_error"):
        raise HTTPException(500, "internal error")
    if faults.take("unavailable"):
        raise HTTPException(503, "under maintenance", {"Retry-After": "0"})
    if faults.take("slow"):
        await asyncio.sleep(faults.slow_seconds)
    if faults.take("redirect"):
        return RedirectResponse(ELSEWHERE, 307)
    return HTMLResponse("<html><p>The portal will be back soon.</html>") if faults.take("html") else None


def _page(feed: Feed, request: Request, faults: Faults) -> Page:
    _require_known(request)
    asked, limit = _cursor(request, len(feed.available)), _limit(request)
    first = asked
    if faults.take("served_twice"):
        first = max(0, asked - limit)
    elif faults.take("out_of_order"):
        first = feed.end(asked, limit)
    last = feed.end(first, limit)
    onward = 0 if faults.take("loop") else first if faults.take("stuck") else last
    cursor = request.query_params.get("cursor", "") if first == asked else str(first)
    return Page(feed.read(first, last), cursor, str(onward), last - first)


def _packed(page: Page, accepted: str, faults: Faults) -> Response:
    """Return a page as it is sent, and let it go wrong on the way."""
    body, headers = page.body, page.headers()
    is_broken = bool(body) and faults.take("broken_off")
    if body and not is_broken and faults.take("cut_short"):
        body = body[: len(body) * 2 // 3]
        headers["Sanaq-Byte-Count"] = str(len(body))
    if faults.take("too_large"):
        headers["Sanaq-Byte-Count"] = str(PAGE_BYTES + 1)
    is_bomb, is_torn = faults.take("bomb"), faults.take("torn_gzip")
    if is_bomb or is_torn or "gzip" in accepted:
        headers["Content-Encoding"] = "gzip"
        body = _bomb(body) if is_bomb else gzip.compress(body, 6, mtime=0)
        body = body[: len(body) // 2] if is_torn else body
    if is_broken:
        headers["Content-Length"] = str(len(body))
        return StreamingResponse(iter([body[: len(body) // 2]]), headers=headers, media_type=NDJSON)
    if faults.take("dripping"):
        headers["Content-Length"] = str(len(body))
        return StreamingResponse(_drops(body, faults.slow_seconds), headers=headers, media_type=NDJSON)
    return Response(body, headers=headers, media_type=NDJSON)


def _bomb(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(body), *(packer.compress(bytes(1024 * 1024)) for _ in range(20)), packer.flush()]
    return b"".join(packed)


async def _drops(body: bytes, pause: float) -> AsyncIterator[bytes]:
    for at in range(len(body)):
        yield body[at : at + 1]
        await asyncio.sleep(pause)


def _require_known(request: Request) -> None:
    """Refuse a parameter nobody knows, or one given twice."""
    names = [name for name, _ in request.query_params.multi_items()]
    if not set(names) <= {"cursor", "limit"} or len(names) != len(set(names)):
        raise HTTPException(400, "cursor and limit, each once")


def _cursor(request: Request, highest: int) -> int:
    text = request.query_params.get("cursor") or "0"
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) > highest:
        raise HTTPException(404, "no such cursor")
    return int(text)


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or not 1 <= int(text) <= HIGHEST_LIMIT:
        raise HTTPException(400, "bad limit")
    return int(text)


def serve(campaign: Path, port: int, secret: str, announce: Any, faults: Faults | None = None) -> None:
    """Serve a campaign's portal on the loopback interface until interrupted.

    Parameters
    ----------
    campaign
        Folder of the campaign.
    port
        Port, or 0 for a free one.
    secret
        What the client shows to be given a token.
    announce
        Called with the address before the first request is taken.
    faults
        Faults to begin with.
    """
    with listening(port) as listener:
        announce(f"http://127.0.0.1:{listener.getsockname()[1]}")
        _server(campaign, secret, faults, None).run(sockets=[listener])


@contextmanager
def running(
    campaign: Path, secret: str, faults: Faults | None = None, *, certificate: Path | None = None
) -> Iterator[str]:
    """Serve a campaign's portal from a thread over the block; yields its address.

    Parameters
    ----------
    certificate
        File with key and certificates, PEM; the portal then speaks https.
    """
    with listening(0) as listener:
        server = _server(campaign, secret, faults, certificate)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Listen on the loopback interface over the block; port 0 is a free one."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        yield listener


def _server(campaign: Path, secret: str, faults: Faults | None, certificate: Path | None) -> uvicorn.Server:
    app = create_app(campaign, secret, faults)
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, ssl_certfile=certificate))
