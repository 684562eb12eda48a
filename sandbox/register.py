"""The register of the Department, in its three editions: two workbooks, then a folder of csv files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sandbox.certificates import Certificates
from sandbox.dice import Dice
from sandbox.movements import File
from sandbox.names import to_russian
from sandbox.seals import key_columns
from sandbox.tables import Cell, csv_bytes, xlsx_bytes
from sandbox.transport import Delivery
from sandbox.world import AQTAU, World


def register_files(seed: int, world: World, certificates: Certificates) -> list[File]:
    """Return the workbooks: before the lists, and before the tablets."""
    editions = (
        ("1", datetime(2021, 7, 1, 12, tzinfo=AQTAU), False),
        ("2", datetime(2021, 9, 28, 12, tzinfo=AQTAU), True),
    )
    return [
        File(f"register/reestr_{name}.xlsx", xlsx_bytes(_sheets(seed, world, certificates, issued, False)), sent)
        for name, sent, issued in editions
    ]


def register_folder(
    seed: int, world: World, certificates: Certificates, acts: Iterable[tuple[datetime, str, int]]
) -> Delivery:
    """Return the register after the return of the tablets, one csv for each sheet; `acts` say when a medium was written, and the cases."""
    sent = datetime(2021, 11, 8, 12, tzinfo=AQTAU)
    sheets = dict(_sheets(seed, world, certificates, True, True))
    header, *rows = sheets["medium"]
    written = {
        medium: (copied.astimezone(AQTAU).date(), count) for copied, medium, count in sorted(acts) if copied < sent
    }
    sheets["medium"] = [
        [*header, "copied_on", "act_case_count"],
        *([*row, *written.get(str(row[0]), (None, None))] for row in rows),
    ]
    return Delivery(
        "register/reestr_3", "register", sent, {f"{name}.csv": csv_bytes(rows) for name, rows in sheets.items()}
    )


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _sheets(
    seed: int, world: World, certificates: Certificates, issued: bool, returned: bool
) -> Mapping[str, Sequence[Sequence[Cell]]]:
    dice = Dice(seed, "register")
    return {
        "institution": _institutions(world, dice),
        "staff": _staff(world, issued),
        "premises": _premises(world, dice),
        "device": _devices(seed, world, issued, returned, Dice(seed, "kit")),
        "employee": [["employee_id", "full_name"], *[[k, v] for k, v in world.employees.items()]],
        "medium": [["medium_id", "employee_id", "act_no", "wiped_on"], *[[m, e, f"Н-{m[-3:]}", date(2021, 12, 20) if returned and m != "USB-001" else None] for m, e in world.media.items()]],
        "certificate": _certificates(world, certificates, issued),
        "certificate_return": _certificates_back(certificates, returned),
    }  # fmt: skip


def _institutions(world: World, dice: Dice) -> list[list[Cell]]:
    rows: list[list[Cell]] = [
        ["institution_id", "bin", "site_no", "name_kk", "name_ru", "category_code", "kato", "capacity", "governing_order", "head_order_no",
         "head_order_on", "is_web_only", "closed_on"]
    ]  # fmt: skip
    for site in world.institutions.values():
        order = None if dice.chance(0.02) else "141/17"
        rows.append(
            [site.institution_id, site.bin, site.site_no, site.name_kk, site.name_ru, site.category, site.kato, site.capacity, order,
             f"{dice.integer(1, 200)}-н/қ", date(2021, 7, dice.integer(5, 30)), _bool(site.is_web_only), None]
        )  # fmt: skip
    return rows


def _staff(world: World, trained: bool) -> list[list[Cell]]:
    rows: list[list[Cell]] = [["staff_id", "institution_id", "full_name", "order_no", "order_on", "trained_on"]]
    for site in world.institutions.values():
        for staff in site.staff:
            order = staff.order_no if staff.order_on else None
            rows.append(
                [
                    staff.staff_id,
                    site.institution_id,
                    to_russian(staff.name.text),
                    order,
                    staff.order_on,
                    staff.trained_on if trained else None,
                ]
            )
    return rows


def _premises(world: World, dice: Dice) -> list[list[Cell]]:
    rows: list[list[Cell]] = [["institution_id", "has_room", "computer_count", "has_internet"]]
    rows += [
        [s, _bool(not dice.chance(0.05)), dice.integer(0, 4), _bool(not dice.chance(0.15))] for s in world.institutions
    ]
    return rows


def _devices(seed: int, world: World, issued: bool, returned: bool, dice: Dice) -> list[list[Cell]]:
    rows: list[list[Cell]] = [
        ["device_id", "institution_id", "act_no", "issued_on", "return_act_no", "returned_on", "cases_left_count", "form_version", "has_case",
         "has_glass", "has_charger", "has_usb_cable", "has_stylus", "has_power_bank", "public_key", "key_signature", "key_revoked_on", "lost_on"]
    ]  # fmt: skip
    for device in world.devices.values() if issued else []:
        kit = [_bool(not dice.chance(0.03)) for _ in range(6)]
        back = date(2021, 11, dice.integer(1, 6)) if returned and not dice.chance(0.03) else None
        lost = device.lost_on if returned else None
        back = None if lost else back
        rows.append(
            [device.device_id, device.institution_id, device.act_no, date(2021, 9, 27), f"В-{device.device_id[-4:]}" if back else None, back,
             device.cases_left if back else None, device.form_version, *kit, *key_columns(seed, device.device_id), None, lost]
        )  # fmt: skip
    return rows


def _certificates(world: World, certificates: Certificates, issued: bool) -> list[list[Cell]]:
    site_of = {staff.staff_id: site.institution_id for site in world.institutions.values() for staff in site.staff}
    rows: list[list[Cell]] = [["first_no", "last_no", "staff_id", "act_no", "issued_on"]]
    for book in certificates.books if issued else []:
        act = f"С-{site_of[book.staff_id][-4:]}"
        rows.append([f"{book.first_no:09d}", f"{book.last_no:09d}", book.staff_id, act, date(2021, 8, 30)])
    return rows


def _certificates_back(certificates: Certificates, returned: bool) -> list[list[Cell]]:
    rows: list[list[Cell]] = [["first_no", "last_no", "staff_id", "act_no", "returned_on", "reason_code"]]
    for book in certificates.books if returned else []:
        act = f"СВ-{book.staff_id[-4:]}"
        ranges = [(number, number, "SPOILED") for number in book.spoiled]
        if book.next_no <= book.last_no:
            ranges.append((book.next_no, book.last_no, "RETURNED"))
        rows += [
            [f"{first:09d}", f"{last:09d}", book.staff_id, act, date(2021, 11, 5), reason]
            for first, last, reason in ranges
        ]
    return rows
