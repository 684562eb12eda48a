"""Review, by the command line: in the terminal, on an encrypted sheet for two, and why records are one person."""

from __future__ import annotations

import io
import json
import os
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import msoffcrypto
import openpyxl
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl.worksheet.worksheet import Worksheet

from pipeline import night
from pipeline.desk.review import FIELDS
from tests.road.road import Road, copied, rows
from tests.road.test_bad_input import SECRETS, line
from tests.road.test_quarantine import SITES, put, register

pytestmark = pytest.mark.timeout(600)

RECEIVED, DECIDED = "2021-10-20T02:00:00+05:00", "2021-10-20T09:00:00+05:00"
PASSWORD = "сөз тіркесі 2021"
FORMULA = '=HYPERLINK("http://x","y")'
ONE, OTHER, NOTE = 14, 15, 16
CASES = {1985: "first", 1986: "second"}
YEAR_OF_BIRTH = re.compile(r"\b198[56]\b")  # ids and moments may have these digits within


def person(number: int, case: str, year: int, **identity: Any) -> dict[str, Any]:
    """A submission about one of several people; of another year it is about the same, or somebody very like."""
    said = line(number, case_id=case)
    facts = {"iin": None, "iin_missing_reason": "UNKNOWN", "birth_date": f"{year}-0{number}-1{number}"}
    name = {"family_name": f"{SECRETS[0]}{'абвгд'[number]}", "given_name": SECRETS[1]}
    return said | {"identity": said["identity"] | facts | name | identity}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Three doubtful pairs, one of them of a crisis centre; one nobody doubts, whose first version a crisis centre sent."""
    road = Road(tmp_path_factory.mktemp("review"), sheet_password=PASSWORD)
    (road.inbox / "register").mkdir()
    (road.inbox / "register" / "r.xlsx").write_bytes(register())
    doubtful = [person(n, f"{n} {CASES[year]}", year) for n in (1, 2) for year in (1985, 1986)]
    doubtful[3]["identity"]["patronymic"] = FORMULA
    doubtful[1]["answers"] = doubtful[1]["answers"] | {"english_level": "NONE"}
    put(road, "MNG-0001", *doubtful, person(4, "4 moved", 1985) | {"case_version": 2})
    put(road, "MNG-0002", *(person(3, f"3 {CASES[year]}", year) for year in (1985, 1986)), person(4, "4 moved", 1985))
    for route in ("register", "tablet_vpn"):
        road.do("receive", route, "--now", RECEIVED)
    road.build()
    return road


@pytest.fixture
def desk(built: Road, tmp_path: Path) -> Road:
    """A copy that may be decided on."""
    road = copied(built, tmp_path / "desk", with_builds=True)
    road.settings["sheet_password"] = PASSWORD
    return road


def worklist(road: Road) -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]] = road.do("review", "list")
    return pairs


def people(build: Path) -> list[list[str]]:
    """The cases of every counted person."""
    cases: dict[str, list[str]] = {}
    for row in rows(build, "person_alias"):
        cases.setdefault(row["person_id"], []).append(row["case_id"])
    return sorted(sorted(each) for each in cases.values())


def typed(road: Road, keys: str, *args: str) -> str:
    """Work in the terminal, one key a line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO("\n".join(keys)))
        said = road.sanaq("review", "--now", DECIDED, *args)
    assert said.code == 0, said.err
    return said.out


def looked(road: Road) -> list[dict[str, Any]]:
    text = road.lake.access.read_text(encoding="utf-8")
    assert not any(word in text for word in SECRETS), "a value in the log"
    assert not YEAR_OF_BIRTH.search(text), "a value in the log"
    return [json.loads(each) for each in text.splitlines()]


# ------------------------------------------------------------------------------------------------------- the terminal


def test_the_worklist_is_ids_reasons_and_points(built: Road) -> None:
    assert [(row["reason"], row["left_institution_id"], row["standing"]) for row in worklist(built)] == [
        ("NEAR_BIRTH_DATES", site, "waits") for site in ("MNG-0001", "MNG-0001", "S3")
    ]
    said = built.sanaq("review", "list")
    assert not any(word in said.out + said.err for word in (*SECRETS, "MNG-0002"))
    assert not YEAR_OF_BIRTH.search(said.out + said.err)
    assert not built.lake.access.exists()


