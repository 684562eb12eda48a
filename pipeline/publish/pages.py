"""HTML that lies beside a snapshot: one file, no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from pipeline.publish.catalogue import Entry

TEMPLATES = Path(__file__).resolve().parent / "templates"


def dictionary_html(listed: Sequence[Entry], name: str) -> str:
    """Return the dictionary of one database as one HTML file in three languages, readable without a network."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("dictionary.html").render(entries=listed, name=name)
