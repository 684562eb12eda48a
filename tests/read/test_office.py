"""Registers, lists, movements and headcounts: as offices write them, every row with a state."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime

import openpyxl
import pytest

from pipeline.lake import clock_from
from pipeline.read.sheets import NoSpreadsheet, open_sheets
from pipeline.sql import Workbench
from tests.read.desk import Desk, rows

Cells = Sequence[object]
INSTITUTION = (
    "institution_id", "bin", "site_no", "name_kk", "name_ru", "category_code", "kato", "capacity", "governing_order", "head_order_no",
    "head_order_on", "is_web_only", "closed_on",
)  # fmt: skip
MOVEMENT = (
    "movement_no", "movement_type", "occurred_on", "occurred_time", "iin", "family_name", "given_name", "patronymic", "sex", "birth_date",
    "other_institution_id", "other_kato", "ward",
)  # fmt: skip
HEADCOUNT = (
    "institution_id", "moment_at", "present_count", "temporarily_absent_count", "living_in_staff_count", "usual_present_count",
    "signed_by_staff_id", "signed_on",
)  # fmt: skip
HEADER = (
    "№ п/п",
    "Фамилия",
    "Имя",
    "Отчество",
    "Дата рождения",
    "Пол",
    "ИИН",
    "Дата поступления",
    "Отделение",
    "Примечание",
)
TITLES: list[Cells] = [("КГУ «Дом»",), ("СПИСОК",), ("по состоянию на 01.06.2021",), ("составлен 05.07.2021",)]


def workbook(**sheets: Sequence[Cells]) -> bytes:
    """Return a workbook; sheets by name, one of the name `hidden` out of sight."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name == "hidden" else "visible"
        for row in table:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(table: Sequence[Cells], delimiter: str = ";", encoding: str = "utf-8", end: str = "\n") -> bytes:
    """Return a delimited file."""
    return "".join(delimiter.join("" if c is None else str(c) for c in row) + end for row in table).encode(encoding)