@pytest.mark.slow
def test_pair_by_pair_what_is_said_holds_from_the_next_build_on(desk: Road) -> None:
    shown = typed(desk, "sd", "--by", "DEP-01", "--language", "kk")
    assert all(word in shown for word in (SECRETS[1], "Туған күні", "≈", "11.01.1985", "ұпай"))
    assert "MNG-0002" not in shown
    assert [(row["act"], row["by"], len(row["pairs"])) for row in looked(desk)] == [("review", "DEP-01", 1)] * 2
    assert [(row["needs_two"], row["standing"]) for row in worklist(desk)] == [(True, "waits")]
    assert people(desk.build()) == [["1 first", "1 second"], ["2 first"], ["2 second"], ["3 first"], ["3 second"], ["4 moved"]]  # fmt: skip
    assert "Для вас пар нет" in typed(desk, "", "--by", "DEP-02")


def test_next_decides_nothing_and_whoever_has_spoken_is_not_asked_again(desk: Road) -> None:
    typed(desk, "nuq", "--by", "DEP-01")
    assert [row["standing"] for row in worklist(desk)] == ["waits", "unsure", "waits"]
    assert "один не уверен" in typed(desk, "nn", "--by", "DEP-02")
    assert typed(desk, "n", "--by", "DEP-01").count("MNG-0001") == 2  # one pair, two sides


@pytest.mark.slow
def test_two_people_decide_on_a_pair_of_s3_and_only_if_they_ask_for_it(desk: Road) -> None:
    for number, standing in ((1, ["proposed"]), (2, [])):
        typed(desk, "nns", "--by", f"DEP-0{number}", "--s3")
        assert [row["standing"] for row in worklist(desk) if row["needs_two"]] == standing
    assert ["3 first", "3 second"] in people(desk.build())


@pytest.mark.slow
def test_two_who_disagree_about_a_pair_of_s3_may_think_again(desk: Road) -> None:
    (pair,) = [row["pair_id"] for row in worklist(desk) if row["needs_two"]]
    for person, key, standing in (("DEP-01", "s", "proposed"), ("DEP-02", "d", "disputed"), ("DEP-01", "d", "decided")):
        typed(desk, key, "--by", person, "--pair", pair, "--s3")
        assert [row["standing"] for row in desk.do("review", "list", "--decided") if row["needs_two"]] == [standing]
    refused = desk.sanaq("review", "--by", "DEP-01", "--pair", pair)
    assert (refused.code, "S3" in refused.err) == (2, True)
    assert len(looked(desk)) == 3


@pytest.mark.slow
def test_what_was_settled_before_the_build_can_be_thought_about_again(desk: Road) -> None:
    pair = worklist(desk)[0]["pair_id"]
    typed(desk, "s", "--by", "DEP-01", "--pair", pair)
    desk.build()
    assert pair not in [row["pair_id"] for row in worklist(desk)]
    (settled,) = [row for row in desk.do("review", "list", "--decided") if row["standing"] == "settled"]
    assert (settled["pair_id"], settled["said_by"]) == (pair, ["DEP-01"])
    assert settled["left_person_id"] == settled["right_person_id"]
    assert "11.01.1985" in typed(desk, "d", "--by", "DEP-02", "--pair", pair)
    assert [row["standing"] for row in worklist(desk) if row["pair_id"] == pair] == ["disputed"]
    assert desk.sanaq("review", "--by", "DEP-01", "--pair", "nobody").code == 3


def test_a_name_in_the_note_of_the_terminal_is_refused_as_on_a_sheet(desk: Road) -> None:
    for why in (f"это {SECRETS[1].upper()}", "11.01.1985 оба", f"ИИН {SECRETS[2]}"):
        with mock.patch("sys.stdin", io.StringIO("s")):
            said = desk.sanaq("review", "--by", "DEP-01", "--why", why)
        assert (said.code, said.err.startswith("BadDecision"), why in said.err) == (2, True, False)
    assert not (desk.lake.decisions / "review.jsonl").exists()


def test_nobody_but_an_employee_looks(desk: Road) -> None:
    said = desk.sanaq("review", "--by", "DEP-99")
    assert (said.code, said.err.startswith("BadDecision"), desk.lake.access.exists()) == (2, True, False)


# ----------------------------------------------------------------------------------------------------------- the sheet


def export(road: Road, *args: str) -> Path:
    file = road.folder / "pairs.xlsx"
    (done,) = road.do("review", "export", file, "--by", "DEP-01", *args)
    assert done["pairs"] == 2
    return file


