"""The model of a linkage: how often each level of likeness is seen among records of one person, and among records of two.

After Fellegi and Sunter (1969): what speaks for one person is the sum, over the fields, of log2(m / u) of the level found there, and of the
log odds that two records taken at random are one person. Against it stand not only two strangers but also two of one family, twins and
siblings: they share family name, patronymic and place like one person (m), given name and birth date in a way of their own (kin), the
rest like strangers (u). A pair's weight is log2 of the odds for one person; 0 is even, each point doubles them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from typing import Any

from pipeline.errors import BadReferenceFile

# The fields compared and their levels beyond 0 (a side says nothing), in the order of compared.sql and likeness.sql.
LEVELS: dict[str, tuple[str, ...]] = {
    "family": ("equal", "one slip", "near", "different"),
    "given": ("equal", "one slip", "near", "different"),
    "name_order": ("same", "crossed"),
    "patronymic": ("equal", "near", "different"),
    "sex": ("equal", "different"),
    "birth_date": (
        "equal",
        "one slip or swapped",
        "agree as far as given",
        "two parts of three",
        "same year",
        "different",
    ),
    "national_id": ("equal", "one slip", "two slips", "different"),
    "place": ("code and name", "code", "name", "both near", "name near", "code near", "different"),
}
KIN = ("given", "birth_date")
VERSION = 1
RARE = 0.01
SHIPPED = "link_model.json"  # in the folder of reference data


@dataclass(frozen=True)
class Model:
    """Parameters of a linkage.

    Parameters
    ----------
    m, u
        Per field, the share of each level among pairs of one person, and among pairs of two.
    kin
        The same among pairs of one family, of the fields where that differs from both.
    pairs_per_record, kin_per_record
        How many pairs of one person, and of one family, a file holds, divided by its records.
    training
        Where the parameters come from, for people to read.
    """

    m: dict[str, tuple[float, ...]]
    u: dict[str, tuple[float, ...]]
    kin: dict[str, tuple[float, ...]]
    pairs_per_record: float
    kin_per_record: float
    training: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def odds(per_record: float, records: int) -> float:
        """Give the odds that two of so many records are such a pair; a handful of records is taken for a part of something larger."""
        return min(2 * per_record / max(1, records - 1), RARE)

    def weights(self, name: str) -> list[float]:
        """Give the weight for one person of each level of a field, of level 0 first."""
        return _weights(self.m[name], self.u[name])

    def kin_weights(self, name: str) -> list[float]:
        """Give the weight for one family of each level of a field, of level 0 first."""
        return _weights(self.kin[name], self.u[name])

    def as_json(self) -> dict[str, Any]:
        """Give what `read_model` reads."""
        return {
            "version": VERSION,
            "pairs_per_record": self.pairs_per_record,
            "kin_per_record": self.kin_per_record,
            "m": _named(self.m),
            "u": _named(self.u),
            "kin": _named(self.kin),
            "training": self.training,
        }


def read_model(path: Path) -> Model:
    """Read a model.

    Raises
    ------
    BadReferenceFile
        The file is not there, is no JSON, or its fields and levels are not those of this version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError("another version")
        return Model(
            m=_shares(content["m"], tuple(LEVELS)),
            u=_shares(content["u"], tuple(LEVELS)),
            kin=_shares(content["kin"], KIN),
            pairs_per_record=float(content["pairs_per_record"]),
            kin_per_record=float(content["kin_per_record"]),
            training=content["training"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadReferenceFile(
            f"no linkage model of version {VERSION}",
            where=str(path),
            todo="Make one with `python -m tools.train_link`, or leave --model out.",
        ) from None


def _weights(shares: tuple[float, ...], by_chance: tuple[float, ...]) -> list[float]:
    return [0.0, *(log2(share / chance) for share, chance in zip(shares, by_chance, strict=True))]


def _named(shares: dict[str, tuple[float, ...]]) -> dict[str, dict[str, float]]:
    return {name: dict(zip(LEVELS[name], each, strict=True)) for name, each in shares.items()}


def _shares(content: dict[str, dict[str, float]], names: tuple[str, ...]) -> dict[str, tuple[float, ...]]:
    if {name: tuple(levels) for name, levels in content.items()} != {name: LEVELS[name] for name in names}:
        raise ValueError("fields or levels differ")
    shares = {name: tuple(float(share) for share in levels.values()) for name, levels in content.items()}
    if not all(0 < share <= 1 for each in shares.values() for share in each):
        raise ValueError("a share is not above 0 and at most 1")
    return shares
