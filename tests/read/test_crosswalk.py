"""Crosswalks: what they may say, and what becomes of a file that none of them fits."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline import build
from pipeline.errors import BadReferenceFile
from pipeline.read.foreign import opened
from pipeline.read.foreign.dictionary import cspro_dictionary, ddi_labels, stata_labels
from pipeline.read.foreign.propose import propose
from pipeline.read.submissions import Reader
from pipeline.round import load_reference
from tests.read import foreign_files as files
from tests.read.desk import Desk, rows

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "crosswalks"
ODK = (SHIPPED / "odk-person.yaml").read_text(encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path) -> Desk:
    """A desk with crosswalks of its own: none at first."""
    (tmp_path / "crosswalks").mkdir()
    return Desk(tmp_path, threads=2, memory_limit="1GB", crosswalks=tmp_path / "crosswalks")


def add(desk: Desk, text: str = ODK, name: str = "one.yaml") -> None:
    """Put a crosswalk where the desk looks for them."""
    (desk.settings.crosswalks / name).write_text(text, encoding="utf-8")


def found(
    desk: Desk, query: str = "SELECT read_error, case_id FROM record ORDER BY record_no"
) -> list[tuple[Any, ...]]:
    return rows(desk.read_submissions(), query)


def test_the_crosswalks_we_ship_are_sound(desk: Desk) -> None:
    reader = Reader(desk.light_bench(), [])
    assert {crosswalk.tool for crosswalk in reader.foreign.crosswalks} == {"survey_solutions", "odk", "cspro"}


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("instrument: mng_person", "instrument: [1]", 3, "instrument"),
        ("zone: Asia/Aqtau", "zone: Asia/Nowhere", 4, "no such time zone"),
        ("tool: odk", "tool: redcap", 2, "tool"),
        ("  staff_id: staff", "  stuff_id: staff", 10, "no such field"),
        ("sex: {column: person-sex, values: {male: 1, female: 2}}", "sex: {column: person-sex, values: {male: 1, female: 3}}", 19, "no code of it: 3"),
        ('{"yes": "true", "no": "false"}', "{yes: true}", 26, "quote them"),
        ("  family_name: person-family_name", "  family_name: {column: a, constant: b}", 16, "one of column"),
        ("  family_name: person-family_name", "  family_name: {column: a, split: ' '}", 16, "for lists"),
        ("  family_name: person-family_name", "  family_name: {parts: {year: a}}", 16, "no date"),
        ("  family_name: person-family_name", "  family_name: {colum: a}", 16, "colum"),
        ("  family_name: person-family_name", "  family_name: {column: a, extract: '('}", 16, "no regular expression"),
        ("  family_name: person-family_name", "  family_name: {column: a, extract: 'b'}", 16, "no group"),
        ("  family_name: person-family_name", "  family_name: {column: a, extract: '(?=a)(b)'}", 16, "(?="),
        ("  family_name: person-family_name", "  family_name: {column: a, format: '%d.%Q'}", 16, "%Q"),
        ("  family_name: person-family_name", "  family_name: a\n  family_name: b", 17, "given twice"),
    ],
)  # fmt: skip
def test_a_wrong_crosswalk_is_refused_with_line_and_reason(
    own: Desk, old: str, new: str, line: int, reason: str
) -> None:
    assert old in ODK
    add(own, ODK.replace(old, new, 1))
    files.put(own, files.odk_csv([files.person()]))
    with pytest.raises(BadReferenceFile) as refused:
        own.read_submissions()
    assert refused.value.where == f"crosswalks/one.yaml:{line}"
    assert reason in refused.value.what


def test_cases_wait_for_a_crosswalk_and_are_read_when_it_comes(own: Desk) -> None:
    files.put(own, files.odk_csv([files.person(1), files.person(2)]))
    assert found(own) == [("NO_CROSSWALK", None), ("NO_CROSSWALK", None)]
    digests = found(own, "SELECT bytes_sha256 FROM record ORDER BY record_no")
    assert digests[0] != digests[1]
    add(own)
    assert [fault for fault, _ in found(own)] == [None, None]
    assert found(own, "SELECT bytes_sha256 FROM record ORDER BY record_no") == digests


def test_a_new_crosswalk_is_another_build_and_leaves_native_rows_as_they_were(own: Desk) -> None:
    own.bundle("tablet_vpn/TB-1")
    own.receive("tablet_vpn")
    found(own)
    before = sorted(path for path in own.lake.memo.rglob("*.parquet"))
    first = build.open_build(own.lake, own.settings).build_id
    add(own)
    found(own)
    assert build.open_build(own.lake, own.settings).build_id != first
    assert sorted(path for path in own.lake.memo.rglob("*.parquet")) == before


def test_a_crosswalk_that_speaks_of_columns_the_file_has_not_is_no_fit(own: Desk) -> None:
    add(own, ODK.replace("religion: {column: religion", "religion: {column: faith"))
    files.put(own, files.odk_csv([files.person()]))
    assert found(own) == [("CROSSWALK_MISFIT", None)]
    add(own, name="two.yaml")
    assert found(own) == [(None, "c0f9ce58-4388-4e7b-98d7-feac459d2e01")]


def test_dates_and_times_may_be_spelled_otherwise(own: Desk) -> None:
    text = ODK.replace("birth_date: person-birth_date", 'birth_date: {column: person-birth_date, format: "%d.%m.%Y"}')
    add(own, text.replace("  started_at: start", '  started_at: {column: start, format: "%d.%m.%Y %H:%M"}'))
    persons = [
        files.person(1, start="03.10.2021 14:02", **{"person-birth_date": "01.02.1950"}),
        files.person(2, start="yesterday", **{"person-birth_date": "1950"}),
    ]
    files.put(own, files.odk_csv(persons))
    query = "SELECT birth_on::VARCHAR, started_at::VARCHAR, started_offset_min, mistyped FROM record JOIN identity USING (record_id) ORDER BY record_no"
    assert found(own, query) == [
        ("1950-02-01", "2021-10-03 09:02:00", 300, []),
        (None, None, None, ["birth_date", "started_at"]),
    ]


def test_a_status_of_ours_does_not_undo_a_withdrawal(own: Desk) -> None:
    add(own, ODK + "  case_status: {column: person-no_iin, values: {half: partial}}\n")
    persons = [
        files.person(1, **{"person-no_iin": "half"}),
        files.person(2, ReviewState="rejected", **{"person-no_iin": "half"}),
        files.person(3),
    ]
    text = ODK.replace("unknown: UNKNOWN", "unknown: UNKNOWN, half: null")
    add(own, text + "  case_status: {column: person-no_iin, values: {half: partial}}\n")
    files.put(own, files.odk_csv(persons))
    query = "SELECT case_status, mistyped FROM record ORDER BY record_no"
    assert found(own, query) == [("partial", []), ("withdrawn", []), ("submitted", [])]


def test_quotes_in_a_crosswalk_are_only_text(own: Desk) -> None:
    hostile = """"x'; DROP TABLE foreign_0; --\""""
    add(own, ODK.replace("islam: 1", f"islam: 1, {hostile}: 2"))
    files.put(own, files.odk_csv([files.person(1, religion="x'; DROP TABLE foreign_0; --")]))
    assert found(own, "SELECT religion FROM answers") == [(2,)]