def register(*ids: str, **more: Sequence[Cells]) -> bytes:
    """Return a register with these institutions."""
    institutions = [
        (
            i,
            "990140000014",
            1,
            f"{i} kk",
            f"{i} ru",
            "ORPH",
            "471010000",
            40,
            "141/17",
            "12-н/қ",
            date(2021, 7, 6),
            "false",
            None,
        )
        for i in ids
    ]
    return workbook(institution=[INSTITUTION, *institutions], **more)


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A desk whose register knows MNG-0001 and MNG-0002."""
    desk.put("register/reestr.xlsx", register("MNG-0001", "MNG-0002"))
    return desk


def states(bench: Workbench, route: str) -> list[tuple[object, ...]]:
    """Return states and reasons of a route with their numbers."""
    return rows(
        bench, f"SELECT state, reason, count(*) FROM intake_record WHERE route = '{route}' GROUP BY ALL ORDER BY ALL"
    )


def people(bench: Workbench) -> list[tuple[object, ...]]:
    """Return who is on the lists in force."""
    return rows(
        bench,
        "SELECT family_name, given_name, patronymic, birth_on, birth_date_precision, i.sex, iin, admitted_on, ward, note_code, entry_no "
        "FROM list_entry e JOIN list_identity i USING (entry_id) ORDER BY entry_id",
    )


# ------------------------------------------------------------------ lists

PERSON: Cells = (1, "Әлиев", "Ұлан", "Серікұлы", "01.02.1950", "М", "500201300012", "03.04.2019", "2", None)
READ = ("Әлиев", "Ұлан", "Серікұлы", date(1950, 2, 1), "DAY", 1, "500201300012", date(2019, 4, 3), "2", None, 1)


@pytest.mark.parametrize(
    "content",
    [
        workbook(Список=[*TITLES, HEADER, PERSON, [], ("Итого", None, 1)]),
        workbook(Лист1=[], Лист2=[*TITLES, HEADER, PERSON, ("Всего: 1",)]),
        text([*TITLES, HEADER, PERSON, ("Итого", "", 1)]),
        text([*TITLES, HEADER, PERSON, ("Итого", "", 1)], "\t", "utf-8-sig", "\r\n"),
        text([*TITLES, HEADER, PERSON, ("Барлығы: 1",)], ","),
        text([*TITLES, HEADER, PERSON, ("Жиыны", 1)], "\t", "utf-16"),
        workbook(a=[*TITLES, HEADER, (1, *PERSON[1:4], datetime(1950, 2, 1), "муж", 500201300012, date(2019, 4, 3), 2, None), ("Итого", 1)]),  # noqa: DTZ001
    ],
    ids=["xlsx", "second sheet", "csv", "tab bom crlf", "comma", "utf-16", "typed cells"],
)  # fmt: skip
def test_a_list_is_read_in_any_dress(office: Desk, content: bytes) -> None:
    office.put("list/MNG-0001/spisok.any", content)
    bench = office.read_office()
    assert people(bench) == [READ]
    assert rows(
        bench, "SELECT institution_id, list_as_of_on, drawn_up_on, declared_total, entry_count, version_no FROM list"
    ) == [("MNG-0001", date(2021, 6, 1), date(2021, 7, 5), 1, 1, 1)]
    assert states(bench, "list") == [("in_force", None, 1)]


def test_a_list_in_windows_1251(office: Desk) -> None:
    office.put(
        "list/MNG-0001/a.csv",
        text([*TITLES, HEADER, (1, "Иванов", "Пётр", "", "1950", "Ж", "", "", "", "сотрудник")], ";", "cp1251", "\r\n"),
    )
    assert people(office.read_office()) == [
        ("Иванов", "Пётр", None, date(1950, 1, 1), "YEAR", 2, None, None, None, "STAFF", 1)
    ]


def test_a_kazakh_list(office: Desk) -> None:
    header = ("р/с №", "Аты-жөні", "Туған күні", "Жынысы", "ЖСН", "Түскен күні", "Бөлімше", "Ескерту")
    titles = [("«Үй» КММ",), ("01.06.2021 жағдай бойынша, жасалған күні 05.07.2021",)]
    people_ = [
        (1, "Әлиева Дана Серік қызы", "1950-02-01", "Ә"),
        (2, "Мамедов Али Гасан оглы", "01/02/50", "ер"),
        ("3.", "Ким Л.В.", "01/02/19", "е"),
    ]
    office.put("list/MNG-0001/a.xlsx", workbook(a=[*titles, header, *people_, ("Жиыны", None, 3)]))
    bench = office.read_office()
    assert [row[:6] for row in people(bench)] == [
        ("Әлиева", "Дана", "Серік қызы", date(1950, 2, 1), "DAY", 2),
        ("Мамедов", "Али", "Гасан оглы", date(1950, 2, 1), "DAY", 1),
        ("Ким", "Л.", "В.", date(2019, 2, 1), "DAY", 1),
    ]
    assert rows(bench, "SELECT list_as_of_on, drawn_up_on, declared_total FROM list") == [
        (date(2021, 6, 1), date(2021, 7, 5), 3)
    ]


def test_page_headers_sections_and_signatures_are_no_people(office: Desk) -> None:
    table = [
        *TITLES, HEADER, tuple(range(1, 11)), PERSON, ("Отделение № 2",), [], HEADER, (2, "Ким", "Ли"), (3,), ("", "Без номера", "Анна"),
        ("Итого", "", 3), [], ("Директор", "", "_______"), ("Директор", "Сериков Б."), ("4", "Поздно", "Внесён"),
    ]  # fmt: skip
    office.put("list/MNG-0001/a.xlsx", workbook(a=table))
    bench = office.read_office()
    assert [row[0] for row in people(bench)] == ["Әлиев", "Ким", "Без номера", "Поздно"]
    assert rows(bench, "SELECT declared_total, entry_count FROM list") == [(3, 4)]


def test_a_row_above_the_header_is_on_the_list_and_marked_or_held(office: Desk) -> None:
    office.put(
        "list/MNG-0001/a.xlsx",
        workbook(a=[PERSON, (None, "Ким", "Ли", None, "01.02.1950"), *TITLES, HEADER, ("2", "Цой")]),
    )
    bench = office.read_office()
    assert [row[0] for row in people(bench)] == ["Цой", "Әлиев"]
    assert states(bench, "list") == [("in_force", "OUTSIDE_LIST", 1), ("in_force", None, 1), ("quarantined", "OUTSIDE_LIST", 1)]  # fmt: skip


def test_two_sites_in_one_file_are_two_lists(office: Desk) -> None:
    first = [("Дом (MNG-0001)",), ("по состоянию на 01.06.2021",), HEADER, PERSON, ("Итого: 1",)]
    second = [
        [],
        ("Приют (MNG-0002)",),
        ("по состоянию на 02.06.2021",),
        HEADER,
        (1, "Ким", "Ли"),
        (2, "Цой", "Ан"),
        ("Итого: 2",),
    ]
    office.put("list/MNG-0001/a.xlsx", workbook(a=[*first, *second]))
    bench = office.read_office()
    assert rows(bench, "SELECT institution_id, list_as_of_on, declared_total, entry_count FROM list ORDER BY 1") == [
        ("MNG-0001", date(2021, 6, 1), 1, 1),
        ("MNG-0002", date(2021, 6, 2), 2, 2),
    ]


def test_of_several_sites_in_a_title_the_sender_is_meant_or_nobody_can_say_which(desk: Desk) -> None:
    desk.put("register/reestr.xlsx", register(*(f"MNG-000{number}" for number in range(1, 6))))
    kim, tsoi, pak = (1, "Ким", "Ли"), (1, "Цой", "Ан"), (1, "Пак", "Ан")
    desk.put("list/MNG-0001/a.csv", text([HEADER, PERSON]))
    desk.put("list/MNG-0003/a.csv", text([HEADER, kim]))
    desk.receive("list")
    desk.put("list/MNG-0002/b.csv", text([("Филиал MNG-0002 при MNG-0001",), HEADER, tsoi]))
    desk.put(
        "list/MNG-0003/b.csv",
        text([("Переведены в MNG-0001, MNG-0002",), HEADER, pak, ("Отделение № 2",), HEADER, tsoi]),
    )
    desk.put(
        "list/MNG-0004/b.csv", text([("Код учреждения: MNG-0005",), HEADER, tsoi, ("Отделение № 2",), HEADER, pak])
    )
    bench = desk.read_office()
    assert rows(bench, "SELECT institution_id, entry_count FROM list ORDER BY 1") == [
        ("MNG-0001", 1), ("MNG-0002", 1), ("MNG-0003", 1), ("MNG-0005", 2),
    ]  # fmt: skip
    held = "SELECT institution_id, reason, count(*) FROM intake_record WHERE state = 'quarantined' GROUP BY ALL"
    assert rows(bench, held) == [("MNG-0003", "UNKNOWN_INSTITUTION", 2)]


def test_a_list_sent_again_replaces_only_the_list_of_that_site(office: Desk) -> None:
    office.put(
        "list/MNG-0001/a.csv",
        text([("Дом (MNG-0001)",), HEADER, PERSON, ("Итого: 1",), ("Приют (MNG-0002)",), HEADER, (1, "Ким", "Ли")]),
    )
    office.receive("list")
    office.put("list/MNG-0002/b.csv", text([HEADER, (1, "Цой", "Ан"), (2, "Пак", "Ан")]))
    bench = office.read_office()
    assert [row[0] for row in people(bench)] == ["Әлиев", "Цой", "Пак"] or sorted(row[0] for row in people(bench)) == [
        "Пак",
        "Цой",
        "Әлиев",
    ]
    assert states(bench, "list") == [("in_force", None, 3), ("replaced", "NEWER_LIST", 1)]
    assert rows(bench, "SELECT institution_id, version_no FROM list ORDER BY 1") == [("MNG-0001", 1), ("MNG-0002", 2)]


def test_versions_of_a_list_are_compared(office: Desk) -> None:
    """Ким leaves, Ли comes, Пак moves to another ward, Тен is only numbered anew; the other site is compared with nothing."""
    kim, pak, ten, li = ((None, name, "А", "", "01.02.1950", "М", "", "", "2") for name in ("Ким", "Пак", "Тен", "Ли"))
    office.put("list/MNG-0001/a.csv", text([HEADER, (1, *kim[1:]), (2, *pak[1:]), (3, *ten[1:])]))
    office.put("list/MNG-0001/b.csv", text([HEADER, (1, *li[1:]), (2, *pak[1:-1], "3"), (4, *ten[1:])]))
    office.put("list/MNG-0002/a.csv", text([HEADER, (1, *kim[1:]), (2, *kim[1:])]))
    bench = office.read_office()
    assert rows(bench, "SELECT * EXCLUDE (list_id) FROM list_diff ORDER BY ALL") == [
        ("MNG-0001", 1, 3, 0, 0, 0),
        ("MNG-0001", 2, 1, 1, 1, 1),
        ("MNG-0002", 1, 2, 0, 0, 0),
    ]


PAGE_MORE: list[Cells] = [(31, "Ким", "Ли"), (32, "Цой", "Ан")]
PAGES: dict[str, tuple[Sequence[Cells], list[str]]] = {
    "numbers and names": (PAGE_MORE, ["HEADER_NOT_FOUND"]),
    "names and years": ([("Ким Ли", 1950), ("Цой Ан", 1951)], ["HEADER_NOT_FOUND"]),
    "an IIN": ([(None, "500201300012")], ["HEADER_NOT_FOUND"]),
    "an unknown header": ([("п", "Проживающий", "Когда"), (1, "Ким Ли", "01.02.1950"), (2, "Цой Ан", "01.02.1951")], ["MAPPING_UNCERTAIN"]),
    "notes": ([("БИН", "990140000014"), (1, "Заполните все графы"), ("Отчёт о работе", 2021)], []),
    "a known header": ([HEADER, *PAGE_MORE], []),
}  # fmt: skip


def test_a_sheet_of_people_beside_a_list_is_on_it_or_told(desk: Desk) -> None:
    sites = [f"MNG-000{number}" for number in range(len(PAGES))]
    desk.put("register/reestr.xlsx", register(*sites))
    for site, (sheet, _) in zip(sites, PAGES.values(), strict=True):
        desk.put(f"list/{site}/a.xlsx", workbook(a=[HEADER, PERSON], b=sheet))
    bench = desk.read_office()
    told = "SELECT institution_id, reason, record_no = 0 FROM intake_record WHERE state = 'quarantined' ORDER BY ALL"
    assert rows(bench, told) == [
        (site, reason, reason == "MAPPING_UNCERTAIN")
        for site, (_, reasons) in zip(sites, PAGES.values(), strict=True)
        for reason in reasons
    ]
    assert rows(bench, "SELECT DISTINCT record_no FROM intake_record WHERE state = 'in_force' AND route = 'list' ORDER BY 1") == [(1,), (2,), (3,)]  # fmt: skip
    assert rows(bench, "SELECT entry_count FROM list ORDER BY institution_id") == [(1,)] * 5 + [(3,)]


def test_an_empty_list_is_a_list(office: Desk) -> None:
    office.put("list/MNG-0001/a.csv", text([*TITLES, HEADER, ("Итого", 0)]))
    assert rows(office.read_office(), "SELECT declared_total, entry_count FROM list") == [(0, 0)]


@pytest.mark.parametrize(
    ("content", "state", "reason"),
    [
        (b"", "unreadable", "EMPTY_FILE"),
        (b"PK\x03\x04 not a workbook", "unreadable", "NOT_A_SPREADSHEET"),
        (b"%PDF-1.4\n\x00\x01\x02", "unreadable", "NOT_A_SPREADSHEET"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "unreadable", "NOT_A_SPREADSHEET"),
        (text([("Список",), ("Иванов", "1950")]), "quarantined", "HEADER_NOT_FOUND"),
        (workbook(a=[]), "quarantined", "HEADER_NOT_FOUND"),
        (text([HEADER, (1, "", "", "", "01.01.1950", "М", "", "", "2", "")]), "quarantined", "NO_IDENTITY"),
        (text([HEADER, (1, "Ким", "Ли", "", "31.02.1950")]), "in_force", "VALUE_SET_ASIDE"),
        (text([HEADER, (1, "Ким", "Ли", "", "", "оба")]), "in_force", "VALUE_SET_ASIDE"),
    ],
)
def test_bad_lists_have_a_state_and_a_reason(office: Desk, content: bytes, state: str, reason: str) -> None:
    office.put("list/MNG-0001/a.xlsx", content)
    office.receive_office()
    bench = office.read()
    assert states(bench, "list") == [(state, reason, 1)]
    assert rows(bench, "SELECT record_count FROM batch WHERE route = 'list'") == [(1,)]


HEADER_ALONE = [*TITLES, HEADER]
OTHER_SITE: Cells = ("Приют ({other})",)
LAST_YEAR = [("по состоянию на 01.06.2020",), HEADER, (1, "Ахметов", "Ан"), ("Итого: 1",)]
# sheets that come after a good list of two sites, and why rows of the one site and of the other are then held
NEWER: dict[str, tuple[dict[str, list[Cells]], list[str], list[str]]] = {
    "no header": ({"a": [("Список",), ("Иванов", "1950")]}, ["HEADER_NOT_FOUND"], []),
    "a header": ({"a": HEADER_ALONE}, ["NO_ROWS"], []),
    "a total": ({"a": [*HEADER_ALONE, ("Итого", 7)]}, ["NO_ROWS"], []),
    "nobody with a name": ({"a": [HEADER, (1, "", "", "", "01.01.1950", "М")]}, ["NO_IDENTITY"], []),
    "no rows of the other site": ({"a": [HEADER, PERSON, ("Итого: 1",), OTHER_SITE, HEADER]}, [], ["NO_ROWS"]),
    "no rows of both": ({"a": [HEADER, ("Итого: 1",), OTHER_SITE, HEADER]}, ["NO_ROWS"], ["NO_ROWS"]),
    "last year's list out of sight": ({"a": HEADER_ALONE, "hidden": LAST_YEAR}, ["HIDDEN_SHEET", "NO_ROWS"], []),
    "last year's beside this one": ({"a": [HEADER, PERSON, ("Итого: 1",)], "hidden": LAST_YEAR}, ["HIDDEN_SHEET"], []),
    "the other site's out of sight": ({"a": [HEADER, PERSON], "hidden": [OTHER_SITE, *LAST_YEAR]}, [], ["HIDDEN_SHEET"]),
    "an empty ward": ({"a": [("Отделение 1",), HEADER, PERSON], "b": [("Отделение 2",), HEADER]}, [], []),
}  # fmt: skip


def test_a_list_whose_rows_were_lost_replaces_nothing_and_is_settled_by_the_next(desk: Desk) -> None:
    pairs = [(f"MNG-00{number}", f"MNG-01{number}") for number in range(len(NEWER))]
    sites = sorted(site for pair in pairs for site in pair)
    desk.put("register/reestr.xlsx", register(*sites))
    good = [HEADER, PERSON, ("Итого: 1",), OTHER_SITE, HEADER, (1, "Ким", "Ли")]
    for site, other in pairs:
        desk.put(f"list/{site}/a.csv", text(of_pair(good, other)))
    desk.receive("list")
    for (site, other), (sheets, _, _) in zip(pairs, NEWER.values(), strict=True):
        desk.put(f"list/{site}/b.xlsx", workbook(**{name: of_pair(table, other) for name, table in sheets.items()}))
    bench = desk.read_office()
    assert rows(bench, "SELECT institution_id, entry_count FROM list ORDER BY 1") == [(site, 1) for site in sites]
    assert rows(bench, "SELECT institution_id FROM list WHERE declared_total <> entry_count") == []
    held = "SELECT institution_id, reason FROM intake_record WHERE state = 'quarantined' ORDER BY ALL"
    assert rows(bench, held) == sorted(
        (site, reason)
        for pair, (_, *reasons) in zip(pairs, NEWER.values(), strict=True)
        for site, own in zip(pair, reasons, strict=True)
        for reason in own
    )
    for site in sites:
        desk.put(f"list/{site}/c.csv", text([HEADER, (1, "Цой", "Ан")]))
    [(earlier,)] = rows(bench, "SELECT count(*) FROM intake_record WHERE route = 'list'")
    assert states(desk.read_office(), "list") == [("in_force", None, len(sites)), ("replaced", "NEWER_LIST", earlier)]


def of_pair(table: list[Cells], other: str) -> list[Cells]:
    """Return a table in which the other site is named."""
    return [[cell.format(other=other) if isinstance(cell, str) else cell for cell in row] for row in table]


@pytest.mark.parametrize(("end", "holds"), [(b"", "Ким"), (b"\n", "Әлиев")], ids=["unchanged", "an empty line more"])
def test_an_earlier_list_comes_back_into_force_only_if_its_file_is_another(
    office: Desk, end: bytes, holds: str
) -> None:
    good, wrong = text([HEADER, PERSON]), text([HEADER, (1, "Ким", "Ли")])
    for day, content in enumerate((good, wrong, good + end)):
        office.put("list/MNG-0001/a.csv", content)
        office.receive("list", clock_from(datetime(2021, 8, 1 + day, tzinfo=UTC)))
    assert [row[0] for row in people(office.read_office())] == [holds]


def test_a_list_with_a_total_of_nobody_replaces_the_earlier_one(office: Desk) -> None:
    office.put("list/MNG-0001/a.csv", text([HEADER, PERSON]))
    office.receive("list")
    office.put("list/MNG-0001/b.csv", text([*HEADER_ALONE, ("Итого", 0)]))
    bench = office.read_office()
    assert (people(bench), states(bench, "list")) == ([], [("replaced", "NEWER_LIST", 1)])


def test_a_list_of_an_unknown_institution_is_held(office: Desk) -> None:
    office.put("list/MNG-0099/a.csv", text([HEADER, PERSON]))
    office.put("list/nobody.csv", text([HEADER, (1, "Ким", "Ли")]))
    bench = office.read_office()
    assert states(bench, "list") == [("quarantined", "UNKNOWN_INSTITUTION", 2)]
    assert rows(bench, "SELECT count(*) FROM list") == [(0,)]


def test_a_damaged_newer_list_does_not_replace(office: Desk) -> None:
    office.put("list/MNG-0001/a.csv", text([HEADER, PERSON]))
    office.receive("list")
    office.put("list/MNG-0001/b.csv", b"\x00\x01")
    bench = office.read_office()
    assert len(people(bench)) == 1
    assert states(bench, "list") == [("in_force", None, 1), ("unreadable", "NOT_A_SPREADSHEET", 1)]


def test_formulas_are_not_evaluated(office: Desk) -> None:
    office.put(
        "list/MNG-0001/a.xlsx", workbook(a=[HEADER, (1, "=1+1", '=HYPERLINK("http://x")', "", "", "", "500201300012")])
    )
    assert [row[:3] for row in people(office.read_office())] == [(None, None, None)]


def test_an_unpaired_quote_does_not_swallow_the_rows_after_it(office: Desk) -> None:
    lines = [f'{n};"Фамилия{n};Имя' for n in range(1, 20)]
    office.put("list/MNG-0001/a.csv", ("№;Фамилия;Имя\n" + "\n".join(lines) + "\n").encode())
    assert rows(office.read_office(), "SELECT count(*) FROM list_entry") == [(19,)]


def test_an_unpaired_quote_in_the_header_does_not_swallow_the_row_below(office: Desk) -> None:
    header = b'institution_id,moment_at,"present_count,temporarily_absent_count,signed_on'
    office.put("headcount/MNG-0001/a.csv", header + b"\nMNG-0001,2021-08-31T23:00:00+05:00,11,0,2021-09-15\n")
    assert rows(office.read_office(), "SELECT count(*) FROM intake_record WHERE route = 'headcount'") == [(1,)]


# ------------------------------------------------------------------ register


def test_a_newer_register_replaces_the_older_whole(desk: Desk) -> None:
    staff = [
        ("staff_id", "institution_id", "full_name", "order_no", "order_on", "trained_on"),
        ("ST-1", "MNG-0001", "Сериков Б", "1", date(2021, 7, 1), None),
    ]
    desk.put("register/a.xlsx", register("MNG-0001", "MNG-0002", staff=staff))
    desk.receive("register", clock_from(datetime(2021, 7, 1, tzinfo=UTC)))
    desk.put("register/b.xlsx", register("MNG-0001", "MNG-0003"))
    bench = desk.read_office()
    assert rows(bench, "SELECT institution_id FROM institution ORDER BY 1") == [("MNG-0001",), ("MNG-0003",)]
    assert rows(bench, "SELECT count(*) FROM staff") == [(0,)]
    assert states(bench, "register") == [("in_force", None, 2), ("replaced", "NEWER_REGISTER", 3)]
    earlier = desk.bench(datetime(2021, 8, 1, tzinfo=UTC))
    from pipeline.read import office

    office.run(earlier)
    assert rows(earlier, "SELECT institution_id FROM institution ORDER BY 1") == [("MNG-0001",), ("MNG-0002",)]
    assert rows(earlier, "SELECT staff_id, order_on FROM staff") == [("ST-1", date(2021, 7, 1))]
    assert rows(earlier, "SELECT full_name FROM staff_identity") == [("Сериков Б",)]


def test_register_values_are_typed(office: Desk) -> None:
    bench = office.read_office()
    assert rows(
        bench,
        "SELECT institution_id, bin, site_no, capacity, head_order_on, is_web_only, closed_on FROM institution ORDER BY 1 LIMIT 1",
    ) == [("MNG-0001", "990140000014", 1, 40, date(2021, 7, 6), False, None)]


def test_bad_register_rows_are_held_and_bad_cells_set_aside(desk: Desk) -> None:
    good = ["MNG-0001", None, "one", "kk", "ru", "ORPH", None, "many", None, None, "never", "maybe", None]
    devices = [
        ("device_id", "institution_id", "act_no"),
        ("TB-1", "MNG-0001", "1"),
        ("TB-2", "MNG-0099", "2"),
        ("TB-3", None, "4"),
        (None, "MNG-0001", "3"),
    ]
    content = workbook(
        institution=[INSTITUTION, good, good, ["", "x"], ["два слова"]], device=devices, notes=[("free", "text")]
    )
    desk.put("register/a.xlsx", content)
    bench = desk.read_office()
    assert states(bench, "register") == [
        ("in_force", "VALUE_SET_ASIDE", 1),
        ("in_force", None, 1),
        ("quarantined", "DUPLICATE_KEY", 1),
        ("quarantined", "NO_KEY", 3),
        ("quarantined", "UNKNOWN_INSTITUTION", 2),
    ]


def test_the_highest_tier_of_a_ward_is_read_and_what_cannot_be_is_the_most_sensitive(desk: Desk) -> None:
    header = ("institution_id", "ward_tier")
    sites = [("A", "S2"), ("B", None), ("C", "high")]
    desk.put("register/a.xlsx", workbook(institution=[header, *sites]))
    bench = desk.read_office()
    assert rows(bench, "SELECT institution_id, ward_tier FROM institution ORDER BY 1") == [
        ("A", "S2"),
        ("B", None),
        ("C", "S3"),
    ]
    assert states(bench, "register") == [("in_force", "VALUE_SET_ASIDE", 1), ("in_force", None, 2)]


def test_a_tablet_handed_on_has_an_act_for_each_holder(desk: Desk) -> None:
    """R10: the newest act is the tablet's, those before say whose it was then; of one day there is one."""
    devices = [
        ("device_id", "institution_id", "issued_on", "returned_on", "public_key", "key_revoked_on"),
        ("TB-1", "MNG-0002", date(2021, 10, 6), None, "K", None),
        ("TB-1", "MNG-0001", date(2021, 9, 28), date(2021, 10, 6), "K", date(2021, 10, 9)),
        ("TB-1", "MNG-0001", "28.09.2021", None, "K", None),
    ]
    desk.put("register/a.xlsx", register("MNG-0001", "MNG-0002", device=devices))
    bench = desk.read_office()
    assert rows(bench, "SELECT institution_id, issued_on, key_revoked_on FROM device") == [
        ("MNG-0002", date(2021, 10, 6), date(2021, 10, 9))
    ]
    assert rows(bench, "SELECT acts_since, institution_id, issued_on, returned_on FROM device_before") == [
        (1, "MNG-0001", date(2021, 9, 28), date(2021, 10, 6))
    ]
    assert states(bench, "register") == [("in_force", None, 4), ("quarantined", "DUPLICATE_KEY", 1)]


