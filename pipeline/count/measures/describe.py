"""Section 7 of `docs/measures.md`, from the docstrings of the measures."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

from pipeline.count.measures import MEASURES
from pipeline.settings import PROJECT

PAGE = PROJECT / "docs" / "measures.md"
BEGIN = "<!-- from here on made by `make docs` from pipeline/count/measures; do not edit -->\n"
HEAD = """
## 7 Estimates and tests

Figures that are not counted but worked out. Where one cannot be, it is left out and counts stay as they are. None of them is added to counted
people, and no answer is made up for anybody: items are not imputed.

Those of ages and birth dates stand in `quality.age_heaping`, the forecast in `coverage.forecast`, the ratio estimate in `coverage.zero_return`, those of two
sources in `coverage.estimate`, content error in `quality.content_error`. The last two want verification files (`docs/formats.md`, chapter 7); section 4 says
which are used.
"""
SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
NOTE = re.compile(r"^(Formula|Unit|Source): ", re.MULTILINE)


def write_measures(page: Path = PAGE) -> Path:
    """Write the measures into their page and return its path; what stands above the mark is kept."""
    page.write_text(measures_markdown(page.read_text(encoding="utf-8")), encoding="utf-8")
    return page


def measures_markdown(page: str) -> str:
    """Return the page with everything from the mark on made anew."""
    by_hand = page.partition(BEGIN)[0]
    return "\n".join([by_hand + BEGIN + HEAD, *(_markdown(measure) for measure in MEASURES)])


def _markdown(measure: Callable[..., object]) -> str:
    meaning, sections = _split(SECTION, inspect.getdoc(measure) or "")
    _, notes = _split(NOTE, sections["Notes"])
    _, raised = _split(re.compile(r"^(MeasureUndefined)\n", re.MULTILINE), sections["Raises"])
    lines = [f"- {name.lower()}: {_one_line(text)}" for name, text in notes.items()]
    left_out = f"- left out when: {_one_line(raised['MeasureUndefined'])}"
    return "\n".join([f"### `{measure.__name__}`\n", meaning, "", *lines, left_out, ""])


def _split(heading: re.Pattern[str], text: str) -> tuple[str, dict[str, str]]:
    before, *rest = heading.split(text)
    return before.strip(), dict(zip(rest[::2], rest[1::2], strict=True))


def _one_line(text: str) -> str:
    return " ".join(text.split())
