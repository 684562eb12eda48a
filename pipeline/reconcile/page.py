"""The one page: a single HTML file in three languages, no network, no script, nothing about a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import yaml
from markupsafe import Markup, escape

from pipeline.reconcile import charts
from pipeline.reconcile.figures import HERE, Row
from pipeline.reconcile.outlook import outlook

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
    "present_only_count",
    "unresolved_count",
    "proxy_count",
    "quarantined_count",
    "person_count",
)

Labels = dict[str, dict[str, str]]


@cache
def texts() -> dict[str, Any]:
    """Return `texts.yaml`."""
    return dict(yaml.load((HERE / "texts.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def render(figures: dict[str, Any], group_labels: Labels, tile_map: Sequence[Sequence[str | None]]) -> str:
    """Return the page.

    Parameters
    ----------
    figures
        What `reconcile` found.
    group_labels
        Label of each publication group in the three languages, where known.
    tile_map
        Where the round lays its districts.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(n=number, pct=percent, day=day, signed=signed, code=code)
    zone = ZoneInfo(figures["zone"])
    return environment.get_template("page.html").render(
        f=figures,
        t=say,
        group=_group_namer(group_labels),
        three=three,
        moment=lambda value: moment(value, zone),
        progress=charts.progress(figures["daily"]),
        outlook=outlook(figures["so_far"], figures["forecast"]),
        tiles=charts.district_map(figures["districts"], tile_map),
        pyramid=charts.pyramid(figures["ages"]["groups"]) if figures["ages"]["groups"] else [],
        waterfalls=[(row["page_group"], charts.waterfall(row), row) for row in figures["waterfall"]],
        shade_words=charts.shade_words(),
        groups=[row for row in figures["groups"] if any(row[name] for name in SUMMED)],
        total=_total(figures["groups"]),
        states=STATES,
        widest_transition=max((row["record_count"] for row in figures["change"]["transitions"]), default=1),
        is_kk_reviewed=texts()["reviewed"]["kk"],
    )


def say(section: str, key: str, tag: str = "span", **numbers: object) -> Markup:
    """Return one text in the three languages, its numbers put in; inside a drawing the tag is another."""
    labels = texts()[section].get(key)
    if labels is None:
        return escape(key)
    kk, ru, en = (labels[language].format(**numbers) for language in LANGUAGES)
    return three(kk, ru, en, tag)


def three(kk: str, ru: str, en: str, tag: str = "span") -> Markup:
    """Return three texts of which the reader sees the one in the language chosen."""
    parts = zip(LANGUAGES, (kk, ru, en), strict=True)
    return Markup("").join(
        Markup('<{tag} lang="{language}">{text}</{tag}>').format(tag=tag, language=language, text=text)
        for language, text in parts
    )


def number(value: float | None) -> str:
    """Return 12345 as 12 345, and – for what is not known."""
    return "–" if value is None else f"{int(value):,}".replace(",", THIN_SPACE)


def signed(value: float | None) -> str:
    """Return a number with its sign, and an empty text for nothing."""
    if not value:
        return ""
    return ("+" if value > 0 else "−") + number(abs(value))


def percent(value: float | None) -> str:
    """Return a share as `whole_percent` has it."""
    return "–" if value is None else f"{charts.whole_percent(value)}{THIN_SPACE}%"


def day(value: date | None) -> str:
    """Return a date as it is written in the office."""
    return "–" if value is None else f"{value:%d.%m.%Y}"


def code(text: str) -> Markup:
    """Return a text whose `commands` are set as such."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in parts)


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
