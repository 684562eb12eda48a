"""Named random streams: every part of the field throws its own dice, so that one change does not shift the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar
from zlib import crc32

import numpy as np

T = TypeVar("T")


class Dice:
    """A seeded random stream.

    Parameters
    ----------
    seed
        Seed of the campaign.
    names
        Name of the stream; the same seed and name give the same throws.
    """

    def __init__(self, seed: int, *names: str) -> None:
        self.rng = np.random.default_rng([seed, *(crc32(name.encode()) for name in names)])

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options, all equally likely."""
        return options[int(self.rng.random() * len(options))]

    def weighted(self, options: dict[T, float]) -> T:
        """Return one of the keys with a probability proportional to its value."""
        throw = self.rng.random() * sum(options.values())
        for option, weight in options.items():
            throw -= weight
            if throw < 0:
                return option
        return next(reversed(options))

    def integer(self, low: int, high: int) -> int:
        """Return a whole number between the two ends, both included."""
        return low + int(self.rng.random() * (high - low + 1))

    def uniform(self, low: float, high: float) -> float:
        """Return a number between the two ends."""
        return float(self.rng.uniform(low, high))

    def triangular(self, low: float, mode: float, high: float) -> float:
        """Return a number of a triangular distribution."""
        return float(self.rng.triangular(low, mode, high))

    def exponential(self, mean: float) -> float:
        """Return a waiting time."""
        return float(self.rng.exponential(mean))

    def lognormal(self, sigma: float) -> float:
        """Return a factor with mean 1: how a staff member, device or site differs from the others."""
        return float(self.rng.lognormal(-sigma * sigma / 2, sigma))

    def day(self, first: date, last: date) -> date:
        """Return a date between the two, both included."""
        return first + timedelta(days=self.integer(0, max(0, (last - first).days)))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        return [items[i] for i in self.rng.permutation(len(items))]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Return some of the items in their own order, without repetition."""
        chosen = self.rng.permutation(len(items))[: min(count, len(items))]
        return [items[i] for i in sorted(chosen)]

    def hex(self, digits: int) -> str:
        """Return a random hexadecimal text."""
        return self.rng.bytes((digits + 1) // 2).hex()[:digits]
