"""ODK Central is pulled over HTTP from a server that speaks its documented OData endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from errno import EIO
from functools import reduce
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
from pydantic import SecretStr

from pipeline.doctor import examine
from pipeline.errors import BadSetting, GatewayRefused, SurveyServerRefused, SurveyServerUnavailable
from pipeline.lake import clock_from
from pipeline.receive import attempts, landing, odk, receive
from pipeline.receive.parcel import IDENTIFIER, Source
from sandbox import odk_central
from sandbox.odk_central import Central, running
from sandbox.sftp import running as serving
from tests.read import foreign_files as files
from tests.read.desk import Desk, rows
from tests.receive.field import START


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Central, str]]:
    """One server for all tests; each empties it first."""
    central = Central()
    with running(central) as url:
        yield central, url


@pytest.fixture
def central(served: tuple[Central, str]) -> Central:
    """A server that knows the form, without submissions."""
    server, _ = served
    server.submissions = {("7", "mng_person"): []}
    server.troubles.clear()
    server.asked.clear()
    return server


@pytest.fixture
def desk(central: Central, served: tuple[Central, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A lake that pulls from the server."""
    monkeypatch.setattr(odk, "PAGE_ROWS", 2)
    return Desk(
        tmp_path, threads=2, memory_limit="1GB", odk_url=served[1], odk_email=central.email, odk_password=central.password,
        odk_forms="7/mng_person",
    )  # fmt: skip


def submit(central: Central, number: int, minute: int = 0, **cells: object) -> None:
    """Let a submission come in."""
    at = f"2021-10-03T16:{minute:02d}:00.123Z"
    row = files.odata(files.person(number, SubmissionDate=at, **cells))
    central.submissions["7", "mng_person"].append(row)


CASES = "SELECT right(case_id, 2), case_version, case_status FROM record ORDER BY received_at, record_no"


def test_submissions_are_pulled_page_by_page_and_read(desk: Desk, central: Central) -> None:
    for number in range(1, 6):
        submit(central, number, number)
    receipt = desk.receive("tablet_vpn")
    assert len(receipt.landed) == 1
    assert sorted(path.rsplit("/", 1)[1] for path in desk.landing() if "page" in path) == [f"page-0000{n}.json" for n in (1, 2, 3)]  # fmt: skip
    found = rows(desk.read_submissions(), CASES)
    assert found == [(f"{n:02d}", 0, "submitted") for n in (5, 4, 3, 2, 1)]
    (batch,) = desk.lake.batches()
    assert (batch["source_id"], batch["route"], batch["declared"]["case_count"]) == ("odk.7.mng_person", "tablet_vpn", 5)  # fmt: skip


def test_what_the_server_counts_is_held_against_what_is_found_in_its_pages(desk: Desk, central: Central) -> None:
    """A household of two is one of the server's; a page that cannot be read is one record, and all that was in it is missed."""
    central.submissions["7", "mng_household"] = [
        {**files.odata(files.household("a")), "member": files.repeated([files.of_household("a", 1), files.of_household("a", 2)])},
        {**files.odata(files.household("b")), "member": []},
    ]  # fmt: skip
    for number in range(1, 4):
        submit(
            central, number, **({"deep": reduce(lambda inner, _: {"in": inner}, range(21), {})} if number == 3 else {})
        )
    desk.settings = desk.settings.model_copy(update={"odk_forms": "7/mng_household 7/mng_person"})
    desk.receive("tablet_vpn")
    found = rows(desk.read(), "SELECT source_id, declared_count, slot_count, record_count FROM batch ORDER BY ALL")
    assert found == [("odk.7.mng_household", 2, 2, 3), ("odk.7.mng_person", 3, 2, 2)]


