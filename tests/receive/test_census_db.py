"""The Census Database is pulled from a real PostgreSQL, with transactions that stay open, backups, renamed columns and all."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from errno import EIO
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest
import trustme

from pipeline.build import prune
from pipeline.doctor import examine
from pipeline.errors import BadSetting, CensusDbRefused, CensusDbUnavailable
from pipeline.lake import EVER
from pipeline.receive import census_db, landing
from pipeline.settings import load_settings
from sandbox.census_db import DATABASE, Server, server
from tests.receive.field import Field

Owner = psycopg.Connection[tuple[Any, ...]]
INSERT = "INSERT INTO sanaq.submission (case_id, case_version, submission, accepted_on) VALUES (%s, %s, %s, %s)"


def insert(db: Owner, *cases: str, day: str = "2021-10-03", version: int = 1) -> None:
    """Write cases in the transaction that is open."""
    rows = [(case, version, case_line(case, version).decode(), day) for case in cases]
    with db.cursor() as cursor:
        cursor.executemany(INSERT, rows)


def case_line(case: str, version: int) -> bytes:
    """A case as `insert` writes it."""
    return json.dumps({"case_id": case, "case_version": version}).encode()


def sha256(line: bytes) -> str:
    """Digest of a line."""
    return hashlib.sha256(line).hexdigest()


def said(server: Server) -> dict[str, object]:
    """Settings that name a server."""
    return {"census_db_url": server.url, "census_db_password": server.password}


@pytest.fixture
def owner(postgres: Server) -> Iterator[Owner]:
    """A database made anew, in the hands of those who fill it; days are not written there as they are here."""
    postgres.create()
    with postgres.owner() as db:
        db.execute(f"ALTER DATABASE {DATABASE} SET datestyle = 'German'")
        db.commit()
        yield db


@pytest.fixture
def other(postgres: Server, owner: Owner) -> Iterator[Owner]:
    """Another of its writers."""
    with postgres.owner() as db:
        yield db


@pytest.fixture
def field(tmp_path: Path, postgres: Server, owner: Owner) -> Field:
    """A lake that pulls from the database."""
    return Field(tmp_path, **said(postgres))


def pulled(field: Field, *, is_sweep: bool = False) -> list[str]:
    """Pull once more and return the cases that landed, in their order."""
    receipt = field.receive("census_db", is_sweep=is_sweep)
    lines = [
        line
        for batch_id in receipt.landed
        for path in sorted((field.lake.landing / "census_db" / batch_id / "files").glob("page-*"))
        for line in path.read_bytes().splitlines()
    ]
    assert receipt.record_count == len(lines)
    return [f"{case['case_id']}.{case['case_version']}" for case in map(json.loads, lines)]


def test_rows_land_as_they_were_sent_with_cursor_and_counts(field: Field, owner: Owner) -> None:
    sent = '{"case_id" : "c1",\n "case_version":1, "answers": {"text": "Қ\\n\\u0041", "text2": 1.0}}'
    owner.execute(INSERT, ["c1", 1, sent, "2021-10-03"])
    insert(owner, "c2", "c3", day="2021-10-04")
    owner.commit()
    receipt = field.receive("census_db")
    manifest = field.lake.batches()[0]
    [file] = manifest["files"]
    landed = (field.lake.landing / "census_db" / receipt.landed[0] / "files" / file["path"]).read_text(encoding="utf-8")
    assert (file["path"], receipt.record_count) == ("page-00001.ndjson", 3)
    assert landed.splitlines()[0] == sent.replace("\n", " ")
    assert (manifest["source_id"], manifest["cursor_from"]) == ("census_db", None)
    assert manifest["declared"] == {"daily": {"2021-10-03": 1, "2021-10-04": 2}, "total": 3}
    assert manifest["landed_daily"] == {"2021-10-03": 1, "2021-10-04": 2}
    insert(owner, "c4", day="2021-10-04")
    owner.commit()
    field.receive("census_db")
    assert field.lake.batches()[1]["declared"]["daily"] == {"2021-10-03": 1, "2021-10-04": 3}
    assert field.lake.batches()[1]["landed_daily"] == {"2021-10-04": 1}


def test_the_next_pull_goes_on_where_the_last_ended_and_nothing_new_is_no_batch(field: Field, owner: Owner) -> None:
    insert(owner, "c1", "c2")
    owner.commit()
    assert pulled(field) == ["c1.1", "c2.1"]
    assert field.receive("census_db").note == "the Census Database has nothing new"
    insert(owner, "c3")
    insert(owner, "c1", version=2)
    owner.commit()
    assert pulled(field) == ["c1.2", "c3.1"]
    first, second = field.lake.batches()
    assert first["cursor_to"] == second["cursor_from"]
    assert int(second["cursor_from"]) < int(second["cursor_to"])


def test_a_row_changed_in_place_lands_again_and_one_only_touched_does_not(field: Field, owner: Owner) -> None:
    insert(owner, "c1", "c2")
    owner.commit()
    pulled(field)
    owner.execute("UPDATE sanaq.submission SET accepted_on = accepted_on WHERE case_id = 'c1'")
    owner.execute(
        """UPDATE sanaq.submission SET submission = '{"case_id":"c2","case_version":1,"x":1}' WHERE case_id = 'c2'"""
    )
    owner.commit()
    assert pulled(field) == ["c2.1"]


def test_the_day_a_row_was_accepted_does_not_change(owner: Owner) -> None:
    """Its bytes do not land again, so the other day would declare a row that no pull ever brings."""
    insert(owner, "c1")
    owner.commit()
    with pytest.raises(psycopg.IntegrityError, match="accepted_on"):
        owner.execute("UPDATE sanaq.submission SET accepted_on = '2021-10-05' WHERE case_id = 'c1'")


def test_a_late_commit_is_not_lost_and_nothing_comes_twice(field: Field, owner: Owner, other: Owner) -> None:
    insert(other, "late")
    insert(owner, "early")
    owner.commit()
    assert pulled(field) == []  # what was written after a transaction that is still open waits for it
    insert(owner, "later")
    owner.commit()
    other.commit()
    assert pulled(field) == ["late.1", "early.1", "later.1"]
    assert pulled(field, is_sweep=True) == []


def test_a_late_commit_after_others_have_landed_is_not_lost(field: Field, owner: Owner, other: Owner) -> None:
    insert(owner, "before")
    owner.commit()
    insert(other, "late")
    assert pulled(field) == ["before.1"]
    insert(owner, "after")
    owner.commit()
    assert pulled(field) == []
    other.commit()
    assert pulled(field) == ["late.1", "after.1"]


def test_what_the_disk_did_not_give_lands_with_the_next_pull_and_is_refused_no_more(
    field: Field, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(owner, "c1")
    owner.commit()
    with monkeypatch.context() as disk:
        disk.setattr(landing, "_copy", mock.Mock(side_effect=OSError(EIO, "the disk does not give it")))
        assert len(field.receive("census_db").refused) == 1
    insert(owner, "c2")  # with it the pull has another end, and so another origin
    owner.commit()
    assert (pulled(field), field.lake.not_taken(EVER)) == (["c1.1", "c2.1"], [])


def test_what_was_rolled_back_never_was(field: Field, owner: Owner, other: Owner) -> None:
    insert(other, "no")
    insert(owner, "yes")
    owner.commit()
    other.rollback()
    assert pulled(field) == ["yes.1"]


def test_the_night_does_not_wait_for_a_transaction_that_stays_open(field: Field, owner: Owner, other: Owner) -> None:
    insert(other, "stuck")
    insert(owner, "c1", "c2")
    owner.commit()
    assert pulled(field) == []
    assert pulled(field, is_sweep=True) == ["c1.1", "c2.1"]
    other.commit()
    assert pulled(field) == ["stuck.1"]


def test_the_sweep_finds_what_came_back_below_the_cursor(field: Field, owner: Owner) -> None:
    insert(owner, "c1", "c2")
    owner.commit()
    pulled(field)
    owner.execute("ALTER TABLE sanaq.submission DISABLE TRIGGER mark_change")
    owner.execute(
        """INSERT INTO sanaq.submission VALUES ('restored', 1, '{"case_id":"restored","case_version":1}', '2021-10-01', '3')"""
    )
    owner.commit()
    assert pulled(field) == []
    assert pulled(field, is_sweep=True) == ["restored.1"]
    assert pulled(field, is_sweep=True) == []


def test_a_server_made_from_a_backup_whose_counter_is_behind_is_swept_at_once(
    field: Field, owner: Owner, tmp_path: Path
) -> None:
    for number in range(300):  # the counter of the first server runs ahead
        insert(owner, f"c{number}")
        owner.commit()
    assert len(pulled(field)) == 300
    with server() as restored:
        restored.create()
        with restored.owner() as db:
            insert(db, "c1", "new")
        again = Field(tmp_path, **said(restored))
        assert pulled(again) == ["new.1"]
        with restored.owner() as db:
            insert(db, "newer")
        assert pulled(again) == ["newer.1"]


def test_what_landed_is_known_without_what_was_kept_of_it(field: Field, owner: Owner) -> None:
    insert(owner, "c1", "c2")
    owner.commit()
    pulled(field)
    assert pulled(field, is_sweep=True) == []
    [kept] = field.lake.memo.glob("census_db/*")
    long_ago = kept.stat().st_mtime - 3 * 86_400
    os.utime(kept, (long_ago, long_ago))
    prune(field.lake, 1)
    assert not kept.exists()
    insert(owner, "c3")
    owner.commit()
    assert pulled(field) == ["c3.1"]
    assert kept.exists()


def swept(field: Field) -> list[tuple[str, bool]]:
    """What a sweep says: the cases that are gone (True) or back, by their lines; nothing where it lands no file."""
    before = {batch["batch_id"] for batch in field.lake.batches()}
    field.receive("census_db", is_sweep=True)
    line = {sha256(case_line(case, version)): f"{case}.{version}" for case in ("c1", "c2", "c3") for version in (1, 2)}
    return [
        (line[digest], is_gone == "true")
        for batch in field.lake.batches()
        if batch["batch_id"] not in before
        for path in sorted((field.lake.landing / "census_db" / batch["batch_id"] / "files").glob("sweep-*"))
        for digest, is_gone in (said.split(",") for said in path.read_text().splitlines())
    ]


def test_a_sweep_says_once_what_is_there_no_more_and_once_that_it_is_back(field: Field, owner: Owner) -> None:
    insert(owner, "c1", "c2")
    owner.commit()
    assert swept(field) == []
    for _ in range(2):  # said a second time in the same words it is another batch
        owner.execute("DELETE FROM sanaq.submission WHERE case_id = 'c1'")
        owner.commit()
        assert pulled(field) == []  # only a sweep can know
        assert (swept(field), swept(field)) == ([("c1.1", True)], [])
        insert(owner, "c1")
        owner.commit()
        assert pulled(field) == []
        assert (swept(field), swept(field)) == ([("c1.1", False)], [])
    assert len(field.lake.batches()) == 5


def test_a_sweep_of_an_emptied_table_says_so_and_a_changed_row_brings_the_new_line_with_it(
    field: Field, owner: Owner
) -> None:
    insert(owner, "c1", "c2")
    owner.commit()
    pulled(field)
    owner.execute(
        """UPDATE sanaq.submission SET submission = '{"case_id":"c2","case_version":1,"x":1}' WHERE case_id = 'c2'"""
    )
    owner.commit()
    assert swept(field) == [("c2.1", True)]
    assert [file["path"] for file in field.lake.batches()[-1]["files"]] == ["page-00001.ndjson", "sweep-00001.csv"]
    owner.execute("TRUNCATE sanaq.submission")
    owner.commit()
    field.receive("census_db", is_sweep=True)
    [batch] = field.lake.batches()[2:]
    assert (batch["files"][0]["path"], batch["files"][0]["line_count"], batch["declared"]["total"]) == (
        "sweep-00002.csv",
        2,
        0,
    )


def test_a_sweep_that_was_killed_before_it_landed_is_said_by_the_next(field: Field, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    insert(owner, "c1")
    owner.commit()
    pulled(field)
    owner.execute("DELETE FROM sanaq.submission")
    owner.commit()
    with monkeypatch.context() as killed:
        killed.setattr(landing.Landing, "_put", mock.Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            field.receive("census_db", is_sweep=True)
    assert (swept(field), swept(field)) == ([("c1.1", True)], [])


def test_a_case_may_be_called_anything(field: Field, owner: Owner) -> None:
    odd = ["", 'a"b', "a,b", "a\nb", "a\r\nb", "\\N", "NULL", " Қ "]
    insert(owner, *odd)
    owner.commit()
    assert sorted(pulled(field)) == sorted(f"{case}.1" for case in odd)
    assert pulled(field, is_sweep=True) == []


def test_many_rows_land_in_pages_in_order(field: Field, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census_db, "PAGE_RECORDS", 10)
    insert(owner, *(f"c{number:02d}" for number in range(25)))
    owner.commit()
    assert pulled(field) == [f"c{number:02d}.1" for number in range(25)]
    assert [file["line_count"] for file in field.lake.batches()[0]["files"]] == [10, 10, 5]


def test_a_pull_after_the_landing_was_lost_gives_the_same_batch(field: Field, owner: Owner, postgres: Server, tmp_path: Path) -> None:  # fmt: skip
    insert(owner, "c2", "c1")
    owner.commit()
    assert Field(tmp_path / "other", **said(postgres)).receive("census_db").landed == field.receive("census_db").landed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("RENAME COLUMN submission TO content", "no column submission"),
        ("ALTER COLUMN submission TYPE jsonb USING submission::jsonb", "column submission of .* is jsonb where json"),
        ("ALTER COLUMN case_version TYPE bigint", "column case_version of .* is bigint where integer"),
        ("DROP COLUMN changed_xid", "no column changed_xid"),
        ("SET SCHEMA public", "no table sanaq.submission"),
    ],
)
def test_a_changed_table_is_refused_by_its_column(field: Field, owner: Owner, change: str, told: str) -> None:
    owner.execute(f"ALTER TABLE sanaq.submission {change}")
    owner.commit()
    with pytest.raises(CensusDbRefused, match=told):
        field.receive("census_db")
    assert (field.landing(), field.receipts()) == ({}, [])


def test_a_column_more_is_no_matter(field: Field, owner: Owner) -> None:
    owner.execute("ALTER TABLE sanaq.submission ADD COLUMN note text")
    insert(owner, "c1")
    owner.commit()
    assert pulled(field) == ["c1.1"]


def test_a_view_will_do(field: Field, owner: Owner) -> None:
    owner.execute("ALTER TABLE sanaq.submission SET SCHEMA public")
    owner.execute("CREATE VIEW sanaq.submission AS SELECT * FROM public.submission")
    owner.execute("GRANT SELECT ON sanaq.submission TO sanaq_reader")
    insert(owner, "c1")
    owner.commit()
    assert pulled(field) == ["c1.1"]


def test_a_right_that_is_missing_is_refused(field: Field, owner: Owner) -> None:
    owner.execute("REVOKE SELECT ON sanaq.submission FROM sanaq_reader")
    owner.commit()
    with pytest.raises(CensusDbRefused, match="may not read"):
        field.receive("census_db")


def test_a_wrong_password_says_what_to_set_and_not_what_it_is(tmp_path: Path, postgres: Server, owner: Owner) -> None:
    field = Field(tmp_path, census_db_url=postgres.url, census_db_password="wrong-horse")
    with pytest.raises(CensusDbRefused, match="SANAQ_CENSUS_DB_PASSWORD") as caught:
        field.receive("census_db")
    assert "wrong-horse" not in str(caught.value)


def test_nobody_there_is_named_and_worth_another_try(tmp_path: Path) -> None:
    field = Field(tmp_path, census_db_url="postgresql://sanaq_reader@127.0.0.1:1/census", census_db_password="x")
    with pytest.raises(CensusDbUnavailable, match="does not answer"):
        field.receive("census_db")


def test_a_connection_that_ends_in_the_middle_lands_nothing(
    field: Field, owner: Owner, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(owner, *(f"c{number:02d}" for number in range(25)))
    owner.commit()
    whole = census_db._page

    def cut(db: Owner, *rest: Any) -> Any:
        with postgres.owner(autocommit=True) as strong:
            strong.execute("SELECT pg_terminate_backend(%s)", [db.info.backend_pid])
        return whole(db, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(census_db, "_page", cut)
        with pytest.raises(CensusDbUnavailable):
            field.receive("census_db")
    assert (field.landing(), field.receipts()) == ({}, [])
    assert len(pulled(field)) == 25


def test_no_content_of_a_row_is_told_when_a_query_fails(field: Field, owner: Owner) -> None:
    owner.execute("ALTER TABLE sanaq.submission RENAME TO secret")
    owner.execute(
        """CREATE VIEW sanaq.submission AS SELECT case_id, case_version, submission, accepted_on,
        (submission ->> 'name')::xid8 AS changed_xid FROM sanaq.secret"""
    )
    owner.execute("GRANT SELECT ON sanaq.submission TO sanaq_reader")
    owner.execute(INSERT, ["c1", 1, '{"name": "Айгүл Ахметова"}', "2021-10-03"])
    owner.commit()
    with pytest.raises(CensusDbRefused, match="SQLSTATE 22P02") as caught:
        field.receive("census_db")
    assert "Айгүл" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_pull_cannot_write_even_with_a_role_that_may(
    tmp_path: Path, postgres: Server, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute("GRANT ALL ON sanaq.submission TO sanaq_reader")
    insert(owner, "c1")
    owner.commit()
    monkeypatch.setattr(census_db, "BOUND", "DELETE FROM sanaq.submission RETURNING '1'")
    with pytest.raises(CensusDbRefused, match="SQLSTATE 25006"):
        Field(tmp_path, **said(postgres)).receive("census_db")


def found(field: Field) -> tuple[str, str]:
    """What `sanaq doctor` finds about the Census Database."""
    [finding] = [one for one in examine(field.settings) if one.check == "census database"]
    return finding.level, finding.found


def test_the_doctor_tries_it_and_tells_whether_the_role_can_write(field: Field, owner: Owner, tmp_path: Path) -> None:
    assert found(field)[0] == "ok"
    owner.execute("GRANT UPDATE ON sanaq.submission TO sanaq_reader")
    owner.commit()
    assert found(field) == ("attention", "the role can write in the Census Database")
    owner.execute("ALTER TABLE sanaq.submission RENAME COLUMN accepted_on TO taken_on")
    owner.commit()
    assert "no column accepted_on" in found(field)[1]
    assert found(Field(tmp_path)) == ("attention", "skipped: not set up")


def test_a_database_that_is_not_set_up_is_no_failure(tmp_path: Path) -> None:
    receipt = Field(tmp_path).receive("census_db")
    assert (receipt.landed, receipt.note) == ([], "skipped: not set up (SANAQ_CENSUS_DB_URL)")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://r:secret@127.0.0.1/census", "SANAQ_CENSUS_DB_PASSWORD"),
        ("postgresql://r@127.0.0.1/census?password=secret", "SANAQ_CENSUS_DB_PASSWORD"),
        ("postgresql://r@127.0.0.1/census?sslpassword=secret", "SANAQ_CENSUS_DB_PASSWORD"),
        ("postgresql://r@127.0.0.1/census?passfile=/secret", "no passfile"),
        ("postgresql://r@127.0.0.1/census?service=secret", "no passfile and no service"),
        ("postgresql://r@db.example/census?sslmode=require", "verify-full"),
        ("postgresql://r@localhost/census?hostaddr=10.0.0.1&sslmode=prefer", "verify-full"),
        ("postgresql://r@localhost,db.example/census?sslmode=disable", "verify-full"),
        ("postgresql:///census", "like postgresql://"),
        ("host=127.0.0.1 password=secret", "like postgresql://"),
        ("postgresql://secret:se%zz@", "like postgresql://"),
    ],
)
def test_an_address_that_shows_or_sends_what_it_must_not_is_refused(url: str, told: str) -> None:
    with pytest.raises(BadSetting, match=told) as caught:
        load_settings(census_db_url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("postgresql://r@db.example/census", "postgresql://r@db.example/census?sslmode=verify-full"),
        ("postgresql://r@db.example/c?sslrootcert=/ca.pem", "postgresql://r@db.example/c?sslrootcert=/ca.pem&sslmode=verify-full"),
        ("postgresql://r@127.0.0.1/census", "postgresql://r@127.0.0.1/census"),
        ("postgresql://r@/census?host=/run/postgresql", "postgresql://r@/census?host=/run/postgresql"),
        ("", None),
    ],
)  # fmt: skip
def test_beyond_this_machine_a_certificate_is_asked_for(url: str, taken: str | None) -> None:
    assert load_settings(census_db_url=url).census_db_url == taken


class Tls:
    """A door with a certificate before a server that has none."""

    def __init__(self, server: Server, certificate: trustme.LeafCert) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self.context)
        self.behind = server.port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=[client], daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.behind)) as inner:
            assert client.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"  # SSLRequest
            client.sendall(b"S")
            with self.context.wrap_socket(client, server_side=True) as outer:
                threading.Thread(target=self._pass, args=[inner, outer], daemon=True).start()
                self._pass(outer, inner)

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(65536):
                target.sendall(content)


@pytest.fixture(scope="session")
def issuer() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize(
    ("name", "is_trusted", "is_taken"), [("localhost", True, True), ("localhost", False, False), ("db.example", True, False)]
)  # fmt: skip
def test_a_certificate_must_be_of_this_host_and_of_the_issuer_named(
    postgres: Server, owner: Owner, tmp_path: Path, issuer: trustme.CA, name: str, is_trusted: bool, is_taken: bool
) -> None:
    insert(owner, "c1")
    owner.commit()
    door = Tls(postgres, issuer.issue_cert(name))
    (issuer if is_trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    url = (
        f"postgresql://sanaq_reader@localhost:{door.port}/{DATABASE}?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"
    )
    field = Field(tmp_path, census_db_url=url, census_db_password=postgres.password)
    if is_taken:
        assert pulled(field) == ["c1.1"]
    else:
        with pytest.raises(CensusDbRefused, match="not be safe"):
            field.receive("census_db")
    door.listener.close()


def test_a_server_without_a_certificate_is_refused_where_one_is_asked_for(
    postgres: Server, owner: Owner, tmp_path: Path
) -> None:
    field = Field(tmp_path, census_db_url=f"{postgres.url}?sslmode=verify-full", census_db_password=postgres.password)
    with pytest.raises(CensusDbRefused, match="not be safe"):
        field.receive("census_db")


def python_memory(is_right: Callable[[], bool]) -> int:
    """Return the most Python took for something that must come out right; what the engine takes has its own limit."""
    tracemalloc.start()
    try:
        assert is_right()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_hundred_thousand_rows_pass_through_little_memory(field: Field, owner: Owner) -> None:
    def rows() -> Iterable[tuple[object, ...]]:
        for number in range(100_000):
            yield f"c{number:06d}", 1, json.dumps({"case_id": f"c{number:06d}", "text": "x" * 2000}), "2021-10-03"

    with owner.cursor().copy("COPY sanaq.submission (case_id, case_version, submission, accepted_on) FROM STDIN") as copy:  # fmt: skip
        for row in rows():
            copy.write_row(row)
    owner.commit()
    few, page = 8 * 1024**2, 40 * 1024**2  # of 200 MB of submissions; a set of their digests would be 11 MB
    assert python_memory(lambda: field.receive("census_db").record_count == 100_000) < page
    insert(owner, "one more")
    owner.commit()
    assert python_memory(lambda: field.receive("census_db").record_count == 1) < few
    insert(owner, "the last")
    owner.commit()
    assert python_memory(lambda: field.receive("census_db").record_count == 1) < few
    assert python_memory(lambda: field.receive("census_db", is_sweep=True).landed == []) < few
