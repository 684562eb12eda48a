"""Writes files as Survey Solutions, ODK Central and CSPro write them, byte for byte in their layouts."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.read.desk import Desk

Cells = dict[str, Any]


def zipped(members: dict[str, bytes | str]) -> bytes:
    """Return a zip archive of members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def put(desk: Desk, content: bytes, name: str = "export.zip", bundle: str = "X-01") -> None:
    """Put a foreign file into a bundle without anything beside it, and receive it."""
    desk.put(f"tablet_vpn/{bundle}/{name}", content)
    desk.put(f"tablet_vpn/{bundle}.ready", b"")
    desk.receive("tablet_vpn")


def _table(columns: Sequence[str], rows: Iterable[Cells], delimiter: str, end: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(columns)
    writer.writerows([["" if row.get(name) is None else row.get(name) for name in columns] for row in rows])
    return text.getvalue()


# ---------------------------------------------------------------- Survey Solutions

ID = "0028ff1866b04094b517f13b84fcaa5f"
INTERVIEW = (
    "interview__key", "interview__id", "inst_id", "staff_code", "tablet_no", "visit_start", "visit_end", "sssys_irnd", "has__errors",
    "interview__status", "assignment__id",
)  # fmt: skip
RESIDENT = (
    "interview__key", "interview__id", "resident__id", "list_no", "iin", "no_iin_reason", "family_name", "given_name", "patronymic", "sex",
    "birth_year", "birth_month", "birth_day", "position", "presence", "stay", "stay_from", "citizenship", "languages__1", "languages__2",
    "languages__3", "religion", "marital", "is_proxy", "proxy_source",
)  # fmt: skip
ACTION = ("interview__key", "interview__id", "date", "time", "action", "originator", "role", "responsible__name", "responsible__role")  # fmt: skip
COMPLETED = 3
DO = """clear
insheet using "resident.tab", tab case names

label variable interview__id `"Unique 32-character long identifier of the interview"'

label variable family_name `"Family name"'

label define sex 1 `"Male"' 2 `"Female"'
label values sex sex
label variable sex `"Sex"'

label variable wellwater `"Is there a well"'
"""


def interview(number: int = 1, **cells: Any) -> Cells:
    """Return a row of the table of interviews."""
    given: Cells = {
        "interview__key": f"77-81-02-{number:02d}", "interview__id": f"{number:02x}{ID[2:]}", "inst_id": "MNG-0001", "staff_code": "ST-1",
        "tablet_no": "TB-0001", "visit_start": "2021-10-03T14:02:10", "visit_end": "2021-10-03T14:20:00", "sssys_irnd": "0.5118226",
        "has__errors": 0, "interview__status": 100, "assignment__id": 12,
    }  # fmt: skip
    return given | cells


def resident(number: int = 1, row: int = 1, **cells: Any) -> Cells:
    """Return a row of the roster: the very person of `desk.submission`, but for what the roster does not ask."""
    given: Cells = {
        "interview__key": f"77-81-02-{number:02d}", "interview__id": f"{number:02x}{ID[2:]}", "resident__id": row, "list_no": row,
        "iin": "500101300012", "no_iin_reason": -999999999, "family_name": "Әлиев", "given_name": "Ұлан", "patronymic": "##N/A##",
        "sex": 1, "birth_year": 1950, "birth_month": 1, "birth_day": 1, "position": 1, "presence": -999999999, "stay": -999999999,
        "stay_from": "2019-05-01", "citizenship": -999999999, "languages__1": 1, "languages__2": 1, "languages__3": 0, "religion": 1,
        "marital": -999999999, "is_proxy": 0, "proxy_source": -999999999,
    }  # fmt: skip
    return given | cells


def action(number: int, code: int, time: str = "09:20:00") -> Cells:
    """Return a row of the history, in UTC."""
    return {
        "interview__key": f"77-81-02-{number:02d}", "interview__id": f"{number:02x}{ID[2:]}", "date": "2021-10-03", "time": time,
        "action": code, "originator": "pilotInt33", "role": 1, "responsible__name": "pilotInt33", "responsible__role": 1,
    }  # fmt: skip


def survey_solutions(
    interviews: Iterable[Cells],
    residents: Iterable[Cells],
    actions: Iterable[Cells] | None,
    name: str = "mng_institution",
    **more: bytes | str,
) -> bytes:
    """Return an export as the headquarters server makes it."""
    bom = "\ufeff"
    members: dict[str, bytes | str] = {
        f"{name}.tab": bom + _table(INTERVIEW, interviews, "\t", "\r\n"),
        f"{name}.do": "clear\n",
        "resident.tab": bom + _table(RESIDENT, residents, "\t", "\r\n"),
        "resident.do": DO,
        "assignment__actions.tab": bom + "assignment__id\tdate\ttime\taction\toriginator\trole\tresponsible__name\tresponsible__role\told__value\tnew__value\tcomment\r\n",
        "interview__errors.tab": bom + "interview__key\tinterview__id\ttype\tvariable\tmessage__number\tmessage\r\n",
        "interview__diagnostics.tab": bom + "interview__key\tinterview__id\tinterview__status\tresponsible\r\n",
        "interview__comments.tab": bom + "interview__key\tinterview__id\tvariable\torder\tdate\ttime\toriginator\trole\tcomment\r\n",
        "export__readme.txt": "Generated by Survey Solutions export module 23.06.2",
        "Questionnaire/ddi.xml": DDI,
        "Questionnaire/content.zip": zipped({"document.json": "{}"}),
    }  # fmt: skip
    if actions is not None:
        members["interview__actions.tab"] = bom + _table(ACTION, actions, "\t", "\r\n")
    return zipped(members | {key.replace("__DOT__", "."): value for key, value in more.items()})


DDI = """<?xml version="1.0" encoding="utf-8"?>
<codeBook xmlns="ddi:codebook:2_5"><dataDscr>
<var name="religion"><labl>Religion</labl><catgry><catValu>1</catValu><labl>Islam</labl></catgry></var>
<var name="birth_year"><labl>Year of birth</labl></var>
</dataDscr></codeBook>
"""

# ---------------------------------------------------------------- ODK Central

UUID = "uuid:c0f9ce58-4388-4e7b-98d7-feac459d2e"
ASKED = (
    "person-iin", "person-no_iin", "person-family_name", "person-given_name", "person-patronymic", "person-sex", "person-birth_date",
    "stay-position", "stay-status", "stay-from_date", "languages", "religion", "proxy",
)  # fmt: skip
CONTEXT = "https://odk.example.org/v1/projects/7/forms/{form}.svc/$metadata#Submissions"
PERSON = (
    "SubmissionDate", "start", "end", "device", "channel", "institution", "staff", *ASKED, "meta-instanceID", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected",
    "Status", "ReviewState", "DeviceID", "Edits", "FormVersion",
)  # fmt: skip
SYSTEM = {
    "SubmissionDate": "submissionDate", "SubmitterID": "submitterId", "SubmitterName": "submitterName", "AttachmentsPresent": "attachmentsPresent",
    "AttachmentsExpected": "attachmentsExpected", "Status": "status", "ReviewState": "reviewState", "DeviceID": "deviceId", "Edits": "edits",
    "FormVersion": "formVersion", "DeletedAt": "deletedAt", "UpdatedAt": "updatedAt",
}  # fmt: skip


def person(number: int = 1, **cells: Any) -> Cells:
    """Return a row of the CSV: the person of `desk.submission`."""
    key = f"{UUID}{number:02d}"
    given: Cells = {
        "SubmissionDate": "2021-10-03T16:00:00.000Z", "start": "2021-10-03T14:02:10.000+05:00", "end": "2021-10-03T14:20:00.000+05:00",
        "device": "collect:TB-0001", "channel": "collect", "institution": "MNG-0001", "staff": "ST-1", "person-iin": "500101300012",
        "person-no_iin": None, "person-family_name": "Әлиев", "person-given_name": "Ұлан", "person-patronymic": None, "person-sex": "male",
        "person-birth_date": "1950-01-01", "stay-position": "resident", "stay-status": None, "stay-from_date": "2019-05-01",
        "languages": "kazakh russian", "religion": "islam", "proxy": "no", "meta-instanceID": key, "KEY": key, "SubmitterID": 5,
        "SubmitterName": "Alice", "AttachmentsPresent": 0, "AttachmentsExpected": 0, "Status": None, "ReviewState": None,
        "DeviceID": "collect:abc", "Edits": 0, "FormVersion": "2021.1",
    }  # fmt: skip
    return given | cells


def odk_csv(persons: Iterable[Cells], form: str = "mng_person", **more: bytes | str) -> bytes:
    """Return the zip that `submissions.csv.zip` gives."""
    return zipped({f"{form}.csv": _table(PERSON, persons, ",", "\n")} | more)


def odata(row: Cells) -> Cells:
    """Return a row of the CSV as the OData service has it: groups as objects, what the server says under `__system`."""
    made: Cells = {"__id": row["KEY"], "__system": {}}
    for name in ("UpdatedAt", "DeletedAt"):
        made["__system"][SYSTEM[name]] = row.get(name)
    for name, value in row.items():
        group, _, field = name.partition("-")
        if name in SYSTEM:
            made["__system"][SYSTEM[name]] = value if value is None or name in ("Edits", "AttachmentsPresent", "AttachmentsExpected") else str(value)  # fmt: skip
        elif field:
            made.setdefault(group, {})[field] = value
        elif name != "KEY":
            made[name] = value
    return made


def odata_page(rows: Iterable[Cells], form: str = "mng_person", **more: Any) -> bytes:
    """Return a page of `FORM.svc/Submissions`."""
    page = {"value": [odata(row) for row in rows], "@odata.context": CONTEXT.format(form=form), **more}
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def household(letter: str) -> Cells:
    """Return a row of the CSV of households: what is asked of none of its people."""
    return {name: cell for name, cell in person().items() if name not in ASKED} | dict.fromkeys(
        ("meta-instanceID", "KEY"), f"uuid:{letter}"
    )


def of_household(letter: str, number: int, **cells: Any) -> Cells:
    """Return a row of its repeat: the person of `desk.submission`."""
    place = {"PARENT_KEY": f"uuid:{letter}", "KEY": f"uuid:{letter}/member[{number}]"}
    return {name: person()[name] for name in ASKED} | place | cells


def households_csv(households: Iterable[Cells], members: Iterable[Cells]) -> bytes:
    """Return the zip of a form with a repeat."""
    columns = [name for name in PERSON if name not in ASKED]
    return zipped({
        "mng_household.csv": _table(columns, households, ",", "\n"),
        "mng_household-member.csv": _table((*ASKED, "PARENT_KEY", "KEY"), members, ",", "\n"),
    })  # fmt: skip


def repeated(members: Iterable[Cells]) -> list[Cells]:
    """Return the rows of a repeat as the OData service expands them: with ids of its own, and nothing of the server's."""
    said = [odata({name: row[name] for name in ASKED} | {"KEY": f"{number:02x}"}) for number, row in enumerate(members)]
    return [{name: value for name, value in row.items() if name != "__system"} for row in said]


def households_page(households: Iterable[Cells], members: Iterable[Cells]) -> bytes:
    """Return a page of the same with its repeat expanded."""
    link = {"member@odata.navigationLink": "Submissions('x')/member"}
    value = [
        {**odata(row), **link, "member": repeated(one for one in members if one["PARENT_KEY"] == row["KEY"])}
        for row in households
    ]
    return json.dumps({"value": value, "@odata.context": CONTEXT.format(form="mng_household")}).encode()


# ---------------------------------------------------------------- CSPro

BEYOND = 9.99e51
DCF = """\ufeff[Dictionary]
Version=CSPro 7.4
Label=Census of institutions
Name=MNG_CENSUS_DICT
RecordTypeStart=1
RecordTypeLen=1
Positions=Relative
ZeroFill=No
DecimalChar=No

[Level]
Label=Institution
Name=INST_LEVEL

[IdItems]

[Item]
Label=Institution
Name=INST_CODE
Start=2
Len=10
DataType=Alpha

[Record]
Label=Person
Name=PERSON_REC
RecordTypeValue='2'
Required=No
MaxRecords=500
RecordLen=120

[Item]
Label=Family name
Name=P02_FAMILY
Start=24
Len=30
DataType=Alpha

[Item]
Label=Sex
Name=P05_SEX
Start=90
Len=1

[ValueSet]
Label=Sex
Name=P05_SEX_VS1
Value=1;Male
Value=2;Female

[Item]
Label=Date of birth
Name=P06_BIRTH
Start=91
Len=8
"""
PERSON_REC = (
    "p01_iin", "p02_family", "p03_given", "p04_patronymic", "p05_sex", "p06_birth", "p07_position", "p08_lang(1)", "p08_lang(2)",
    "p08_lang(3)", "p09_religion",
)  # fmt: skip


def member(**cells: Any) -> Cells:
    """Return a row of the record of persons; text is padded with blanks, what was not answered is beyond every number."""
    given: Cells = {
        "p01_iin": "500101300012", "p02_family": "Әлиев".ljust(30), "p03_given": "Ұлан".ljust(30), "p04_patronymic": " " * 30, "p05_sex": 1,
        "p06_birth": 19500101, "p07_position": 1, "p08_lang(1)": 1, "p08_lang(2)": 1, "p08_lang(3)": None, "p09_religion": 1,
    }  # fmt: skip
    return given | cells


def case(number: int = 1, members: Sequence[Cells] = (), **cells: Any) -> Cells:
    """Return a case: what `cases` says of it, its id items, its one record of the visit, and its persons."""
    given: Cells = {
        "id": f"5b3c8288-2896-4669-9580-e16f5d1b6d{number:02d}", "last_modified_revision": 1, "deleted": 0, "partial_save_mode": None,
        "inst_code": "MNG-0001  ", "interviewer": "ST-1      ", "tablet_no": "TB-0001   ", "visit_date": 202110031420,
        "clock": {"tablet-1": 1}, "members": list(members),
    }  # fmt: skip
    return given | cells


def csdb(path: Path, cases: Sequence[Cells], dictionary: str = DCF) -> bytes:
    """Write a data file as CSPro 7.4 does and return its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    items = ", ".join(f'"{name}" {"TEXT" if name < "p05" else "REAL"}' for name in PERSON_REC)
    con = sqlite3.connect(path)
    con.executescript(
        f"""
        CREATE TABLE meta (schema_version INTEGER NOT NULL, cspro_version TEXT NOT NULL, dictionary TEXT NOT NULL);
        CREATE TABLE file_revisions (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, device_id TEXT NOT NULL, timestamp INTEGER NOT NULL);
        CREATE TABLE sync_history (id INTEGER PRIMARY KEY AUTOINCREMENT, file_revision INTEGER NOT NULL, device_id TEXT NOT NULL,
            device_name TEXT, user_name TEXT, universe TEXT, direction INTEGER NOT NULL, server_revision TEXT, partial INTEGER NOT NULL DEFAULT 0,
            last_id TEXT, timestamp INTEGER NOT NULL);
        CREATE TABLE cases (id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, label TEXT, questionnaire TEXT NOT NULL, last_modified_revision INTEGER NOT NULL,
            deleted INTEGER NOT NULL DEFAULT 0, file_order REAL NOT NULL UNIQUE, verified INTEGER NOT NULL DEFAULT 0, partial_save_mode TEXT NULL,
            partial_save_field_name TEXT NULL, partial_save_level_key TEXT NULL, partial_save_record_occurrence INTEGER NULL,
            partial_save_item_occurrence INTEGER NULL, partial_save_subitem_occurrence INTEGER NULL);
        CREATE TABLE vector_clock (case_id TEXT NOT NULL, device TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (case_id, device));
        CREATE TABLE notes (case_id TEXT NOT NULL, field_name TEXT NOT NULL, level_key TEXT NOT NULL, record_occurrence INTEGER NOT NULL,
            item_occurrence INTEGER NOT NULL, subitem_occurrence INTEGER NOT NULL, content TEXT NOT NULL, operator_id TEXT NOT NULL, modified_time INTEGER);
        CREATE TABLE "level-1" ("level-1-id" INTEGER PRIMARY KEY NOT NULL, "case-id" TEXT NOT NULL UNIQUE, inst_code TEXT);
        CREATE TABLE visit_rec ("visit_rec-id" INTEGER PRIMARY KEY NOT NULL, "level-1-id" INTEGER NOT NULL, interviewer TEXT, tablet_no TEXT, visit_date REAL);
        CREATE TABLE person_rec ("person_rec-id" INTEGER PRIMARY KEY NOT NULL, "level-1-id" INTEGER NOT NULL, occ INTEGER NOT NULL, {items});
        """
    )
    con.execute("INSERT INTO meta VALUES (3, 'CSPro 7.4', ?)", [dictionary])
    con.executemany(
        "INSERT INTO file_revisions VALUES (?, 'tablet-1', ?)", [(n, 1633252800 + 60 * n) for n in range(1, 21)]
    )
    for number, given in enumerate(cases, start=1):
        con.execute(
            "INSERT INTO cases (id, key, questionnaire, last_modified_revision, deleted, file_order, partial_save_mode) VALUES (?, ?, '', ?, ?, ?, ?)",
            [given["id"], given["inst_code"], given["last_modified_revision"], given["deleted"], number, given["partial_save_mode"]],
        )  # fmt: skip
        con.executemany("INSERT INTO vector_clock VALUES (?, ?, ?)", [(given["id"], *tick) for tick in given["clock"].items()])  # fmt: skip
        con.execute('INSERT INTO "level-1" VALUES (?, ?, ?)', [number, given["id"], given["inst_code"]])
        con.execute("INSERT INTO visit_rec VALUES (?, ?, ?, ?, ?)", [number, number, *(given[name] for name in ("interviewer", "tablet_no", "visit_date"))])  # fmt: skip
        for occ, cells in enumerate(given["members"], start=1):
            marks = ", ".join("?" for _ in PERSON_REC)
            con.execute(f'INSERT INTO person_rec ("level-1-id", occ, {", ".join(f"{chr(34)}{n}{chr(34)}" for n in PERSON_REC)}) VALUES (?, ?, {marks})', [number, occ, *(cells[n] for n in PERSON_REC)])  # fmt: skip
    con.commit()
    con.close()
    return path.read_bytes()
