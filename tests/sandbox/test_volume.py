"""Large inboxes: full width, deterministic, and fitting together."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from sandbox_oracle import digest

from sandbox import volume
from sandbox.numbers import check_digit
from sandbox.volume import write_volume


def test_volume_is_deterministic_and_fits_its_lists(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    result = write_volume(first, 2000, 5)
    write_volume(second, 2000, 5)
    assert digest(first) == digest(second)
    bundle = next(p for p in (first / "tablet_vpn").iterdir() if p.is_dir())
    content = (bundle / "submissions.ndjson").read_bytes()
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["submissions_sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["case_count"] == 2000 == sum(manifest["daily_counts"].values())
    lines = [json.loads(line) for line in content.splitlines()]
    assert len({s["case_id"] for s in lines}) == 2000
    assert all(len(s["identity"]) == 8 and len(s["answers"]) == 64 for s in lines)
    numbers = [s["identity"]["iin"] for s in lines if s["identity"]["iin"]]
    assert all(check_digit(n[:11]) == int(n[11]) for n in numbers)
    assert 0.01 < 1 - len(set(numbers)) / len(numbers) < 0.05
    assert len(list((first / "list").iterdir())) == result.institutions == 27
    assert {s["institution_id"] for s in lines} == {p.name for p in (first / "list").iterdir()}


def test_a_large_volume_has_larger_institutions_not_more_than_a_register_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume, "MOST_INSTITUTIONS", 10)
    assert write_volume(tmp_path, 2000, 5).institutions == 10
    sites = {p.name for p in (tmp_path / "list").iterdir()}
    lines = [json.loads(line) for line in next(tmp_path.rglob("submissions.ndjson")).read_text().splitlines()]
    assert {s["institution_id"] for s in lines} == sites
    assert max(s["list_entry_no"] or 0 for s in lines) == 200 * 8 // 15
