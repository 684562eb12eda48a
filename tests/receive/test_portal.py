"""The portal is pulled page by page from a real HTTP server that misbehaves."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from pipeline.errors import PortalRefused, PortalUnavailable
from pipeline.receive import portal as portal_module
from tests.receive.field import Field

TOKEN = "correct-horse"


class FakePortal:
    """Serves numbered submissions; `trouble` is asked first about every request for a page."""

    def __init__(self) -> None:
        self.count = 0
        self.asked: list[str] = []
        self.trouble: Callable[[BaseHTTPRequestHandler, int], bool] = lambda handler, number: False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, cursor: int, limit: int = 10) -> tuple[bytes, int]:
        """Return the lines after a cursor and the next cursor."""
        end = min(self.count, cursor + limit)
        return b"".join(json.dumps({"case_id": f"p{number}"}).encode() + b"\n" for number in range(cursor, end)), end

    def send(self, handler: BaseHTTPRequestHandler, body: bytes, **headers: str) -> None:
        """Answer 200 with a body."""
        handler.send_response(200)
        for name, value in {
            "Content-Length": str(len(body)),
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlparse(self.path)
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    self.send_error(401)
                elif url.path == "/api/v1/counts":
                    portal.send(
                        self, json.dumps({"daily": {"2021-09-01": portal.count}, "total": portal.count}).encode()
                    )
                else:
                    cursor = parse_qs(url.query).get("cursor", [""])[0]
                    portal.asked.append(cursor)
                    if not portal.trouble(self, len(portal.asked)):
                        body, end = portal.page(int(cursor or 0))
                        lines = str(body.count(b"\n"))
                        portal.send(self, body, Sanaq_Record_Count=lines, Sanaq_Next_Cursor=str(end))

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Handler


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortal]:
    """A portal on a free port, and a client that does not wait long."""
    real = portal_module.Portal

    def hasty(settings: object) -> portal_module.Portal:
        return real(settings, timeout=0.4, attempts=4, first_wait=0.01)  # type: ignore[arg-type]

    monkeypatch.setattr(portal_module, "Portal", hasty)
    server = FakePortal()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def field(tmp_path: Path, portal: FakePortal) -> Field:
    """A lake that pulls from the portal."""
    return Field(tmp_path, portal_url=portal.url, portal_token=TOKEN)


def test_pages_land_as_one_batch_with_cursors_and_counts(field: Field, portal: FakePortal) -> None:
    portal.count = 25
    receipt = field.receive("portal")
    manifest = field.lake.batches()[0]
    assert receipt.record_count == 25
    assert [file["path"] for file in manifest["files"]] == [f"page-0000{n}.ndjson" for n in (1, 2, 3)]
    assert (manifest["cursor_from"], manifest["cursor_to"], manifest["source_id"]) == (None, "25", "portal")
    assert manifest["declared"] == {"daily": {"2021-09-01": 25}, "total": 25}


def test_the_next_pull_goes_on_from_the_last_cursor_and_nothing_new_is_no_batch(
    field: Field, portal: FakePortal
) -> None:
    portal.count = 12
    field.receive("portal")
    portal.asked.clear()
    receipt = field.receive("portal")
    assert (receipt.landed, receipt.note, portal.asked) == ([], "the portal has nothing new", ["12"])
    portal.count = 15
    assert field.receive("portal").record_count == 3
    assert [(m["cursor_from"], m["cursor_to"]) for m in field.lake.batches()] == [(None, "12"), ("12", "15")]


def test_a_pull_after_the_landing_was_lost_gives_the_same_batch(
    field: Field, portal: FakePortal, tmp_path: Path
) -> None:
    portal.count = 12
    first = field.receive("portal").landed
    other = Field(tmp_path / "other", portal_url=portal.url, portal_token=TOKEN)
    assert other.receive("portal").landed == first


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_trouble_is_waited_out(field: Field, portal: FakePortal, status: int) -> None:
    portal.count = 5

    def stumble(handler: BaseHTTPRequestHandler, number: int) -> bool:
        if number > 2:
            return False
        handler.send_response(status)
        handler.send_header("Retry-After", "0")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    portal.trouble = stumble
    assert field.receive("portal").record_count == 5


def test_retry_after_is_obeyed(field: Field, portal: FakePortal) -> None:
    portal.count = 1

    def busy(handler: BaseHTTPRequestHandler, number: int) -> bool:
        if number > 1:
            return False
        handler.send_response(429)
        handler.send_header("Retry-After", "1")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    portal.trouble = busy
    start = time.monotonic()
    field.receive("portal")
    assert time.monotonic() - start >= 1


def cut(handler: BaseHTTPRequestHandler, portal: FakePortal) -> None:
    """Promise more bytes than are sent, and hang up."""
    body, end = portal.page(0)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Sanaq-Record-Count", "5")
    handler.send_header("Sanaq-Next-Cursor", str(end))
    handler.end_headers()
    handler.wfile.write(body[:-7])
    handler.close_connection = True


def short(handler: BaseHTTPRequestHandler, portal: FakePortal) -> None:
    """Send whole bytes of too few records."""
    body = portal.page(0)[0].splitlines(keepends=True)[0]
    portal.send(handler, body, Sanaq_Record_Count="5", Sanaq_Next_Cursor="5")


def slow(handler: BaseHTTPRequestHandler, portal: FakePortal) -> None:
    """Say nothing for longer than anyone waits."""
    time.sleep(0.8)
    handler.close_connection = True


@pytest.mark.parametrize("trouble", [cut, short, slow])
def test_a_page_that_is_not_whole_is_asked_for_again(
    field: Field, portal: FakePortal, trouble: Callable[..., None]
) -> None:
    portal.count = 5

    def stumble(handler: BaseHTTPRequestHandler, number: int) -> bool:
        if number == 1:
            trouble(handler, portal)
        return number == 1

    portal.trouble = stumble
    assert field.receive("portal").record_count == 5


@pytest.mark.parametrize("trouble", [cut, short, slow])
def test_trouble_that_stays_lands_nothing_and_is_named(
    field: Field, portal: FakePortal, trouble: Callable[..., None]
) -> None:
    portal.count = 5
    portal.trouble = lambda handler, number: trouble(handler, portal) is None
    with pytest.raises(PortalUnavailable):
        field.receive("portal")
    assert (field.landing(), field.receipts()) == ({}, [])


def test_trouble_in_the_middle_lands_no_half_pull(field: Field, portal: FakePortal) -> None:
    portal.count = 25
    portal.trouble = lambda handler, number: number >= 3 and cut(handler, portal) is None
    with pytest.raises(PortalUnavailable):
        field.receive("portal")
    assert field.landing() == {}
    portal.trouble = lambda handler, number: False
    assert field.receive("portal").record_count == 25


def test_a_refused_token_says_what_to_set_and_not_what_it_is(tmp_path: Path, portal: FakePortal) -> None:
    field = Field(tmp_path, portal_url=portal.url, portal_token="wrong-token")
    with pytest.raises(PortalRefused, match="SANAQ_PORTAL_TOKEN") as caught:
        field.receive("portal")
    assert "wrong-token" not in str(caught.value)


def test_nobody_there_is_named(tmp_path: Path, portal: FakePortal) -> None:
    portal.server.shutdown()
    portal.server.server_close()
    field = Field(tmp_path, portal_url=portal.url, portal_token=TOKEN)
    with pytest.raises(PortalUnavailable):
        field.receive("portal")


def test_a_cursor_that_stands_still_is_refused(field: Field, portal: FakePortal) -> None:
    portal.count = 5

    def stuck(handler: BaseHTTPRequestHandler, number: int) -> bool:
        portal.send(handler, b"{}\n", Sanaq_Record_Count="1", Sanaq_Next_Cursor="7")
        return True

    portal.trouble = stuck
    with pytest.raises(PortalRefused):
        field.receive("portal")


@pytest.mark.parametrize("missing", ["Sanaq_Record_Count", "Sanaq_Next_Cursor"])
def test_an_answer_without_the_agreed_headers_is_refused(field: Field, portal: FakePortal, missing: str) -> None:
    headers = {"Sanaq_Record_Count": "1", "Sanaq_Next_Cursor": "1"}
    headers.pop(missing)
    portal.trouble = lambda handler, number: portal.send(handler, b"{}\n", **headers) is None
    with pytest.raises(PortalRefused):
        field.receive("portal")