def test_reading_again_gives_the_same_bytes(own: Desk) -> None:
    def kept() -> dict[str, str]:
        found(own)
        paths = sorted(own.lake.memo.rglob("*.parquet"))
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    add(own)
    files.put(own, files.odk_csv([files.person(n) for n in range(1, 99)]))
    first = kept()
    shutil.rmtree(own.lake.memo)
    assert kept() == first
    assert not list(own.lake.memo.rglob("*.lines"))


# ---------------------------------------------------------------- drafts


@pytest.mark.parametrize("tool", ["survey_solutions", "odk", "cspro"])
def test_a_draft_can_be_used_as_it_stands(own: Desk, tool: str) -> None:
    """What was matched is read; the rest waits for whoever corrects it."""
    content = {
        "survey_solutions": lambda: files.survey_solutions([files.interview()], [files.resident()], [files.action(1, 3)]),
        "odk": lambda: files.odk_csv([files.person()]),
        "cspro": lambda: files.csdb(own.root / "work" / "x.csdb", [files.case(1, [files.member()])]),
    }[tool]()  # fmt: skip
    (own.root / "export").write_bytes(content)
    with opened(own.root / "export") as export:
        add(own, propose(export, load_reference(own.settings.reference)))
    files.put(own, content)
    query = "SELECT read_error, iin, family_name, birth_on::VARCHAR, institution_id IS NOT NULL FROM record JOIN identity USING (record_id)"
    assert found(own, query) == [(None, "500101300012", "Әлиев", "1950-01-01", tool != "survey_solutions")]


