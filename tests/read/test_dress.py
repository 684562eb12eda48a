"""One list in every dress institutions give it: kinds of file, encodings, headers, hidden rows; and files made to do harm."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from pipeline.read import packed
from pipeline.read.lists import Block, read_lists
from pipeline.read.mapping import Proposal, header_sha256, propose
from pipeline.read.sheets import NoSpreadsheet, open_sheets
from pipeline.read.words import load_words
from pipeline.settings import PROJECT

Cells = Sequence[object]
WORDS = load_words(PROJECT / "data" / "reference" / "list_headers.yaml")
LATEST = date(2021, 8, 31)
HEADER: Cells = ("№", "Фамилия, имя, отчество", "Дата рождения", "Пол", "ИИН")
PEOPLE: list[Cells] = [
    (1, "Әлиев Ұлан Серікұлы", date(1950, 2, 1), "М", "500201300012"),
    (2, "Қожа Гүлнар", date(1960, 3, 2), "Ж", None),
]
TITLE: Cells = ("по состоянию на 01.06.2021",)
READ = [
    ("Әлиев", "Ұлан", "Серікұлы", "1950-02-01", 1, "500201300012"),
    ("Қожа", "Гүлнар", None, "1960-03-02", 2, None),
]


def xlsx(rows: Sequence[Cells], prepare: Callable[[openpyxl.Workbook], None] = lambda book: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    prepare(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(rows: Sequence[Cells], hidden: Sequence[int] = ()) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Список")
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for no, row in enumerate(rows):
        for at, cell in enumerate(row):
            if cell is not None:
                sheet.write(no, at, cell, *([day] if isinstance(cell, date) else []))
    for no in hidden:
        sheet.row(no).hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(rows: Sequence[Cells], hidden: Sequence[int] = ()) -> bytes:
    book = OpenDocumentSpreadsheet()
    table = Table(name="Тізім")
    book.spreadsheet.addElement(table)
    for no, row in enumerate(rows):
        line = TableRow(**({"visibility": "collapse"} if no in hidden else {}))
        table.addElement(line)
        for cell in row:
            kind = (
                {"valuetype": "date", "datevalue": cell.isoformat()}
                if isinstance(cell, date)
                else {"valuetype": "float", "value": cell}
                if isinstance(cell, int)
                else {"valuetype": "string"}
                if cell
                else {}
            )
            made = TableCell(**kind)
            if cell is not None:
                made.addElement(P(text=str(cell)))
            line.addElement(made)
    out = io.BytesIO()
    book.write(out)
    return out.getvalue()


def csv(rows: Sequence[Cells], delimiter: str = ";", encoding: str = "utf-8", before: str = "") -> bytes:
    lines = [
        delimiter.join("" if c is None else f"{c:%d.%m.%Y}" if isinstance(c, date) else str(c) for c in row)
        for row in rows
    ]
    return (before + "\r\n".join(lines) + "\r\n").encode(encoding)


def read(content: bytes, folder: Path) -> list[Block]:
    path = folder / "content"
    path.write_bytes(content)
    return read_lists(open_sheets(path), WORDS, LATEST)


def people(blocks: list[Block]) -> list[tuple[object, ...]]:
    columns = ("family_name", "given_name", "patronymic", "birth_on", "sex", "iin")
    return [tuple(entry[name] for name in columns) for block in blocks for entry, held in block.rows if held is None]


ROWS = [TITLE, HEADER, *PEOPLE]
DRESSES = {
    "xlsx": xlsx(ROWS),
    "xls": xls(ROWS),
    "ods": ods(ROWS),
    "pipes": csv([TITLE, ("№", "Т.А.Ә.", "Туған күні", "Жынысы", "ЖСН"), *PEOPLE], "|"),
    "sep=": csv(ROWS, ";", before="sep=;\r\n"),
    "utf-16": csv(ROWS, "\t", "utf-16"),
    "utf-16 without a mark": csv(ROWS, "\t", "utf-16-le"),
    "the other utf-16": csv(ROWS, "\t", "utf-16-be"),
    "windows with kazakh letters": csv(ROWS, ";", "kz1048"),
    "days as numbers": csv([TITLE, HEADER, (1, *PEOPLE[0][1:3], *PEOPLE[0][3:]), PEOPLE[1]]),
    "english": csv([("as of 01.06.2021",), ("No", "Full name", "Date of birth", "Sex", "IIN"), *PEOPLE], ","),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_a_list_is_read_in_every_dress(dress: str, tmp_path: Path) -> None:
    blocks = read(DRESSES[dress], tmp_path)
    assert people(blocks) == READ
    assert [block.as_of_on for block in blocks] == [date(2021, 6, 1)]


def test_a_date_without_its_format_is_a_number_of_days(tmp_path: Path) -> None:
    serial = (date(1950, 2, 1) - date(1899, 12, 30)).days
    rows = [
        HEADER,
        (1, *PEOPLE[0][1:2], serial, *PEOPLE[0][3:]),
        (2, *PEOPLE[1][1:2], 1960, "Ж", None),
        (3, "Ли Ан", 44_500, "М", None),
    ]
    read_as = [
        (entry["birth_on"], entry["birth_date_precision"], entry["is_set_aside"])
        for entry, _ in read(xlsx(rows), tmp_path)[0].rows
    ]
    assert read_as == [("1950-02-01", "DAY", False), ("1960-01-01", "YEAR", False), (None, "UNKNOWN", True)]


def test_a_header_of_two_rows_is_one(tmp_path: Path) -> None:
    def merge(book: openpyxl.Workbook) -> None:
        for area in ("A1:A2", "B1:B2", "C1:E1"):
            book.active.merge_cells(area)

    above = ("№", "Фамилия, имя, отчество", "Сведения", None, None)
    for below in ((None, None, *HEADER[2:]), (None, None, "Дата рождения", "особые", "отметки")):
        blocks = read(xlsx([above, below, *PEOPLE], merge), tmp_path)
        assert [row[:4] for row in people(blocks)] == [row[:4] for row in READ]
    assert people(read(xlsx([above, (None, None, *HEADER[2:]), *PEOPLE], merge), tmp_path)) == READ


def test_who_is_typed_above_the_header_or_below_the_totals_is_not_lost(tmp_path: Path) -> None:
    above = [
        ("Список респондентов",), ("Отделение", "№ 2"), (None, "Список составлен", date(2021, 7, 5)), ("Директор", "Сериков Б.", date(2021, 7, 6)),
        (0, "Ким Ли", date(1950, 2, 1), "М", None), (None, "Ли Ким", None, None, "500201300012"), (None, "Цой Ли", date(1951, 2, 1)),
    ]  # fmt: skip
    below = [
        ("Итого", 2),
        (None, "Пак Ли", None, "Ж", "600302400012"),
        (None, None, None, None, "600302400013"),
        ("Директор", "Сериков Б."),
    ]
    (block,) = read(xlsx([*above, HEADER, *PEOPLE, *below]), tmp_path)
    assert people([block])[2:] == [
        ("Пак", "Ли", None, None, 2, "600302400012"),
        ("Ким", "Ли", None, "1950-02-01", 1, None), ("Ли", "Ким", None, None, None, "500201300012"),
    ]  # fmt: skip
    assert [(entry["family_name"], held) for entry, held in block.rows if held] == [(None, "OUTSIDE_LIST"), ("Цой", "OUTSIDE_LIST")]  # fmt: skip


BARE: Cells = ("ФИО", "Год рождения", "Палата")
KIM, LI, PAK, TSOI = ("Ким Ян", 1950, 1), ("Ли Ан", 1951, 1), ("Пак Ира", "1952", 2), ("Цой Юн", "1953", 2)


def test_who_stands_below_the_total_of_a_ward_is_on_the_list_if_another_total_follows_and_else_held(
    tmp_path: Path,
) -> None:
    below = [
        ("Итого по отделению 1: 2",),
        ("Отделение 2",),
        PAK,
        TSOI,
        ("Директор", "_____"),
        ("Директор", "Сериков Б."),
    ]
    (block,) = read(xlsx([BARE, KIM, LI, *below]), tmp_path)
    assert [row[0] for row in people([block])] == ["Ким", "Ли"]
    assert [(entry["family_name"], held) for entry, held in block.rows[2:]] == [("Пак", "OUTSIDE_LIST"), ("Цой", "OUTSIDE_LIST")]  # fmt: skip
    (block,) = read(xlsx([BARE, KIM, LI, *below, ("Итого по 2 отделению: 2",), ("Всего", 4)]), tmp_path)
    assert [row[0] for row in people([block])] == ["Ким", "Ли", "Пак", "Цой"]
    assert block.declared_total == 4


TITLES_BETWEEN: list[Cells] = [
    ("Отделение 2",), ("2 палата",), ("2-е отделение (мужское)",), ("Мужчины",), ("Әйелдер",), ("Корпус Б",), ("Старшая Группа",),
    ("ВТОРОЕ ОТДЕЛЕНИЕ",), ("Палата интенсивной терапии",), ("Группа «Солнышко»",), ("№ 3 бөлімше",), ("Отделение", "№ 2"),
    ("Мужчин", 12), ("из них женщин", None, 3), ("Men",), ("Ward 2",), (None, "Отделение 2"), (None, None, "2 палата"),
]  # fmt: skip
BETWEEN_UNSURE: list[Cells] = [
    ("Блок Александр",), ("Блок А.А.",), ("Ward John",), ("Ахметов",), ("Спальня 5",), ("младшие школьники",),
]  # fmt: skip
BETWEEN_SOMEBODY: list[Cells] = [
    ("Цой Юн",), ("Әлиева Дана Серік қызы",), ("Ким Л.В.",), ("Блок Александр", 1950), ("Блок А.А.", None, 2), ("Ахметов", 1950), ("Адам И.",),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "held"),
    [
        (TITLES_BETWEEN, []),
        (BETWEEN_UNSURE, ["NO_IDENTITY"] * 6),
        (BETWEEN_SOMEBODY, [None] * 7),
    ],
    ids=["titles", "unsure", "somebody"],
)
def test_a_title_between_rows_without_numbers_is_nobody_and_who_may_be_one_waits(
    rows: list[Cells], held: list[str | None], tmp_path: Path
) -> None:
    (block,) = read(xlsx([BARE, KIM, *rows, LI]), tmp_path)
    assert [why for _, why in block.rows] == [None, *held, None]
    in_parts = ("Фамилия", "Имя", "Палата")
    titles = [row for row in rows if held == []]
    (block,) = read(xlsx([in_parts, ("Ким", "Ян", 1), *titles, ("Ли", "Ан", 1)]), tmp_path)
    assert [row[0] for row in people([block])] == ["Ким", "Ли"]


IN_FULL: Cells = ("№", "ФИО", "Дата рождения", "Примечание")
A, B, C = ((no, name, date(1950, 1, no), None) for no, name in enumerate(("Ким Ян", "Ли Ан", "Пак Ира"), 1))


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([A, ("Выбывшие",), B, C], [None, "DEPARTED", "DEPARTED"]),
        ([A, (None, "Выбывшие"), B, C], [None, "DEPARTED", "DEPARTED"]),
        ([A, ("СПИСОК ВЫБЫВШИХ",), B, C], [None, "DEPARTED", "DEPARTED"]),
        ([A, ("Выбывшие за 2021 год:",), B, C], [None, "DEPARTED", "DEPARTED"]),
        ([A, B, ("Итого", 2), (None, "Обслуживающий персонал"), IN_FULL, C], [None, None, "STAFF"]),
        ([A, ("Қызметкерлер",), B, ("Отделение 2",), C], [None, "STAFF", None]),
        ([A, ("Сотрудники",), B, ("Итого", 2), C], [None, "STAFF", None]),
        ([A, ("На каникулах",), B, (3, "Пак Ира", date(1950, 1, 3), "выбыла")], [None, "LEAVE", "DEPARTED"]),
        ([A, ("Сотрудники", 2), B, C], [None, None, None]),
        ([A, ("Дети и сотрудники",), B, C], [None, None, None]),
    ],
)
def test_a_title_says_of_the_people_below_it_that_they_left_or_are_staff(
    rows: list[Cells], codes: list[str | None], tmp_path: Path
) -> None:
    blocks = read(xlsx([IN_FULL, *rows]), tmp_path)
    assert [entry["note_code"] for block in blocks for entry, _ in block.rows if entry["birth_on"]] == codes


def test_a_title_that_may_mean_two_kinds_of_people_waits_and_a_count_above_the_header_says_nothing(
    tmp_path: Path,
) -> None:
    (block,) = read(xlsx([BARE, KIM, ("Список проживающих и сотрудников",), LI]), tmp_path)
    assert [held for _, held in block.rows] == [None, "NO_IDENTITY", None]
    (block,) = read(xlsx([("Воспитанников", 2), ("Сотрудников", 12), IN_FULL, A, B]), tmp_path)
    assert [entry["note_code"] for entry, _ in block.rows] == [None, None]


def test_what_is_said_of_one_list_is_not_said_of_the_next(tmp_path: Path) -> None:
    one, two = read(xlsx([IN_FULL, A, ("Выбывшие",), B, ("Список на 01.06.2021",), IN_FULL, C]), tmp_path)
    assert [entry["note_code"] for block in (one, two) for entry, _ in block.rows] == [None, "DEPARTED", None]


def test_the_name_of_a_sheet_says_who_is_on_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Воспитанники"
    for row in (IN_FULL, A):
        book.active.append(row)
    left = book.create_sheet("Выбывшие")
    for row in (IN_FULL, B):
        left.append(row)
    out = io.BytesIO()
    book.save(out)
    assert [entry["note_code"] for block in read(out.getvalue(), tmp_path) for entry, _ in block.rows] == [
        None,
        "DEPARTED",
    ]


def test_a_number_with_a_remark_is_a_number_where_a_ward_stands_beside_the_name(tmp_path: Path) -> None:
    rows = [("№", "ФИО", "Палата"), (1, "Ким Ян", 1), ("6 (нов.)", "Ли Ан", 1), ("Директор", "Пак Ира", 1)]
    (block,) = read(xlsx(rows), tmp_path)
    assert [row[0] for row in people([block])] == ["Ким", "Ли"]


def test_a_serial_number_before_a_family_name_is_none_of_it(tmp_path: Path) -> None:
    (block,) = read(xlsx([("Фамилия", "Имя", "Год рождения"), ("1. Ким", "Ян", 1950), ("2) Ли", "Ан", 1951)]), tmp_path)
    assert [(entry["entry_no"], entry["family_name"]) for entry, _ in block.rows] == [(1, "Ким"), (2, "Ли")]


def test_a_title_beside_the_numbers_or_under_the_iin_is_nobody(tmp_path: Path) -> None:
    (block,) = read(xlsx([HEADER, PEOPLE[0], (None, "Отделение 2"), (2, "Мужчины"), PEOPLE[1]]), tmp_path)
    assert people([block]) == READ
    (block,) = read(xlsx([("ИИН", "ФИО"), ("500201300012", "Ким Ян"), ("Отделение 2",)]), tmp_path)
    assert [row[0] for row in people([block])] == ["Ким"]


def test_a_serial_number_is_read_however_it_is_written(tmp_path: Path) -> None:
    written = ["12", "13.", "14)", "15а", "16-б", "17/1", "№ 18", "–", "+"]
    (block,) = read(xlsx([("№", "ФИО", "Палата"), *((number, "Ким Ян", 1) for number in written)]), tmp_path)
    assert [(entry["entry_no"], held) for entry, held in block.rows] == [
        *((number, None) for number in range(12, 19)),
        (None, None),
        (None, None),
    ]
    (block,) = read(xlsx([BARE, ("1. Ким Ян", 1950), ("2) Ли Ан",), ("3 Пак Ира", 1952), ("4.Цой", 1953)]), tmp_path)
    assert [(entry["entry_no"], entry["family_name"], held) for entry, held in block.rows] == [
        (1, "Ким", None), (2, "Ли", None), (3, "Пак", None), (4, "Цой", None),
    ]  # fmt: skip


def test_a_word_for_a_number_is_a_signature_unless_more_is_said_of_somebody(tmp_path: Path) -> None:
    rows = [("б/н", "Ким Ян", None, "М"), ("Директор", "Сериков Б."), ("б/н", "Ли Ан", None, None, "500201300012")]
    (block,) = read(xlsx([HEADER, *PEOPLE, *rows]), tmp_path)
    assert [row[0] for row in people([block])[2:]] == ["Ким", "Ли"]


@pytest.mark.parametrize(
    "numbers", [(1, 2, 3, 4, 5), ("А", "Б", 1, 2, 3), (1, None, 2, 3, 4), ("1", "2", None, "3", "4")]
)
def test_a_row_that_numbers_the_columns_is_nobody(numbers: Cells, tmp_path: Path) -> None:
    (block,) = read(xlsx([HEADER, numbers, *PEOPLE]), tmp_path)
    assert (people([block]), len(block.rows)) == (READ, 2)


@pytest.mark.parametrize("word", ["Общее число", "Общий итог", "Жалпы саны", "Grand total"])
def test_a_total_has_many_words(word: str, tmp_path: Path) -> None:
    (block,) = read(xlsx([BARE, KIM, LI, (word, 2)]), tmp_path)
    assert (block.declared_total, len(block.rows)) == (2, 2)


def test_a_second_site_in_a_sheet_begins_another_list_whether_or_not_a_total_stands_above_it(tmp_path: Path) -> None:
    for title in (("Приют (MNG-0002)",), ("Код учреждения: MNG-0002",), ("Мекеме коды", "MNG-0002")):
        for header in (BARE, HEADER):
            first, second = (KIM, LI) if header == BARE else PEOPLE
            blocks = read(xlsx([("Дом (MNG-0001)",), header, first, title, header, second]), tmp_path)
            assert [(block.named, len(block.rows)) for block in blocks] == [(["MNG-0001"], 1), (["MNG-0002"], 1)]
            dated = read(xlsx([header, first, title, ("по состоянию на 02.06.2021",), header, second]), tmp_path)
            assert [block.as_of_on for block in dated] == [None, date(2021, 6, 2)]
    bare = read(xlsx([BARE, KIM, ("Код учреждения: MNG-0002",), LI]), tmp_path)  # its header is not printed again
    assert [(block.named, len(block.rows)) for block in bare] == [([], 1), (["MNG-0002"], 1)]


def test_a_header_at_the_top_of_a_page_begins_no_list(tmp_path: Path) -> None:
    (block,) = read(
        xlsx([TITLE, HEADER, PEOPLE[0], (3, None, "-"), ("Второе отделение",), HEADER, PEOPLE[1]]), tmp_path
    )
    assert people([block]) == READ


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ([("Итого по 2 отделению: 15",)], 15), ([("Итого по 2 отделению", None, 15)], 15), ([("Итого 2 отделение", "15")], 15),
        ([("Всего на 01.06.2021 – 25",)], 25), ([("Всего на 1 июня 2021 года", 25)], 25), ([("Всего", date(2021, 6, 1), 25)], 25),
        ([("Итого 25 человек, из них мужчин: 12",)], 25), ([("Итого: 25 (двадцать пять)",)], 25), ([("Итого", 25, 12, 13)], 25),
        ([("Всего по 1,2 отделениям: 25",)], 25), ([("Итого", "25,0")], 25), ([("Всего человек 25",)], 25), ([("Всего на 01.06.2021",)], None),
        ([("Итого", 12), PEOPLE[0], ("Итого", 13), ("Всего", 25)], 25), ([("Итого", 12), PEOPLE[0], ("Итого", 12)], 24),
        ([("Итого", 12), ("Всего: 12",)], 12), ([("Итого", 12), PEOPLE[0], ("Итого", 0), ("Всего", 12)], 12),
    ],
)  # fmt: skip
def test_a_total_is_a_number_of_people_and_no_day_and_of_wards_and_all_it_is_all(
    rows: list[Cells], total: int | None, tmp_path: Path
) -> None:
    (block,) = read(xlsx([HEADER, PEOPLE[0], *rows]), tmp_path)
    assert block.declared_total == total


def test_a_title_may_write_the_month_as_a_word(tmp_path: Path) -> None:
    for title in ("по состоянию на 1 июня 2021 года", "2021 жылғы 1 маусымдағы жағдай бойынша", "as of 1 June 2021"):
        (block,) = read(xlsx([(title,), HEADER, *PEOPLE]), tmp_path)
        assert block.as_of_on == date(2021, 6, 1), title


def test_merged_cells_of_titles_and_sections_are_no_people(tmp_path: Path) -> None:
    def merge(book: openpyxl.Workbook) -> None:
        for row in (1, 3, 5):
            book.active.merge_cells(start_row=row, end_row=row, start_column=1, end_column=5)

    rows = [TITLE, HEADER, ("1 корпус",), PEOPLE[0], ("2 корпус",), PEOPLE[1], ("Итого", 2)]
    (block,) = read(xlsx(rows, merge), tmp_path)
    assert people([block]) == READ
    assert (block.declared_total, len(block.rows)) == (2, 2)


def test_hidden_rows_are_read_and_marked(tmp_path: Path) -> None:
    def hide(book: openpyxl.Workbook) -> None:
        book.active.row_dimensions[4].hidden = True

    for content in (xlsx(ROWS, hide), xls(ROWS, hidden=[3]), ods(ROWS, hidden=[3])):
        (block,) = read(content, tmp_path)
        assert people([block]) == READ
        assert [entry["is_hidden"] for entry, _ in block.rows] == [False, True]


def test_a_list_on_a_hidden_sheet_is_held_beside_a_visible_one(tmp_path: Path) -> None:
    def copy(book: openpyxl.Workbook) -> None:
        old = book.copy_worksheet(book.active)
        old.sheet_state = "hidden"

    shown, hidden = read(xlsx(ROWS, copy), tmp_path)
    assert people([shown]) == READ
    assert [held for _, held in hidden.rows] == ["HIDDEN_SHEET"] * 2


def test_a_formula_is_the_value_kept_for_it(tmp_path: Path) -> None:
    (block,) = read(xlsx([HEADER, *PEOPLE, (3, '=HYPERLINK("http://127.0.0.1/x")', None, None, None)]), tmp_path)
    assert people([block]) == READ


def test_a_numbered_row_with_a_birth_date_and_no_name_is_somebody(tmp_path: Path) -> None:
    (block,) = read(
        xlsx([HEADER, *PEOPLE, (3, None, date(1970, 1, 2), None, None), (4, None, None, None, None)]), tmp_path
    )
    assert [held for _, held in block.rows] == [None, None, "NO_IDENTITY"]


def test_five_thousand_rows_are_read_within_a_second(tmp_path: Path) -> None:
    rows = [
        TITLE,
        HEADER,
        *((n, f"Әлиев Ұлан{n} Серікұлы", date(1950, 2, 1), "М", f"50020130{n:04d}") for n in range(5000)),
    ]
    content = xlsx(rows)
    began = time.process_time()
    (block,) = read(content, tmp_path)
    assert time.process_time() - began < 1
    assert len(block.rows) == 5000


# ------------------------------------------------------------------ headers nobody knows

UNKNOWN: list[list[Cells]] = [
    [
        TITLE,
        ("п", "Проживающий", "Когда родился", "М или Ж", "Документ"),
        *PEOPLE,
        (3, "Ли Ан", date(1970, 1, 1), "М", "700101300012"),
    ],
    [TITLE, ("п", "ФИО проживающего", "Дата рождения ребёнка", "Пол (м/ж)", "номер ИИН"), *PEOPLE],
]


def proposal(rows: Sequence[Cells], folder: Path) -> Proposal | None:
    """What is proposed for a file of one sheet."""
    path = folder / "content"
    path.write_bytes(xlsx(rows))
    sheets = open_sheets(path)
    assert read_lists(sheets, WORDS, LATEST) == []
    return next(iter(propose(sheets, WORDS, LATEST)), None)


@pytest.mark.parametrize("rows", UNKNOWN, ids=["told by the cells", "told by a word"])
def test_an_unknown_header_is_proposed_and_read_once_accepted(rows: list[Cells], tmp_path: Path) -> None:
    found = proposal(rows, tmp_path)
    assert found is not None
    assert found.columns == {"number": 0, "full_name": 1, "birth_on": 2, "sex": 3, "iin": 4}
    accepted = {found.header_sha256: found.columns}
    blocks = read_lists(open_sheets(tmp_path / "content"), WORDS, LATEST, accepted)
    assert people(blocks)[:2] == READ
    assert blocks[0].as_of_on == date(2021, 6, 1)


def test_every_unknown_header_of_a_file_is_proposed_once(tmp_path: Path) -> None:
    def more(book: openpyxl.Workbook) -> None:
        for rows in (UNKNOWN[1], UNKNOWN[0], [("Наименование", "Сумма"), ("стол", 100)]):
            sheet = book.create_sheet()
            for row in rows:
                sheet.append(list(row))

    path = tmp_path / "content"
    path.write_bytes(xlsx(UNKNOWN[0], more))
    proposals = propose(open_sheets(path), WORDS, LATEST)
    assert [one.header_sha256 for one in proposals] == [header_sha256(list(rows[1])) for rows in UNKNOWN]
    accepted = {one.header_sha256: one.columns for one in proposals}
    blocks = read_lists(open_sheets(path), WORDS, LATEST, accepted)
    assert [block.sheet_no for block in blocks] == [1, 2, 3]


def test_a_known_header_without_a_name_is_unknown(tmp_path: Path) -> None:
    found = proposal([("№", "Проживающий", "Дата рождения"), *(row[:3] for row in PEOPLE)], tmp_path)
    assert found is not None
    assert found.columns == {"number": 0, "full_name": 1, "birth_on": 2}


@pytest.mark.parametrize(
    "rows", [[], [("ОТЧЁТ",), ("о работе", "за май")], [("Наименование", "Сумма"), ("стол", 100), ("стул", 200)]]
)
def test_what_is_no_list_of_people_has_no_proposal(rows: list[Cells], tmp_path: Path) -> None:
    assert proposal(rows, tmp_path) is None


def test_a_proposal_quotes_no_word_of_the_file_but_known_ones(tmp_path: Path) -> None:
    headless = [("Әлиев Ұлан", "м", "сирота"), ("Қожа Гүлнар", "ж", None), ("Ли Ан", "м", None), ("Ким Ян", "ж", None)]
    for rows in (*UNKNOWN, headless):
        found = proposal(rows, tmp_path)
        assert found is not None
        assert set(found.words.values()) <= set(WORDS.columns)


# ------------------------------------------------------------------ files made to do harm

SHEET = "xl/worksheets/sheet1.xml"


def repacked(content: bytes, change: Callable[[bytes], bytes], name: str = SHEET) -> bytes:
    """The same workbook with one entry changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(old.read(entry)) if entry.filename == name else old.read(entry))
    return out.getvalue()


