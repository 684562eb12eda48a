"""The portal over real HTTP: paging, faults, tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox import portal
from sandbox.faults import Faults, faults_from

SECRET = ("sanaq", "secret")
GRANT = {"grant_type": "client_credentials"}


@contextmanager
def running(campaign: Path, faults: Faults | None = None) -> Iterator[httpx.Client]:
    """A portal on a free port, and a client with a token."""
    with portal.running(campaign, "secret", faults) as url, httpx.Client(base_url=url) as client:
        client.headers["Authorization"] = f"Bearer {token(client)}"
        yield client


def token(client: httpx.Client) -> str:
    return str(client.post("/api/v1/token", data=GRANT, auth=SECRET).json()["access_token"])


@pytest.fixture
def field(campaign: Path, tmp_path: Path) -> Path:
    """A campaign whose clock stands at the end."""
    (tmp_path / "field").symlink_to(campaign / "field")
    (tmp_path / "clock").write_text("2021-12-10T00:00:00Z\n")
    return tmp_path


def pull(client: httpx.Client, limit: int = 100, cursor: str = "") -> tuple[bytes, str]:
    content = b""
    while True:
        page = client.get("/api/v1/submissions", params={"cursor": cursor, "limit": limit})
        assert page.status_code == 200
        assert page.headers["content-encoding"] == "gzip"
        assert page.headers["sanaq-cursor"] == cursor
        assert int(page.headers["sanaq-byte-count"]) == len(page.content)
        assert int(page.headers["sanaq-record-count"]) == page.content.count(b"\n") <= limit
        content, cursor = content + page.content, page.headers["sanaq-next-cursor"]
        if not page.content:
            return content, cursor


def test_everything_comes_once_and_nothing_twice(field: Path) -> None:
    with running(field) as client:
        content, cursor = pull(client)
        assert content == (field / "field/portal/submissions.ndjson").read_bytes()
        assert pull(client, cursor=cursor) == (b"", cursor)
        counts = client.get("/api/v1/submissions/counts").json()
    assert counts["total"] == sum(counts["daily"].values()) == content.count(b"\n")


def test_the_clock_hides_what_has_not_come_yet(field: Path) -> None:
    (field / "clock").write_text("2021-09-19T21:00:00Z\n")
    with running(field) as client:
        early, cursor = pull(client)
        total = client.get("/api/v1/submissions/counts").json()["total"]
        (field / "clock").write_text("2021-12-10T00:00:00Z\n")
        rest, _ = pull(client, cursor=cursor)
    store = (field / "field/portal/submissions.ndjson").read_bytes()
    assert 0 < total == early.count(b"\n") < store.count(b"\n")
    assert early + rest == store


def test_nothing_is_shown_before_the_first_delivery(field: Path) -> None:
    (field / "clock").unlink()
    with running(field) as client:
        assert pull(client) == (b"", "0")


def test_tokens_and_bad_requests(field: Path) -> None:
    with running(field) as client:
        assert client.get("/api/v1/health", headers={"Authorization": ""}).json() == {"status": "ok"}
        for headers in (
            {"Authorization": ""},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer ключ".encode()},
        ):
            assert client.get("/api/v1/submissions", headers=headers).status_code == 401
            assert client.get("/api/v1/submissions/counts", headers=headers).status_code == 401
        for query in (
            {"cursor": "x"},
            {"cursor": "-1"},
            {"cursor": "999999"},
            {"limit": "0"},
            {"limit": "5001"},
            {"limit": "many"},
            {"page": "2"},
            {"limit": ["5", "6"]},
        ):
            assert client.get("/api/v1/submissions", params=query).status_code == (404 if "cursor" in query else 400)


def test_a_token_is_given_for_the_secret_and_ends(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(field) as client:
        assert client.post("/api/v1/token", data=GRANT, auth=("sanaq", "wrong")).status_code == 401
        assert client.post("/api/v1/token", data={"grant_type": "password"}, auth=SECRET).status_code == 400
        assert client.get("/api/v1/submissions").status_code == 200
        monkeypatch.setattr(portal, "TOKEN_SECONDS", 0)
        ended = {"Authorization": f"Bearer {token(client)}"}
        assert client.get("/api/v1/submissions", headers=ended).status_code == 401


def test_faults_come_and_go(field: Path) -> None:
    with running(field, Faults(too_many=2, server_error=1, slow=1, slow_seconds=0.2, unauthorized=1)) as client:
        answers = []
        for _ in range(5):
            answers.append(client.get("/api/v1/submissions"))
            client.headers["Authorization"] = f"Bearer {token(client)}"
    assert [a.status_code for a in answers] == [401, 429, 429, 500, 200]
    assert answers[1].headers["retry-after"] == "1"
    assert answers[4].elapsed.total_seconds() >= 0.2


def test_a_page_cut_short_betrays_itself(field: Path) -> None:
    with running(field, Faults(cut_short=1, broken_off=1)) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/api/v1/submissions")
        cut = client.get("/api/v1/submissions")
        assert cut.content.count(b"\n") != int(cut.headers["sanaq-record-count"])
        whole, _ = pull(client)
    assert whole == (field / "field/portal/submissions.ndjson").read_bytes()


def test_faults_can_be_put_beside_the_clock(field: Path) -> None:
    with running(field) as client:
        (field / "faults.json").write_text(json.dumps({"server_error": 1}))
        assert client.get("/api/v1/submissions").status_code == 500
        assert client.get("/api/v1/submissions").status_code == 200


def test_faults_are_named_on_the_command_line() -> None:
    assert faults_from(["unavailable", "too_many=2", "slow_seconds=0.5"]) == Faults(
        unavailable=1, too_many=2, slow_seconds=0.5
    )
    for words in (["unheard_of"], ["slow=often"]):
        with pytest.raises(ValueError):  # noqa: PT011 - typer shows the words
            faults_from(words)
