"""Stage-1 lists as institutions make them: title rows, free headers, totals, two encodings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sandbox.dice import Dice
from sandbox.identity import Identity, Scribe
from sandbox.movements import File
from sandbox.names import to_russian
from sandbox.noise import Noise
from sandbox.people import Person
from sandbox.tables import Cell, csv_bytes, xlsx_bytes
from sandbox.world import AQTAU, Institution, World

HEADERS = {
    "ru": (
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
    ),
    "kk": ("р/с №", "Тегі", "Аты", "Әкесінің аты", "Туған күні", "Жынысы", "ЖСН", "Түскен күні", "Бөлімше", "Ескерту"),
    "en": (
        "No",
        "Family name",
        "Given name",
        "Patronymic",
        "Birth date",
        "Sex",
        "IIN",
        "Admission date",
        "Ward",
        "Note",
    ),
}
FULL_NAME = {"ru": "ФИО", "kk": "Аты-жөні", "en": "Full name"}
SEXES = {"ru": [("М", "Ж"), ("муж", "жен"), ("1", "2")], "kk": [("Е", "Ә"), ("ер", "әйел")], "en": [("1", "2")]}
TOTALS = {"ru": ["Итого", "Всего"], "kk": ["Барлығы", "Жиыны"], "en": ["Итого"]}
DATE_FORMATS = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%y")


@dataclass
class ListRow:
    """One row of a list and whom it means (None: nobody of the field, for instance a clerk)."""

    row_no: int
    person: Person | None
    identity: Identity
    ward: str
    admitted_on: date | None
    is_double: bool = False
    is_staff: bool = False


@dataclass(frozen=True)
class Style:
    """How one institution makes its list."""

    language: str
    form: str
    has_full_name: bool
    date_format: str
    has_ward: bool
    has_iin: bool
    sexes: tuple[str, str]

    @property
    def is_workbook(self) -> bool:
        """Whether the list is a workbook."""
        return self.form == "xlsx"


class ListMaker:
    """Makes the lists of all institutions."""

    def __init__(self, seed: int, world: World, people: list[Person], noise: Noise, scribes: dict[str, Scribe]) -> None:
        self.seed, self.world, self.noise, self.scribes = seed, world, noise, scribes
        self.listed: dict[str, list[tuple[Person, str, date]]] = {site: [] for site in world.institutions}
        for person in people:
            if person.is_on_list:
                self.listed[person.institution_id].append((person, person.ward, person.from_on))
            if person.earlier:
                self.listed[person.earlier.institution_id].append((person, person.earlier.ward, person.earlier.from_on))

    def build(self) -> tuple[list[File], dict[str, list[ListRow]]]:
        """Return the files and, by institution, the rows that reach the Department or stay in the drawer."""
        files: list[File] = []
        rows: dict[str, list[ListRow]] = {}
        guests: dict[str, list[str]] = {}
        for site in self.world.institutions.values():
            if site.category != "HOMELESS_PATROL":
                rows[site.institution_id] = self._rows(site, Dice(self.seed, "list", site.institution_id))
        for site_id in rows:
            dice = Dice(self.seed, "list file", site_id)
            if any(site_id in hosted for hosted in guests.values()):
                continue
            if self.noise.happens(dice, "list_not_delivered"):
                continue
            if self.noise.happens(dice, "list_two_sites"):
                later = [s for s in rows if s > site_id and s not in guests]
                guests[site_id] = later[:1]
            files += self._files(site_id, rows, guests.get(site_id, []), dice)
        return files, rows

    def _rows(self, site: Institution, dice: Dice) -> list[ListRow]:
        scribe = self.scribes[site.institution_id]
        missing_ward = dice.pick(site.wards) if self.noise.happens(dice, "list_ward_missing") else None
        entries: list[ListRow] = []
        for person, ward, from_on in self.listed[site.institution_id]:
            if ward == missing_ward and len(site.wards) > 1:
                continue
            admitted = from_on if from_on <= date(2021, 6, 1) else date(2020, 9, 1)
            entries.append(ListRow(0, person, scribe.write(person, dice, None), ward, admitted))
            if self.noise.happens(dice, "list_double_entry", site.institution_id):
                entries.append(ListRow(0, person, scribe.write(person, dice, None), ward, admitted, is_double=True))
        entries = dice.shuffled(entries)
        if self.noise.happens(dice, "list_staff_listed"):
            for staff in site.staff:
                identity: Identity = {
                    "iin": staff.iin, "family_name": staff.name.family, "given_name": staff.name.given, "patronymic": staff.name.patronymic,
                    "sex": staff.sex, "birth_date": staff.birth.isoformat(), "birth_date_precision": "DAY",
                }  # fmt: skip
                entries.append(ListRow(0, None, identity, "", None, is_staff=True))
        firsts: set[str] = set()
        for number, entry in enumerate(entries, 1):
            entry.row_no = number
            if entry.person:
                entry.is_double = entry.person.key in firsts
                firsts.add(entry.person.key)
        return entries

    def _files(self, site_id: str, rows: dict[str, list[ListRow]], guests: list[str], dice: Dice) -> list[File]:
        style = _style(dice)
        july = dice.chance(self.noise.rates.list_drawn_in_july)
        drawn = dice.day(date(2021, 7, 2), date(2021, 7, 30)) if july else dice.day(date(2021, 8, 2), date(2021, 8, 20))
        sent = _office_hours(drawn + timedelta(days=dice.integer(1, 8)), dice)
        late = self.noise.happens(dice, "list_late_or_resent")
        files: list[File] = []
        if late and dice.chance(0.5):  # first a list without its last rows, then the whole one
            cut = max(1, round(len(rows[site_id]) * 0.9))
            files.append(self._file(site_id, rows[site_id][:cut], {}, style, drawn, sent, dice))
            drawn, sent = drawn + timedelta(days=12), sent + timedelta(days=14)
        elif late:
            sent += timedelta(days=dice.integer(20, 75))
        files.append(self._file(site_id, rows[site_id], {g: rows[g] for g in guests}, style, drawn, sent, dice))
        if late and dice.chance(0.3):  # the very same file once more
            again = files[-1]
            name = again.path.rsplit(".", 1)
            files.append(File(f"{name[0]}_povtor.{name[1]}", again.content, again.arrives_at + timedelta(days=6)))
        return files

    def _file(
        self, site_id: str, entries: list[ListRow], guests: dict[str, list[ListRow]], style: Style, drawn: date, sent: datetime, dice: Dice
    ) -> File:  # fmt: skip
        table = self._block(site_id, entries, style, drawn, dice, with_id=bool(guests))
        for guest, guest_rows in guests.items():
            table += [[], *self._block(guest, guest_rows, style, drawn, dice, with_id=True)]
        if style.is_workbook:
            content, ending = xlsx_bytes({"Список" if style.language != "en" else "List": table}), "xlsx"
        else:
            encoding, delimiter = {
                "utf8": ("utf-8", ","),
                "utf8bom": ("utf-8-sig", ";"),
                "cp1251": ("cp1251", ";"),
                "tab": ("utf-8", "\t"),
            }[style.form]
            content, ending = csv_bytes(table, delimiter, encoding), "csv"
        return File(f"list/{site_id}/spisok_{drawn:%Y-%m-%d}.{ending}", content, sent)

    def _block(
        self, site_id: str, entries: list[ListRow], style: Style, drawn: date, dice: Dice, with_id: bool
    ) -> list[list[Cell]]:
        site = self.world.institutions[site_id]
        table: list[list[Cell]] = _titles(site, style, drawn, with_id)
        table.append(_header(style))
        table += [_cells(entry, style) for entry in entries]
        declared = len(entries)
        if self.noise.happens(dice, "list_total_wrong"):
            declared += dice.pick([-3, -2, -1, 1, 2])
        word = dice.pick(TOTALS[style.language])
        table += [[], [word, "", max(0, declared)] if dice.chance(0.5) else [f"{word}: {max(0, declared)}"]]
        table.append(["Директор" if style.language == "ru" else "Басшы", "", "_____________"])
        return table


def _style(dice: Dice) -> Style:
    form = dice.weighted({"xlsx": 58, "cp1251": 16, "utf8": 12, "utf8bom": 8, "tab": 6})
    language = "ru" if form == "cp1251" else dice.weighted({"ru": 62, "kk": 34, "en": 4})
    return Style(
        language=language,
        form=form,
        has_full_name=dice.chance(0.45),
        date_format="cell"
        if form == "xlsx" and dice.chance(0.5)
        else dice.weighted({DATE_FORMATS[0]: 75, DATE_FORMATS[1]: 15, DATE_FORMATS[2]: 10}),
        has_ward=dice.chance(0.6),
        has_iin=dice.chance(0.92),
        sexes=dice.pick(SEXES[language]),
    )


def _titles(site: Institution, style: Style, drawn: date, with_id: bool) -> list[list[Cell]]:
    is_kazakh = style.language == "kk"
    code: list[list[Cell]] = (
        [[f"{'Мекеме коды' if is_kazakh else 'Код учреждения'}: {site.institution_id}"]] if with_id else []
    )
    if is_kazakh:
        return [
            [site.name_kk], *code, ["Респонденттер тізімі"],
            [f"01.06.2021 жағдай бойынша, жасалған күні {drawn:%d.%m.%Y}"], [],
        ]  # fmt: skip
    dates: list[list[Cell]] = [["по состоянию на 01.06.2021"], [f"составлен {drawn:%d.%m.%Y}"]]
    return [[site.name_ru], *code, ["СПИСОК респондентов учреждения"], *dates]


def _header(style: Style) -> list[Cell]:
    columns = list(HEADERS[style.language])
    if style.has_full_name:
        columns[1:4] = [FULL_NAME[style.language]]
    return [c for c in columns if _wanted(c, style)]


def _wanted(column: str, style: Style) -> bool:
    headers = HEADERS[style.language]
    return not ((column == headers[8] and not style.has_ward) or (column == headers[6] and not style.has_iin))


def _cells(entry: ListRow, style: Style) -> list[Cell]:
    identity = entry.identity
    fold = to_russian if style.form == "cp1251" else str
    parts = [fold(identity[k] or "") for k in ("family_name", "given_name", "patronymic")]
    values: list[Cell] = [" ".join(p for p in parts if p)] if style.has_full_name else list(parts)
    birth = date.fromisoformat(identity["birth_date"]) if identity["birth_date"] else None
    precision = identity["birth_date_precision"]
    row: list[Cell] = [entry.row_no, *values]
    row.append(str(birth.year) if birth and precision == "YEAR" else _date(birth, style))
    row.append(style.sexes[identity["sex"] - 1])
    if style.has_iin:
        row.append(identity["iin"])
    row.append(_date(entry.admitted_on, style))
    if style.has_ward:
        row.append(entry.ward)
    row.append("сотрудник" if entry.is_staff else None)
    return row


def _date(day: date | None, style: Style) -> Cell:
    if day is None:
        return None
    if style.date_format == "cell":
        return datetime.combine(day, time())
    if style.date_format == "%d/%m/%y" and day.year < 1970:
        return f"{day:%d.%m.%Y}"  # two digits would be read as this century
    return day.strftime(style.date_format)


def _office_hours(day: date, dice: Dice) -> datetime:
    return datetime.combine(day, time(dice.integer(9, 17), dice.integer(0, 59)), AQTAU)
