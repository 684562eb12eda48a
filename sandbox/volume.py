"""Large inboxes for measuring: many full-width submissions, written by DuckDB, the same for the same seed.

Nothing here is true of anybody; the persons repeat at believable rates, and register, lists and headcounts fit the submissions, so
that the whole road runs. For accuracy there are campaigns.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from sandbox import codes, name_lists
from sandbox.dice import Dice
from sandbox.names import KAZAKH_SURNAMES, feminine, patronymic_of, to_russian
from sandbox.numbers import issue_bin
from sandbox.places import DISTRICTS
from sandbox.profiles import PROFILES
from sandbox.seals import key_columns, key_of, sealed
from sandbox.tables import Cell, xlsx_bytes

PERSONS_PER_INSTITUTION = 75
LISTED_RATE = 8 / 15
MOST_INSTITUTIONS = 25_000  # a register of many more is larger than a workbook may be; beyond that institutions grow
ROWS_PER_BUNDLE = 50_000


@dataclass(frozen=True)
class Volume:
    """What was written."""

    rows: int
    institutions: int
    bundles: int
    bytes: int

    def to_dict(self) -> dict[str, object]:
        """Return the numbers by name."""
        return dict(vars(self))


def write_volume(path: Path, rows: int, seed: int = 1) -> Volume:
    """Write an inbox with many submissions.

    Parameters
    ----------
    path
        Folder that becomes the inbox: ``register/``, ``list/``, ``headcount/`` and ``tablet_vpn/``.
    rows
        Number of submissions.
    seed
        The same seed and number give the same bytes.
    """
    per = max(PERSONS_PER_INSTITUTION, (rows - 1) // MOST_INSTITUTIONS + 1)
    institutions = (rows - 1) // per + 1
    bundles = (rows - 1) // ROWS_PER_BUNDLE + 1
    with ThreadPoolExecutor(2) as pool:  # DuckDB works outside the interpreter's lock; one thread each keeps the order
        around = [pool.submit(_lists, path, rows, per, seed), pool.submit(_register, path, rows, per, seed)]
        sizes = list(pool.map(lambda number: _bundle(path, number, rows, per, seed), range(1, bundles + 1)))
        for task in around:
            task.result()
    return Volume(rows, institutions, bundles, sum(sizes))


def _connect(seed: int, per: int) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET enable_progress_bar = false")
    con.execute(f"CREATE MACRO throw(n, salt, k) AS (hash(n + {seed * 1000000007}::BIGINT, salt) % k)::INTEGER")
    for statement in (MACROS % (_arrays() | {"per": str(per)})).split(";"):
        if statement.strip():
            con.execute(statement)
    return con


def _arrays() -> dict[str, str]:
    def array(values: list[str]) -> str:
        return "[" + ",".join("'" + v.replace("'", "''") + "'" for v in values) + "]"

    male, female = name_lists.KAZAKH_MALE, name_lists.KAZAKH_FEMALE
    texts = {
        "surnames_m": KAZAKH_SURNAMES, "surnames_f": [feminine(s) for s in KAZAKH_SURNAMES], "male": male, "female": female,
        "fathers_m": [patronymic_of(n, 1, "kk") for n in male], "fathers_f": [patronymic_of(n, 2, "kk") for n in male],
    }  # fmt: skip
    texts |= {f"{name}_ru": [to_russian(v) for v in values] for name, values in texts.items()}
    texts["ethnicities"] = [code for code, weight in codes.ETHNICITY.items() for _ in range(max(1, round(weight)))]
    texts["katos"] = [d.places[0] for d in DISTRICTS]
    texts["livelihoods"] = list(codes.LIVELIHOODS)
    sizes = {
        "surnames": len(KAZAKH_SURNAMES),
        "given": min(len(male), len(female)),
        "fathers": len(male),
    }
    return {name: str(value) for name, value in sizes.items()} | {name: array(values) for name, values in texts.items()}


MACROS = """
CREATE MACRO one_of(options, n, salt) AS options[1 + throw(n, salt, len(options))];
CREATE MACRO digit(base, unit) AS (base // unit) %% 10;
CREATE MACRO weigh(b, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) AS
  (digit(b, 10000000000)*a1 + digit(b, 1000000000)*a2 + digit(b, 100000000)*a3 + digit(b, 10000000)*a4 + digit(b, 1000000)*a5
   + digit(b, 100000)*a6 + digit(b, 10000)*a7 + digit(b, 1000)*a8 + digit(b, 100)*a9 + digit(b, 10)*a10 + digit(b, 1)*a11) %% 11;
CREATE MACRO people(lo, hi) AS TABLE
  SELECT n, person, person // %(per)s AS site, 1 + throw(person, 3, 2) AS sex, DATE '1935-01-01' + ((person * 7919) %% 30011)::INTEGER AS birth,
         person // 30011 AS serial, throw(n, 4, 100) < 25 AS is_russian, throw(n, 5, 100) AS luck,
         1 + throw(person, 11, %(surnames)s) AS family_at, 1 + throw(person, 12, %(given)s) AS given_at, 1 + throw(person, 13, %(fathers)s) AS father_at
  FROM (SELECT n, CASE WHEN n > 60 AND throw(n, 1, 1000) < 30 THEN n - 1 - throw(n, 2, 50) ELSE n END AS person FROM range(lo, hi) t(n));
CREATE MACRO spelled(is_russian, place, kk, ru) AS CASE WHEN is_russian THEN ru[place] ELSE kk[place] END;
CREATE MACRO named(lo, hi) AS TABLE
  SELECT *, (2021 - year(birth)) AS age,
         (year(birth) %% 100 * 10000 + month(birth) * 100 + day(birth))::BIGINT * 100000
         + (CASE WHEN year(birth) < 2000 THEN 2 ELSE 4 END + sex) * 10000 + serial AS base,
         CASE WHEN sex = 1 THEN spelled(is_russian, family_at, %(surnames_m)s, %(surnames_m_ru)s)
              ELSE spelled(is_russian, family_at, %(surnames_f)s, %(surnames_f_ru)s) END AS family_name,
         CASE WHEN sex = 1 THEN spelled(is_russian, given_at, %(male)s, %(male_ru)s)
              ELSE spelled(is_russian, given_at, %(female)s, %(female_ru)s) END AS given_name,
         CASE WHEN luck < 8 THEN NULL WHEN sex = 1 THEN spelled(is_russian, father_at, %(fathers_m)s, %(fathers_m_ru)s)
              ELSE spelled(is_russian, father_at, %(fathers_f)s, %(fathers_f_ru)s) END AS patronymic
  FROM people(lo, hi);
CREATE MACRO checked(lo, hi) AS TABLE
  SELECT *, weigh(base,1,2,3,4,5,6,7,8,9,10,11) AS first_pass FROM named(lo, hi);
CREATE MACRO ended(lo, hi) AS TABLE
  SELECT *, CASE WHEN first_pass < 10 THEN first_pass ELSE weigh(base,3,4,5,6,7,8,9,10,11,1,2) END AS last_digit FROM checked(lo, hi);
CREATE MACRO numbered(lo, hi) AS TABLE
  SELECT *, CASE WHEN throw(person, 14, 100) >= 3 AND last_digit < 10 THEN lpad((base * 10 + last_digit)::VARCHAR, 12, '0') END AS iin FROM ended(lo, hi);
CREATE MACRO begun(n) AS TIMESTAMP '2021-10-01 09:00:00' + to_minutes(1440 * throw(n, 49, 29) + throw(n, 50, 600));
CREATE MACRO katos() AS %(katos)s;
CREATE MACRO ethnicities() AS %(ethnicities)s;
CREATE MACRO livelihoods() AS %(livelihoods)s
"""

SUBMISSIONS = """
SELECT
  lower(printf('%016x', hash(n, 21))) || printf('%016x', hash(n, 22)) AS case_id, 1 AS case_version, 'F3_PERSON' AS form_code,
  '2021.1' AS form_version, printf('MNG-%07d', site + 1) AS institution_id,
  CASE WHEN person % $per < $cap THEN person % $per + 1 END AS list_entry_no, 'tablet' AS mode, 'submitted' AS case_status,
  false AS is_training, printf('ST-%07d', site + 1) AS staff_id, $device AS device_id, n - $lo + 1 AS device_case_no,
  printf('%010d', n) AS certificate_no,
  strftime(started, '%Y-%m-%dT%H:%M:%S+05:00') AS started_at,
  strftime(started + to_seconds(700 + throw(n, 23, 800)), '%Y-%m-%dT%H:%M:%S+05:00') AS completed_at, $synced AS synced_at,
  {'iin': iin, 'iin_missing_reason': CASE WHEN iin IS NULL THEN 'UNKNOWN' END, 'family_name': family_name, 'given_name': given_name,
   'patronymic': patronymic, 'sex': sex, 'birth_date': birth::VARCHAR, 'birth_date_precision': 'DAY'} AS identity,
  {'age_stated': NULL::INTEGER, 'birth_time': NULL::VARCHAR, 'death_on': NULL::VARCHAR, 'death_time': NULL::VARCHAR,
   'position_in_institution': 'RESIDENT', 'residence_status': CASE WHEN luck = 9 THEN 'USUAL_TEMP_ABSENT' ELSE 'USUAL_PRESENT' END,
   'presence_reason': 'SOCIAL_CARE', 'stay_duration': 'GE12M',
   'stay_from_on': greatest(DATE '2021-05-01' - throw(person, 24, 2000), birth)::VARCHAR, 'stay_to_on': NULL::VARCHAR,
   'has_other_home': false, 'usual_address_kato': NULL::VARCHAR, 'usual_address_text': NULL::VARCHAR, 'relation_to_reference': 11,
   'birth_place_country': 'KZ', 'birth_place_kato': one_of(katos(), person, 25), 'citizenship': 1, 'citizenship_country': NULL::VARCHAR,
   'residence_since_year': least(2021, year(birth) + throw(n, 26, 30)), 'previous_residence_kato': one_of(katos(), n, 27),
   'previous_residence_country': 'KZ', 'reason_of_move': one_of(['STUDY', 'WORK', 'FAMILY', 'RETURN', 'HEALTH', 'OTHER'], n, 28),
   'has_lived_abroad_12m': false, 'arrival_year': NULL::INTEGER, 'plans_to_move_abroad': 'NO', 'ethnicity': one_of(ethnicities(), person, 29),
   'religion': one_of([1, 1, 1, 1, 2, 6, 6, 7], person, 30), 'religion_branch': NULL::VARCHAR, 'native_language': 'KAZAKH',
   'languages_known': ['KAZAKH', 'RUSSIAN'], 'kazakh_level': 'WRITES',
   'russian_level': one_of(['WRITES', 'READS', 'SPEAKS', 'UNDERSTANDS', 'NONE'], n, 31), 'english_level': 'NONE',
   'marital_status': CASE WHEN age < 18 THEN NULL ELSE 1 + throw(n, 32, 6) END,
   'children_born_count': CASE WHEN sex = 2 AND age > 18 THEN throw(n, 33, 6) END,
   'children_alive_count': CASE WHEN sex = 2 AND age > 18 THEN throw(n, 33, 6) END,
   'children_planned_count': CASE WHEN sex = 2 AND age BETWEEN 19 AND 45 THEN throw(n, 34, 4) END,
   'first_birth_on': CASE WHEN sex = 2 AND age > 40 AND throw(n, 33, 6) > 0 THEN (birth + 8000)::VARCHAR END,
   'education_level': CASE WHEN age < 20 THEN least(3, age // 6) ELSE 1 + throw(n, 35, 8) END, 'is_literate': age > 7,
   'attends_education': CASE WHEN age < 18 THEN 'SCHOOL' ELSE 'NONE' END,
   'livelihood_sources': [one_of(livelihoods(), n, 36)], 'livelihood_main': one_of(livelihoods(), n, 36),
   'has_worked_last_week': age > 17 AND throw(n, 37, 10) < 3,
   'reason_no_work': CASE WHEN age > 17 AND throw(n, 37, 10) >= 3 THEN 'DISABILITY' END,
   'employment_status': CASE WHEN age > 17 AND throw(n, 37, 10) < 3 THEN 'EMPLOYEE' END,
   'occupation': CASE WHEN age > 17 AND throw(n, 37, 10) < 3 THEN (1 + throw(n, 38, 9))::VARCHAR END,
   'industry': CASE WHEN age > 17 AND throw(n, 37, 10) < 3 THEN 'Q' END, 'workplace_kato': NULL::VARCHAR,
   'is_job_searching': false, 'is_ready_in_2w': throw(n, 39, 5) = 0, 'wg_seeing': 1 + throw(n, 40, 4), 'wg_hearing': 1 + throw(n, 41, 3),
   'wg_walking': 1 + throw(n, 42, 4), 'wg_memory': 1 + throw(n, 43, 3), 'wg_selfcare': 1 + throw(n, 44, 3), 'wg_communication': 1 + throw(n, 45, 2),
   'disability_group': one_of(['NONE', 'I', 'II', 'III'], n, 46), 'has_had_covid': one_of(['NO', 'NO', 'YES'], n, 47),
   'is_covid_vaccinated': one_of(['YES', 'NO', 'DECLINED'], n, 48), 'pandemic_income_effect': 'NONE', 'is_proxy': luck > 80,
   'proxy_reason': CASE WHEN luck > 80 THEN 'INCAPACITY' END, 'proxy_source': CASE WHEN luck > 80 THEN 'ADMINISTRATION' END} AS answers
FROM (SELECT *, begun(n) AS started FROM numbered($lo, $hi))
"""

LISTS = """
SELECT site, string_agg((person % $per + 1) || ';' || family_name || ';' || given_name || ';' || coalesce(patronymic, '') || ';'
         || strftime(birth, '%d.%m.%Y') || ';' || CASE WHEN sex = 1 THEN 'М' ELSE 'Ж' END || ';' || coalesce(iin, ''), chr(10) ORDER BY n) AS lines,
       count(*) AS listed
FROM numbered($lo, $hi) WHERE n = person AND person % $per < $cap GROUP BY site ORDER BY site
"""


def _fill(query: str, **values: object) -> str:
    for name, value in values.items():
        query = query.replace(f"${name}", str(value))
    return query


def _bundle(path: Path, number: int, rows: int, per: int, seed: int) -> int:
    """Write one bundle and return the size of its submissions."""
    low, high = (number - 1) * ROWS_PER_BUNDLE, min(rows, number * ROWS_PER_BUNDLE)
    device = f"TB-{number:04d}"
    folder = path / "tablet_vpn" / f"{device}-20211030-01"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "submissions.ndjson"
    exported = "2021-10-30T21:00:00+05:00"
    query = _fill(
        SUBMISSIONS,
        device=f"'{device}'",
        synced=f"'{exported}'",
        per=per,
        cap=_listed(per),
        lo=low,
        hi=high,
    )
    with _connect(seed, per) as con:
        con.execute(f"COPY ({query}) TO '{str(target).replace(chr(39), chr(39) * 2)}' (FORMAT json)")
        days = f"SELECT strftime(begun(n) + to_seconds(700 + throw(n, 23, 800)), '%Y-%m-%d') AS d, count(*) FROM range({low}, {high}) t(n)"
        daily = con.execute(f"{days} GROUP BY d ORDER BY d").fetchall()
    with target.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    manifest = {
        "bundle_id": folder.name, "device_id": device, "institution_id": f"MNG-{low // per + 1:07d}", "app_version": "3.1",
        "exported_at": exported, "case_count": high - low, "submissions_sha256": digest, "created_count": high - low, "deleted_count": 0,
        "last_case_no": high - low, "daily_counts": dict(daily),
    }  # fmt: skip
    for name, part in sealed(manifest, key_of(seed, device)).items():
        _write(folder / name, part)
    _write(folder.with_name(folder.name + ".ready"), b"")
    return target.stat().st_size


def _listed(per: int) -> int:
    """Return how many of an institution's persons stand on its list."""
    return int(per * LISTED_RATE)


def _lists(path: Path, rows: int, per: int, seed: int) -> None:
    """Write a list and a headcount for every institution, some thousands at a time."""
    step = 2000 * PERSONS_PER_INSTITUTION // per * per
    with _connect(seed, per) as con:
        for low in range(0, rows, step):
            query = _fill(LISTS, per=per, cap=_listed(per), lo=low, hi=min(rows, low + step))
            for site, lines, listed in con.execute(query).fetchall():
                _list(path, int(site) + 1, str(lines), int(listed), seed)


def _list(path: Path, number: int, lines: str, listed: int, seed: int) -> None:
    site = f"MNG-{number:07d}"
    title = f"КГУ «Центр социального обслуживания № {number}»\nпо состоянию на 01.06.2021, составлен 05.07.2021\n"
    header = "№ п/п;Фамилия;Имя;Отчество;Дата рождения;Пол;ИИН\n"
    _write(path / "list" / site / "spisok.csv", f"{title}{header}{lines}\nИтого;;{listed}\n".encode())
    count = f"{site},2021-08-31T23:00:00+05:00,{listed},0,0,{listed},ST-{number:07d},2021-09-03\n"
    columns = "institution_id,moment_at,present_count,temporarily_absent_count,living_in_staff_count,usual_present_count,signed_by_staff_id,signed_on\n"
    _write(path / "headcount" / site / "chislennost.csv", (columns + count).encode())


SITE_COLUMNS = """institution_id bin site_no name_kk name_ru category_code kato capacity governing_order head_order_no head_order_on
    is_web_only closed_on""".split()
DEVICE_COLUMNS = """device_id institution_id act_no issued_on return_act_no returned_on cases_left_count form_version has_case has_glass
    has_charger has_usb_cable has_stylus has_power_bank public_key key_signature""".split()


def _register(path: Path, rows: int, per: int, seed: int) -> None:
    """Write the register: a site per so many persons with one employee each, and a tablet per bundle."""
    institutions, bundles = (rows - 1) // per + 1, (rows - 1) // ROWS_PER_BUNDLE + 1
    trained = ["Сериков Берик", "1-ө", date(2021, 7, 10), date(2021, 8, 10)]
    sheets: dict[str, list[list[Cell]]] = {
        "institution": [[*SITE_COLUMNS], *_sites(institutions, Dice(seed, "volume"))],
        "staff": [
            ["staff_id", "institution_id", "full_name", "order_no", "order_on", "trained_on"],
            *([f"ST-{n:07d}", f"MNG-{n:07d}", *trained] for n in range(1, institutions + 1)),
        ],
        "premises": [["institution_id", "has_room", "computer_count", "has_internet"]],
        "device": [[*DEVICE_COLUMNS], *(_device(seed, per, n) for n in range(1, bundles + 1))],
        "employee": [["employee_id", "full_name"], ["DEP-01", "Ахметова Айгуль"]],
        "medium": [["medium_id", "employee_id", "act_no", "wiped_on"], ["USB-001", "DEP-01", "1", None]],
    }
    _write(path / "register" / "reestr_1.xlsx", xlsx_bytes(sheets))


def _sites(institutions: int, dice: Dice) -> list[list[Cell]]:
    profiles = [p for p in PROFILES.values() if p.code != "HOMELESS_PATROL"]
    rows: list[list[Cell]] = []
    for number in range(1, institutions + 1):
        profile, kato = profiles[number % len(profiles)], DISTRICTS[number % 7].places[0]
        entity = issue_bin(date(1995 + number % 25, 1 + number % 12, 1), dice)
        names = [f"{profile.name_kk} {number}", f"{profile.name_ru} {number}"]
        order = ["141/17", "1", date(2021, 7, 5), "false", None]
        rows.append([f"MNG-{number:07d}", entity, 1, *names, profile.code, kato, 100, *order])
    return rows


def _device(seed: int, per: int, number: int) -> list[Cell]:
    site = f"MNG-{(number - 1) * ROWS_PER_BUNDLE // per + 1:07d}"
    return [
        f"TB-{number:04d}",
        site,
        f"{number}",
        date(2021, 9, 27),
        f"В-{number}",
        date(2021, 11, 3),
        0,
        "2021.1",
        *["true"] * 6,
        *key_columns(seed, f"TB-{number:04d}"),
    ]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