def code(content: bytes, folder: Path) -> str:
    with pytest.raises(NoSpreadsheet) as caught:
        read(content, folder)
    return caught.value.code


def test_what_unpacks_to_too_much_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "LARGEST_UNPACKED", 1024 * 1024)
    bomb = repacked(xlsx(ROWS), lambda sheet: sheet + b"<!--" + b" " * 2**20 + b"-->")
    assert len(bomb) < 20_000
    assert code(bomb, tmp_path) == "TOO_LARGE"


def test_what_an_archive_says_of_its_sizes_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "LARGEST_UNPACKED", 1024 * 1024)
    bomb = bytearray(repacked(xlsx(ROWS), lambda sheet: sheet + b"<!--" + b" " * 2**20 + b"-->"))
    at = bomb.index(b"PK\x01\x02")
    while at >= 0:  # every line of the directory says: ten bytes
        bomb[at + 24 : at + 28] = (10).to_bytes(4, "little")
        at = bomb.find(b"PK\x01\x02", at + 4)
    assert code(bytes(bomb), tmp_path) in ("TOO_LARGE", "NOT_A_SPREADSHEET")


def test_a_damaged_place_in_an_xls_does_not_fill_the_memory(tmp_path: Path) -> None:
    """The engine would make every cell up to there, and end the process."""
    number = struct.pack("<HHHH", 0x27E, 10, 2, 0)  # the cell with the first person's number
    good = xls([TITLE, HEADER, (1.5, *PEOPLE[0][1:])])
    assert good.count(number) == 1
    assert code(good.replace(number, struct.pack("<HHHH", 0x27E, 10, 65535, 65535)), tmp_path) == "TOO_LARGE"