def edited(file: Path, edit: Callable[[Worksheet], None]) -> Worksheet:
    """Open the sheet as a person does, edit it, save it with its password."""
    plain, closed = io.BytesIO(), io.BytesIO()
    with file.open("rb") as content:
        office = msoffcrypto.OfficeFile(content)
        office.load_key(password=PASSWORD, verify_password=True)
        office.decrypt(plain)
    book = openpyxl.load_workbook(plain)
    sheet = book.worksheets[0]
    edit(sheet)
    saved = io.BytesIO()
    book.save(saved)
    OOXMLFile(saved).encrypt(PASSWORD, closed)
    file.write_bytes(closed.getvalue())
    return sheet


def fill(*said: tuple[int, int, str]) -> Callable[[Worksheet], None]:
    def write(sheet: Worksheet) -> None:
        for row, column, text in said:
            sheet.cell(row, column).value = text

    return write


def take(road: Road, file: Path, *by: str) -> Any:
    return road.sanaq(
        "review", "import", file, *(word for each in by for word in ("--by", each)), "--now", DECIDED, "--json"
    )


def test_a_sheet_is_encrypted_side_by_side_and_without_s3(desk: Road) -> None:
    file = export(desk, "--language", "ru")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes()[:8] == bytes.fromhex("d0cf11e0a1b11ae1")  # an OLE container, not a zip
    sheet = edited(file, lambda _: None)
    shown = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    assert shown[4][5:6] + shown[5][5:6] + shown[6][5:6] == ["11.01.1985", "≈", "11.01.1986"]
    assert sheet.cell(6, 6).fill.fgColor.rgb == "00FFF2CC"
    assert shown[5][11] == "Имя совпадает, даты рождения близки"
    assert not any("MNG-0002" in text for row in shown for text in row)
    assert len(looked(desk)[0]["pairs"]) == 2


def test_moments_on_a_sheet_say_that_they_are_utc(desk: Road) -> None:
    moment = r"\d\d\.\d\d\.\d{4} \d\d:\d\d UTC"
    sheet = edited(export(desk), lambda _: None)
    shown = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    interviews = [row[2 + FIELDS.index("interview")] for row in shown[4::3] + shown[6::3]]
    assert len(interviews) == 4
    assert all(re.match(moment, text) for text in interviews)
    assert re.search(moment, shown[1][2])


def test_who_names_nobody_is_told_how_to_begin(desk: Road) -> None:
    said = desk.sanaq("review")
    words = " ".join(said.err.replace("│", " ").split())
    assert (said.code, "sanaq review --by YOUR-ID" in words, "sanaq review list" in words) == (2, True, True)


def test_a_sheet_somebody_may_have_begun_to_fill_is_not_written_over(desk: Road) -> None:
    file = export(desk)
    edited(file, fill((6, ONE, "same")))
    begun = file.read_bytes()
    said = desk.sanaq("review", "export", file, "--by", "DEP-01")
    assert (said.code, said.err.startswith("BadSetting")) == (2, True)
    assert (file.read_bytes() == begun, len(looked(desk))) == (True, 1)


def test_what_looks_like_a_formula_stays_a_text(desk: Road) -> None:
    sheet = edited(export(desk), lambda _: None)
    (cell,) = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=HYPER")]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (FORMULA, "s", True)


