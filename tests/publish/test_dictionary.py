"""The dictionary says what the schemas say."""

import re
from pathlib import Path

from pipeline.publish.catalogue import entries
from pipeline.publish.dictionary import dictionary_markdown
from pipeline.publish.pages import dictionary_html
from pipeline.schema import load_tables
from pipeline.settings import load_settings


def test_the_committed_dictionary_is_up_to_date(root: Path) -> None:
    committed = (root / "docs" / "dictionary.md").read_text(encoding="utf-8")
    assert committed == dictionary_markdown(load_settings()), "run `make docs`"


def test_every_published_table_is_in_it(root: Path) -> None:
    text = (root / "docs" / "dictionary.md").read_text(encoding="utf-8")
    tables = load_tables(load_settings().reference / "questionnaire.yaml")
    for database in ("operations", "release"):
        for entry in entries(tables, database):
            assert f"### {entry.full_name}\n" in text


def test_the_page_needs_no_network_and_speaks_three_languages() -> None:
    tables = load_tables(load_settings().reference / "questionnaire.yaml")
    html = dictionary_html(entries(tables, "operations"), "20211019T210000Z-0123456789ab")
    assert "<script" not in html
    assert "http" not in html
    assert not re.search(r"(src|@import|url)\s*[=(]", html)
    for phrase in ("Деректер сөздігі", "Словарь данных", "Data dictionary"):
        assert phrase in html


def test_no_identifier_is_described_as_published() -> None:
    tables = load_tables(load_settings().reference / "questionnaire.yaml")
    for database in ("operations", "release"):
        for entry in entries(tables, database):
            assert not [name for name, column in entry.table.columns.items() if column.sensitivity == "identifier"]
