"""The portal is pulled from the simulated one over real HTTP and TLS, which misbehaves on request."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme

from pipeline.doctor import examine
from pipeline.errors import BadSetting, PortalRefused, PortalUnavailable
from pipeline.lake import EVER
from pipeline.receive import portal as portal_module
from pipeline.receive import portal_api
from pipeline.receive.parcel import Parcel
from pipeline.receive.portal import Pull
from pipeline.receive.portal_api import Portal
from pipeline.settings import load_settings
from sandbox.portal import running
from tests.receive.field import Field
from tests.receive.shop import SECRET, Shop

PAGE, SLICE = 5, 3


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, few attempts, short waits."""
    monkeypatch.setattr(portal_api, "PAGE_RECORDS", PAGE)
    monkeypatch.setattr(portal_module, "SLICE_PAGES", SLICE)
    for name, value in {"timeout": 0.4, "longest": 0.5, "attempts": 3, "first_wait": 0.01}.items():
        monkeypatch.setitem(Portal.__init__.__kwdefaults__, name, value)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A portal on a free port."""
    one = Shop(tmp_path / "campaign")
    with running(one.folder, SECRET, one.faults) as url:
        one.url = url
        yield one


@pytest.fixture
def field(tmp_path: Path, shop: Shop) -> Field:
    """A lake that pulls from the portal."""
    return Field(tmp_path, portal_url=shop.url, portal_secret=SECRET)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the client asked: the cursors of pages, `counts`, `token`."""
    log: list[str] = []
    real = httpx.Client.stream

    def stream(self: httpx.Client, method: str, path: str, **what: object) -> object:
        query = what.get("params") or {}
        last = path.rsplit("/", 1)[-1]
        if "submissions" in path or last == "token":
            log.append(last if last in ("counts", "token") else str(query.get("cursor", "")))  # type: ignore[attr-defined]
        return real(self, method, path, **what)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.Client, "stream", stream)
    return log


def cases(field: Field) -> list[str]:
    """Return the cases that have landed, in order of receipt."""
    found = []
    for batch in field.lake.batches():
        for file in batch["files"]:
            path = field.lake.landing / "portal" / batch["batch_id"] / "files" / file["path"]
            found += [json.loads(line)["case_id"] for line in path.read_bytes().splitlines()]
    return found


