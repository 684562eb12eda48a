"""Names of people and the ways one name is spelled: Kazakh, Russian, Latin, and as heard."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandbox import name_lists as lists
from sandbox.dice import Dice

KAZAKH_TO_RUSSIAN = str.maketrans("ӘәҒғҚқҢңӨөҰұҮүҺһІі", "АаГгКкНнОоУуУуХхИи")
LATIN = {
    **dict(zip("абвгдезиклмнопрстуфыэё", "abvgdeziklmnoprstufyee", strict=True)),
    "ж": "zh",
    "й": "y",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ъ": "",
    "ь": "",
    "ю": "yu",
    "я": "ya",
}
#: what a listener writes instead of what stands in the passport; applied to the Russian form
HEARD = (
    ("гуль", "гул"), ("гул", "гуль"), ("жан", "джан"), ("мухамбет", "магамбет"), ("гали", "али"), ("бек", "бэк"), ("лл", "л"),
    ("ерик", "ерык"), ("иле", "ле"), ("ия", "иа"), ("ий", "и"), ("ё", "е"),
)  # fmt: skip
HOMOGLYPHS = str.maketrans("аеорсхАЕОРСХНКМТВі", "aeopcxAEOPCXHKMTBi")


@dataclass(frozen=True)
class Name:
    """A full name.

    Attributes
    ----------
    family, given
        May be empty: a newborn has no given name yet.
    patronymic
        None where the documents have none.
    """

    family: str
    given: str
    patronymic: str | None

    def map(self, change: str) -> Name:
        """Return the name in another spelling: ``ru``, ``latin`` or ``heard``."""
        turn = {"ru": to_russian, "latin": to_latin, "heard": as_heard}[change]
        return Name(turn(self.family), turn(self.given), None if self.patronymic is None else turn(self.patronymic))

    @property
    def text(self) -> str:
        """The name as one line."""
        return " ".join(part for part in (self.family, self.given, self.patronymic) if part)


def to_russian(text: str) -> str:
    """Return a Kazakh name as Russian documents write it."""
    return text.replace("йы", "и").replace("йі", "и").translate(KAZAKH_TO_RUSSIAN)


def to_latin(text: str) -> str:
    """Return a name as a passport writes it in Latin letters."""
    return "".join(LATIN.get(c, c) for c in to_russian(text).lower()).title()


def as_heard(text: str) -> str:
    """Return a name as somebody wrote it down by ear: the first habit that changes it."""
    plain = to_russian(text)
    for written, heard in HEARD:
        if written in plain and written != heard:
            return plain.replace(written, heard, 1)
    return plain


def feminine(surname: str) -> str:
    """Return the form of a surname a woman bears."""
    if surname.endswith(("ов", "ев", "ёв", "ин")):
        return surname + "а"
    return surname[:-2] + "ая" if surname.endswith("ий") else surname


def surname_of(father: str) -> str:
    """Return the surname a Kazakh family made of an ancestor's name."""
    if father[-1] in "аәеыіияоуү":
        return father + "ев"
    return father[:-1] + "ев" if father[-1] in "йь" else father + "ов"


def patronymic_of(father: str, sex: int, style: str) -> str:
    """Return the patronymic in Kazakh (``kk``), Russian (``ru``) or Azerbaijani (``az``) style."""
    if style == "kk":
        return father + ("ұлы" if sex == 1 else "қызы")
    if style == "az":
        return father + (" оглы" if sex == 1 else " кызы")
    if father in {"Илья", "Никита"}:
        return father[:-1] + ("ич" if sex == 1 else "инична")
    stem = father[:-1] if father[-1] in "йь" else father
    if father[-1] in "аәеиіяйьыоу":
        return stem + ("евич" if sex == 1 else "евна")
    return stem + ("ович" if sex == 1 else "овна")


KAZAKH_SURNAMES = [surname_of(name) for name in lists.KAZAKH_MALE] + lists.KAZAKH_FATHER_SURNAMES


@dataclass(frozen=True)
class Stock:
    """The names a people draws from."""

    male: list[str]
    female: list[str]
    surnames: list[str]
    styles: dict[str, float]


STOCKS = {
    "KAZAKH": Stock(lists.KAZAKH_MALE, lists.KAZAKH_FEMALE, KAZAKH_SURNAMES, {"kk": 60, "ru": 40}),
    "RUSSIAN": Stock(lists.RUSSIAN_MALE, lists.RUSSIAN_FEMALE, lists.RUSSIAN_SURNAMES, {"ru": 1}),
    "AZERBAIJANI": Stock(lists.AZERI_MALE, lists.AZERI_FEMALE, lists.AZERI_SURNAMES, {"az": 70, "ru": 30}),
    "OTHER": Stock(lists.TURKIC_MALE, lists.TURKIC_FEMALE, lists.TURKIC_SURNAMES, {"ru": 1}),
}


def stock_of(ethnicity: str) -> Stock:
    """Return the stock of names of an ethnicity."""
    if ethnicity in {"UKRAINIAN", "BELARUSIAN", "GERMAN", "POLISH", "KOREAN", "TATAR"}:
        return STOCKS["RUSSIAN"]
    return STOCKS.get(ethnicity, STOCKS["OTHER"])


def given_name(ethnicity: str, sex: int, dice: Dice) -> str:
    """Draw a given name; common ones come more often."""
    stock = stock_of(ethnicity)
    names = stock.male if sex == 1 else stock.female
    return names[int(len(names) * dice.uniform(0, 1) ** 1.4)]


def new_name(ethnicity: str, sex: int, dice: Dice) -> Name:
    """Draw a full name as the bearer's documents spell it."""
    stock = stock_of(ethnicity)
    family = stock.surnames[int(len(stock.surnames) * dice.uniform(0, 1) ** 1.4)]
    patronymic = patronymic_of(given_name(ethnicity, 1, dice), sex, dice.weighted(stock.styles))
    name = Name(family if sex == 1 else feminine(family), given_name(ethnicity, sex, dice), patronymic)
    return name.map("ru") if ethnicity == "KAZAKH" and dice.chance(0.35) else name


def sibling_name(name: Name, from_sex: int, ethnicity: str, sex: int, dice: Dice, given: str | None = None) -> Name:
    """Return a brother's or sister's name: same surname and father."""
    family, patronymic = name.family, name.patronymic
    if from_sex != sex:
        family = _other_sex_family(family, sex)
        patronymic = _other_sex_patronymic(patronymic, sex)
    return Name(family, given or given_name(ethnicity, sex, dice), patronymic)


def _other_sex_family(family: str, sex: int) -> str:
    if sex == 2:
        return feminine(family)
    return family[:-1] if family.endswith(("ова", "ева", "ёва", "ина")) else family


PAIRS = (("ұлы", "қызы"), ("улы", "кызы"), ("оглы", "кызы"), ("евич", "евна"), ("ович", "овна"), ("ич", "инична"))


def _other_sex_patronymic(patronymic: str | None, sex: int) -> str | None:
    if patronymic is None:
        return None
    for male, female in PAIRS:
        old, new = (male, female) if sex == 2 else (female, male)
        if patronymic.endswith(old):
            return patronymic.removesuffix(old) + new
    return patronymic


def homoglyphs(name: Name, dice: Dice) -> Name:
    """Return the name with Latin letters typed inside the Cyrillic ones."""
    part = dice.pick(["family", "given"])
    text: str = getattr(name, part)
    if not text:
        return name
    at = dice.integer(0, len(text) - 1)
    changed = text[:at] + text[at:].translate(HOMOGLYPHS)
    return replace(name, **{part: changed})