def test_two_people_come_back_with_a_sheet_and_it_counts_once(desk: Road) -> None:
    file = export(desk, "--language", "kk")
    edited(file, fill((6, ONE, "бір адам"), (6, OTHER, "екі адам"), (9, ONE, "бір адам"), (9, OTHER, "білмеймін"), (9, NOTE, "бір төсек")))  # fmt: skip
    said = take(desk, file, "DEP-01", "DEP-02")
    assert said.code == 0, said.err
    assert (said.data["decided"], said.data["same"], said.data["different"], said.data["unsure"]) == (4, 2, 1, 1)
    (disagreement,) = said.data["disagreements"]
    assert {disagreement["DEP-01"], disagreement["DEP-02"]} == {"same", "different"}
    assert take(desk, file, "DEP-01", "DEP-02").data["decided"] == 0
    assert [row["standing"] for row in worklist(desk)] == ["disputed", "waits"]
    lines = [
        json.loads(each) for each in (desk.lake.decisions / "review.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len({each["decided_at"] for each in lines}) == 1  # no as-of parts what came on one sheet
    assert [each["why"] for each in lines] == [None, None, "бір төсек", "бір төсек"]
    build = desk.build()
    assert len(people(build)) == 6
    assert [row["standing"] for row in worklist(desk)] == ["disputed", "waits"]


def test_a_short_note_and_one_of_several_lines_are_taken(desk: Road) -> None:
    file = export(desk)
    edited(file, fill((6, ONE, "same"), (6, NOTE, "да"), (9, ONE, "same"), (9, NOTE, "бір төсек,\nбір сурет")))
    said = take(desk, file, "DEP-01")
    assert said.code == 0, said.err
    lines = (desk.lake.decisions / "review.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(each)["why"] for each in lines] == ["да", "бір төсек, бір сурет"]


Edit = Callable[[Worksheet], None]
REFUSED: dict[str, tuple[Edit, tuple[str, ...], str]] = {
    "the id of another pair": (lambda s: fill((6, 2, str(s.cell(9, 2).value)), (6, ONE, "same"))(s), ("DEP-01",), "row 6: the pair's id"),
    "another name": (fill((7, 3, "Другова"), (6, ONE, "same")), ("DEP-01",), "row 6: the pair's id or what it shows"),
    "no verdict": (fill((6, ONE, "same"), (9, ONE, "maybe")), ("DEP-01",), "row 9: this is no verdict"),
    "two people in one": (fill((6, OTHER, "same")), ("DEP-01", "DEP-01"), "two different people"),
    "a second column of nobody": (fill((6, OTHER, "same")), ("DEP-01",), "row 6: the second column"),
    "a name in the note": (fill((6, ONE, "same"), (6, NOTE, f"это {SECRETS[1]}")), ("DEP-01",), "row 6: the reason holds a name"),
    "too long a note": (fill((9, ONE, "same"), (9, NOTE, "бір " * 100)), ("DEP-01",), "row 9: the reason is longer than 300 characters"),
    "a sheet of another lake": (fill((1, 2, "00000000")), ("DEP-01",), "no such sheet"),
    "nobody of the register": (fill((6, ONE, "same")), ("DEP-99",), "no such employee"),
}  # fmt: skip


QUICK = {"another name", "no verdict", "two people in one", "a name in the note"}


@pytest.mark.parametrize(
    "case", [case if case in QUICK else pytest.param(case, marks=pytest.mark.slow) for case in REFUSED]
)
def test_a_sheet_that_cannot_be_taken_is_refused_whole_with_its_rows(desk: Road, case: str) -> None:
    edit, by, words = REFUSED[case]
    file = export(desk)
    edited(file, edit)
    said = take(desk, file, *by)
    assert said.code == 2
    assert said.err.startswith("BadDecision")
    assert words in " ".join(said.err.split())
    assert not any(word in said.out + said.err for word in SECRETS)
    assert not (desk.lake.decisions / "review.jsonl").exists()


def test_an_expired_sheet_is_refused_whatever_moment_is_given_to_the_decisions(desk: Road) -> None:
    file = export(desk, "--expires-days", "1")
    edited(file, fill((6, ONE, "same")))
    (line,) = looked(desk)
    until = datetime.fromisoformat(line["expires_at"])
    assert timedelta(0) < until - datetime.now(UTC) < timedelta(days=1)
    yesterday = {"expires_at": (until - timedelta(days=2)).isoformat()}
    torn = '{"act": "rev'  # by a kill, while somebody else's look was written
    desk.lake.access.write_text(json.dumps(line | yesterday) + "\n" + torn, encoding="utf-8")
    said = take(desk, file, "DEP-01")
    assert (said.code, f"the sheet expired, {until - timedelta(days=2):%Y-%m-%d %H:%M:%S} UTC" in said.err) == (2, True)


def test_the_access_log_bears_the_machine_s_own_time(desk: Road) -> None:
    before = datetime.now(UTC)
    typed(desk, "q", "--by", "DEP-01")
    (line,) = looked(desk)
    assert before <= datetime.fromisoformat(line["at"]) <= datetime.now(UTC)


def test_who_looks_is_written_down_by_one_at_a_time(desk: Road) -> None:
    with mock.patch.dict(os.environ, desk.env), night.review() as room:
        looking = threading.Thread(target=room.note_access, args=("review", "DEP-01", {"pairs": []}))
        with desk.lake.lock("access"):
            looking.start()
            looking.join(timeout=1)
            assert (looking.is_alive(), desk.lake.access.exists()) == (True, False)
        looking.join()
    assert len(looked(desk)) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096)])