def up_to(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


# paging --------------------------------------------------------------------------------------------------------------


def test_pages_land_in_slices_with_cursors_and_counts(field: Field, shop: Shop) -> None:
    shop.show(22)
    receipt = field.receive("portal")
    batches = field.lake.batches()
    assert receipt.record_count == 22
    assert cases(field) == up_to(22)
    assert [[file["path"] for file in batch["files"]] for batch in batches] == [
        ["page-00001.ndjson", "page-00002.ndjson", "page-00003.ndjson"], ["page-00001.ndjson", "page-00002.ndjson"],
    ]  # fmt: skip
    assert [(m["cursor_from"], m["cursor_to"], m["source_id"]) for m in batches] == [
        (None, "15", "portal"), ("15", "22", "portal"),
    ]  # fmt: skip
    assert [m["declared"] for m in batches] == [{"daily": {"2021-09-01": 22}, "total": 22}] * 2


def test_the_next_pull_goes_on_from_the_last_cursor_and_nothing_new_is_no_batch(
    field: Field, shop: Shop, asked: list[str]
) -> None:
    shop.show(7)
    field.receive("portal")
    asked.clear()
    receipt = field.receive("portal")
    assert (receipt.landed, receipt.note, asked) == ([], "the portal has nothing new", ["token", "7"])
    shop.show(9)
    assert field.receive("portal").record_count == 2
    assert [(m["cursor_from"], m["cursor_to"]) for m in field.lake.batches()] == [(None, "7"), ("7", "9")]


def test_a_pull_after_the_landing_was_lost_gives_the_same_batches(field: Field, shop: Shop, tmp_path: Path) -> None:
    shop.show(22)
    first = field.receive("portal").landed
    other = Field(tmp_path / "other", portal_url=shop.url, portal_secret=SECRET)
    assert other.receive("portal").landed == first


def test_what_is_entered_and_corrected_while_we_page_comes_once_and_at_its_place(
    field: Field, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.show(4)
    real, shown = Portal.page, iter((6, 13, 13, 20))

    def page(self: Portal, *what: object) -> portal_api.Page:
        taken = real(self, *what)  # type: ignore[arg-type]
        shop.show(next(shown, 20))
        return taken

    monkeypatch.setattr(Portal, "page", page)
    field.receive("portal")
    assert cases(field) == up_to(20)


@pytest.mark.parametrize(
    ("fault", "cursor", "landed", "problem", "words"), [
        ("broken_off", "20", 20, PortalUnavailable, "What had landed is whole"),
        ("html", "25", 25, PortalRefused, None),
        ("too_large", "25", 25, PortalRefused, None),
        ("stuck", "25", 20, PortalRefused, None),  # of a circle the page before may have been the one that led astray
    ],
)  # fmt: skip
def test_what_was_whole_when_the_portal_went_away_or_spoiled_a_page_has_landed(
    field: Field, shop: Shop, monkeypatch: pytest.MonkeyPatch, fault: str, cursor: str, landed: int,
    problem: type[Exception], words: str | None,
) -> None:  # fmt: skip
    shop.show(40)
    real = Portal.page

    def page(self: Portal, feed: str, after: str | None, path: Path) -> portal_api.Page:
        setattr(shop.faults, fault, 99 * (after == cursor))
        return real(self, feed, after, path)

    monkeypatch.setattr(Portal, "page", page)
    with pytest.raises(problem, match=words):
        field.receive("portal")
    assert cases(field) == up_to(landed)
    assert [m["cursor_to"] for m in field.lake.batches()] == ["15", str(landed)]
    monkeypatch.undo()
    setattr(shop.faults, fault, 0)
    field.receive("portal")
    assert cases(field) == up_to(40)


def test_a_slice_that_does_not_land_is_where_the_next_pull_begins(
    field: Field, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.show(22)
    real = Pull.slice

    def torn(self: Pull, folder: Path) -> Parcel | None:
        parcel = real(self, folder)
        if parcel and parcel.cursor_from is None:
            parcel.sources[0].path.unlink()
        return parcel

    with monkeypatch.context() as disk:
        disk.setattr(Pull, "slice", torn)
        assert [one.reason for one in field.receive("portal").refused] == ["CANNOT_BE_READ"]
    assert cases(field) == []
    monkeypatch.setattr(portal_module, "SLICE_PAGES", SLICE + 1)  # so it has another end, and another origin
    field.receive("portal")
    assert (cases(field), field.lake.not_taken(EVER)) == (up_to(22), [])


def test_counts_that_are_refused_keep_no_page_from_landing(
    field: Field, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.show(22)
    real = Portal.counts
    monkeypatch.setattr(Portal, "counts", lambda self, feed: real(self, f"no-such-{feed}"))
    for landed in (15, 22):
        with pytest.raises(PortalRefused, match="HTTP 404"):
            field.receive("portal")
        assert cases(field) == up_to(landed)
    assert [m["declared"] for m in field.lake.batches()] == [None, None]


def test_trouble_in_one_feed_does_not_keep_the_others_from_being_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path / "campaign")
    shop.stock([json.dumps({"movement_id": "m1"})], "movements")
    shop.show(2)
    real = Portal.page

    def page(self: Portal, feed: str, cursor: str | None, path: Path) -> portal_api.Page:
        shop.faults.broken_off = 99 if feed == "submissions" else 0
        return real(self, feed, cursor, path)

    monkeypatch.setattr(Portal, "page", page)
    with running(shop.folder, SECRET, shop.faults) as url:
        field = Field(tmp_path, portal_url=url, portal_secret=SECRET)
        with pytest.raises(PortalUnavailable, match="broke"):
            field.receive("portal")
    assert [batch["route"] for batch in field.lake.batches()] == ["movement"]


def test_a_refusal_in_one_feed_does_not_keep_the_others_from_being_asked_and_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path / "campaign")
    shop.stock([json.dumps({"movement_id": "m1"})], "movements")
    shop.stock([json.dumps({"institution_id": "MNG-0001"})], "headcounts")
    shop.show(2)
    real = Portal.page

    def page(self: Portal, feed: str, cursor: str | None, path: Path) -> portal_api.Page:
        shop.faults.html = 1 if feed == "submissions" else 0
        return real(self, feed, cursor, path)

    monkeypatch.setattr(Portal, "page", page)
    with running(shop.folder, SECRET, shop.faults) as url:
        field = Field(tmp_path, portal_url=url, portal_secret=SECRET)
        with pytest.raises(PortalRefused, match="a page for people"):
            field.receive("portal")
    assert [batch["route"] for batch in field.lake.batches()] == ["movement", "headcount"]


# passing trouble -----------------------------------------------------------------------------------------------------

PASSING = [
    {"server_error": 2}, {"unavailable": 2}, {"slow": 1, "slow_seconds": 0.6}, {"cut_short": 2}, {"broken_off": 2}, {"torn_gzip": 2},
    {"served_twice": 1}, {"out_of_order": 1}, {"no_token": 2}, {"too_many": 2, "retry_after": 0},
]  # fmt: skip


@pytest.mark.parametrize("faults", PASSING, ids=lambda faults: next(iter(faults)))
def test_passing_trouble_in_the_middle_changes_nothing(field: Field, shop: Shop, faults: dict[str, float]) -> None:
    shop.show(7)
    field.receive("portal")
    shop.show(22)
    for name, value in faults.items():
        setattr(shop.faults, name, value)
    field.receive("portal")
    assert cases(field) == up_to(22)
    assert getattr(shop.faults, next(iter(faults))) == 0


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"server_error": 99}, "HTTP 500"), ({"unavailable": 99}, "HTTP 503"), ({"slow": 99, "slow_seconds": 0.6}, "no answer in time"),
        ({"dripping": 99, "slow_seconds": 0.05}, "no whole answer in time"), ({"cut_short": 99}, "shorter than its headers say"),
        ({"broken_off": 99}, "broke"), ({"torn_gzip": 99}, "cut"), ({"out_of_order": 99}, "not the one that was asked for"),
        ({"no_token": 99}, "HTTP 503"), ({"too_many": 99, "retry_after": 0}, "HTTP 429"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_trouble_that_stays_lands_nothing_and_is_named(
    field: Field, shop: Shop, faults: dict[str, float], words: str
) -> None:
    shop.show(7)
    for name, value in faults.items():
        setattr(shop.faults, name, value)
    with pytest.raises(PortalUnavailable, match=words):
        field.receive("portal")
    assert (field.landing(), field.receipts()) == ({}, [])


@pytest.mark.parametrize("kind", ["too_many", "too_many_dated"])
def test_retry_after_is_obeyed_in_seconds_and_as_a_date(field: Field, shop: Shop, kind: str) -> None:
    shop.show(1)
    setattr(shop.faults, kind, 1)
    shop.faults.retry_after = 1 if kind == "too_many" else 2  # a date has whole seconds
    start = time.monotonic()
    field.receive("portal")
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize("kind", ["too_many", "too_many_dated"])
def test_who_asks_for_a_longer_wait_than_ours_is_left_alone_until_the_next_run(
    field: Field, shop: Shop, asked: list[str], kind: str
) -> None:
    shop.show(1)
    setattr(shop.faults, kind, 1)
    shop.faults.retry_after = 3600
    with pytest.raises(PortalUnavailable, match="HTTP 429"):
        field.receive("portal")
    assert asked == ["token", ""]


# tokens --------------------------------------------------------------------------------------------------------------


def test_a_token_that_ends_on_the_way_is_renewed_once_and_the_pull_goes_on(
    field: Field, shop: Shop, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.show(12)
    real = Portal.page

    def page(self: Portal, feed: str, cursor: str | None, path: Path) -> portal_api.Page:
        shop.faults.unauthorized = int(cursor in ("5", "12"))
        return real(self, feed, cursor, path)

    monkeypatch.setattr(Portal, "page", page)
    field.receive("portal")
    assert cases(field) == up_to(12)
    assert asked == ["token", "", "5", "token", "5", "10", "counts", "12", "token", "12"]


@pytest.mark.parametrize("fault", ["wrong_token", "unauthorized"])
def test_a_new_token_that_is_refused_too_ends_the_pull(field: Field, shop: Shop, asked: list[str], fault: str) -> None:
    shop.show(7)
    setattr(shop.faults, fault, 9)
    with pytest.raises(PortalRefused, match="SANAQ_PORTAL_SECRET"):
        field.receive("portal")
    assert asked == ["token", ""]


@pytest.mark.parametrize("secret", ["wrong-secret", None])
def test_a_refused_secret_is_shown_once_and_it_is_said_what_to_set_and_not_what_it_is(
    tmp_path: Path, shop: Shop, asked: list[str], secret: str | None
) -> None:
    field = Field(tmp_path, portal_url=shop.url, portal_secret=secret)
    with pytest.raises(PortalRefused, match="SANAQ_PORTAL_SECRET") as caught:
        field.receive("portal")
    assert "wrong-secret" not in str(caught.value)
    assert asked == ["token"]


def test_a_portal_nobody_set_up_is_no_failure_and_the_doctor_says_the_same(tmp_path: Path) -> None:
    field = Field(tmp_path)
    receipt = field.receive("portal")
    assert (receipt.landed, receipt.note) == (
        [],
        "skipped: not set up (SANAQ_PORTAL_URL, SANAQ_PORTAL_SECRET)",
    )
    (finding,) = (one for one in examine(field.settings) if one.check == "portal")
    assert (finding.level, finding.found) == ("attention", "skipped: not set up")


# what is not believed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("stuck", "in a circle"), ("loop", "in a circle"), ("html", "a page for people"), ("redirect", "elsewhere"),
        ("bomb", "goes on beyond"), ("too_large", "larger than"),
    ],
)  # fmt: skip
def test_a_portal_that_does_not_keep_the_contract_is_refused(
    field: Field, shop: Shop, asked: list[str], fault: str, words: str
) -> None:
    shop.show(7)
    field.receive("portal")
    before = field.landing()
    shop.show(40)
    setattr(shop.faults, fault, 99)
    asked.clear()
    with pytest.raises(PortalRefused, match=words):
        field.receive("portal")
    assert field.landing() == before
    assert len(asked) <= 4  # not asked again: it would say the same