def test_certificates_are_ranges_of_numbers_in_the_hands_of_staff(desk: Desk) -> None:
    staff = [("staff_id", "institution_id"), ("ST-1", "MNG-0001"), ("ST-2", "MNG-0099")]
    issued = [
        ("first_no", "last_no", "staff_id", "act_no", "issued_on"),
        ("0000101", "0000150", "ST-1", "С-1", date(2021, 8, 30)),
        (101, 110, "ST-1", "С-2", None),  # the same first number without its zeros
        ("151", "150", "ST-1", "С-3", None),
        ("201", "250", "ST-2", "С-4", None),  # of an institution nobody knows
        ("850101300123", "850101300124", "ST-1", "С-5", None),  # too long: it might be an IIN
    ]
    back = [
        ("first_no", "last_no", "staff_id", "act_no", "returned_on", "reason_code"),
        (140, 150, "ST-1", "В-1", date(2021, 11, 3), "RETURNED"),
        (103, 103, "ST-1", "В-1", "03.11.2021", "LOST"),
    ]
    desk.put("register/a.xlsx", register("MNG-0001", staff=staff, certificate=issued, certificate_return=back))
    bench = desk.read_office()
    assert rows(bench, "SELECT first_no, last_no, staff_id, act_no, issued_on FROM certificate") == [
        (101, 150, "ST-1", "С-1", date(2021, 8, 30))
    ]
    assert rows(bench, "SELECT first_no, last_no, returned_on, reason_code FROM certificate_return") == [
        (140, 150, date(2021, 11, 3), "RETURNED")
    ]
    held = "SELECT kind, reason, count(*) FROM intake_record WHERE state = 'quarantined' AND kind <> 'staff' GROUP BY ALL ORDER BY ALL"
    assert rows(bench, held) == [
        ("certificate", "BAD_RANGE", 1),
        ("certificate", "DUPLICATE_KEY", 1),
        ("certificate", "NO_KEY", 1),
        ("certificate", "UNKNOWN_STAFF", 1),
        ("certificate_return", "BAD_REASON", 1),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (workbook(institution=[INSTITUTION]), "HEADER_NOT_FOUND"),
        (workbook(institution=[("a", "b"), (1, 2)]), "NO_INSTITUTIONS"),
        (workbook(other=[INSTITUTION, ("MNG-0009",)]), "HEADER_NOT_FOUND"),
        (b"not a workbook", "HEADER_NOT_FOUND"),
    ],
)
def test_a_register_without_institutions_is_held_and_the_older_stays(office: Desk, content: bytes, reason: str) -> None:
    office.receive("register")
    office.put("register/z.xlsx", content)
    bench = office.read_office()
    assert rows(bench, "SELECT count(*) FROM institution") == [(2,)]
    assert states(bench, "register") == [("in_force", None, 2), ("quarantined", reason, 1)]