def test_what_is_no_sheet_is_refused(desk: Road, content: bytes) -> None:
    file = desk.folder / "pairs.xlsx"
    file.write_bytes(content)
    said = take(desk, file, "DEP-01")
    assert (said.code, said.err.startswith("BadDecision")) == (2, True)


def test_another_password_does_not_open_it(desk: Road) -> None:
    file = export(desk)
    desk.settings["sheet_password"] = "another password"
    assert "the password does not open it" in take(desk, file, "DEP-01").err


def test_a_short_password_is_refused(desk: Road) -> None:
    desk.settings["sheet_password"] = "short"
    said = desk.sanaq("review", "export", desk.folder / "pairs.xlsx", "--by", "DEP-01")
    assert (said.code, said.err.startswith("BadSetting")) == (2, True)


# -------------------------------------------------------------------------------------------------------- explanations


def test_why_records_are_one_person_and_near_ones_are_not(desk: Road) -> None:
    typed(desk, "s", "--by", "DEP-01", "--why", "one bed, one photograph")
    alias = {row["case_id"]: row for row in rows(desk.build(), "person_alias")}
    joined, parted = alias["1 second"], alias["2 first"]
    assert joined["alias_person_id"] != joined["person_id"]
    one = desk.do("resolve", "explain", joined["alias_person_id"], "--language", "en")
    assert one["person_id"] == joined["person_id"]
    assert "Records 1 and 2 are one person: a person compared them and said so." in one["words"]
    assert "Command of English: from record 2." in one["words"]
    (pair,) = one["together"]
    assert {each["field"]: each["points"] for each in pair["evidence"]} == {
        "iin": 0, "family_name": 20, "given_name": 25, "patronymic": 0, "birth_on": 12,
    }  # fmt: skip
    assert sum(each["points"] for each in pair["evidence"]) == pair["points"]
    other = desk.sanaq("resolve", "explain", parted["person_id"], "--language", "ru")
    assert "разные люди: совпадений недостаточно" in other.out
    assert "Дата рождения    ≈  +12" in other.out
    for said in (json.dumps(one, ensure_ascii=False), other.out):
        assert not any(word in said for word in (*SECRETS, "1985-0"))
    (word,) = (desk.lake.decisions / "review.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(word)["decided_by"], json.loads(word)["why"]) == ("DEP-01", "one bed, one photograph")
    assert len(looked(desk)) == 2  # two pairs in the terminal, no explanation


def test_whom_an_explanation_names_is_written_down(desk: Road) -> None:
    (case,) = [row for row in rows((desk.lake.builds / "current").resolve(), "person_alias") if row["case_id"] == "3 first"]  # fmt: skip
    ask = ("resolve", "explain", case["person_id"], "--identity", "--by", "DEP-01")
    assert "S3" in desk.sanaq(*ask).err
    said = desk.do(*ask, "--s3")
    assert said["records"][0]["given_name"] == SECRETS[1]
    assert [(row["act"], row["by"], len(row["records"])) for row in looked(desk)] == [("explain", "DEP-01", 1)]


@pytest.mark.slow
def test_a_site_of_unknown_category_is_shown_as_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SITES, "MNG-0001", "TUB")
    road = Road(tmp_path)
    (road.inbox / "register").mkdir()
    (road.inbox / "register" / "r.xlsx").write_bytes(register())
    put(road, "MNG-0001", *(person(1, f"1 {CASES[year]}", year) for year in (1985, 1986)))
    for route in ("register", "tablet_vpn"):
        road.do("receive", route, "--now", RECEIVED)
    states = rows(road.build(), "record_state")
    assert [(row["left_institution_id"], row["needs_two"]) for row in worklist(road)] == [("S3", True)]
    traced = [road.do("ledger", "--trace", row["record_id"])["place_counted"] for row in states]
    assert [each["sender"] for each in traced] == ["S3"] * 2


def test_whom_an_s3_institution_sent_before_is_named_only_if_asked_for(desk: Road) -> None:
    (case,) = [row for row in rows((desk.lake.builds / "current").resolve(), "person_alias") if row["case_id"] == "4 moved"]  # fmt: skip
    assert desk.do("resolve", "explain", case["person_id"])["records"][0]["institution_id"] == "S3"
    said = desk.sanaq("resolve", "explain", case["person_id"], "--identity", "--by", "DEP-01")
    assert "S3" in said.err
    assert not desk.lake.access.exists()


def test_an_id_nobody_has_is_said_so(built: Road) -> None:
    assert built.sanaq("resolve", "explain", "nobody").code == 3
