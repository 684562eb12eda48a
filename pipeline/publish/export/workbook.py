"""A workbook: a cover that says what it is and leads to a sheet for each table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from pipeline.publish.export.source import ReleasedTable, Source
from pipeline.schema import Labels

BOLD = Font(bold=True)
LINK = Font(color="0563C1", underline="single")
HEAD_ROWS = 2
WIDEST = 60
WORDS = {
    "cover": Labels(en="Cover", ru="Титул", kk="Мұқаба"),
    "release": Labels(en="Release, to be cited", ru="Выпуск (для ссылок)", kk="Шығарылым (сілтеме үшін)"),
    "as_of": Labels(en="Received by, UTC", ru="По данным на, UTC", kk="Деректер осы сәтке дейін, UTC"),
    "round": Labels(en="Round", ru="Раунд", kk="Раунд"),
    "digest": Labels(en="Digest of the tables", ru="Контрольная сумма таблиц", kk="Кестелердің бақылау сомасы"),
    "empty": Labels(
        en="An empty cell is withheld or not known; it is never zero.",
        ru="Пустая ячейка закрыта или неизвестна; это не ноль.",
        kk="Бос ұяшық жабық немесе белгісіз; ол нөл емес.",
    ),
    "people": Labels(
        en="Figures and code lists; rows about persons are not in a workbook.",
        ru="Показатели и справочники; строк о людях в книге нет.",
        kk="Көрсеткіштер мен анықтамалықтар; адамдар туралы жолдар кітапта жоқ.",
    ),
    "table": Labels(en="Table", ru="Таблица", kk="Кесте"),
    "rows": Labels(en="Rows", ru="Строк", kk="Жолдар"),
    "meaning": Labels(en="What it holds", ru="Что в ней", kk="Мазмұны"),
}


def write(source: Source, folder: Path) -> None:
    """Write the cover and the sheets."""
    book = Workbook(write_only=True)
    book.properties.title = source.title
    book.properties.creator = "sanaq"
    _cover(source, book.create_sheet(source.said(WORDS["cover"])))
    for table in source.without_people:
        _sheet(source, table, book.create_sheet(table.full_name))
    book.save(folder / f"{source.name}.xlsx")


def _cover(source: Source, sheet: WriteOnlyWorksheet) -> None:
    _widen(sheet, 0, 30)
    _widen(sheet, 2, 90)
    sheet.append([_text(sheet, source.title, Font(bold=True, size=16))])
    for name, value in (
        ("release", source.name),
        ("as_of", f"{source.as_of:%Y-%m-%d %H:%M}"),
        ("round", source.manifest["round_id"]),
        ("digest", source.manifest["content_digest"]),
    ):
        sheet.append([_text(sheet, source.said(WORDS[name]), BOLD), _text(sheet, value)])
    sheet.append([_text(sheet, source.said(WORDS["people"]))])
    sheet.append([_text(sheet, source.said(WORDS["empty"]))])
    sheet.append([])
    sheet.append([_text(sheet, source.said(WORDS[name]), BOLD) for name in ("table", "rows", "meaning")])
    for table in source.without_people:
        link = _text(sheet, table.full_name, LINK)
        link.hyperlink = f"#'{table.full_name}'!A1"
        sheet.append([link, table.row_count, _text(sheet, source.said(table.labels))])


def _sheet(source: Source, table: ReleasedTable, sheet: WriteOnlyWorksheet) -> None:
    sheet.freeze_panes = f"A{HEAD_ROWS + 1}"
    rows = source.con.execute(table.select([variable.joined for variable in table.variables])).fetchall()
    for number, variable in enumerate(table.variables):
        longest = max((len(str(row[number])) for row in rows), default=0)
        _widen(sheet, number, min(max(len(variable.name), longest) + 2, WIDEST))
    heads = [_text(sheet, source.said(variable.labels)) for variable in table.variables]
    for head in heads:
        head.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.append(heads)
    sheet.append([_text(sheet, variable.name, BOLD) for variable in table.variables])
    for row in rows:
        sheet.append([_text(sheet, value) if isinstance(value, str) else value for value in row])


def _text(sheet: WriteOnlyWorksheet, text: str, font: Font | None = None) -> Any:
    """A text stays a text: whatever it begins with, no spreadsheet takes it for a formula."""
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.quotePrefix = "s", True
    if font is not None:
        cell.font = font
    return cell


def _widen(sheet: WriteOnlyWorksheet, number: int, width: int) -> None:
    sheet.column_dimensions[get_column_letter(number + 1)].width = width  # type: ignore[attr-defined]  # openpyxl makes it