# ------------------------------------------------------------------ movements and headcounts


def movement(number: object = 1, kind: str = "ADMISSION", day: object = "2021-07-01", clock: object = None) -> Cells:
    """Return a movement's row."""
    return (number, kind, day, clock, "500201300012", "Әлиев", "Ұлан", None, 1, "1950-02-01", None, None, "2")


def test_movements_are_typed(office: Desk) -> None:
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, movement(clock="23:37")], ","))
    office.put(
        "movement/MNG-0002/a.xlsx",
        workbook(m=[MOVEMENT, (*movement(day=date(2021, 7, 1))[:4], 50201300012, *movement()[5:])]),
    )
    bench = office.read_office()
    assert rows(
        bench,
        "SELECT institution_id, movement_no, movement_type, occurred_on, occurred_time, occurred_at FROM movement ORDER BY 1",
    ) == [
        ("MNG-0001", "1", "ADMISSION", date(2021, 7, 1), "23:37", datetime(2021, 7, 1, 18, 37)),  # noqa: DTZ001
        ("MNG-0002", "1", "ADMISSION", date(2021, 7, 1), None, None),
    ]
    assert rows(bench, "SELECT iin, family_name, sex, birth_on FROM movement_identity ORDER BY iin") == [
        ("050201300012", "Әлиев", 1, date(1950, 2, 1)),
        ("500201300012", "Әлиев", 1, date(1950, 2, 1)),
    ]


