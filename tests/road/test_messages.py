"""What a command says when it is pointed at the wrong thing: what is missing, where, and the next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import terminal
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
