"""Words and dates of office papers."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.read.words import load_words, note_code, plain, read_date, read_iin, split_name
from pipeline.settings import PROJECT

MOMENT = date(2021, 8, 31)
WORDS = load_words(PROJECT / "data" / "reference" / "list_headers.yaml")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("01.02.1950", (date(1950, 2, 1), "DAY")), ("1.2.1950", (date(1950, 2, 1), "DAY")), ("1950-02-01", (date(1950, 2, 1), "DAY")),
        ("01/02/50", (date(1950, 2, 1), "DAY")), ("01/02/21", (date(2021, 2, 1), "DAY")), ("01/02/22", (date(1922, 2, 1), "DAY")),
        ("01.02.1950 г.", (date(1950, 2, 1), "DAY")), ("01.02.1950г.р.", (date(1950, 2, 1), "DAY")), ("1950 ж.", (date(1950, 1, 1), "YEAR")),
        ("1950", (date(1950, 1, 1), "YEAR")), (1950, (date(1950, 1, 1), "YEAR")), ("02.1950", (date(1950, 2, 1), "MONTH")),
        (datetime(1950, 2, 1, 5), (date(1950, 2, 1), "DAY")), (date(1950, 2, 1), (date(1950, 2, 1), "DAY")),  # noqa: DTZ001
        ("31.02.1950", (None, "UNKNOWN")), ("13.1950", (None, "UNKNOWN")), ("", (None, "UNKNOWN")), (None, (None, "UNKNOWN")),
        ("15.01.2005 0:00:00", (date(2005, 1, 15), "DAY")), ("2005-01-15 00:00:00", (date(2005, 1, 15), "DAY")),
        ("2005-01-15T00:00", (date(2005, 1, 15), "DAY")), ("12 мая 2009 г. 9:30", (date(2009, 5, 12), "DAY")),
        ("нет", (None, "UNKNOWN")), (18264, (date(1950, 1, 1), "DAY")), ("1750", (None, "UNKNOWN")),
    ],
)  # fmt: skip
def test_dates(cell: str | int | date | datetime | None, expected: tuple[date | None, str]) -> None:
    assert read_date(cell, MOMENT, WORDS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "12 мая 2009 г.", "«12» мая 2009 года", "12 май 2009", "12-мая-2009", "12 МАЯ 2009", "12 мамыр 2009 ж.", "2009 ж. 12 мамыр",
        "2009 жылғы 12 мамыр", "2009 жылдың 12 мамыры", "12 May 2009", "May 12, 2009", "12.май.2009",
    ],
)  # fmt: skip
def test_a_month_may_be_a_word(text: str) -> None:
    assert read_date(text, MOMENT, WORDS) == (date(2009, 5, 12), "DAY")


def test_every_month_is_known_by_its_word_in_three_languages() -> None:
    months = zip(
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split(),
        "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан".split(),
        "January February March April May June July August September October November December".split(),
        strict=True,
    )
    for month, words in enumerate(months, 1):
        assert {read_date(f"3 {word} 1950", MOMENT, WORDS) for word in words} == {(date(1950, month, 3), "DAY")}
        assert {read_date(f"{word} 1950 г.", MOMENT, WORDS) for word in words} == {(date(1950, month, 1), "MONTH")}


@pytest.mark.parametrize("text", ["31 февраля 1950", "12 мебель 2009", "0 мая 2009", "мая", "палата 12 2009", "12 мая"])
def test_what_is_no_date_stays_unread(text: str) -> None:
    assert read_date(text, MOMENT, WORDS) == (None, "UNKNOWN")


@given(
    st.dates(min_value=date(1922, 1, 1), max_value=MOMENT),
    st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%y", "%d.%m.%Y г."]),
)
def test_a_date_survives_being_written_and_read(day: date, form: str) -> None:
    assert read_date(day.strftime(form), MOMENT, WORDS) == (day, "DAY")


@given(st.text(max_size=20))
def test_no_text_is_too_strange_for_a_date(text: str) -> None:
    found, precision = read_date(text, MOMENT, WORDS)
    assert (found is None) == (precision == "UNKNOWN")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Иванов Иван Иванович", ("Иванов", "Иван", "Иванович")), ("Иванов Иван", ("Иванов", "Иван", None)), ("Иванов", ("Иванов", None, None)),
        ("Әлиева Дана Серік қызы", ("Әлиева", "Дана", "Серік қызы")), ("Мамедов Али Гасан оглы", ("Мамедов", "Али", "Гасан оглы")),
        ("Әлиев Серік ұлы", ("Әлиев", None, "Серік ұлы")), ("Ким Л.В.", ("Ким", "Л.", "В.")), ("Иванов, Иван  Иванович", ("Иванов", "Иван", "Иванович")),
        ("Ван дер Берг Ян", ("Ван", "дер", "Берг Ян")), ("", (None, None, None)),
    ],
)  # fmt: skip
def test_full_names(text: str, expected: tuple[str | None, str | None, str | None]) -> None:
    assert split_name(text) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (50201300012, "050201300012"),
        ("050201 300012", "050201300012"),
        ("-", None),
        ("нет", None),
        (None, None),
        ("0502", "0502"),
        ("50201300012", "050201300012"),
        ("501300012", "000501300012"),
        (0, None),
        ("0", None),
        ("000000000000", None),
        (True, None),
    ],
)
def test_iin_as_written(cell: str | int | None, expected: str | None) -> None:
    assert read_iin(cell) == expected


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("№ п/п", "number"), ("№", "number"), ("Ф.И.О.", "full_name"), ("ФИО", "full_name"), ("ИИН (ЖСН)", "iin"), ("Дата\nрождения", "birth_on"),
        ("ДАТА  РОЖДЕНИЯ", "birth_on"), ("Р/с №", "number"), ("Тегі", "family_name"), ("Пол", "sex"), ("Туған күні, айы, жылы", "birth_on"),
    ],
)  # fmt: skip
def test_headers(cell: str, column: str) -> None:
    assert WORDS.columns.get(plain(cell)) == column
    assert "" not in WORDS.columns


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("выбыл 01.07.2021", "DEPARTED"),
        ("01.07.2021 выбыла к матери", "DEPARTED"),
        ("отчислен из школы", "DEPARTED"),
        ("үйіне кетті", "DEPARTED"),
        ("переведена в интернат", "DEPARTED"),
        ("умерла 5 июля", "DIED"),
        ("қайтыс болды", "DIED"),
        ("сотрудник", "STAFF"),
        ("отказалась отвечать", "REFUSED"),
        ("сирота, мать умерла", None),
        ("умер отец", None),
        ("анасы қайтыс болған", None),
        ("мать - сотрудница школы", None),
        ("отказ матери", None),
        ("переведена из Дома ребенка", None),
        ("переведён в 5 класс", None),
        ("5-сыныпқа ауыстырылды", None),
        ("не выбыла", None),
    ],
)
def test_a_note_says_of_its_person_what_became_of_them_and_not_of_kin(note: str, code: str | None) -> None:
    assert note_code(note, WORDS) == code