def test_a_movement_sent_again_replaces_and_the_same_again_is_repeated(office: Desk) -> None:
    office.put("movement/MNG-0001/1.csv", text([MOVEMENT, movement(1), movement(2), movement(3)], ","))
    office.receive("movement")
    office.put(
        "movement/MNG-0001/2.xlsx",
        workbook(m=[MOVEMENT, movement(1), movement(2, "DISCHARGE"), movement(2, "DISCHARGE")]),
    )
    bench = office.read_office()
    assert states(bench, "movement") == [
        ("in_force", None, 3),
        ("repeated", "SAME_AGAIN", 2),
        ("replaced", "NEWER_ROW", 1),
    ]
    assert rows(bench, "SELECT movement_no, movement_type FROM movement ORDER BY 1") == [
        ("1", "ADMISSION"),
        ("2", "DISCHARGE"),
        ("3", "ADMISSION"),
    ]


def test_of_two_movements_with_one_number_in_a_file_the_second_is_held(office: Desk) -> None:
    journal = [movement(1, "FLIGHT"), movement(1), movement(2), movement(1, day="2021-08-01"), movement(2)]
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, *journal], ","))
    bench = office.read_office()
    assert states(bench, "movement") == [
        ("in_force", None, 2),
        ("quarantined", "BAD_TYPE", 1),
        ("quarantined", "DUPLICATE_KEY", 1),
        ("repeated", "SAME_AGAIN", 1),
    ]
    assert rows(bench, "SELECT movement_no, occurred_on FROM movement ORDER BY 1") == [
        ("1", date(2021, 7, 1)),
        ("2", date(2021, 7, 1)),
    ]


