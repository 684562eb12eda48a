"""The gates let a sound build pass, stop a broken one, and neither they nor their pages show what stands in the rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.check import gates
from pipeline.check.judge import judge
from pipeline.check.suites import FOLDER, GATES, Demand, demands, load_suites
from pipeline.errors import BadReferenceFile, GateFailed
from pipeline.lake import Lake
from pipeline.schema import load_tables
from pipeline.settings import load_settings
from pipeline.sql import Workbench
from tests.check import field

SECRET_IIN = "901123300258"
SECRET_NAME = "Құпиябекова"
BATCH = "b" * 64
AT = "2021-10-04 05:00:00"
STATE = {"record_id": "r1", "batch_id": BATCH, "route": "tablet_vpn", "received_at": AT, "institution_id": "PSY-1", "has_pending_version": False}  # fmt: skip
SITE = {"institution_id": "PSY-1", "category_code": "PSY", "grade": "FIRM", "present_count": 1, "usual_count": 1, "person_count": 1, "record_count": 2, "list_count": 1}  # fmt: skip
STATES = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")

# One sound build: two records of one person, one list entry.
SOUND: dict[str, list[dict[str, Any]]] = {
    "batch": [{"batch_id": BATCH, "route": "tablet_vpn", "received_at": AT, "record_count": 2, "is_truncated": False}],
    "record": [{**field.SOUND, "record_id": name, "batch_id": BATCH} for name in ("r1", "r2")],
    "identity": [{"record_id": name, "iin": SECRET_IIN, "family_name": SECRET_NAME, "birth_on": "1990-11-23"} for name in ("r1", "r2")],
    "answers": [{"record_id": name, "ethnicity": SECRET_NAME, "children_born_count": 19} for name in ("r1", "r2")],
    "record_check": [
        {"record_id": name, "rejects": [], "blanks": [], "blanked_columns": [], "flags": []} for name in ("r1", "r2")
    ],
    "rule_result": [],
    "institution": [{"institution_id": "PSY-1", "category_code": "PSY"}],
    "list_entry": [{"entry_id": "e1", "list_id": "l1", "institution_id": "PSY-1"}],
    "record_state": [
        {**STATE, "state": "counted", "person_id": "p1"},
        {**STATE, "record_id": "r2", "state": "duplicate", "person_id": "p1", "reason": "SAME_PERSON"},
    ],
    "person": [
        {"person_id": "p1", "founder_case_id": "c1", "survivor_record_id": "r1", "basis": "usual_here", "age_completed": 30, "record_count": 2}
    ],
    "person_record": [
        {"record_id": "r1", "person_id": "p1", "role": "survivor"},
        {"record_id": "r2", "person_id": "p1", "role": "duplicate"},
    ],
    "list_match": [{"match_id": "m1", "entry_id": "e1", "person_id": "p1", "outcome": "FOUND"}],
    "forwarded": [{"record_id": "r1", "reason": "BELONGS_ELSEWHERE", "category_code": "BOARD_GIFT", "destination_kato": "471010000"}],
    "ledger": [
        {**STATE, "received_count": 2, **{f"{state}_count": int(state in ("counted", "duplicate")) for state in STATES}}
    ],
    "intake_record": [{"record_id": "i1"}],
    "intake": [
        {"route": "list", "institution_id": "PSY-1", "batch_id": "l1", "received_count": 1, "in_force_count": 1, "replaced_count": 0, "repeated_count": 0, "quarantined_count": 0, "unreadable_count": 0}
    ],
    "expected": [{"institution_id": "PSY-1", "grade": "FIRM", "expected_present_count": 1, "expected_usual_count": 1}],
    "coverage_institution": [{**SITE, "present_rate": 1, "usual_rate": 1}],
    "coverage_category": [{"category_code": "PSY", "institution_count": 1, "present_count": 1, "usual_count": 1, "person_count": 1}],
    "control_total": [],
}  # fmt: skip


def put(con: duckdb.DuckDBPyConnection, folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    """Write tables as their schemas declare them."""
    schemas = load_tables(field.REFERENCE / "questionnaire.yaml")
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        columns = schemas[table].columns
        con.execute(
            f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{n} {column.type}' for n, column in columns.items())})"
        )
        field.insert(con, table, [{n: value for n, value in row.items() if n in columns} for row in rows])
        con.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")


@pytest.fixture(scope="module")
def sound_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the sound build; each build has a copy."""
    folder = tmp_path_factory.mktemp("sound")
    with duckdb.connect() as con:
        put(con, folder, SOUND)
    return folder