def test_a_bomb_is_given_up_at_the_size_the_page_said(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.show(5)
    shop.faults.bomb = 1
    monkeypatch.setattr(portal_api, "BLOCK", 64 * 1024)
    with pytest.raises(PortalRefused), Portal(load_settings(portal_url=shop.url, portal_secret=SECRET)) as api:
        api.page("submissions", None, tmp_path / "page")
    assert (tmp_path / "page").stat().st_size <= 64 * 1024


def test_pages_travel_packed_and_land_unpacked(field: Field, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.show(5)
    codings = []
    real = Portal._unpacked

    def unpacked(self: Portal, answer: httpx.Response) -> Iterator[bytes]:
        codings.append(answer.headers.get("Content-Encoding"))
        return real(self, answer)

    monkeypatch.setattr(Portal, "_unpacked", unpacked)
    field.receive("portal")
    assert "gzip" in codings
    assert cases(field) == up_to(5)


def test_a_page_may_be_smaller_than_asked_and_a_line_as_long_as_it_likes(
    field: Field, shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sandbox.portal.PAGE_BYTES", 3000)
    shop.stock([json.dumps({"case_id": f"p{number}", "answers": "x" * 1000}) for number in range(9)])
    shop.show(9)
    with running(shop.folder, SECRET) as url:
        other = Field(tmp_path / "other", portal_url=url, portal_secret=SECRET)
        other.receive("portal")
    assert cases(other) == up_to(9)
    assert [file["line_count"] for m in other.lake.batches() for file in m["files"]] == [2, 2, 2, 2, 1]


def test_nobody_there_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        field = Field(tmp_path, portal_url=f"http://127.0.0.1:{taken.getsockname()[1]}", portal_secret=SECRET)
        with pytest.raises(PortalUnavailable, match="no connection"):
            field.receive("portal")


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b""])
def test_what_is_no_http_is_named(tmp_path: Path, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak() -> None:
            while True:
                try:
                    one, _ = server.accept()
                except OSError:
                    return
                with one:
                    one.recv(4096)
                    one.sendall(answer)

        threading.Thread(target=speak, daemon=True).start()
        field = Field(tmp_path, portal_url=f"http://127.0.0.1:{server.getsockname()[1]}", portal_secret=SECRET)
        with pytest.raises(PortalUnavailable):
            field.receive("portal")
        server.shutdown(socket.SHUT_RDWR)


# TLS -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def behind_tls(shop: Shop, issued: trustme.LeafCert) -> Iterator[str]:
    """Serve the portal with a certificate; yields its address."""
    with ExitStack() as stack:
        path = stack.enter_context(issued.private_key_and_cert_chain_pem.tempfile())
        yield stack.enter_context(running(shop.folder, SECRET, certificate=Path(path)))


def pull_over_tls(tmp_path: Path, shop: Shop, authority: trustme.CA, issued: trustme.LeafCert) -> Field:
    shop.show(7)
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    with behind_tls(shop, issued) as url:
        field = Field(tmp_path, portal_url=url, portal_secret=SECRET, portal_ca=ca)
        field.receive("portal")
    return field


def test_a_certificate_by_the_authority_we_were_given_is_trusted(
    tmp_path: Path, shop: Shop, authority: trustme.CA
) -> None:
    assert cases(pull_over_tls(tmp_path, shop, authority, authority.issue_cert("127.0.0.1"))) == up_to(7)


def test_a_certificate_that_does_not_hold_is_refused_and_it_is_said_why(
    tmp_path: Path, shop: Shop, authority: trustme.CA
) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    for issued, words in (
        (trustme.CA().issue_cert("127.0.0.1"), "not by an issuer we trust"),
        (authority.issue_cert("127.0.0.1", not_after=past), "has expired"),
        (authority.issue_cert("127.0.0.2"), "for another address"),
        (authority.issue_cert("portal.example"), "for another address"),
    ):
        with pytest.raises(PortalRefused, match=words) as caught:
            pull_over_tls(tmp_path, shop, authority, issued)
        assert "SANAQ_PORTAL_CA" in str(caught.value)
        assert not list((tmp_path / "lake" / "landing").glob("portal/*"))


def test_without_an_authority_of_our_own_the_public_ones_are_held(
    tmp_path: Path, shop: Shop, authority: trustme.CA
) -> None:
    with behind_tls(shop, authority.issue_cert("127.0.0.1")) as url:
        field = Field(tmp_path, portal_url=url, portal_secret=SECRET)
        with pytest.raises(PortalRefused, match="not by an issuer we trust"):
            field.receive("portal")


def test_an_authority_that_is_no_certificate_is_refused_as_a_setting(tmp_path: Path, shop: Shop) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(BadSetting, match="SANAQ_PORTAL_CA"):
            Field(tmp_path, portal_url=shop.url, portal_secret=SECRET, portal_ca=path).receive("portal")


@pytest.mark.parametrize(
    "url",
    [
        "http://portal.example",
        "http://10.0.0.1:8765",
        "http://127.0.0.1.evil.example",
        "https://u:p@host",
        "ftp://127.0.0.1",
    ],
)
def test_an_address_beyond_this_machine_must_be_https_and_name_no_password(url: str) -> None:
    with pytest.raises(BadSetting, match="SANAQ_PORTAL_URL") as caught:
        load_settings(portal_url=url)
    assert url not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:8765", "http://[::1]:8765/x", "https://portal.example/census"])
def test_an_address_that_is_safe_is_taken(url: str) -> None:
    assert load_settings(portal_url=url).portal_url == url


def test_a_plain_answer_to_a_tls_greeting_is_named(tmp_path: Path, shop: Shop) -> None:
    field = Field(tmp_path, portal_url=shop.url.replace("http:", "https:"), portal_secret=SECRET)
    with pytest.raises(PortalUnavailable, match="no connection"):
        field.receive("portal")
