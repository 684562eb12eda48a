"""The one page: a single HTML file in three languages, no network, no script, nothing about a person."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import yaml
from markupsafe import Markup, escape

from pipeline.reconcile import charts
from pipeline.reconcile.figures import HERE, Row

LANGUAGES = ("kk", "ru", "en")
STATES = ("counted", "duplicate", "out_of_scope", "superseded", "quarantined", "repeated", "unreadable")
THIN_SPACE = "\u202f"
SUMMED = (
    "due_count",
    "complete_count",
    "zero_count",
    "expected_present_count",
    "present_count",
    "expected_usual_count",
    "usual_count",
    "no_outcome_count",
    "unresolved_count",
    "proxy_count",
    "quarantined_count",
)

Labels = dict[str, dict[str, str]]


@cache
def texts() -> dict[str, Any]:
    """Return `texts.yaml`."""
    return dict(yaml.load((HERE / "texts.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def render(figures: dict[str, Any], group_labels: Labels) -> str:
    """Return the page.

    Parameters
    ----------
    figures
        What `reconcile` found.
    group_labels
        Label of each publication group in the three languages, where known.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(n=number, pct=percent, day=day, signed=signed)
    zone = ZoneInfo(figures["zone"])
    return environment.get_template("page.html").render(
        f=figures,
        t=say,
        group=_group_namer(group_labels),
        three=three,
        moment=lambda value: moment(value, zone),
        progress=charts.progress(figures["daily"]),
        waterfalls=[(row["page_group"], charts.waterfall(row), row) for row in figures["waterfall"]],
        groups=[row for row in figures["groups"] if any(row[name] for name in SUMMED)],
        total=_total(figures["groups"]),
        states=STATES,
        widest_transition=max((row["record_count"] for row in figures["change"]["transitions"]), default=1),
        is_kk_reviewed=texts()["reviewed"]["kk"],
    )


def say(section: str, key: str, **numbers: object) -> Markup:
    """Return one text in the three languages, its numbers put in."""
    labels = texts()[section].get(key)
    if labels is None:
        return escape(key)
    return three(*(labels[language].format(**numbers) for language in LANGUAGES))


def three(kk: str, ru: str, en: str) -> Markup:
    """Return three texts of which the reader sees the one in the language chosen."""
    parts = zip(LANGUAGES, (kk, ru, en), strict=True)
    return Markup("").join(Markup('<span lang="{}">{}</span>').format(language, text) for language, text in parts)


def number(value: float | None) -> str:
    """Return 12345 as 12 345, and – for what is not known."""
    return "–" if value is None else f"{int(value):,}".replace(",", THIN_SPACE)


def signed(value: float | None) -> str:
    """Return a number with its sign, and an empty text for nothing."""
    if not value:
        return ""
    return ("+" if value > 0 else "−") + number(abs(value))


def percent(value: float | None) -> str:
    """Return a share in whole per cent, rounded down: 99.9 % is not yet 100 %."""
    return "–" if value is None else f"{math.floor(value * 100 + 1e-9)}{THIN_SPACE}%"


def day(value: date | None) -> str:
    """Return a date as it is written in the office."""
    return "–" if value is None else f"{value:%d.%m.%Y}"


def moment(value: datetime, zone: ZoneInfo) -> str:
    """Return a moment in local time."""
    return f"{value.astimezone(zone):%d.%m.%Y %H:%M}"


def _group_namer(labels: Labels) -> Callable[[str], Markup]:
    def name(group: str) -> Markup:
        found = labels.get(group)
        return three(found["kk"], found["ru"], found["en"]) if found else say("group", group)

    return name


def _total(groups: list[Row]) -> Row:
    """Sums over the groups; a share only where something was expected."""
    return {name: sum(row[name] or 0 for row in groups) for name in SUMMED}
