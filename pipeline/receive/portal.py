"""Pulls the portal: pages by cursor, each taken only if it is what its headers say (docs/portal-openapi.yaml)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import stamina

from pipeline.errors import PortalRefused, PortalUnavailable
from pipeline.lake import Lake
from pipeline.receive.book import last_cursor
from pipeline.receive.parcel import Parcel, Source
from pipeline.settings import Settings

ROUTE = "portal"
PAGE_RECORDS = 1000
LONGEST_WAIT = 60.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Shaky(Exception):  # control flow: worth another attempt
    """An answer that may be whole the next time; `wait` is what the portal asked for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        self.what = what
        self.wait = wait
        super().__init__(what)


@dataclass(frozen=True)
class Page:
    """One verified page."""

    body: bytes
    record_count: int
    cursor: str | None


class Portal:
    """The portal's API.

    Parameters
    ----------
    settings
        Address and token.
    timeout
        Seconds an answer may take to begin or to go on.
    attempts
        How often a shaky answer is asked for again before giving up.
    first_wait
        Seconds before the second attempt; doubled each time.
    """

    def __init__(
        self, settings: Settings, *, timeout: float = 30.0, attempts: int = 6, first_wait: float = 0.5
    ) -> None:
        token = settings.portal_token
        headers = {"Accept": "application/x-ndjson", "Accept-Encoding": "identity", "User-Agent": "sanaq"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        self._client = httpx.Client(
            base_url=settings.portal_url, headers=headers, timeout=timeout, follow_redirects=False
        )
        self._url = settings.portal_url
        self._limit = settings.max_file_bytes
        self._attempts = attempts
        self._first_wait = first_wait

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield the pages after `cursor` until the portal has nothing more.

        Raises
        ------
        PortalRefused
            The token is refused, or the answers do not follow docs/portal-openapi.yaml.
        PortalUnavailable
            No whole answer came in all attempts.
        """
        while True:
            page = self._page(cursor)
            if page.record_count == 0:
                return
            if page.cursor is None or page.cursor == cursor:
                raise self._refused("a page with records does not move the cursor on")
            yield page
            cursor = page.cursor

    def counts(self) -> dict[str, Any]:
        """Return what the portal says it holds, per day."""
        body = self._ask("/api/v1/counts", {}).content
        try:
            counts = json.loads(body)
        except ValueError:
            counts = None
        if not isinstance(counts, dict):
            raise self._refused("the counts are no JSON object")
        return counts

    def _page(self, cursor: str | None) -> Page:
        query = {"limit": str(PAGE_RECORDS)} | ({"cursor": cursor} if cursor is not None else {})
        for attempt in self._attempting():
            with attempt:
                return self._verified(self._once("/api/v1/submissions", query))
        raise AssertionError("stamina ends in a return or an error")

    def _ask(self, path: str, query: dict[str, str]) -> httpx.Response:
        for attempt in self._attempting():
            with attempt:
                return self._once(path, query)
        raise AssertionError("stamina ends in a return or an error")

    def _attempting(self) -> Iterator[Any]:
        def worth_it(error: Exception) -> bool | float:
            if isinstance(error, Shaky) and error.wait is not None:
                return min(error.wait, LONGEST_WAIT)
            return isinstance(error, Shaky)

        yield from stamina.retry_context(
            on=worth_it, attempts=self._attempts, timeout=None, wait_initial=self._first_wait, wait_max=LONGEST_WAIT
        )

    def _once(self, path: str, query: dict[str, str]) -> httpx.Response:
        try:
            with self._client.stream("GET", path, params=query) as answer:
                self._judge(answer)
                answer.read()
                return answer
        except httpx.TimeoutException:
            raise Shaky("no answer in time") from None
        except httpx.TransportError:
            raise Shaky("the connection broke") from None
        except httpx.HTTPError:
            raise self._refused("the answer is no HTTP the client understands") from None

    def _judge(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in TRY_AGAIN:
            raise Shaky(f"HTTP {status}", _seconds(answer.headers.get("Retry-After")))
        if status in (401, 403):
            raise PortalRefused(
                f"the portal refuses the token (HTTP {status})",
                where=f"{self._url} (SANAQ_PORTAL_TOKEN)",
                todo="Set SANAQ_PORTAL_TOKEN to a valid token; `sanaq doctor` tries it.",
            )
        if status != 200:
            raise self._refused(f"HTTP {status} where 200 is expected")
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and int(length) > self._limit:
            raise self._refused("a page is larger than SANAQ_MAX_FILE_BYTES")

    def _verified(self, answer: httpx.Response) -> Page:
        body = answer.content
        length, count = answer.headers.get("Content-Length"), answer.headers.get("Sanaq-Record-Count")
        if length is None or count is None or not count.isdigit() or not length.isdigit():
            raise self._refused("a page lacks Content-Length or Sanaq-Record-Count")
        found = body.count(b"\n") + (0 if body.endswith(b"\n") or not body else 1)
        if len(body) != int(length) or found != int(count):
            raise Shaky("a page is shorter than its headers say")
        return Page(body, found, answer.headers.get("Sanaq-Next-Cursor"))

    def _refused(self, what: str) -> PortalRefused:
        return PortalRefused(
            what, where=self._url, todo="Compare the portal with docs/portal-openapi.yaml, or correct SANAQ_PORTAL_URL."
        )


@contextmanager
def pulled(lake: Lake, settings: Settings, folder: Path, portal: Portal | None = None) -> Iterator[Parcel | None]:
    """Pull what is new into `folder` and offer it as one parcel; None where there is nothing new.

    Raises
    ------
    PortalRefused, PortalUnavailable
        See `Portal.pages`; nothing has landed.
    """
    api = portal or Portal(settings)
    try:
        yield _pull(lake, api, folder)
    except Shaky as shaky:
        raise PortalUnavailable(
            f"the portal gave no whole answer: {shaky.what}",
            where=settings.portal_url,
            todo="Nothing was landed; the next run goes on from the same cursor. If it stays so, call the portal's operators.",
        ) from None
    finally:
        api.close()


def _pull(lake: Lake, api: Portal, folder: Path) -> Parcel | None:
    cursor_from = last_cursor(lake, ROUTE)
    cursor_to, sources = cursor_from, []
    folder.mkdir()
    for number, page in enumerate(api.pages(cursor_from), start=1):
        lake.require_space(2 * len(page.body))
        source = Source(folder / f"page-{number:05d}.ndjson", f"page-{number:05d}.ndjson")
        source.path.write_bytes(page.body)
        sources.append(source)
        cursor_to = page.cursor
    if not sources:
        return None
    return Parcel(
        ROUTE,
        f"{cursor_from or ''}..{cursor_to}",
        tuple(sources),
        source_id=ROUTE,
        declared=api.counts(),
        cursor_from=cursor_from,
        cursor_to=cursor_to,
    )


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header; a date there is answered with the usual back-off."""
    return float(retry_after) if retry_after and retry_after.isdigit() else None
