"""Certificates of having been enumerated: books of numbers in the hands of staff, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.dice import Dice
from sandbox.noise import Noise

BOOK = 50


@dataclass
class Book:
    """A range of numbers handed out to one member of staff.

    Attributes
    ----------
    next_no
        The next one to give; what lies from there to the end comes back unused.
    spoiled
        Numbers that come back spoiled.
    """

    staff_id: str
    first_no: int
    next_no: int
    spoiled: list[int] = field(default_factory=list)

    @property
    def last_no(self) -> int:
        """The last number of the range."""
        return self.first_no + BOOK - 1


class Certificates:
    """All books of a campaign; a new one is handed out when somebody's is full."""

    def __init__(self, seed: int, noise: Noise) -> None:
        self.seed, self.noise = seed, noise
        self.books: list[Book] = []
        self._open: dict[str, Book] = {}
        self._last: dict[str, int] = {}
        self._dice: dict[str, Dice] = {}

    def give(self, staff_id: str, site: str, colleagues: list[str]) -> str:
        """Return the number a member of staff writes down for the next person.

        Parameters
        ----------
        colleagues
            Staff of the same institution, from whose book it may be taken.
        """
        dice = self._dice.setdefault(staff_id, Dice(self.seed, "certificates", staff_id))
        if staff_id in self._last and self.noise.happens(dice, "certificate_twice", site, staff_id):
            return f"{self._last[staff_id]:09d}"
        borrowed = self.noise.happens(dice, "certificate_borrowed", site, staff_id)
        number = self._tear(dice.pick(colleagues) if borrowed else staff_id, dice)
        self._last[staff_id] = number
        return f"{number:09d}"

    def _tear(self, staff_id: str, dice: Dice) -> int:
        while True:
            book = self._open.get(staff_id)
            if book is None or book.next_no > book.last_no:
                first = 1 + BOOK * len(self.books)
                book = self._open[staff_id] = Book(staff_id, first, first)
                self.books.append(book)
            number = book.next_no
            book.next_no += 1
            if self.noise.happens(dice, "certificate_spoiled"):
                book.spoiled.append(number)
            elif not self.noise.happens(dice, "certificate_lost"):
                return number
