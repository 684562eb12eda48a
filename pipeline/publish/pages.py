"""HTML that lies beside a snapshot: one file, no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2

from pipeline.publish.catalogue import Entry

TEMPLATES = Path(__file__).resolve().parent / "templates"


def dictionary_html(listed: Sequence[Entry], name: str) -> str:
    """Return the dictionary of one database as one HTML file in three languages, readable without a network."""
    return _rendered("dictionary.html", entries=listed, name=name)


def disclosure_html(
    name: str, lost: Sequence[tuple[Any, ...]], rules: Sequence[dict[str, Any]], smallest: int | None
) -> str:
    """Return what a release withholds, as one HTML file in three languages.

    Parameters
    ----------
    lost
        Rows of `meta.disclosure`, by group.
    rules
        Rows of `ref.disclosure`.
    smallest
        Fewest persons who look alike; None in a release without persons.
    """
    groups = [(group, list(rows)) for group, rows in groupby(lost, key=lambda row: row[0])]
    return _rendered("disclosure.html", name=name, groups=groups, rules=rules, smallest=smallest)


def _rendered(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(values)
