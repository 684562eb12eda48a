"""The portal as a server: submissions by cursor, control totals, and faults on request."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import threading
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from sandbox.clock import read_clock
from sandbox.world import AQTAU

DEFAULT_LIMIT, HIGHEST_LIMIT = 500, 5000


@dataclass
class Faults:
    """Faults still to come: how many of the next requests for submissions go wrong, and how.

    Attributes
    ----------
    too_many
        Answered 429 with ``Retry-After``.
    server_error
        Answered 500.
    unauthorized
        Answered 401 although the token is right.
    cut_short
        The page lacks its end; its length is declared as sent, so that only the record count betrays it.
    broken_off
        The connection ends before the declared length.
    slow, slow_seconds
        Answered late.
    """

    too_many: int = 0
    server_error: int = 0
    unauthorized: int = 0
    cut_short: int = 0
    broken_off: int = 0
    slow: int = 0
    slow_seconds: float = 2.0
    retry_after: int = 1

    def take(self, name: str) -> bool:
        """Use up one fault of a kind; return False where none is left."""
        left = int(getattr(self, name))
        setattr(self, name, max(0, left - 1))
        return left > 0


class Store:
    """The portal's submissions in the order in which they become available."""

    def __init__(self, campaign: Path) -> None:
        self.campaign = campaign
        self.path = campaign / "field" / "portal" / "submissions.ndjson"
        index = (campaign / "field" / "portal" / "index.csv").read_text().splitlines()[1:]
        self.available = [line.split(",")[1] for line in index]
        self.offsets = array("q", self._offsets())
        if len(self.offsets) != len(self.available) + 1:
            raise ValueError("the portal's index does not fit its store")

    def _offsets(self) -> Iterator[int]:
        at = 0
        yield at
        with self.path.open("rb") as lines:
            for line in lines:
                at += len(line)
                yield at

    def visible(self) -> int:
        """How many submissions have become available by the campaign's clock."""
        return bisect_right(self.available, read_clock(self.campaign))

    def read(self, first: int, last: int) -> bytes:
        """Return the submissions after the first and up to the last, one a line."""
        with self.path.open("rb") as lines:
            lines.seek(self.offsets[first])
            return lines.read(self.offsets[last] - self.offsets[first])

    def counts(self) -> dict[str, Any]:
        """Return the control totals by local day of receipt."""
        visible = self.visible()
        days = Counter(str(datetime.fromisoformat(at).astimezone(AQTAU).date()) for at in self.available[:visible])
        return {"as_of": read_clock(self.campaign), "daily": dict(sorted(days.items())), "total": visible}


def _faults_of(campaign: Path, given: Faults, seen: dict[str, float]) -> Faults:
    """Faults given to the factory, or the ones of ``faults.json``, read anew whenever the file changes."""
    path = campaign / "faults.json"
    if path.exists() and seen.get("mtime") != path.stat().st_mtime_ns:
        seen["mtime"] = path.stat().st_mtime_ns
        wanted = json.loads(path.read_text())
        for f in fields(Faults):
            setattr(given, f.name, wanted.get(f.name, f.default))
    return given


def _number(text: str | None, default: int, low: int, high: int, name: str) -> int:
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise HTTPException(400, f"bad {name}")
    return int(text)


def create_app(campaign_dir: Path, token: str, faults: Faults | None = None) -> FastAPI:
    """Return the portal of a campaign as an application.

    Parameters
    ----------
    campaign_dir
        Folder of the campaign; its ``clock`` decides what is available, its ``faults.json`` what goes wrong.
    token
        The bearer token callers must show.
    faults
        Faults to begin with.
    """
    app = FastAPI(title="sanaq portal (sandbox)", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    store, planned, seen = Store(campaign_dir), faults or Faults(), dict[str, float]()

    def authorised(authorization: Annotated[str | None, Header()] = None) -> None:
        if authorization is None or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "bearer token required", {"WWW-Authenticate": "Bearer"})

    @app.get("/api/v1/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/v1/counts", dependencies=[Depends(authorised)])
    def counts() -> JSONResponse:
        return JSONResponse(store.counts())

    @app.get("/api/v1/submissions", dependencies=[Depends(authorised)])
    async def submissions(request: Request) -> Response:
        now = _faults_of(campaign_dir, planned, seen)
        await _go_wrong(now)
        query = request.query_params
        visible = store.visible()
        first = _number(query.get("cursor"), 0, 0, len(store.available), "cursor")
        limit = _number(query.get("limit"), DEFAULT_LIMIT, 1, HIGHEST_LIMIT, "limit")
        last = max(first, min(first + limit, visible))
        return _page(store.read(first, last), last - first, last, last < visible, now)

    return app


async def _go_wrong(faults: Faults) -> None:
    if faults.take("too_many"):
        raise HTTPException(429, "too many requests", {"Retry-After": str(faults.retry_after)})
    if faults.take("server_error"):
        raise HTTPException(500, "internal error")
    if faults.take("unauthorized"):
        raise HTTPException(401, "token expired", {"WWW-Authenticate": "Bearer"})
    if faults.take("slow"):
        await asyncio.sleep(faults.slow_seconds)


def _page(body: bytes, count: int, cursor: int, has_more: bool, faults: Faults) -> Response:
    headers = {
        "Sanaq-Record-Count": str(count),
        "Sanaq-Next-Cursor": str(cursor),
        "Sanaq-Has-More": "true" if has_more else "false",
        "Content-Length": str(len(body)),
    }
    kind = "application/x-ndjson"
    if body and faults.take("broken_off"):
        return StreamingResponse(iter([body[: len(body) // 2]]), headers=headers, media_type=kind)
    if body and faults.take("cut_short"):
        body = body[: len(body) * 2 // 3]
        headers["Content-Length"] = str(len(body))
    return Response(body, headers=headers, media_type=kind)


def serve(campaign: Path, port: int, token: str, announce: Any) -> None:
    """Serve a campaign's portal on the loopback interface until interrupted.

    Parameters
    ----------
    campaign
        Folder of the campaign.
    port
        Port, or 0 for a free one.
    token
        The bearer token.
    announce
        Called with the address before the first request is taken.
    """
    with listening(port) as listener:
        announce(f"http://127.0.0.1:{listener.getsockname()[1]}")
        _server(campaign, token).run(sockets=[listener])


@contextmanager
def running(campaign: Path, token: str) -> Iterator[str]:
    """Serve a campaign's portal from a thread over the block; yields its address."""
    with listening(0) as listener:
        server = _server(campaign, token)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
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


def _server(campaign: Path, token: str) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(create_app(campaign, token), log_level="warning", access_log=False))