def test_what_a_movement_says_otherwise_is_left_empty_and_marked(office: Desk) -> None:
    odd = [
        {"iin": "нет"}, {"iin": 12345}, {"sex": 3}, {"sex": "ж"}, {"birth_date": "весной"}, {"occurred_time": "утром"},
        {"occurred_on": "2021-07-01 00:00:00"}, {"birth_date": "01.02.1950 0:00"}, {"iin": "50201300012"},
    ]  # fmt: skip
    sent = [
        [said.get(name, cell) for name, cell in zip(MOVEMENT, movement(number), strict=True)]
        for number, said in enumerate(odd)
    ]
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, *sent], ","))
    office.put("movement/MNG-0002/a.xlsx", workbook(m=[MOVEMENT, movement(day=datetime(2021, 7, 1, 14, 30))]))  # noqa: DTZ001  # a cell has no zone
    bench = office.read_office()
    assert states(bench, "movement") == [("in_force", "VALUE_SET_ASIDE", 6), ("in_force", None, 4)]
    assert rows(bench, "SELECT DISTINCT occurred_on FROM movement") == [(date(2021, 7, 1),)]
    kept = "SELECT count(iin), count(sex), count(birth_on), count(DISTINCT birth_on) FROM movement_identity"
    assert rows(bench, kept) == [(8, 8, 9, 1)]


def test_bad_movements_are_held(office: Desk) -> None:
    bad = [movement(None), movement(2, "FLIGHT"), movement(3, day="soon"), movement(4, day=None)]
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, *bad, movement(5)], ","))
    office.put("movement/MNG-0099/a.csv", text([MOVEMENT, movement(1)], ","))
    office.put("movement/MNG-0002/a.csv", text([("номер", "вид"), (1, 2)], ","))
    assert states(office.read_office(), "movement") == [
        ("in_force", None, 1),
        ("quarantined", "BAD_DATE", 2),
        ("quarantined", "BAD_TYPE", 1),
        ("quarantined", "HEADER_NOT_FOUND", 1),
        ("quarantined", "NO_KEY", 1),
        ("quarantined", "UNKNOWN_INSTITUTION", 1),
    ]


def count(institution: str = "MNG-0001", present: object = 0) -> Cells:
    """Return a headcount's row."""
    return (institution, "2021-08-31T23:00:00+05:00", present, 1, 2, 0, "ST-1", "2021-09-03")


def test_a_headcount_of_nobody_is_an_answer(office: Desk) -> None:
    office.put("headcount/MNG-0001/a.csv", text([HEADCOUNT, count()], ","))
    assert rows(
        office.read_office(), "SELECT moment_at, present_count, temporarily_absent_count, signed_on FROM headcount"
    ) == [
        (datetime(2021, 8, 31, 18), 0, 1, date(2021, 9, 3))  # noqa: DTZ001
    ]


@pytest.mark.parametrize(
    ("written", "moment", "reason"),
    [
        (datetime(2021, 9, 1), datetime(2021, 8, 31, 19), None),  # noqa: DTZ001  # midnight, of which a date cell keeps the day
        ("около полуночи", None, "VALUE_SET_ASIDE"),
    ],
)
def test_the_moment_of_a_headcount_is_read_or_marked(
    office: Desk, written: object, moment: datetime | None, reason: str | None
) -> None:
    office.put("headcount/MNG-0001/a.xlsx", workbook(h=[HEADCOUNT, ("MNG-0001", written, *count()[2:])]))
    bench = office.read_office()
    assert rows(bench, "SELECT moment_at FROM headcount") == [(moment,)]
    assert states(bench, "headcount") == [("in_force", reason, 1)]


def test_headcounts_replace_and_bad_ones_are_held(office: Desk) -> None:
    office.put("headcount/MNG-0001/1.csv", text([HEADCOUNT, count(present=5)], ","))
    office.receive("headcount")
    office.put("headcount/MNG-0001/2.csv", text([HEADCOUNT, count(present=6)], ","))
    office.receive("headcount")
    office.put("headcount/MNG-0001/3.csv", text([HEADCOUNT, count(present="many")], ","))
    office.put("headcount/MNG-0002/1.csv", text([HEADCOUNT, count("MNG-0001", 7)], ","))
    bench = office.read_office()
    assert rows(bench, "SELECT institution_id, present_count FROM headcount") == [("MNG-0001", 6)]
    assert states(bench, "headcount") == [
        ("in_force", None, 1),
        ("quarantined", "BAD_COUNT", 1),
        ("quarantined", "OTHER_SENDER", 1),
        ("replaced", "NEWER_ROW", 1),
    ]