def test_the_bytes_land_as_they_came(desk: Desk, central: Central, served: tuple[Central, str]) -> None:
    submit(central, 1)
    desk.receive("tablet_vpn")
    (page,) = desk.lake.landing.glob("tablet_vpn/*/files/page-00001.json")
    token = next(iter(central.tokens))
    again = httpx.get(f"{served[1]}/v1/projects/7/forms/mng_person.svc/Submissions?{central.asked[-1]}", headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    assert page.read_bytes() == again.content


def test_only_what_changed_is_asked_for_again_and_nothing_new_lands_nothing(desk: Desk, central: Central) -> None:
    submit(central, 1, 0)
    submit(central, 2, 30)
    desk.receive("tablet_vpn")
    before = desk.landing()
    assert not desk.receive("tablet_vpn", clock_from(START + timedelta(hours=1))).landed
    assert desk.landing() == before
    submit(central, 3, 45)
    assert len(desk.receive("tablet_vpn", clock_from(START + timedelta(hours=2))).landed) == 1
    assert "submissionDate%20ge%202021-10-03T16%3A20%3A00.000Z" in central.asked[-1].replace("+", "%20")
    assert rows(desk.read_submissions(), CASES) == [(n, 0, "submitted") for n in ("02", "01", "03", "02")]


def test_edits_reviews_and_deletions_come_as_versions_and_withdrawals(desk: Desk, central: Central) -> None:
    submit(central, 1)
    submit(central, 2)
    desk.receive("tablet_vpn")
    first, second = central.submissions["7", "mng_person"]
    first["__system"] |= {"edits": 1, "updatedAt": "2021-10-05T10:00:00.000Z", "reviewState": "edited"}
    second["__system"] |= {"deletedAt": "2021-10-05T11:00:00.000Z"}
    desk.receive("tablet_vpn", clock_from(START + timedelta(days=2)))
    assert rows(desk.read_submissions(), CASES)[2:] == [("02", 0, "withdrawn"), ("01", 1, "submitted")]


def test_one_that_was_committed_late_is_not_lost(desk: Desk, central: Central) -> None:
    submit(central, 1, 30)
    desk.receive("tablet_vpn")
    submit(central, 2, 28)
    assert len(desk.receive("tablet_vpn", clock_from(START + timedelta(hours=1))).landed) == 1


def submit_in(central: Central, number: int, wait: timedelta) -> None:
    """Let a submission come in that is stamped so long from now."""
    at = (datetime.now(UTC) + wait).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    central.submissions["7", "mng_person"].append(files.odata(files.person(number, SubmissionDate=at)))


def test_one_that_is_stamped_ahead_of_time_hides_none_behind_it_and_lands_once(desk: Desk, central: Central) -> None:
    submit_in(central, 1, timedelta(days=365))
    assert len(desk.receive("tablet_vpn").landed) == 1
    assert datetime.fromisoformat(desk.lake.batches()[0]["cursor_to"]) <= datetime.now(UTC)
    assert not desk.receive("tablet_vpn", clock_from(START + timedelta(hours=1))).landed
    submit_in(central, 2, timedelta())
    assert len(desk.receive("tablet_vpn", clock_from(START + timedelta(hours=2))).landed) == 1
    assert not desk.receive("tablet_vpn", clock_from(START + timedelta(hours=3))).landed


def test_a_cursor_a_wrong_clock_had_moved_ahead_is_taken_back(
    desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_in(central, 1, timedelta(days=-2))
    desk.receive("tablet_vpn")
    submit_in(central, 2, timedelta(days=365))
    with monkeypatch.context() as wrong:
        wrong.setattr(odk, "clock_of", lambda _: datetime.now(UTC) + timedelta(days=730))
        desk.receive("tablet_vpn", clock_from(START + timedelta(hours=1)))
    submit_in(central, 3, timedelta(days=-1))
    assert len(desk.receive("tablet_vpn", clock_from(START + timedelta(hours=2))).landed) == 1
    assert not desk.receive("tablet_vpn", clock_from(START + timedelta(hours=3))).landed


def test_a_cursor_a_wrong_clock_had_moved_ahead_does_not_come_back_when_its_moment_has_passed(
    desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    waits = [timedelta(minutes=30), timedelta(), timedelta(minutes=15)]
    shown = [timedelta(minutes=30), timedelta(), timedelta(minutes=31)]
    for number, (wait, ahead) in enumerate(zip(waits, shown, strict=True), start=1):
        submit_in(central, number, wait)
        monkeypatch.setattr(odk, "clock_of", lambda _, at=now + ahead: at)
        assert len(desk.receive("tablet_vpn", clock_from(START + timedelta(hours=number))).landed) == 1
    assert ("03", 0, "submitted") in rows(desk.read_submissions(), CASES)


def test_a_server_clock_that_stays_ahead_hides_nothing_that_is_stamped_right(
    desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is held against ours: else what it stamped would be where the next pull goes on from, as soon as its moment has passed there."""
    monkeypatch.setattr(odk, "clock_of", lambda _: datetime.now(UTC) + timedelta(days=2))
    submit_in(central, 1, timedelta(days=2))
    assert len(desk.receive("tablet_vpn").landed) == 1
    submit_in(central, 2, timedelta())
    assert len(desk.receive("tablet_vpn", clock_from(START + timedelta(hours=1))).landed) == 1
    assert not desk.receive("tablet_vpn", clock_from(START + timedelta(hours=2))).landed


def test_forms_whose_names_look_alike_have_their_own_cursors(central: Central, desk: Desk) -> None:
    forms = ["анкета", "список", "a" * 70 + "1", "a" * 70 + "2"]
    for number, form in enumerate(forms, start=1):
        at = f"2021-10-{10 - number:02d}T16:00:00.123Z"
        central.submissions["7", form] = [files.odata(files.person(number, SubmissionDate=at))]
    settings = desk.settings.model_copy(update={"odk_forms": " ".join(f"7/{form}" for form in forms)})
    desk.settings = settings
    assert len(desk.receive("tablet_vpn").landed) == len(forms)
    assert all(IDENTIFIER.fullmatch(batch["source_id"]) for batch in desk.lake.batches())


def test_an_empty_form_lands_nothing(desk: Desk) -> None:
    assert not desk.receive("tablet_vpn").landed


def test_a_server_out_of_breath_is_asked_again(desk: Desk, central: Central) -> None:
    submit(central, 1)
    central.troubles += [502, 503]
    assert len(desk.receive("tablet_vpn").landed) == 1


def test_a_server_that_stays_away_lands_nothing(desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(central, 1)
    central.troubles += [500] * 9
    monkeypatch.setattr(attempts, "LONGEST_WAIT", 0.01)
    with pytest.raises(SurveyServerUnavailable):
        desk.receive("tablet_vpn")
    assert not desk.lake.batches()


@pytest.mark.parametrize(
    ("setting", "value"), [("odk_password", "wrong"), ("odk_forms", "7/no_such_form"), ("odk_forms", "8/mng_person")]
)
def test_a_wrong_account_or_form_is_refused_without_the_password(desk: Desk, setting: str, value: str) -> None:
    given = desk.settings.model_dump() | {setting: value}
    other = Desk(desk.root / "other", **{name: given[name] for name in ("odk_url", "odk_email", "odk_password", "odk_forms")})  # fmt: skip
    with pytest.raises(SurveyServerRefused) as refused:
        other.receive("tablet_vpn")
    assert "wrong" not in str(refused.value)
    assert "correct-horse" not in str(refused.value)


def test_the_doctor_tries_account_and_forms(desk: Desk, central: Central) -> None:
    submit(central, 1)
    good = desk.settings
    for changed, level, words in (
        ({}, "ok", "gives 1 forms"), ({"odk_url": None}, "ok", "not set"), ({"odk_forms": None}, "attention", "SANAQ_ODK_FORMS"),
        ({"odk_password": SecretStr("wrong")}, "attention", "HTTP 401"), ({"odk_forms": "7/gone"}, "attention", "HTTP 404"),
        ({"odk_url": "http://127.0.0.1:9"}, "attention", "no connection can be made"),
    ):  # fmt: skip
        [found] = [one for one in examine(good.model_copy(update=changed)) if one.check == "odk central"]
        assert (found.level, words in found.found) == (level, True), changed
    assert not desk.lake.batches()


def test_an_answer_beyond_the_limit_is_refused(desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(central, 1)
    monkeypatch.setattr(odk, "LARGEST_PAGE", 600)
    with pytest.raises(SurveyServerRefused, match="larger than 600 bytes"):
        desk.receive("tablet_vpn")
    assert not desk.lake.batches()


def test_a_proxy_of_the_shell_is_not_asked(desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(central, 1)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert len(desk.receive("tablet_vpn").landed) == 1


def test_a_link_that_is_no_address_is_refused(desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        submit(central, number, number)
    monkeypatch.setattr(odk_central, "_escaped", lambda _: "\x00")
    with pytest.raises(SurveyServerRefused, match="no address"):
        desk.receive("tablet_vpn")
    assert not desk.lake.batches()


def test_submissions_without_a_date_land_once(desk: Desk, central: Central) -> None:
    row = files.odata(files.person(1))
    row["__system"] = {}
    central.submissions["7", "mng_person"].append(row)
    assert len(desk.receive("tablet_vpn").landed) == 1
    assert not desk.receive("tablet_vpn", clock_from(START + timedelta(hours=1))).landed


def test_bundles_land_although_the_server_refuses(desk: Desk, central: Central) -> None:
    del central.submissions["7", "mng_person"]
    desk.bundle("tablet_vpn/TB-1")
    receipt = receive("tablet_vpn", desk.lake, desk.settings, clock_from(START))
    assert [batch["batch_id"] for batch in desk.lake.batches()] == receipt.landed
    with pytest.raises(SurveyServerRefused):
        receipt.whole()


def test_a_gateway_that_is_shut_and_a_form_that_is_gone_do_not_keep_the_next_form_from_being_pulled(
    tmp_path: Path, desk: Desk, central: Central
) -> None:
    submit(central, 1)
    given = {name: getattr(desk.settings, name) for name in ("odk_url", "odk_email", "odk_password")}
    forms = {**given, "odk_forms": "7/gone 7/mng_person"}
    with serving(tmp_path / "far", tmp_path / "keys") as gateway:
        way_in = {"sftp_url": f"{gateway.url}/elsewhere", "sftp_key": gateway.key, "sftp_known_hosts": gateway.known_hosts}  # fmt: skip
        other = Desk(desk.root / "other", **forms, **way_in)
        with pytest.raises(GatewayRefused):
            other.receive("tablet_vpn")
    assert [batch["source_id"] for batch in other.lake.batches()] == ["odk.7.mng_person"]


@pytest.mark.parametrize("is_gateway", [True, False], ids=["gateway", "inbox"])
def test_a_gateway_without_a_key_and_an_inbox_that_is_not_there_do_not_keep_the_server_from_being_pulled(
    desk: Desk, central: Central, is_gateway: bool
) -> None:
    submit(central, 1)
    wrong = {"sftp_url": "sftp://sanaq@127.0.0.1:9/out"} if is_gateway else {"inbox": desk.root / "unmounted"}
    receipt = receive("tablet_vpn", desk.lake, desk.settings.model_copy(update=wrong), clock_from(START))
    assert [batch["source_id"] for batch in desk.lake.batches()] == ["odk.7.mng_person"]
    with pytest.raises(BadSetting, match="SANAQ_SFTP_KEY" if is_gateway else "SANAQ_INBOX"):
        receipt.whole()


def test_what_was_refused_of_the_server_is_gone_when_the_server_says_so_and_not_before(
    desk: Desk, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(source: Source, *_: object) -> NoReturn:
        raise OSError(EIO, "the disk does not give it", source.name)

    monkeypatch.setattr(attempts, "LONGEST_WAIT", 0.01)
    submit(central, 1)
    desk.bundle("tablet_vpn/TB-1", is_ready=False)
    with monkeypatch.context() as disk:
        disk.setattr(landing, "_copy", unreadable)
        desk.receive("tablet_vpn")
        central.troubles += [500] * 9
        with pytest.raises(SurveyServerUnavailable):
            desk.receive("tablet_vpn")
        central.troubles.clear()
        desk.receive("tablet_vpn")
    assert [row["outcome"] for row in desk.receipts()] == ["waiting", "refused"]
    submit(central, 2, 30)  # with it the pull has another end, and so another origin
    desk.receive("tablet_vpn")
    assert [row["outcome"] for row in desk.receipts()[2:]] == ["landed", "gone"]
