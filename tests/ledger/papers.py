"""Papers of offices: registers, lists, movements, headcounts, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from sandbox.seals import key_columns
from sandbox.tables import xlsx_bytes
from tests.read.test_office import HEADCOUNT, MOVEMENT, text

CARE, SCHOOL, HOSPITAL = "MNG-0001", "MNG-0002", "MNG-0003"
SITES = {CARE: "SOCSERV", SCHOOL: "BOARD_GIFT", HOSPITAL: "INPAT"}
TABLET = "TB-0001"


@dataclass(frozen=True)
class Paper:
    """A file of an office.

    Attributes
    ----------
    parcel
        With which parcel it is received.
    rows
        What stands in it, row by row: a key and a content, or a reason why it is held or cannot be read.
    """

    route: str
    sender: str
    name: str
    parcel: int
    content: bytes
    rows: tuple[tuple[str | None, str], ...]

    @property
    def path(self) -> str:
        """Where it lies in the inbox."""
        return f"{self.route}/{self.name}" if self.route == "register" else f"{self.route}/{self.sender}/{self.name}"


def register(number: int, parcel: int, flaws: Sequence[str] = ()) -> Paper:
    """Return a register that knows every site, with rows that cannot be in force; `TORN`, it is no workbook."""
    if "TORN" in flaws:
        return Paper(
            "register",
            "department",
            f"{number}.xlsx",
            parcel,
            b"PK\x03\x04 %d" % number,
            ((None, "NOT_A_SPREADSHEET"),),
        )
    wrong = {"NO_KEY": (None, "PSY", None), "DUPLICATE_KEY": (CARE, "PSY", None)}
    faults = [flaw for flaw in flaws if flaw in wrong]
    strangers = ["UNKNOWN_INSTITUTION"] * ("UNKNOWN_INSTITUTION" in flaws)
    sheets: dict[str, list[Sequence[object]]] = {
        "institution": [
            ("institution_id", "category_code", "kato"),
            *((site, kind, "471010000") for site, kind in SITES.items()),
            *(wrong[flaw] for flaw in faults),
        ],
        "staff": [("staff_id", "institution_id"), ("ST-1", CARE), *(("ST-9", "MNG-9999") for _ in strangers)],
        "device": [
            ("device_id", "institution_id", "public_key", "key_signature"),
            (TABLET, CARE, *key_columns(1, TABLET)),
        ],
        "employee": [("employee_id", "full_name"), ("DEP-01", f"E {number}")],
    }
    held = [(None, flaw) for flaw in faults]
    sound = [("register", str(number))]
    rows = (*sound * len(SITES), *held, *sound, *((None, flaw) for flaw in strangers), *sound * 2)
    return Paper("register", "department", f"{number}.xlsx", parcel, xlsx_bytes(sheets), rows)


SENDERS = st.sampled_from([CARE, SCHOOL])
DAMAGE = st.sampled_from([False, False, False, True])


@st.composite
def _movement(draw: st.DrawFn, parcel: int, name: str) -> Paper:
    told = draw(
        st.lists(
            st.tuples(st.sampled_from(["1", "2", "1", ""]), st.sampled_from(["LEAVE", "RETURN", "ADMISSION", "JUMP"])),
            min_size=3,
            max_size=6,
        )
    )
    table = [
        MOVEMENT,
        *(
            (no, kind, "2021-07-01", None, None, "Басқа", "Біреу", None, 1, "1931-01-01", None, None, None)
            for no, kind in told
        ),
    ]
    first: dict[str, str] = {}
    rows = tuple(
        (None, "NO_KEY")
        if not no
        else (None, "BAD_TYPE")
        if kind == "JUMP"
        else (no, kind)
        if first.setdefault(no, kind) == kind
        else (None, "DUPLICATE_KEY")
        for no, kind in told
    )
    return Paper("movement", draw(SENDERS), f"{name}.csv", parcel, text(table, ","), rows)


@st.composite
def _headcount(draw: st.DrawFn, parcel: int, name: str) -> Paper:
    sender, count = draw(SENDERS), draw(st.sampled_from(["10", "11", "-1"]))
    other = draw(DAMAGE)
    about = HOSPITAL if other else sender
    table = [HEADCOUNT, (about, "2021-08-31T23:00:00+05:00", count, 0, 0, 0, "ST-1", "2021-09-01")]
    rows = ((None, "OTHER_SENDER") if other else (None, "BAD_COUNT") if count == "-1" else ("headcount", count),)
    return Paper("headcount", sender, f"{name}.csv", parcel, text(table, ","), rows)


@st.composite
def _list(draw: st.DrawFn, parcel: int, name: str) -> Paper:
    told = ["Басқа Біреу", *draw(st.lists(st.sampled_from(["Тағы Біреу", ""]), max_size=3))]
    table = [
        ("№", "ФИО", "Дата рождения", "Пол"),
        *((no, who, f"01.02.19{30 + no}", "м") for no, who in enumerate(told, 1)),
        ("Итого", len(told), None, None),
    ]
    rows = tuple((None, "NO_IDENTITY") if not who else ("list", f"{name} {no}") for no, who in enumerate(told, 1))
    return Paper("list", CARE, f"{name}.csv", parcel, text(table), rows)


def _torn_list(parcel: int, name: str) -> st.SearchStrategy[Paper]:
    return st.just(Paper("list", CARE, f"{name}.xlsx", parcel, b"PK\x03\x04", ((None, "NOT_A_SPREADSHEET"),)))


KINDS = (_movement, _movement, _movement, _headcount, _headcount, _list, _list, _list, _torn_list)
FLAWS = st.lists(st.sampled_from(["NO_KEY", "DUPLICATE_KEY", "UNKNOWN_INSTITUTION"]), unique=True)


@st.composite
def papers(draw: st.DrawFn, parcels: int) -> list[Paper]:
    """Draw papers, each received with one of so many parcels; the first is a register that comes before them all."""
    found = [register(0, -1, draw(FLAWS))]
    for number, kind in enumerate(KINDS):
        found.append(draw(kind(draw(st.integers(0, parcels - 1)), f"{number:02d}")))
    for number, torn in ((1, []), (2, ["TORN"])):
        found.append(register(number, draw(st.integers(0, parcels - 1)), [*draw(FLAWS), *torn]))
    return found
