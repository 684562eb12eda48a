"""The texts of quarantine, review and explanation in the three languages of the office."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml


class Language(StrEnum):
    """The languages of the office."""

    kk = "kk"
    ru = "ru"
    en = "en"


@cache
def texts() -> dict[str, Any]:
    """Return `texts.yaml`."""
    return dict(yaml.load(Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def say(language: Language, section: str, key: str, **values: object) -> str:
    """Return one text with its values put in; the key itself where nobody has written a text."""
    labels = texts()[section].get(key)
    return str(labels[language]).format(**values) if labels else key
