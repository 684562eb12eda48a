"""The field is deterministic, complete, believable, and consistent with its own truth."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook
from sandbox_oracle import SIZE, digest, rows

from sandbox.campaign import create
from sandbox.lists import FULL_NAME, HEADERS
from sandbox.names import Name, as_heard, patronymic_of, to_latin, to_russian
from sandbox.noise import Rates
from sandbox.numbers import check_digit
from sandbox.profiles import PROFILES


def submissions(campaign: Path) -> list[dict]:
    found = []
    for path in [*campaign.glob("field/tablet_*/**/submissions.ndjson"), campaign / "field/portal/submissions.ndjson"]:
        for line in path.read_bytes().split(b"\n"):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [
        ("901123300258", True),
        ("901123300255", False),
        ("050315500503", True),
        ("050315500515", True),
        ("050315500527", True),
        ("990940003030", True),
        ("990940003031", False),
    ],
)
def test_check_digits(number: str, is_valid: bool) -> None:
    assert (check_digit(number[:11]) == int(number[11])) is is_valid


@pytest.mark.parametrize("base", ["05031550059", "05031550210"])
def test_numbers_never_issued(base: str) -> None:
    assert check_digit(base) is None


def test_the_same_seed_gives_the_same_bytes(campaign: Path, tmp_path: Path) -> None:
    create(tmp_path, **SIZE)
    assert digest(tmp_path) == digest(campaign)


def test_another_seed_gives_other_people(campaign: Path, tmp_path: Path) -> None:
    create(tmp_path, seed=12, institutions=4, people=40)
    assert (tmp_path / "field/portal/submissions.ndjson").read_bytes() != (
        campaign / "field/portal/submissions.ndjson"
    ).read_bytes()


def test_names_are_spelled_as_documents_spell_them() -> None:
    assert to_russian("Асайын") == "Асаин"
    assert to_russian("Әбдіқалықов") == "Абдикаликов".replace("лик", "лык")
    assert to_latin("Жұмабаев") == "Zhumabaev"
    assert as_heard("Айгүл") != to_russian("Айгүл")
    assert patronymic_of("Серік", 2, "kk") == "Серікқызы"
    assert patronymic_of("Абай", 1, "ru") == "Абаевич"
    assert Name("Иванов", "Иван", None).map("latin").text == "Ivanov Ivan"


def test_every_category_and_district_is_there(campaign: Path) -> None:
    book = load_workbook(campaign / "field/register/reestr_1.xlsx", read_only=True)
    header, *sites = list(book["institution"].iter_rows(values_only=True))
    table = [dict(zip(header, site, strict=False)) for site in sites]
    assert {t["category_code"] for t in table} == set(PROFILES)
    assert len(PROFILES) == 18
    assert {t["kato"][:4] for t in table} == {"4710", "4718", "4736", "4742", "4746", "4750", "4752"}
    assert all(check_digit(t["bin"][:11]) == int(t["bin"][11]) for t in table)
    assert set(book.sheetnames) == {
        "institution", "staff", "premises", "device", "employee", "medium", "certificate", "certificate_return",
    }  # fmt: skip


def test_lists_are_made_as_institutions_make_them(campaign: Path) -> None:
    texts, encodings = [], Counter()
    for path in sorted(campaign.glob("field/list/*/*")):
        if path.suffix == ".xlsx":
            cells = load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
            texts.append("\n".join(" ".join(str(c) for c in row if c is not None) for row in cells))
            encodings["xlsx"] += 1
            continue
        raw = path.read_bytes()
        try:
            texts.append(raw.decode("utf-8-sig"))
            encodings["utf-8"] += 1
        except UnicodeDecodeError:
            texts.append(raw.decode("cp1251"))
            encodings["cp1251"] += 1
    assert {"xlsx", "utf-8", "cp1251"} == set(encodings)
    for text in texts:
        head = text.split("\n")
        assert "01.06.2021" in text
        assert re.search(r"составлен \d\d\.|жасалған күні \d\d\.", text)
        assert not re.match(r"№|р/с|No", head[0])
        assert re.search(r"Итого|Всего|Барлығы|Жиыны", text)


def test_no_patrol_has_a_list_or_a_headcount(campaign: Path) -> None:
    patrols = {
        p["institution_id"] for p in rows(campaign / "truth/persons.parquet") if p["category_code"] == "HOMELESS_PATROL"
    }
    for route in ("list", "headcount", "movement"):
        assert not patrols & {p.name for p in (campaign / "field" / route).iterdir()}


def test_each_person_in_scope_with_a_record_in_play_is_counted_once(campaign: Path) -> None:
    people = {p["person_key"]: p for p in rows(campaign / "truth/persons.parquet")}
    states = defaultdict(Counter)
    for record in rows(campaign / "truth/records.parquet"):
        if record["person_key"]:
            states[record["person_key"]][record["state"]] += 1
    for key, seen in states.items():
        assert seen["counted"] <= 1
        assert (seen["counted"] == 1) or seen["duplicate"] == 0
        if seen["counted"]:
            assert people[key]["is_in_scope"]
    assert {p["scope"] for p in people.values()} >= {
        "IN",
        "BORN_AFTER",
        "DIED_BEFORE",
        "BELONGS_ELSEWHERE",
        "NOT_HERE_AT_MOMENT",
    }


def test_truth_has_one_row_per_line_that_arrives_once(campaign: Path) -> None:
    records = rows(campaign / "truth/records.parquet")
    lines = Counter()
    batches = set()
    for path in campaign.glob("field/tablet_*/**/submissions.ndjson"):
        content = path.read_bytes()
        manifest = (path.parent / "manifest.json").read_bytes()
        if (manifest, content) in batches:
            continue  # the same bundle from a second stick
        batches.add((manifest, content))
        lines.update(hashlib.sha256(line).hexdigest() for line in content.removesuffix(b"\n").split(b"\n"))
    for route in ("portal", "census_db"):
        lines.update(
            hashlib.sha256(line).hexdigest()
            for line in (campaign / f"field/{route}/submissions.ndjson").read_bytes().splitlines()
        )
    assert Counter(r["bytes_sha256"] for r in records) == lines


def test_every_filled_case_ends_in_the_census_database_once_but_for_a_few(campaign: Path) -> None:
    there, elsewhere = defaultdict(list), {}
    for record in rows(campaign / "truth/records.parquet"):
        if record["case_id"]:
            version = record["case_id"], record["case_version"]
            if record["route"] == "census_db":
                there[version].append(record)
            elif record["scope_reason"] != "DRAFT":
                elsewhere[version] = min(elsewhere.get(version, record["arrives_at"]), record["arrives_at"])
    assert all(len(found) == 1 for found in there.values())
    missing = elsewhere.keys() - there.keys()
    assert 0 < len(missing) < 0.03 * len(elsewhere)
    late = [v for v, [r] in there.items() if v in elsewhere and (r["arrives_at"] - elsewhere[v]).days >= 3]
    assert 0 < len(late) < 0.04 * len(there)


def test_truthful_answers_agree_with_the_truth(campaign: Path) -> None:
    people = {p["person_key"]: p for p in rows(campaign / "truth/persons.parquet")}
    by_line = {
        r["bytes_sha256"]: r for r in rows(campaign / "truth/records.parquet") if r["route"].startswith("tablet_")
    }
    checked = 0
    for path in campaign.glob("field/tablet_*/**/submissions.ndjson"):
        for line in path.read_bytes().splitlines():
            record = by_line[hashlib.sha256(line).hexdigest()]
            person = people.get(record["person_key"])
            if (
                record["state"] != "counted"
                or person is None
                or record["filled_at_institution_id"] != person["institution_id"]
            ):
                continue
            answers = json.loads(line)["answers"]
            usual, present = (
                person["usual_institution_id"] is not None,
                person["present_institution_id"] == person["institution_id"],
            )
            assert answers["residence_status"] == (
                "USUAL_PRESENT" if usual and present else "USUAL_TEMP_ABSENT" if usual else "TEMP_PRESENT"
            )
            checked += 1
    assert checked > 100


def test_nobody_is_asked_at_a_place_before_arriving_there(campaign: Path) -> None:
    dated = [s for s in submissions(campaign) if s["completed_at"] and s["answers"].get("stay_from_on")]
    assert len(dated) > 500
    assert all(s["answers"]["stay_from_on"] <= s["completed_at"][:10] for s in dated)


def test_the_timeline_names_every_delivery(campaign: Path) -> None:
    timeline = json.loads((campaign / "timeline.json").read_text())
    assert all((campaign / "field" / entry["delivery"]).exists() for entry in timeline)
    assert {e["route"] for e in timeline} == {
        "register",
        "list",
        "movement",
        "headcount",
        "verification",
        "tablet_vpn",
        "tablet_usb",
    }
    assert max(e["arrives_at"] for e in timeline) < "2021-12-09"


def test_movements_and_headcounts_have_their_columns(campaign: Path) -> None:
    path = next(iter(sorted(campaign.glob("field/movement/*/*_1.csv"))))
    with path.open(encoding="utf-8") as lines:
        events = list(csv.DictReader(lines))
    assert {e["movement_type"] for e in events} <= {
        "ADMISSION",
        "DISCHARGE",
        "TRANSFER_IN",
        "TRANSFER_OUT",
        "BIRTH",
        "DEATH",
        "LEAVE",
        "RETURN",
    }
    assert [int(e["movement_no"]) for e in events] == list(range(1, len(events) + 1))
    assert all(e["occurred_on"] <= "2021-08-31" for e in events)


def test_some_institutions_give_movements_and_headcounts_to_the_portal_and_then_none_as_files(campaign: Path) -> None:
    for feed, kind in (("movements", "movement"), ("headcounts", "headcount")):
        lines = (campaign / f"field/portal/{feed}.ndjson").read_text(encoding="utf-8").splitlines()
        senders = {json.loads(line)["institution_id"] for line in lines}
        assert senders
        assert not senders & {path.name for path in (campaign / "field" / kind).iterdir()}
        times = [row.split(",")[1] for row in (campaign / f"field/portal/{feed}.csv").read_text().splitlines()[1:]]
        assert times == sorted(times)
        assert len(times) == len(lines)


def test_rates_lie_within_half_of_their_defaults() -> None:
    defaults = Rates()
    for seed in range(5):
        drawn = Rates.draw(seed).to_dict()
        for name, value in drawn.items():
            assert 0.499 * getattr(defaults, name) <= value <= 1.501 * getattr(defaults, name)
    assert set(Rates.draw(1, 0).to_dict().values()) - {0.0} <= {
        Rates.draw(1).to_dict()[n] for n in ("twins", "namesakes", "list_drawn_in_july")
    }


def test_noise_happens_about_as_often_as_its_rate(campaign: Path) -> None:
    rates = json.loads((campaign / "campaign.json").read_text())["rates"]
    sent = submissions(campaign)
    cases = {s["case_id"]: s for s in sent}
    mixed = sum(
        bool(re.search("[A-Za-z]", n) and re.search("[А-Яа-яӘ-ӿ]", n))
        for s in cases.values()
        for n in [str(s["identity"]["given_name"]) + str(s["identity"]["family_name"])]
    )
    assert 0.2 * rates["homoglyph"] * len(cases) < mixed < 2.5 * rates["homoglyph"] * len(cases) + 5
    partial = sum(s["case_status"] == "partial" for s in cases.values())
    assert partial < 3 * rates["partial"] * len(cases) + 5
    corrected = len({s["case_id"] for s in sent if s["case_version"] > 1})
    assert (
        0.3 * rates["versions"] * len(cases)
        < corrected
        < 3 * (rates["versions"] + rates["withdrawn"] + rates["draft_left"]) * len(cases) + 5
    )


def test_without_noise_nobody_is_lost(tmp_path: Path) -> None:
    create(tmp_path, seed=3, institutions=18, people=300, rate_scale=0)
    campaign = json.loads((tmp_path / "campaign.json").read_text())
    states = campaign["states"]
    assert set(states) == {"counted", "out_of_scope", "repeated"}
    # Everything ends in the Census Database too, and from there it is a repetition.
    assert states["repeated"] == campaign["counts"]["census_db_rows"] == campaign["counts"]["records"] / 2
    people = rows(tmp_path / "truth/persons.parquet")
    assert states["counted"] == sum(p["is_in_scope"] for p in people)
    held, back = certificates(tmp_path)
    used = {s["certificate_no"] for s in submissions(tmp_path)} - {None}
    assert sum(len(range_) for ranges in held.values() for range_ in ranges) == len(used) + back["RETURNED"]
    assert set(back) == {"RETURNED"}


def certificates(campaign: Path) -> tuple[dict[str, list[range]], dict[str, int]]:
    """Return the ranges in the hands of each member of staff, and how many numbers came back by reason."""
    folder = campaign / "field/register/reestr_3"
    held: dict[str, list[range]] = defaultdict(list)
    back: dict[str, int] = Counter()
    for row in csv.DictReader((folder / "certificate.csv").open(encoding="utf-8")):
        held[row["staff_id"]].append(range(int(row["first_no"]), int(row["last_no"]) + 1))
    for row in csv.DictReader((folder / "certificate_return.csv").open(encoding="utf-8")):
        back[row["reason_code"]] += int(row["last_no"]) - int(row["first_no"]) + 1
    return held, back


def test_a_certificate_is_mostly_from_the_giver_s_own_book_and_one_person_s(campaign: Path) -> None:
    held, back = certificates(campaign)
    given = {(s["case_id"], s["staff_id"], s["certificate_no"]) for s in submissions(campaign) if s["certificate_no"]}
    own = [any(int(number) in range_ for range_ in held[staff]) for _, staff, number in given]
    assert 0.97 < sum(own) / len(own) <= 1
    times = Counter(number for _, _, number in given)
    assert 0 <= sum(count > 1 for count in times.values()) < 0.02 * len(times)
    assert back["SPOILED"] > 0
    issued = sum(len(range_) for ranges in held.values() for range_ in ranges)
    assert 0 <= issued - len(times) - sum(back.values()) < 0.05 * issued  # what nobody accounts for
    assert not [s for s in submissions(campaign) if s["mode"] == "web_self" and s["certificate_no"]]


def test_every_noise_type_is_documented(root: Path) -> None:
    text = (root / "docs/sandbox.md").read_text()
    assert not [f.name for f in fields(Rates) if f"| `{f.name}` | {f.default:g} |" not in text]


def test_the_field_speaks_the_codes_of_the_questionnaire(campaign: Path, root: Path) -> None:
    lists = yaml.safe_load((root / "data/reference/codes.yaml").read_text())["code_lists"]
    variables = yaml.safe_load((root / "data/reference/questionnaire.yaml").read_text())["variables"]
    named = {v["name"]: v for v in variables}
    for submission in submissions(campaign):
        for name, value in submission["answers"].items():
            code_list = named[name].get("code_list")
            if code_list:
                for code in value if isinstance(value, list) else [value]:
                    assert str(code) in {str(c) for c in lists[code_list]["codes"]}, (name, code)


def test_the_lists_use_words_that_can_be_known(root: Path) -> None:
    def plain(text: str) -> str:
        return re.sub(r"\s+", " ", re.sub(r"[№.()\n]", " ", text.lower().replace("ё", "е"))).strip()

    known = yaml.safe_load((root / "data/reference/list_headers.yaml").read_text())["columns"]
    words = {plain(word) for column in known.values() for word in column}
    for language, headers in HEADERS.items():
        assert not [h for h in (*headers, FULL_NAME[language]) if plain(h) not in words]
