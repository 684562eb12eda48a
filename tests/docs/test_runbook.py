"""The engineer's page says what the code says: settings, errors, DAGs, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.build import STEPS
from pipeline.schema import load_tables
from pipeline.sealed import holds_identity
from pipeline.settings import PROJECT, Settings, load_settings
from tests.dags.facts import RETRIED

DOCS = PROJECT / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.md", *sorted(DOCS.glob("*.md"))]


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    below = RUNBOOK.split(f"# {heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def test_every_setting_stands_with_its_default_and_its_meaning() -> None:
    written = {name.strip("`"): (default, meaning) for name, default, meaning in rows("Settings")}
    expected = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(PROJECT)
        shown = "the machine's cores" if field.default_factory else "none" if default is None else f"`{default}`"
        expected[f"SANAQ_{name.upper()}"] = (shown, field.description)
    assert written == expected


def test_every_error_stands_with_its_exit_code_and_whether_it_is_retried() -> None:
    written = {name.strip("`"): (int(code), retried) for name, code, retried, _ in rows("When something fails")}
    kinds = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.SanaqError) and value is not errors.SanaqError
    }
    assert written == {name: (kind.exit_code, "yes" if name in RETRIED else "no") for name, kind in kinds.items()}


def test_every_dag_and_step_stands() -> None:
    table = "\n".join(" ".join(row) for row in rows("What runs when"))
    assert " → ".join(STEPS) in table
    named = set(re.findall(r"`([a-z_]+)`", table))
    assert {"build_census", "nightly_reconciliation", "publish_release"} <= named
    assert {
        f"receive_{route}"
        for route in (
            "portal",
            "census_db",
            "tablet_vpn",
            "tablet_usb",
            "register",
            "list",
            "movement",
            "headcount",
            "verification",
        )
    } <= named


def test_rotating_the_key_of_identity_makes_an_end_of_every_table_it_locks() -> None:
    locked = {
        name
        for name, table in load_tables(load_settings().reference / "questionnaire.yaml").items()
        if holds_identity(table)
    }
    removed = re.search(r"^for table in (.+); do$", RUNBOOK, re.MULTILINE)
    assert removed is not None
    assert set(removed[1].split()) == locked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if path.startswith(("http:", "https:", "mailto:")):
            continue
        there = (page.parent / path) if path else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, target
