"""What a command says when it is pointed at the wrong thing: what is missing, where, and the next step."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import terminal
from pipeline.settings import unknown_variables
from tests.road.conftest import Played
from tests.road.road import Road


@pytest.mark.parametrize("rows", [1, 2])
def test_a_terminal_is_not_told_what_to_do_by_a_name(rows: int, capsys: pytest.CaptureFixture[str]) -> None:
    name = "\x1b[2J[link=x]\u202e\x9b\n\\[bold]Әлиев"
    terminal.show([{"name": name}] * rows, as_json=False, title="names")
    said = capsys.readouterr().out
    assert said.count(r"\x1b[2J[link=x]\u202e\x9b\n\[bold]Әлиев") == rows
    assert not {"\x1b", "\x9b", "\u202e"} & set(said)


@pytest.mark.parametrize("wrong", ["nowhere", "empty", "file"])
def test_evaluate_says_what_a_truth_is_made_of(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    said = Road(tmp_path).sanaq("evaluate", "--truth", tmp_path / wrong)
    assert said.code == 2
    assert "BadSetting: this is no truth of a campaign: persons.parquet, records.parquet missing" in said.err
    assert str(tmp_path / wrong) in said.err
    assert "--truth campaign/truth" in said.err


@pytest.mark.parametrize(
    "command", ["deliver {} --until 2021-10-20T02:00:00+05:00 --inbox in", "serve {}", "serve-db {}"]
)
def test_the_sandbox_names_the_command_that_makes_a_campaign(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "nowhere"
    said = Road(tmp_path).sanaq("sandbox", *command.format(folder).split())
    assert said.code == 2
    assert "BadSetting: this is no campaign: timeline.json, field missing" in said.err
    assert f"`sanaq sandbox create {folder}`" in said.err
    assert not (tmp_path / "in").exists()
    assert not folder.exists()


PINNED = {"as_of": "2021-10-20T02:00:00+05:00", "inputs": {"batches": []}}


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "{}", json.dumps(PINNED | {"as_of": "2021-10-20T02:00"}), json.dumps(PINNED | {"inputs": 7})],
)
def test_build_says_where_a_manifest_lies(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "manifest.json"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    for wrong in (path, tmp_path / "nowhere.json"):
        said = Road(tmp_path).sanaq("build", "--inputs", wrong)
        assert said.code == 3
        assert "InputsMissing: there is no manifest of a build" in said.err
        assert str(wrong) in said.err
        assert "builds/BUILD_ID/manifest.json" in said.err


def test_build_names_every_input_that_differs(tmp_path: Path, played: Played) -> None:
    manifest: dict[str, Any] = json.loads((played.builds[-1] / "manifest.json").read_text())
    manifest["inputs"] |= {"code": "other", "batches": []}
    del manifest["inputs"]["round"]
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    said = played.road.sanaq("build", "--inputs", path)
    assert said.code == 3
    assert "inputs differ from the manifest: batches, code, round" in said.err


@pytest.fixture
def _on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 80 columns and no colours."""
    monkeypatch.setattr(terminal.out, "width", 80)
    monkeypatch.setattr(terminal.out, "no_color", True)
    monkeypatch.setenv("FORCE_COLOR", "1")


