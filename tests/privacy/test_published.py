"""Nobody is in what leaves the lake: a small campaign is played by the command line, then everything is searched.

Searched: both databases and all Parquet (every column, also inside lists and structs; file bytes; footers; comments), pages, manifests,
Data Docs, receipts, everything the commands printed, and the names of all files. Looked for: IINs and their plain hashes, names (also as
part of a word), birth dates, addresses.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sandbox.campaign import create
from sandbox.deliver import deliver
from sandbox.portal import running
from tests.privacy.search import Secrets, findings, newest, of_campaign, texts_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NIGHTS = ("2021-10-12T02:00:00+05:00", "2021-11-25T02:00:00+05:00")
TOKEN = "portal-token-of-the-test"
KEY = "id-key-of-the-test"


@dataclass
class Played:
    """A lake after two nights and a release, and all that the commands printed."""

    lake: Path
    printed: str
    secrets: Secrets


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Played:
    work = tmp_path_factory.mktemp("privacy")
    create(work / "field", seed=11, institutions=12, people=300, rate_scale=1.5)
    printed = []
    with running(work / "field", TOKEN) as portal:
        for night in NIGHTS:
            deliver(work / "field", _moment(night), work / "inbox")
            for command in (("receive", "--now", night), ("build",), ("reconcile",), ("publish",)):
                printed.append(_run(root, work, portal, *command))
        printed.append(_run(root, work, portal, "release"))
        printed += [
            _run(root, work, portal, *command)
            for command in (("status",), ("ledger",), ("query", "FROM census.institution"))
        ]
    lake = work / "lake"
    return Played(lake, "\n".join(printed), of_campaign(lake))


def test_the_search_finds_people_where_they_are(played: Played) -> None:
    """The net has no hole: the lake itself is full of what must not leave it."""
    assert len(played.secrets.iins) > 100
    assert len(played.secrets.names) > 100
    assert len(played.secrets.birth_dates) > 50
    found = {
        finding.split(" in ")[0]
        for path in sorted(played.lake.glob("builds/*/read"))
        for where, text in texts_of(path)
        for finding in findings(played.secrets, where, text)
    }
    assert {"IIN", "name", "birth date"} <= found


@pytest.mark.parametrize("room", ["operations", "published"])
def test_nobody_is_in_a_published_room(played: Played, room: str) -> None:
    places = list(texts_of(played.lake / room))
    assert len(places) > 300
    assert [finding for where, text in places for finding in findings(played.secrets, where, text)] == []


def test_nobody_is_in_pages_data_docs_manifests_and_receipts(played: Played) -> None:
    paths = [
        path
        for path in played.lake.rglob("*")
        if path.is_file()
        and path.suffix in (".html", ".json", ".jsonl", ".txt", ".log")
        and "landing" not in path.parts
    ]
    assert any(path.name == "index.html" for path in paths)
    found = [
        finding for path in paths for finding in findings(played.secrets, str(path), path.read_text(errors="ignore"))
    ]
    assert found == []


def test_nobody_is_in_the_name_of_a_file(played: Played) -> None:
    names = [str(path.relative_to(played.lake)) for path in played.lake.rglob("*") if "files" not in path.parts]
    assert findings(played.secrets, "file names", "\n".join(names)) == []


def test_nobody_is_in_what_the_commands_print(played: Played) -> None:
    assert "Traceback" not in played.printed
    assert findings(played.secrets, "output", played.printed) == []


def test_the_secrets_of_the_machine_stay_there(played: Played) -> None:
    for path in played.lake.rglob("*"):
        if path.is_file() and "landing" not in path.parts:
            content = path.read_bytes()
            assert TOKEN.encode() not in content
            assert KEY.encode() not in content
    assert TOKEN not in played.printed
    assert KEY not in played.printed


def test_analysts_see_no_institution_and_no_batch(played: Played) -> None:
    with duckdb.connect() as con:
        (institutions,) = con.execute(
            f"SELECT list(institution_id) FROM '{newest(played.lake, 'institution')}'"
        ).fetchall()[0]
    for where, text in texts_of(played.lake / "published"):
        assert not [name for name in institutions if name in text], where
    batches = {path.name for path in played.lake.glob("landing/*/*")}
    for where, text in texts_of(played.lake / "published"):
        assert not [batch for batch in batches if batch[:16] in text], where


def _run(root: Path, work: Path, portal: str, *command: str) -> str:
    settings = {
        "SANAQ_LAKE": str(work / "lake"),
        "SANAQ_INBOX": str(work / "inbox"),
        "SANAQ_PORTAL_URL": portal,
        "SANAQ_PORTAL_SECRET": TOKEN,
        "SANAQ_ID_KEY": KEY,
        "SANAQ_THREADS": "2",
        "SANAQ_ALLOW_PLAIN_VOLUME": "true",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *command],
        cwd=root,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout + done.stderr


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