@pytest.mark.parametrize(
    ("route", "header", "held"),
    [
        ("headcount", HEADCOUNT, [("quarantined", "NO_ROWS", 1)]),
        ("movement", MOVEMENT, []),  # nobody came or went
        ("movement", (*MOVEMENT[:-1], "ward\u0a00\u3100\u2c00"), [("quarantined", "NO_ROWS", 1)]),
    ],
)
def test_a_header_with_nothing_below_it_says_so_unless_that_is_an_answer(
    office: Desk, route: str, header: Cells, held: list[tuple[str, str, int]]
) -> None:
    office.put(f"{route}/MNG-0001/a.csv", text([header], ","))
    assert states(office.read_office(), route) == held


# ------------------------------------------------------------------ the ledger, batches, spreadsheets


def test_every_row_has_one_state_and_batches_count_them(office: Desk) -> None:
    office.put(
        "list/MNG-0001/a.csv", text([*TITLES, HEADER, PERSON, PERSON, (3, "", "", "", "1950", "М"), ("Итого", 3)])
    )
    office.put("movement/MNG-0001/a.csv", text([MOVEMENT, movement(1), movement(1)], ","))
    office.know_tablet()
    office.bundle("tablet_usb/S/TB-1", is_ready=False)
    custody = b'{"medium_id": "USB-1", "employee_id": "DEP-1", "act_no": "7", "reason_code": "NO_NETWORK", "act_case_count": 3, "loaded_at": "2021-11-02T09:30:00+05:00"}'
    office.put("tablet_usb/S/custody.json", custody)
    office.receive("tablet_usb")
    office.receive_office()
    bench = office.read()
    assert rows(bench, "SELECT sum(record_count) FROM batch") == rows(
        bench, "SELECT (SELECT count(*) FROM record) + (SELECT count(*) FROM intake_record)"
    )
    assert rows(bench, "SELECT count(*) FROM intake_record WHERE state IS NULL") == [(0,)]
    assert rows(
        bench,
        "SELECT medium_id, custody_employee_id, custody_act_no, act_case_count, loaded_at, declared_count, bundle_id FROM batch WHERE route = 'tablet_usb'",
    ) == [("USB-1", "DEP-1", "7", 3, datetime(2021, 11, 2, 4, 30), 1, "TB-1")]  # noqa: DTZ001
    assert rows(bench, "SELECT counted_on, declared_count FROM batch_daily") == [(date(2021, 10, 3), 1)]


CUSTODY = {
    "medium_id": "USB-1",
    "employee_id": "DEP-1",
    "institution_id": "MNG-0001",
    "device_id": "TB-0001",
    "reason_code": "VPN_FAILED",
    "copied_at": "2021-10-20T10:00:00+05:00",
}
UNFIT: dict[str, tuple[dict[str, object], list[str]]] = {
    "fits": ({}, []),
    "reason-unknown": ({"reason_code": "BECAUSE"}, ["CUSTODY_REASON"]),
    "reason-missing": ({"reason_code": None}, ["CUSTODY_REASON"]),
    "moment-missing": ({"copied_at": None}, ["CUSTODY_MOMENT"]),
    "moment-of-no-zone": ({"copied_at": "2021-10-20T10:00:00"}, ["CUSTODY_MOMENT"]),
    "of-another-tablet": ({"device_id": "TB-0002"}, ["CUSTODY_TABLET"]),
    "of-another-house": ({"institution_id": "MNG-0002"}, ["CUSTODY_INSTITUTION"]),
    "names-nobody": ({"device_id": None, "institution_id": None}, []),
    "all-wrong": (
        {"reason_code": 7, "device_id": "T", "institution_id": "M", "files": [{"path": "all-wrong/manifest.json", "sha256": "0"}]},
        ["CUSTODY_DIFFERS", "CUSTODY_INSTITUTION", "CUSTODY_REASON", "CUSTODY_TABLET"],
    ),
}  # fmt: skip


def test_what_does_not_fit_in_a_custody_record_is_said_of_its_bundle(office: Desk) -> None:
    office.know_tablet()
    for stick, (said, _) in UNFIT.items():
        office.bundle(f"tablet_usb/{stick}/{stick}", is_ready=False)
        office.put(f"tablet_usb/{stick}/custody.json", json.dumps(CUSTODY | said).encode())
    office.receive("tablet_usb")
    found = rows(office.read(), "SELECT bundle_id, problems FROM batch WHERE route = 'tablet_usb' ORDER BY bundle_id")
    assert found == sorted((stick, problems) for stick, (_, problems) in UNFIT.items())


def test_what_windows_leaves_on_a_stick_is_no_case_and_a_survey_tools_file_is(office: Desk) -> None:
    office.know_tablet()
    export = {"export.zip": hashlib.sha256(b"PK").hexdigest()}
    office.bundle("tablet_usb/S/TB-1", is_ready=False, files_sha256=export)
    (office.bundle("tablet_usb/S/TB-2", is_ready=False) / "signature").unlink()
    office.put("tablet_usb/S/custody.json", json.dumps(CUSTODY | {"act_case_count": 1}).encode())
    for bundle in ("TB-1", "TB-2", "bare"):
        office.put(f"tablet_usb/S/{bundle}/Thumbs.db", b"x")
    for bundle in ("TB-1", "bare"):
        office.put(f"tablet_usb/S/{bundle}/export.zip", b"PK")
    office.put("tablet_usb/S/bare/data.csdb", b"SQLite format 3\0")
    office.put("tablet_usb/S/System Volume Information/WPSettings.dat", b"x")
    office.put("tablet_usb/S/$RECYCLE.BIN/S-1-5-21/desktop.ini", b"x")
    office.put("tablet_usb/S/FOUND.000/FILE0000.CHK", b"x")
    office.receive("tablet_usb")
    assert rows(
        office.read(),
        "SELECT bundle_id, record_count, slot_count, seal_fault, proven_sha256 FROM batch WHERE route = 'tablet_usb' ORDER BY ALL",
    ) == [
        ("TB-1", 3, 2, None, [*export.values()]),
        (None, 1, 0, "BUNDLE_UNSIGNED", []),
        (None, 2, 1, "BUNDLE_UNSIGNED", []),
        (None, 3, 2, "BUNDLE_UNSIGNED", []),  # the files of two survey tools, without a manifest
    ]