def read(printed: str) -> str:
    """What a person reads of it."""
    return re.sub("\x1b\\[[0-9;]*m", "", printed)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2021, 10, 19, 21, 0, 0, 7),  # noqa: DTZ001  # as a table has it
        datetime(2021, 10, 19, 21, 0, tzinfo=UTC),
        "2021-10-19T21:00:00.000007+00:00",
        "2021-10-20T02:00:00+05:00",
    ],
    ids=str,
)
def test_a_moment_is_shown_in_utc_and_says_so(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show([{"received_at": value}] * 2, as_json=False, title="moments")
    terminal.show_record({"received_at": value})
    assert capsys.readouterr().out.count("2021-10-19 21:00:00 UTC") == 3


@pytest.mark.parametrize(
    ("command", "key"),
    [("status", "route"), ("ledger", "route"), ("quarantine list", "record_id"), ("missing", "record_id"), ("missing", "case_id"), ("review list", "pair_id")],
)  # fmt: skip
@pytest.mark.usefixtures("_on_a_terminal")
def test_a_listing_fits_80_columns_as_a_table_and_cuts_no_id(played: Played, command: str, key: str) -> None:
    listed = played.road.do(*command.split())
    rows = listed["received"] if command == "status" else listed
    said = read(played.road.sanaq(*command.split()).out)
    assert len(rows) < 2 or "─" in said
    assert max((len(line) for line in said.splitlines() if line.startswith(" ")), default=0) <= 80
    assert [row[key] for row in rows if row[key] and row[key] not in said] == []


@pytest.mark.usefixtures("_on_a_terminal")
def test_what_was_received_fits_80_columns(tmp_path: Path) -> None:
    said = read(Road(tmp_path).sanaq("receive").out)
    assert re.search(r"portal +0 +0 +0 +0 +skipped: not set up", said)
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.usefixtures("_on_a_terminal")
def test_what_gives_way_is_the_end_of_a_text_and_never_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"record_id": "6c6830b4f25d105b-0000399", "reason": "R-" + "LONG-" * 20, "last_seen_at": "x" * 23}
    terminal.show([row] * 2, as_json=False, title="In quarantine", elided=("reason",))
    lines = read(capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(row["record_id"] in line and "R-LONG-LON" in line and "…" in line for line in lines) == 2
    terminal.show([row | {"person_id": "p" * 40}] * 2, as_json=False, title="In quarantine", elided=("reason",))
    assert row["reason"] in read(capsys.readouterr().out)  # record by record, whole


@pytest.mark.parametrize(
    ("reference", "verdict", "code"), [(None, "fit for a night", 0), ("nowhere", "not fit for a night", 1)]
)
def test_the_doctor_ends_with_a_verdict_and_what_to_do_first(
    tmp_path: Path, reference: str | None, verdict: str, code: int
) -> None:
    road = Road(tmp_path, **({"reference": tmp_path / reference} if reference else {}))
    findings = road.sanaq("doctor", "--json").data["findings"]
    levels = [finding["level"] for finding in findings]
    worst = "failed" if code else "attention"
    first = next(finding for finding in findings if finding["level"] == worst)
    said = road.sanaq("doctor")
    assert said.code == code
    assert said.out.splitlines()[-2:] == [
        f"{verdict}: {levels.count('failed')} failed, {levels.count('attention')} to attend to, {levels.count('ok')} ok; exit code {code}",
        f"first: {first['check']}: {first['next']}",
    ]


def test_the_doctor_names_a_decision_cut_while_it_was_written(tmp_path: Path) -> None:
    torn = tmp_path / "lake" / "decisions" / "round.jsonl"
    torn.parent.mkdir(parents=True)
    torn.write_text('{"decided_at": "2021-11-0', encoding="utf-8")
    road = Road(tmp_path)
    said = {one["check"]: one for one in road.sanaq("doctor", "--json").data["findings"]}
    assert said["whole lines"]["level"] == "attention"
    assert "round.jsonl" in said["whole lines"]["found"]
    assert said["round"]["found"] == "open"


@pytest.mark.parametrize("lies_in", ["environment", "secret file"])
def test_the_doctor_names_a_mistyped_variable_with_the_name_it_is_near_and_no_value(
    tmp_path: Path, lies_in: str
) -> None:
    (tmp_path / "secrets").mkdir()
    road = Road(tmp_path, secrets_dir=tmp_path / "secrets", clock="off")
    if lies_in == "environment":
        road.settings |= {"portal_secrt": "hush", "zzz": "hush"}
    else:
        for name in ("sanaq_portal_secrt", "sanaq_zzz", "postgres_password", "sanaq_id_key"):
            (tmp_path / "secrets" / name).write_text("hush")
    said = road.sanaq("doctor")
    (line,) = (line for line in said.out.splitlines() if "nothing reads" in line)
    words = "nothing reads SANAQ_PORTAL_SECRT (SANAQ_PORTAL_SECRET?), SANAQ_ZZZ"
    assert line.casefold().endswith(words.casefold())
    assert "hush" not in said.out + said.err


def test_every_variable_that_is_documented_is_known_to_the_doctor(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = (root / "docs" / "runbook.md", root / "docker-compose.yml")
    for name in re.findall(r"SANAQ_\w*[A-Z]\b", "".join(path.read_text(encoding="utf-8") for path in papers)):
        monkeypatch.setenv(name, "x")
    assert unknown_variables() == {}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "build --as-of 20.10.2021",
            ("a date, a time and an offset", "--as-of or --now", "2021-10-20T02:00:00+05:00"),
        ),
        ("receive list --now yesterday", ("a date, a time and an offset", "--as-of or --now")),
        ("export csv out", ("there is none yet", "`sanaq release`")),
        ("publish --build nosuch", ("there is no such build", "builds/nosuch")),
    ],
)
def test_a_common_mistake_is_answered_with_what_where_and_next(
    tmp_path: Path, command: str, words: tuple[str, ...]
) -> None:
    said = Road(tmp_path).sanaq(*command.split())
    assert said.code in (2, 3)
    assert "Unexpected" not in said.err
    assert [word for word in words if word not in said.err] == []