@pytest.fixture
def bench(tmp_path: Path, sound_tables: Path) -> Iterator[Callable[..., Workbench]]:
    """Return a workbench over the sound build with some tables replaced."""
    settings = load_settings(lake=tmp_path / "lake", threads=2)
    made: list[Workbench] = []

    def make(replaced: Mapping[str, list[dict[str, Any]]] | None = None, name: str = "build") -> Workbench:
        folder = tmp_path / name / "read"
        shutil.copytree(sound_tables, folder)
        with duckdb.connect() as con:
            put(con, folder, replaced or {})
        made.append(
            Workbench(
                tmp_path / name,
                "gates",
                lake=Lake(settings.lake),
                settings=settings,
                round_=field.facts()[0],
                reference=field.facts()[1],
                batches=[],
                as_of=datetime(2021, 10, 31, tzinfo=UTC),
            )
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def changed(table: str, row: int = 0, **values: Any) -> dict[str, list[dict[str, Any]]]:
    """Return one table of the sound build with values of one row changed."""
    rows = [dict(each) for each in SOUND[table]]
    rows[row].update(values)
    return {table: rows}


def unmet(bench: Workbench, *tables: str) -> set[str]:
    """Say which demands the numbers of these tables do not meet, of all unless named, without Great Expectations."""
    suites = [
        suite.model_copy(
            update={"tables": {name: one for name, one in suite.tables.items() if not tables or name in tables}}
        )
        for suite in load_suites()
    ]
    gates.profile(bench, suites)
    rows = bench.con.execute("SELECT gate, relation, column_name, measure, value FROM profile").fetchall()
    numbers = {(gate, gates.measure(*names)): value for gate, *names, value in rows}
    found = set()
    for suite in suites:
        for each in demands(suite):
            value = numbers[(each.gate, each.measure)]
            upper = numbers[(each.gate, each.equals)] if each.equals else each.at_most
            lower = upper if each.equals else each.at_least
            if (upper is not None and value > upper) or (lower is not None and value < lower):
                found.add(each.measure)
    return found


def records(
    count: int, unreadable: int, read_error: str = "NOT_JSON", day: str = "2021-10-30"
) -> dict[str, list[dict[str, Any]]]:
    """Return so many records, received the day before as-of unless told, the first of which could not be read."""
    torn = {"answers_sha256": None, "read_error": read_error}
    sound = {**field.SOUND, "batch_id": BATCH, "received_at": f"{day} 05:00:00"}
    rows = [{**sound, "record_id": f"r{number}"} for number in range(count)]
    return {"record": [{**row, **(torn if number < unreadable else {})} for number, row in enumerate(rows)]}


BROKEN = {
    "batch violations:RECEIVED_AFTER_AS_OF": changed("batch", received_at="2021-11-01 00:00:00"),
    "batch violations:TRUNCATED": changed("batch", is_truncated=True),
    "batch violations:NOT_BELIEVED": changed("batch", seal_fault="BUNDLE_UNSIGNED"),
    "batch rows": {"batch": []},
    "record violations:RECORDS_LOST": changed("batch", record_count=3),
    "record violations:UNREADABLE_WITHOUT_REASON": changed("record", answers_sha256=None),
    "record violations:FIFTH_UNREADABLE": records(100, 21),
    "record violations:HALF_UNREADABLE": records(100, 51, day="2021-10-04"),
    "record violations:SOME_UNREADABLE": records(100, 2),
    "record.record_id distinct": changed("record", record_id="r2"),
    "record.route nulls": changed("record", route=None),
    "identity violations:IDENTITIES_LOST": {"identity": SOUND["identity"][:1]},
    "identity.record_id distinct": changed("identity", record_id="r2"),
    "answers violations:ANSWERS_LOST": {"answers": SOUND["answers"] * 2},
    "record_check violations:UNCHECKED": {"record_check": []},
    "record_check violations:BLANKED_WITHOUT_RULE": changed("record_check", blanked_columns=["sex"]),
    "record_check violations:MANY_REJECTED": changed("record_check", rejects=["R-NO-CASE-ID"]),
    "rule_result violations:MORE_FAILED_THAN_CHECKED": {
        "rule_result": [{"rule_id": "R-TYPE", "severity": "flag", "route": "portal", "category_code": "PSY", "failed_count": 2, "checked_count": 1}]
    },
    "rule_result violations:RULES_NOT_ASKED": {
        "rule_result": [{"rule_id": "R-TYPE", "severity": "flag", "route": "portal", "category_code": "PSY", "failed_count": 0, "checked_count": 1}]
    },
    "institution violations:CATEGORY_UNKNOWN": changed("institution", category_code="PALACE"),
    "list_entry violations:INSTITUTION_UNKNOWN": changed("list_entry", institution_id="NOWHERE"),
    "record_state violations:STATE_UNKNOWN": changed("record_state", 1, state="lost"),
    "record_state violations:RECORDS_LOST": {"record_state": SOUND["record_state"][:1]},
    "record_state violations:WITHOUT_PERSON": changed("record_state", 1, person_id=None),
    "record_state violations:WITHOUT_REASON": changed("record_state", 1, reason=None),
    "person violations:TWO_SURVIVORS": changed("record_state", 1, state="counted"),
    "person violations:COUNTED_WITHOUT_ROW": changed("record_state", person_id="p2"),
    "person violations:ROW_WITHOUT_COUNTED": changed("person", survivor_record_id="r2"),
    "person violations:BASIS_UNKNOWN": changed("person", basis="guess"),
    "person violations:AGE_IMPOSSIBLE": changed("person", age_completed=120),
    "person_record violations:ROLE_UNKNOWN": changed("person_record", role="twin"),
    "list_match violations:ENTRY_TWICE": {"list_match": SOUND["list_match"] * 2},
    "list_match violations:ENTRIES_LOST": {"list_match": []},
    "forwarded violations:HOME_OF_S3": changed("forwarded", category_code="CRISIS"),
    "ledger violations:UNBALANCED": changed("ledger", counted_count=2),
    "ledger violations:RECORDS_LOST": changed("ledger", received_count=1, duplicate_count=0),
    "intake violations:UNBALANCED": changed("intake", replaced_count=1),
    "intake violations:ROWS_LOST": {"intake_record": []},
    "expected violations:NEGATIVE": changed("expected", expected_present_count=-1),
    "expected violations:GRADE_UNKNOWN": changed("expected", grade="GOOD"),
    "expected violations:MOST_MISSING": changed("expected", grade="MISSING"),
    "coverage_institution violations:NEGATIVE": changed("coverage_institution", usual_count=-1),
    "coverage_institution violations:RATE_ON_MISSING": changed("coverage_institution", grade="MISSING"),
    "coverage_category violations:SUMS_DIFFER": changed("coverage_category", person_count=2),
    "control_total violations:GAP": {"control_total": [{"control_id": "x", "gap_count": 2}]},
}  # fmt: skip


@pytest.mark.parametrize("measure", BROKEN)
def test_what_is_broken_is_measured(bench: Callable[..., Workbench], measure: str) -> None:
    table = re.split(r"[ .]", measure)[0]
    assert measure in unmet(bench(BROKEN[measure]), table)


def test_the_home_of_whoever_was_where_a_ward_is_s3_goes_nowhere(bench: Callable[..., Workbench]) -> None:
    hospital = {"institution_id": "H", "category_code": "INPAT", "ward_tier": "S3"}
    broken = {**changed("forwarded", institution_id="H"), "institution": [*SOUND["institution"], hospital]}
    assert "forwarded violations:HOME_OF_S3" in unmet(bench(broken), "forwarded")


def test_a_sound_build_meets_every_demand(bench: Callable[..., Workbench]) -> None:
    assert unmet(bench()) == set()


def test_every_check_has_a_broken_build() -> None:
    named = {demand.measure for suite in load_suites() for demand in demands(suite) if " violations:" in demand.measure}
    assert named - set(BROKEN) == set()


@pytest.mark.parametrize(
    "rows",
    [
        records(4, 1), records(99, 99), records(100, 20), records(200, 150, "NO_CROSSWALK"), records(200, 150, "CROSSWALK_MISFIT"),
        records(100, 50, day="2021-10-29"),
    ],
    ids=["of a few", "of fewer than a hundred", "a fifth", "no crosswalk yet", "another crosswalk needed", "a pull before last night"],
)  # fmt: skip
def test_a_few_lines_and_what_waits_for_a_crosswalk_stop_no_night(
    bench: Callable[..., Workbench], rows: dict[str, list[dict[str, Any]]]
) -> None:
    stops = {"record violations:FIFTH_UNREADABLE", "record violations:HALF_UNREADABLE"}
    assert not stops & unmet(bench(rows), "record")


def test_a_profile_holds_numbers_only_and_no_extremes_of_people(bench: Callable[..., Workbench]) -> None:
    made = bench()
    gates.profile(made, load_suites())
    extremes = {f"{row[0]}.{row[1]}" for row in made.con.execute("SELECT relation, column_name FROM profile WHERE measure IN ('min', 'max')").fetchall()}  # fmt: skip
    for forbidden in (
        "identity.birth_on",
        "identity.iin",
        "identity.sex",
        "answers.children_born_count",
        "answers.death_on",
    ):
        assert forbidden not in extremes
    assert "record.completed_at" in extremes
    value = made.con.execute("SELECT value FROM profile WHERE relation = 'record' AND column_name = 'received_at' AND measure = 'max'").fetchall()  # fmt: skip
    assert value == [(20211004050000,)]


def test_great_expectations_agrees_and_shows_no_value(bench: Callable[..., Workbench]) -> None:
    """One run over a sound build, one over a broken one; secrets of the rows stand in no page."""
    sound = bench()
    gates.run(sound)
    report = json.loads((sound.build_dir / "gate_report" / "report.json").read_text())
    assert {finding["gate"] for finding in report} == set(GATES)
    assert all(finding["is_met"] for finding in report)

    broken = bench({**changed("record_state", 1, state="counted"), **changed("batch", is_truncated=True)}, "broken")
    with pytest.raises(GateFailed, match="person violations:TWO_SURVIVORS = 1") as raised:
        gates.run(broken)
    assert "TRUNCATED" not in str(raised.value)  # a warning stops nothing
    report = json.loads((broken.build_dir / "gate_report" / "report.json").read_text())
    found = {finding["measure"] for finding in report if not finding["is_met"]}
    assert {"person violations:TWO_SURVIVORS", "batch violations:TRUNCATED"} <= found
    assert (broken.build_dir / "gate_report" / "index.html").exists()

    pages = [path for made in (sound, broken) for path in (made.build_dir / "gate_report").rglob("*") if path.is_file()]
    assert any("TWO_SURVIVORS" in path.read_text(encoding="utf-8") for path in pages)
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not [secret for secret in (SECRET_IIN, SECRET_NAME, "1990-11-23", "19901123") if secret in text], path
        fetched = re.findall(r'(?:src|href)="(https?:[^"]+)', text)
        assert not fetched, path


def test_an_incomplete_profile_does_not_pass(tmp_path: Path) -> None:
    wanted = [
        Demand("read", "record rows", "critical", "", at_least=1),
        Demand("read", "batch rows", "critical", "", at_least=1),
    ]
    met = judge(
        {"read": {"batch rows": 1}, "resolved": {}, "counted": {}},
        wanted,
        tmp_path / "pages",
        "b",
        datetime(2021, 10, 31, tzinfo=UTC),
    )
    assert met == [False, True]


def test_importing_the_step_does_not_import_great_expectations() -> None:
    script = "import sys, pipeline.check.gates; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=field.ROOT).returncode == 0


def test_what_great_expectations_is_not_asked_for_stays_for_others_to_import() -> None:
    script = (
        "import sys; from pipeline.check.judge import NOT_ASKED, great_expectations; great_expectations(); "
        "assert not sys.modules.keys() & NOT_ASKED.keys(); from scipy import stats; import altair; stats.norm, altair.Chart"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=field.ROOT)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("severity: critical", "severity: fatal", "severity"),
        ("each: is_truncated", "rows_where: is_truncated", "rows_where"),
        ("each: is_truncated\n", "each: is_truncated\n        of: SELECT 1\n", "either"),
    ],
)
def test_a_wrong_suite_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    for gate in GATES:
        text = (FOLDER / f"{gate}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{gate}.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadReferenceFile, match=r"read\.yaml:\d+") as raised:
        load_suites(tmp_path)
    assert words in str(raised.value)