def test_a_stick_carries_again_what_an_earlier_one_had_brought(office: Desk) -> None:
    """An export folder grows and is copied whole; the record of the second stick lists what the first had brought."""
    office.know_tablet()
    for stick, bundles in (("S1", ("A",)), ("S2", ("A", "B"))):
        folders = [office.bundle(f"tablet_usb/{stick}/{name}", is_ready=False) for name in bundles]
        listed = [
            {"path": f"{folder.name}/{file.name}", "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
            for folder in folders
            for file in sorted(folder.iterdir())
        ]
        custody = CUSTODY | {"act_no": stick, "act_case_count": len(bundles), "files": listed}
        office.put(f"tablet_usb/{stick}/custody.json", json.dumps(custody).encode())
        office.receive("tablet_usb")
    bench = office.read()
    [(first,)] = rows(bench, "SELECT batch_id FROM batch WHERE custody_act_no = 'S1'")
    carried = "SELECT custody_act_no, bundle_id, carried_batch_ids FROM batch WHERE route = 'tablet_usb' ORDER BY 1"
    assert rows(bench, carried) == [("S1", "A", []), ("S2", "B", [first])]


@pytest.mark.parametrize("listed", [{"a": 1}, [1, {"path": 1}, {"path": "A/x"}, {"path": "x", "sha256": "00"}], None])
def test_a_custody_record_that_lists_nothing_sound_is_no_obstacle(office: Desk, listed: object) -> None:
    office.know_tablet()
    office.bundle("tablet_usb/S/A", is_ready=False)
    office.put("tablet_usb/S/custody.json", json.dumps(CUSTODY | {"files": listed}).encode())
    office.receive("tablet_usb")
    assert rows(office.read(), "SELECT carried_batch_ids FROM batch WHERE route = 'tablet_usb'") == [([],)]


NONSENSE = (
    {"case_count": "many"}, {"case_count": -1}, {"case_count": 10**12}, {"case_count": True}, {"exported_at": "soon"}, {"daily_counts": [1]},
    {"daily_counts": {"monday": 1, "2021-10-03": "x"}}, {"exported_at": "0001-01-01T00:00:00+14:00"}, {"bundle_id": 5},
    {"daily_counts": {"2021-10-03": 1, "20211003": 2, "2021-W39-7": 3}},
)  # fmt: skip


def test_a_nonsensical_statement_of_a_sender_is_no_obstacle(office: Desk) -> None:
    office.know_tablet()
    for number, said in enumerate(NONSENSE):
        office.bundle(f"tablet_vpn/TB-{number}", **said)
    office.receive("tablet_vpn")
    bench = office.read()
    assert rows(bench, "SELECT seal_fault FROM batch WHERE route = 'tablet_vpn'") == [(None,)] * len(NONSENSE)
    assert rows(bench, "SELECT DISTINCT counted_on, declared_count FROM batch_daily") == [(date(2021, 10, 3), 1)]


def test_a_workbook_that_unpacks_to_too_much_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.read.packed.LARGEST_UNPACKED", 1000)
    path = desk.put("x.xlsx", workbook(a=[("x" * 2000,)]))
    with pytest.raises(NoSpreadsheet) as caught:
        open_sheets(path)
    assert caught.value.code == "TOO_LARGE"


# ------------------------------------------------------------------ a register as a folder of csv files


def delivery(desk: Desk, name: str, *, is_ready: bool = True, **files: bytes) -> None:
    """Put a folder with these csv files into the inbox."""
    for stem, content in files.items():
        desk.put(f"register/{name}/{stem}.csv", content)
    if is_ready:
        desk.put(f"register/{name}.ready", b"")


SITE = ["MNG-0001", None, "1", "Үй", "Дом", "ORPH", "471010000", "40", "141/17", "5", "06.07.2021", "false", None]
STAFF = [("staff_id", "institution_id", "full_name", "order_on"), ("ST-1", "MNG-0001", "Сериков Б", "2021-07-01")]


def test_a_folder_with_one_csv_for_each_sheet_is_a_register(desk: Desk) -> None:
    delivery(desk, "2021-07-01", institution=text([INSTITUTION, SITE]), staff=text(STAFF, ",", "cp1251"))
    bench = desk.read_office()
    assert rows(bench, "SELECT institution_id, capacity, head_order_on, is_web_only FROM institution") == [
        ("MNG-0001", 40, date(2021, 7, 6), False)
    ]
    assert rows(bench, "SELECT staff_id, order_on FROM staff") == [("ST-1", date(2021, 7, 1))]
    assert rows(bench, "SELECT full_name FROM staff_identity") == [("Сериков Б",)]
    assert rows(bench, "SELECT count(DISTINCT batch_id), count(*) FROM intake_record") == [(1, 2)]


def test_a_folder_replaces_a_workbook_whole_and_the_other_way_round(office: Desk) -> None:
    office.receive("register", clock_from(datetime(2021, 7, 1, tzinfo=UTC)))
    delivery(office, "b", institution=text([INSTITUTION, SITE]))
    bench = office.read_office()
    assert states(bench, "register") == [("in_force", None, 1), ("replaced", "NEWER_REGISTER", 2)]


def test_a_folder_without_its_flag_is_still_being_written(desk: Desk) -> None:
    delivery(desk, "a", is_ready=False, institution=text([INSTITUTION, SITE]))
    assert desk.receive("register").waiting == 1
    assert not list(desk.lake.landing.glob("register/*"))
    desk.put("register/a.ready", b"")
    assert len(desk.receive("register").landed) == 1


def test_what_is_no_sheet_in_a_folder_is_one_unreadable_record_and_the_rest_holds(desk: Desk) -> None:
    delivery(desk, "a", institution=text([INSTITUTION, SITE]), letter=b"dear colleagues", premises=b"")
    bench = desk.read_office()
    assert states(bench, "register") == [
        ("in_force", None, 1),
        ("unreadable", "EMPTY_FILE", 1),
        ("unreadable", "UNKNOWN_FILE", 1),
    ]
    digests = rows(bench, "SELECT DISTINCT content_sha256 FROM intake_record WHERE state = 'unreadable'")
    assert len(digests) == 2  # of the one file each


@pytest.mark.parametrize("name", ["content.csv", "content.xlsx", "content", "staff"])
def test_a_file_of_a_folder_that_names_no_sheet_is_not_passed_over(desk: Desk, name: str) -> None:
    desk.put(f"register/a/{name}", workbook(staff=STAFF) if name.endswith("xlsx") else text(STAFF))
    delivery(desk, "a", institution=text([INSTITUTION, SITE]))
    assert states(desk.read_office(), "register") == [("in_force", None, 1), ("unreadable", "UNKNOWN_FILE", 1)]


def test_a_folder_without_institutions_replaces_nothing(office: Desk) -> None:
    office.receive("register")
    delivery(office, "z", staff=text(STAFF))
    assert states(office.read_office(), "register") == [("in_force", None, 2), ("quarantined", "NO_INSTITUTIONS", 1)]
