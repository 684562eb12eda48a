"""The desk, by the command line: what waits, what people decide, and what every later build makes of it."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from pipeline.desk.room import require_nameless
from pipeline.desk.words import texts
from pipeline.errors import BadDecision
from pipeline.lake import EVER
from pipeline.read.mapping import accepted_mappings
from pipeline.settings import PROJECT
from sandbox.seals import key_columns, key_of, sealed
from tests.read.test_office import INSTITUTION, workbook
from tests.road.road import Road, copied, digests, rows
from tests.road.test_bad_input import SECRETS, line, ndjson

pytestmark = pytest.mark.timeout(600)

RECEIVED, DECIDED, LATER = "2021-10-20T02:00:00+05:00", "2021-10-20T09:00:00+05:00", "2021-10-21T02:00:00+05:00"
SITES = {"MNG-0001": "ORPH", "MNG-0002": "CRISIS"}


BORN = "1985-01"
NAMES = dict(enumerate(("", *(f"{SECRETS[0]}{ending}" for ending in ("a", "ев", "ина", "баев", "ский")))))


def about(number: int, **changes: Any) -> dict[str, Any]:
    """A submission about one of five people who have nothing in common."""
    said = line(number, **changes)
    identity = {
        "iin": None,
        "iin_missing_reason": "UNKNOWN",
        "birth_date": f"{BORN}-0{number}",
        "family_name": NAMES[number],
    }
    return said | {"identity": said["identity"] | identity}


def register() -> bytes:
    head = "institution_id bin site_no name_kk name_ru category_code kato capacity governing_order".split()
    assert list(INSTITUTION[: len(head)]) == head
    sites = [(site, "990140000014", 1, "kk", "ru", kind, "471010000", 40, "141/17") for site, kind in SITES.items()]
    people = [("employee_id", "full_name"), *((f"DEP-0{n}", f"{SECRETS[0]} {n}") for n in (1, 2))]
    devices = [
        ("device_id", "institution_id", "public_key", "key_signature"),
        ("TB-0001", "MNG-0001", *key_columns(1, "TB-0001")),
    ]
    return workbook(institution=[head, *sites], employee=people, device=devices)


def put(road: Road, site: str, *said: dict[str, Any]) -> None:
    """A tablet of the site sends a bundle."""
    folder = road.inbox / "tablet_vpn" / f"{site}-01"
    folder.mkdir(parents=True)
    content = ndjson(*(one | {"institution_id": site} for one in said))
    manifest = {
        "bundle_id": folder.name, "device_id": "TB-0001", "institution_id": site, "app_version": "3.1", "exported_at": RECEIVED,
        "case_count": len(said), "submissions_sha256": hashlib.sha256(content).hexdigest(), "created_count": len(said), "deleted_count": 0,
        "last_case_no": len(said), "daily_counts": {},
    }  # fmt: skip
    for name, sealing in sealed(manifest, key_of(1, "TB-0001"), content.split(b"\n")[:-1]).items():
        (folder / name).write_bytes(sealing)
    (folder / "submissions.ndjson").write_bytes(content)
    folder.with_suffix(".ready").touch()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Held: two submissions on an unapproved form at an orphanage, one at a crisis centre, one without a case; a row of a list."""
    road = Road(tmp_path_factory.mktemp("desk"))
    for path, content in {
        "register/r.xlsx": register(),
        "list/MNG-0002/z.csv": f"п;Проживающий;Когда родился;М или Ж\n1;{NAMES[1]} {SECRETS[1]};{BORN}-01;м\n2;{NAMES[2]} {SECRETS[1]};{BORN}-02;м\n".encode(),
        "list/MNG-0001/l.csv": f"№;ФИО;Дата рождения;Пол\n1;{NAMES[4]} {SECRETS[1]};{BORN}-04;1\n2;;05.05.1990;2\n".encode(),
    }.items():
        (road.inbox / path).parent.mkdir(parents=True, exist_ok=True)
        (road.inbox / path).write_bytes(content)
    held = {"form_version": "1999.1"}
    put(road, "MNG-0001", about(1, **held), about(2, **held), about(3, case_id=None), about(4))
    put(road, "MNG-0002", about(5, **held))
    for route in ("register", "list", "tablet_vpn"):
        road.do("receive", route, "--now", RECEIVED)
    road.build()
    return road