def test_a_draft_matches_labels_codes_and_dates_and_says_what_is_left(own: Desk) -> None:
    (own.root / "x").write_bytes(files.survey_solutions([files.interview()], [files.resident()], []))
    with opened(own.root / "x") as export:
        draft = propose(export, load_reference(own.settings.reference)).splitlines()
    assert "rows: resident" in draft
    assert '  sex: {column: sex, values: {"1": "1", "2": "2"}}  # 1.00 Sex' in draft
    assert (
        "  birth_date: {parts: {year: birth_year, month: birth_month, day: birth_day}}  # by the words birth and year, month, day"
        in draft
    )
    assert any(
        row.startswith(
            "  languages_known: {columns: {languages__1: null, languages__2: null, languages__3: null}}  # 0."
        )
        for row in draft
    )
    assert "#   mng_institution.visit_start" in draft
    assert "#   ethnicity" in draft


def test_labels_are_read_from_every_kind_of_dictionary() -> None:
    do = {one.name: one for one in stata_labels(files.DO, "resident")}
    assert (do["sex"].label, do["sex"].codes, do["wellwater"].label) == ("Sex", {"1": "Male", "2": "Female"}, "Is there a well")  # fmt: skip
    ddi = ddi_labels(files.DDI)
    assert (ddi["religion"].label, ddi["religion"].codes) == ("Religion", {"1": "Islam"})
    assert ddi_labels('<!DOCTYPE x [<!ENTITY a "aaaa">]><x/>') == {}
    dcf = cspro_dictionary(files.DCF)
    assert dcf.name == "MNG_CENSUS_DICT"
    assert [(one.name, one.sheet, one.label, one.codes) for one in dcf.variables] == [
        ("INST_CODE", "level-1", "Institution", {}), ("P02_FAMILY", "PERSON_REC", "Family name", {}),
        ("P05_SEX", "PERSON_REC", "Sex", {"1": "Male", "2": "Female"}), ("P06_BIRTH", "PERSON_REC", "Date of birth", {}),
    ]  # fmt: skip
    item = {
        "name": "SEX",
        "labels": [{"text": "Sex"}],
        "valueSets": [{"values": [{"labels": [{"text": "Male"}], "pairs": [{"value": 1}]}]}],
    }
    level = {"ids": {"items": []}, "records": [{"name": "PERSON", "items": [item]}]}
    found = cspro_dictionary(json.dumps({"name": "D", "levels": [level]}))
    assert [(one.name, one.label, one.codes) for one in found.variables] == [("SEX", "Sex", {"1": "Male"})]


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_in_seconds(desk: Desk) -> None:
    residents = [files.resident(1, row) for row in range(1, 100_001)]
    files.put(desk, files.survey_solutions([files.interview()], residents, [files.action(1, 3)]))
    start = time.process_time()
    assert found(desk, "SELECT count(*), count(DISTINCT case_id) FROM record") == [(100_000, 100_000)]
    assert time.process_time() - start < 30