@pytest.mark.parametrize(
    "content",
    [
        repacked(xlsx(ROWS), lambda sheet: sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')),
        repacked(xlsx(ROWS), lambda sheet: sheet.replace(b"</sheetData>", b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row></sheetData>")),
        repacked(ods(ROWS), lambda page: page.replace(b"<table:table-row>", b'<table:table-row table:number-rows-repeated="1000000">', 1)
                 .replace(b"<table:table-cell ", b'<table:table-cell table:number-columns-repeated="16000" ', 1), "content.xml"),
    ],
    ids=["far corner", "other quotes", "repeated"],
)  # fmt: skip
def test_a_cell_at_the_end_of_the_world_does_not_fill_the_memory(content: bytes, tmp_path: Path) -> None:
    assert code(content, tmp_path) == "TOO_LARGE"


FAR = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'


def renamed(content: bytes, names: dict[str, str], **more: bytes) -> bytes:
    """The same workbook with other names for some entries, and with more of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(names.get(name, name), old.read(name))
        for name, entry in more.items():
            new.writestr(name, entry)
    return out.getvalue()


def test_a_text_has_no_more_filled_cells_than_a_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.read.sheets.MOST_CELLS", 6)
    path = tmp_path / "list.csv"
    path.write_bytes(b"a;b;c\n1;2;3\n;;\n;;\n")
    assert len(open_sheets(path)[0].rows) == 4
    assert code(b"a;b;c\n1;2;3\n4;;\n", tmp_path) == "TOO_LARGE"


def test_a_workbook_is_looked_at_as_its_engine_will_find_it(tmp_path: Path) -> None:
    """Names are compared without regard to case; what could be found in two ways is refused."""
    far = repacked(xlsx(ROWS), lambda sheet: sheet.replace(b"</sheetData>", FAR))
    assert code(renamed(far, {SHEET: "XL/Worksheets/SHEET1.xml"}), tmp_path) == "TOO_LARGE"
    twice = renamed(xlsx(ROWS), {}, **{SHEET.upper(): b"<worksheet/>"})
    both = renamed(xlsx(ROWS), {}, **{"content.xml": b"<a/>"})
    neither = renamed(xlsx(ROWS), {"xl/workbook.xml": "xl/workbook.bin"})
    missing = renamed(xlsx(ROWS), {SHEET: "xl/elsewhere.xml"})
    assert [code(one, tmp_path) for one in (twice, both, neither, missing)] == ["NOT_A_SPREADSHEET"] * 4


@pytest.mark.parametrize("place", ["A1048577000000", "XFD1048576", "a" * 9 + "1", "A" + "9" * 60, "A", "1", "A-1"])
def test_a_cell_that_says_to_lie_anywhere_else_is_not_believed(place: str, tmp_path: Path) -> None:
    """The engine makes room for it before it looks."""
    content = repacked(xlsx(ROWS), lambda sheet: sheet.replace(b'r="A1"', b'r="' + place.encode() + b'"'))
    assert code(content, tmp_path) in ("TOO_LARGE", "NOT_A_SPREADSHEET")


def test_a_sheet_of_no_id_and_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    nameless = repacked(xlsx(ROWS), lambda book: re.sub(rb' r:id="[^"]+"', b"", book), "xl/workbook.xml")
    laughs = b"<!DOCTYPE x [<!ENTITY a0 'ha'>" + b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)) + b"]>"  # fmt: skip
    bomb = repacked(
        xlsx(ROWS), lambda sheet: laughs + sheet.replace(b"</sheetData>", b"<row><c><v>&a11;</v></c></row></sheetData>")
    )
    assert [code(content, tmp_path) for content in (nameless, bomb)] == ["NOT_A_SPREADSHEET"] * 2


RING = struct.pack("<3I", 1, 2, 0)  # each sector is followed by the next, the third by the first


@pytest.mark.parametrize("damage", ["ring", "far", "long", "places"])
def test_an_xls_whose_chains_do_not_end_within_it_is_refused_and_not_followed(damage: str, tmp_path: Path) -> None:
    content = bytearray(DRESSES["xls"])
    table = 512 + 512 * struct.unpack_from("<I", content, 76)[0]
    directory = 512 + 512 * struct.unpack_from("<I", content, 48)[0]
    if damage == "ring":
        content[table : table + 12] = RING
    elif damage == "far":
        struct.pack_into("<I", content, table, 0x7FFFFFFF)
    elif damage == "long":
        struct.pack_into("<I", content, directory + 128 + 120, 0x7FFFFFFF)
    else:
        struct.pack_into("<I", content, 68, 3)
        struct.pack_into("<I", content, 512 + 512 * 3 + 508, 3)
    assert code(bytes(content), tmp_path) == "NOT_A_SPREADSHEET"


def test_emptiness_repeated_to_the_end_of_the_sheet_is_common(tmp_path: Path) -> None:
    end = b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
    content = repacked(ods(ROWS), lambda page: page.replace(b"</table:table>", end), "content.xml")
    assert people(read(content, tmp_path)) == READ


def test_sheets_without_number_are_refused(tmp_path: Path) -> None:
    def add(book: openpyxl.Workbook) -> None:
        for number in range(packed.MOST_SHEETS):
            book.create_sheet(f"s{number}")

    assert code(xlsx(ROWS, add), tmp_path) == "TOO_MANY_SHEETS"


@pytest.mark.parametrize("content", [DRESSES["xlsx"], DRESSES["xls"], DRESSES["ods"]], ids=["xlsx", "xls", "ods"])
def test_a_torn_workbook_is_named(content: bytes, tmp_path: Path) -> None:
    for length in range(8, len(content) - 30, max(1, len(content) // 40)):
        path = tmp_path / "torn"
        path.write_bytes(content[:length])
        with contextlib.suppress(NoSpreadsheet):  # never anything else, whatever the engine meets
            open_sheets(path)