@pytest.fixture
def desk(built: Road, tmp_path: Path) -> Road:
    """A copy that may be decided on."""
    return copied(built, tmp_path / "desk", with_builds=True)


def items(road: Road, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = road.do("quarantine", "list", *args)
    return found


def held(road: Road, reason: str, site: str = "MNG-0001") -> list[str]:
    return [item["record_id"] for item in items(road) if (item["reason"], item["institution_id"]) == (reason, site)]


def decide(road: Road, action: str, *ids: str, by: str = "DEP-01", why: str = "looked at the paper") -> list[Any]:
    done: list[Any] = road.do("quarantine", action, *ids, "--by", by, "--why", why, "--now", DECIDED)
    return done


def state(build: Path, record_id: str) -> tuple[str, bool]:
    (found,) = [row for row in rows(build, "record_state") if row["record_id"] == record_id]
    return found["state"], found["is_settled"]


def test_everything_held_is_on_the_desk_with_place_hash_and_age(built: Road) -> None:
    found = items(built)
    assert sorted((item["kind"], item["reason"], item["institution_id"]) for item in found) == [
        ("list", "MAPPING_UNCERTAIN", "S3"),
        ("list", "NO_IDENTITY", "MNG-0001"),
        ("submission", "R-FORM-NOT-APPROVED", "MNG-0001"),
        ("submission", "R-FORM-NOT-APPROVED", "MNG-0001"),
        ("submission", "R-FORM-NOT-APPROVED", "S3"),
        ("submission", "R-NO-CASE-ID", "MNG-0001"),
    ]
    assert {item["standing"] for item in found} == {"waits"}
    assert [row["reason"] for row in items(built, "--reason", "NO_IDENTITY")] == ["NO_IDENTITY"]
    assert {row["route"] for row in items(built, "--route", "tablet_vpn")} == {"tablet_vpn"}


def test_an_unapproved_form_is_held_under_its_name(built: Road) -> None:
    """R22."""
    found = {item["reason"]: item["form"] for item in items(built)}
    assert (found["R-FORM-NOT-APPROVED"], found["R-NO-CASE-ID"]) == ("F3_PERSON 1999.1", None)


@pytest.mark.parametrize(
    ("language", "reason", "says", "todo"),
    [
        ("en", "R-FORM-NOT-APPROVED", "The questionnaire or its version is not approved", "quarantine release {}"),
        ("ru", "R-NO-CASE-ID", "В записи нет номера или версии опроса", "quarantine discard {}"),
        ("kk", "NO_IDENTITY", "Жолда ЖСН да, аты-жөні де жеткіліксіз", "quarantine discard {}"),
        ("en", "MAPPING_UNCERTAIN", "What the list's columns mean is not sure", "--column NAME=NUMBER"),
    ],
)
def test_an_item_says_in_words_why_it_is_held_and_what_to_do(
    built: Road, language: str, reason: str, says: str, todo: str
) -> None:
    record = next(item["record_id"] for item in items(built) if item["reason"] == reason)
    shown = built.do("quarantine", "show", record, "--language", language)
    assert shown["says"] == says
    assert todo.format(record) in shown["next"]


def test_what_to_do_follows_what_was_decided(desk: Road) -> None:
    (s3,) = held(desk, "R-FORM-NOT-APPROVED", "S3")
    first, second = held(desk, "R-FORM-NOT-APPROVED")
    for action, record in (("release", s3), ("release", first), ("discard", second)):
        decide(desk, action, record)
    said = [desk.do("quarantine", "show", record, "--language", "en")["next"] for record in (s3, first, second)]
    assert f"quarantine release {s3} --by OTHER-ID" in said[0]
    assert "`sanaq build`" in said[1]
    assert "waits for nobody" in said[2]
    assert all(f"quarantine retry {record}" in words for record, words in zip((first, second), said[1:], strict=True))


def test_two_persons_agree_on_what_the_columns_of_a_header_mean(desk: Road) -> None:
    (item,) = held(desk, "MAPPING_UNCERTAIN", "S3")
    release = ("quarantine", "release", item, "--why", "asked the head", "--now", DECIDED)
    columns = ("--column", "full_name=2", "--column", "birth_on=3")
    desk.do(*release, *columns, "--by", "DEP-01")
    assert desk.do("quarantine", "show", item)["decisions"][0]["headers"] == [
        {"columns": {"full_name": 2, "birth_on": 3}}
    ]
    refused = desk.sanaq(*release, "--by", "DEP-02")
    assert "took the columns for something else" in refused.err
    assert accepted_mappings(desk.lake, EVER) == {}
    assert desk.do(*release, *columns, "--by", "DEP-02")[0]["standing"] == "released"
    assert [*accepted_mappings(desk.lake, EVER).values()] == [{"full_name": 1, "birth_on": 2}]


def test_every_reason_a_row_is_held_for_has_words(root: Path) -> None:
    """Reasons of rules have theirs in rules.yaml; a verification file that cannot be read waits at the desk too."""
    states = [path.read_text(encoding="utf-8") for path in (root / "pipeline" / "read").glob("*_state.sql")]
    readers = [(root / "pipeline" / "read" / name).read_text(encoding="utf-8") for name in ("office.py", "lists.py")]
    openers = [path.read_text(encoding="utf-8") for path in (root / "pipeline" / "read").glob("*.py")]
    reasons = {
        *re.findall(r"THEN '([A-Z]+_[A-Z_]+)'", "".join(states)),
        *re.findall(r'"([A-Z]+_[A-Z_]+)"', "".join(readers)),
        *re.findall(r'NoSpreadsheet\("([A-Z_]+)"\)', "".join(openers)),
    }
    in_force_or_replaced = {
        "HIDDEN_ROW",
        "VALUE_SET_ASIDE",
        "SAME_AGAIN",
        "NEWER_LIST",
        "NEWER_REGISTER",
        "NEWER_ROW",
        "NEWER_SOURCE",
    }
    assert texts()["held"].keys() == {*reasons, "VERSION_CONFLICT"} - in_force_or_replaced


def test_a_receipt_cut_while_it_was_written_keeps_nobody_from_the_desk(desk: Road) -> None:
    before = items(desk)
    with desk.lake.receipts.open("a", encoding="utf-8") as receipts:
        receipts.write('{"outcome": "lan')
    assert items(desk) == before
    assert desk.sanaq("status").code == 0


def test_the_place_shown_holds_the_very_bytes(built: Road) -> None:
    for record_id in held(built, "R-FORM-NOT-APPROVED"):
        item = built.do("quarantine", "show", record_id)
        content = (built.lake.root / item["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == item["file_sha256"]
        piece = content[item["byte_offset"] : item["byte_offset"] + item["byte_length"]]
        assert hashlib.sha256(piece).hexdigest() == item["content_sha256"]


def test_nothing_shown_says_who_it_is_about(built: Road) -> None:
    listed = built.sanaq("quarantine", "list")
    shown = [built.sanaq("quarantine", "show", item["record_id"]) for item in items(built)]
    traced = [built.sanaq("ledger", "--trace", row["record_id"]) for row in rows(current(built), "record_state")]
    for said in (listed, *shown, *traced):
        assert said.code == 0, said.err
        for word in (*SECRETS, "MNG-0002", BORN):
            assert word not in said.out + said.err


def current(road: Road) -> Path:
    return (road.lake.builds / "current").resolve()


@pytest.mark.slow
def test_released_counts_and_discarded_settles_in_every_build_to_come(desk: Road) -> None:
    released, discarded = held(desk, "R-FORM-NOT-APPROVED")
    (row,) = held(desk, "NO_IDENTITY")
    before = current(desk)
    assert [done["standing"] for done in decide(desk, "release", released)] == ["released"]
    assert [done["standing"] for done in decide(desk, "discard", discarded, row)] == ["settled", "settled"]
    assert {item["record_id"] for item in items(desk)}.isdisjoint({released, discarded, row})
    build = desk.build()
    assert state(build, released) == ("counted", False)
    assert state(build, discarded) == ("quarantined", True)
    assert {item["standing"] for item in items(desk, "--settled") if item["record_id"] in (discarded, row)} == {
        "settled"
    }

    # what was decided later did not change the build before, nor will it
    assert desk.build("--inputs", before / "manifest.json") == before
    assert state(desk.build("--as-of", "2021-10-20T08:59:59+05:00"), released) == ("quarantined", False)

    # replayed elsewhere from landing and decisions alone, byte for byte
    elsewhere = copied(desk, desk.folder / "elsewhere").build()
    assert elsewhere.name == build.name
    assert digests(elsewhere) == digests(build)


def test_two_persons_release_a_record_of_an_s3_institution(desk: Road) -> None:
    (record,) = held(desk, "R-FORM-NOT-APPROVED", "S3")
    assert [done["standing"] for done in decide(desk, "release", record)] == ["proposed"]
    again = desk.sanaq("quarantine", "release", record, "--by", "DEP-01", "--why", "quite sure", "--now", DECIDED)
    assert (again.code, "BadDecision" in again.err) == (2, True)
    assert [item["standing"] for item in items(desk) if item["record_id"] == record] == ["proposed"]
    assert [done["standing"] for done in decide(desk, "release", record, by="DEP-02")] == ["released"]
    shown = desk.do("quarantine", "show", record)
    assert [(one["action"], one["decided_by"]) for one in shown["decisions"]] == [
        ("release", "DEP-01"),
        ("release", "DEP-02"),
    ]
    assert state(desk.build(), record)[0] == "counted"


@pytest.mark.slow
def test_retry_takes_a_decision_back_and_says_what_became_of_what_waited(desk: Road) -> None:
    one, _ = held(desk, "R-FORM-NOT-APPROVED")
    decide(desk, "discard", one)
    outcome = desk.do("quarantine", "retry", one, "--by", "DEP-02", "--why", "the other one", "--now", LATER)
    assert {(row["waited_for"], row["state"]) for row in outcome} == {
        ("R-FORM-NOT-APPROVED", "quarantined"), ("R-NO-CASE-ID", "quarantined"), ("NO_IDENTITY", "quarantined"),
        ("MAPPING_UNCERTAIN", "quarantined"),
    }  # fmt: skip
    assert [item["standing"] for item in items(desk) if item["record_id"] == one] == ["waits"]


@pytest.mark.slow
def test_an_unknown_header_waits_with_a_proposal_and_is_known_once_it_is_accepted(desk: Road) -> None:
    (item,) = held(desk, "MAPPING_UNCERTAIN", "S3")
    proposed = {row["column_name"]: row["column_no"] for row in desk.do("quarantine", "show", item)["mapping"]}
    assert proposed == {"number": 1, "full_name": 2, "birth_on": 3, "sex": 4}
    decide(desk, "release", item)
    done = desk.do(
        "quarantine", "release", item, "--by", "DEP-02", "--why", "asked the head", "--now", DECIDED,
        *(word for name, at in proposed.items() for word in ("--column", f"{name}={at}")),
    )  # fmt: skip
    assert [one["standing"] for one in done] == ["released"]
    build = desk.build()
    entries = [row for row in rows(build, "list_entry") if row["institution_id"] == "MNG-0002"]
    assert [(row["entry_no"], row["sex"]) for row in entries] == [(1, 1), (2, 1)]
    assert {str(row["birth_on"]) for row in rows(build, "list_identity")} >= {f"{BORN}-01", f"{BORN}-02"}
    early = desk.build("--as-of", "2021-10-20T08:59:59+05:00")
    assert [row["institution_id"] for row in rows(early, "list_entry")] == ["MNG-0001"]

    desk.do("quarantine", "retry", item, "--by", "DEP-01", "--why", "another column", "--now", LATER)
    assert held(desk, "MAPPING_UNCERTAIN", "S3") == [item]


@pytest.mark.slow
def test_all_unknown_headers_of_a_file_are_decided_at_once(desk: Road) -> None:
    """Two pages with headers of their own, and one of staff that is no list; two persons say the same of all three."""
    page = [(1, f"{NAMES[1]} {SECRETS[1]}", f"{BORN}-01"), (2, f"{NAMES[2]} {SECRETS[1]}", f"{BORN}-02")]
    pages = {
        head: [(f"п{head}", "Проживающий", "Когда родился"), *((number + at, *said) for number, *said in page)]
        for at, head in ((0, "a"), (2, "b"), (4, "staff"))
    }
    folder = desk.inbox / "list" / "MNG-0002"
    folder.mkdir(parents=True)
    (folder / "zz.xlsx").write_bytes(workbook(**pages))
    desk.do("receive", "list", "--now", "2021-10-20T03:00:00+05:00")
    desk.build()
    (item,) = [
        one["record_id"]
        for one in items(desk, "--reason", "MAPPING_UNCERTAIN")
        if len({row["header_no"] for row in desk.do("quarantine", "show", one["record_id"])["mapping"]}) == 3
    ]
    release = ("quarantine", "release", item, "--why", "asked the head", "--now", DECIDED)
    assert "no header of that number" in desk.sanaq(*release, "--by", "DEP-01", "--column", "4:none").err
    bare = desk.sanaq(*release, "--by", "DEP-01", "--column", "2:full_name=2", "--column", "3:none")
    assert "by these columns of header 2 no list can be read" in bare.err
    both = desk.sanaq(*release, "--by", "DEP-01", "--column", "2:none", "--column", "2:full_name=2")
    assert "header 2 is said to be of no list" in " ".join(both.err.split())
    columns = ("--column", "2:full_name=2", "--column", "2:number=1", "--column", "3:none")
    desk.do(*release, *columns, "--by", "DEP-01")
    assert accepted_mappings(desk.lake, EVER) == {}
    assert "took the columns for something else" in desk.sanaq(*release, "--by", "DEP-02").err
    assert desk.do(*release, *columns, "--by", "DEP-02")[0]["standing"] == "released"
    build = desk.build()
    entries = [row for row in rows(build, "list_entry") if row["institution_id"] == "MNG-0002"]
    assert sorted(row["entry_no"] for row in entries) == [1, 2, 3, 4]
    assert not [one for one in items(desk) if one["record_id"][:16] == item[:16]]

    desk.do("quarantine", "retry", item, "--by", "DEP-01", "--why", "another column", "--now", LATER)
    assert accepted_mappings(desk.lake, EVER) == {}
    assert item in held(desk, "MAPPING_UNCERTAIN", "S3")


@pytest.mark.slow
def test_a_decision_on_a_header_says_nothing_of_the_first_row(desk: Road) -> None:
    folder = desk.inbox / "list" / "MNG-0001"
    folder.mkdir(parents=True)
    text = f"п;Проживающий;Когда родился;М или Ж\n1;;{BORN}-01;м\n" + "".join(
        f"{number};{NAMES[number]} {SECRETS[1]};{BORN}-0{number};м\n" for number in (2, 3, 5)
    )
    (folder / "z.csv").write_bytes(text.encode())
    desk.do("receive", "list", "--now", "2021-10-20T03:00:00+05:00")
    desk.build()
    (header,) = held(desk, "MAPPING_UNCERTAIN")
    decide(desk, "release", header)
    desk.build()
    assert not held(desk, "MAPPING_UNCERTAIN")
    (row,) = held(desk, "NO_IDENTITY")  # of the newest list; it waits, and nobody has decided about it
    assert (row != header, desk.do("quarantine", "show", row)["decisions"]) == (True, [])
    desk.do("quarantine", "retry", header, "--by", "DEP-01", "--why", "another column", "--now", LATER)
    assert held(desk, "MAPPING_UNCERTAIN") == [header]


@pytest.mark.slow
def test_of_a_batch_of_several_files_the_row_s_own_is_named(desk: Road) -> None:
    """Its number is counted over the whole batch."""
    folder = desk.inbox / "register" / "a"
    folder.mkdir(parents=True)
    (folder / "institution.csv").write_text("institution_id,category_code\nMNG-0001,ORPH\n")
    (folder / "medium.csv").write_text("medium_id,employee_id\nUSB-1,DEP-01\nUSB-2,DEP-01\nUSB-1,DEP-01\n")
    folder.with_suffix(".ready").touch()
    desk.do("receive", "register", "--now", "2021-10-20T03:00:00+05:00")
    desk.build()
    (row,) = [item["record_id"] for item in items(desk, "--reason", "DUPLICATE_KEY")]
    shown, traced = desk.do("quarantine", "show", row), desk.do("ledger", "--trace", row)["place"]
    assert (shown["row_no"], shown["file_no"], traced["row_no"], traced["file_no"]) == (4, 2, 4, 2)
    digest = hashlib.sha256((folder / "medium.csv").read_bytes()).hexdigest()
    assert shown["file_sha256"] == traced["file_sha256"] == digest
    (other,) = held(desk, "MAPPING_UNCERTAIN", "UNKNOWN")
    assert desk.do("quarantine", "show", other)["file"].endswith("/content.csv")


@pytest.mark.slow
def test_what_waited_is_retried_when_a_rule_is_mended(desk: Road, tmp_path: Path) -> None:
    """The form is approved: reference data, and no decision."""
    reference = Path(shutil.copytree(PROJECT / "data" / "reference", tmp_path / "reference"))
    file = reference / "questionnaire.yaml"
    content = file.read_text(encoding="utf-8")
    assert content.count("2021.1") >= 1
    file.write_text(content.replace("2021.1", "1999.1"), encoding="utf-8")
    desk.settings["reference"] = reference
    outcome = desk.do("quarantine", "retry")
    states = {(row["waited_for"], row["state"]): row["items"] for row in outcome}
    assert states[("R-FORM-NOT-APPROVED", "counted")] == 3
    assert states[("R-NO-CASE-ID", "quarantined")] == 1


Refused = Callable[[Road], list[str]]
REFUSED: dict[str, tuple[Refused, str]] = {
    "nobody of the register": (lambda road: [*held(road, "R-FORM-NOT-APPROVED")[:1], "--by", "DEP-99"], "BadDecision"),
    "no reason": (lambda road: [*held(road, "R-FORM-NOT-APPROVED")[:1], "--why", " "], "BadDecision"),
    "an IIN in the reason": (lambda road: [*held(road, "R-FORM-NOT-APPROVED")[:1], "--why", f"is {SECRETS[2]}"], "BadDecision"),
    "a name in the reason": (lambda road: [*held(road, "R-FORM-NOT-APPROVED")[:1], "--why", f"is {SECRETS[1]}"], "BadDecision"),
    "no case": (lambda road: held(road, "R-NO-CASE-ID"), "BadDecision"),
    "a row of a list": (lambda road: held(road, "NO_IDENTITY"), "BadDecision"),
    "one good, one unknown": (lambda road: [*held(road, "R-FORM-NOT-APPROVED")[:1], SECRETS[1]], "NoSuchRecord"),
    "no moment": (lambda road: [*held(road, "R-FORM-NOT-APPROVED")[:1], "--now", "2021-10-20"], "BadSetting"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_released_is_refused_by_name_and_nothing_is_written(built: Road, case: str) -> None:
    asked, error = REFUSED[case]
    said = built.sanaq(
        "quarantine", "release", "--by", "DEP-01", "--why", "looked at it", "--now", DECIDED, *asked(built)
    )
    assert said.code in (2, 3)
    assert said.err.startswith(error)
    assert not any(word in said.out + said.err for word in SECRETS)
    assert not (built.lake.decisions / "quarantine.jsonl").exists()


def test_no_name_is_guessed_at_the_desk_without_a_trace(desk: Road) -> None:
    one = held(desk, "R-FORM-NOT-APPROVED")[0]
    (counted,) = [row["record_id"] for row in rows(current(desk), "record_state") if row["state"] == "counted"]

    def refusal(record: str, why: str) -> str:
        said = desk.sanaq("quarantine", "release", record, "--by", "DEP-01", "--why", why, "--now", DECIDED)
        assert said.code != 0
        return said.err

    assert refusal(counted, f"is {NAMES[4]}") == refusal(counted, "looked at it")
    assert not desk.lake.access.exists()
    assert "holds a name" in refusal(one, f"of {NAMES[1].upper()}")
    (look,) = map(json.loads, desk.lake.access.read_text(encoding="utf-8").splitlines())
    assert (look["act"], look["by"], look["records"]) == ("quarantine release, reason refused", "DEP-01", [one])


@pytest.mark.parametrize(
    ("name", "why", "is_refused"),
    [
        ("Аян", "баян сөз", False),
        ("Дан", "нет данных", False),
        ("Дан", "это ДАН, точно", True),
        ("Ахметов", "у ахметова", True),
        ("11.01.1985", "род. 11.01.1985 г.", True),
    ],
)
def test_a_name_is_a_word_declined_or_not_and_no_part_of_a_plain_one(name: str, why: str, is_refused: bool) -> None:
    with pytest.raises(BadDecision) if is_refused else nullcontext():
        require_nameless(why, [name])


def test_a_decision_bears_a_later_moment_than_all_that_was_received(desk: Road) -> None:
    one, other = held(desk, "R-FORM-NOT-APPROVED")
    for record in (one, other):
        desk.do("quarantine", "discard", record, "--by", "DEP-01", "--why", "twice", "--now", "2021-09-01T00:00:00Z")
    received = {batch["received_at"] for batch in desk.lake.batches()}
    decided = [
        row["decided_at"]
        for row in map(json.loads, (desk.lake.decisions / "quarantine.jsonl").read_text().splitlines())
    ]
    assert max(received) < decided[0] < decided[1]


def test_the_way_of_a_record_leads_from_its_bytes_to_where_its_person_is_counted(built: Road) -> None:
    build = current(built)
    (counted,) = [row for row in rows(build, "record_state") if row["state"] == "counted"]
    (person,) = rows(build, "person")
    way = built.do("ledger", "--trace", counted["record_id"])
    assert way["batch"]["route"] == "tablet_vpn"
    content = (built.lake.root / way["place"]["file"]).read_bytes()
    begin = way["place"]["byte_offset"]
    assert json.loads(content[begin : begin + way["place"]["byte_length"]])["case_id"] == "bad-4"
    assert way["state"]["state"] == "counted"
    assert way["person"]["person_id"] == person["person_id"]
    assert way["place_counted"]["usual_institution_id"] == person["usual_institution_id"] == "MNG-0001"
    entry = next(row["entry_id"] for row in rows(build, "list_entry"))
    assert built.do("ledger", "--trace", entry)["list_match"]["outcome"] == "COUNTED"
    assert built.sanaq("ledger", "--trace", "nobody").code == 3
