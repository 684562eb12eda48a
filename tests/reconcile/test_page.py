"""The one page: three languages, no network, no script, nobody on it."""

import re
from datetime import date, datetime, timedelta

import pytest

from pipeline.lake import Lake
from pipeline.reconcile import charts, page, reconcile
from pipeline.reconcile.campaign import catalogue, phase_of
from pipeline.reconcile.page import number, percent, signed, texts
from pipeline.settings import Settings, load_settings
from tests.made_build import AS_OF, SITES, MadeBuild


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a second night."""
    settings = load_settings(lake=tmp_path_factory.mktemp("page"), threads=1)
    earlier, build = (
        MadeBuild(as_of=as_of).write(settings.lake, settings) for as_of in (AS_OF - timedelta(days=1), AS_OF)
    )
    return reconcile(Lake(settings.lake), build, settings, earlier).page.read_text(encoding="utf-8")


def test_it_speaks_three_languages(html: str) -> None:
    for phrase in (
        "Тепе-тең",
        "Сходится",
        "Balanced",
        "Алдымен не істеу керек",
        "Что делать в первую очередь",
        "What to do first",
    ):
        assert phrase in html
    assert html.count('lang="kk"') == html.count('lang="en"')


def test_it_needs_no_network_and_no_script(html: str) -> None:
    assert "<script" not in html
    assert "http" not in html
    assert not re.search(r"(src|href|@import|url)\s*[=(](?!#hatch\))", html)


def test_a_name_from_outside_is_text_and_no_markup() -> None:
    assert str(page.three("<script>", "=1+1", "&lol;")).count("<") == 6
    assert "=1+1</span>" in str(page.three("", "=1+1", ""))


def test_s2_is_a_number_and_s3_not_even_that(html: str) -> None:
    assert "Учреждение BOARD_GIFT" in html
    assert "MNG-0004" in html
    assert "Учреждение ORPH" not in html
    for s3 in ("MNG-0009", "MNG-0010", "TB-0010", "Учреждение TB", "Учреждение CRISIS"):
        assert s3 not in html


MISTYPED = {"institution": [
    {"institution_id": site, "category_code": "TUB" if category in ("TB", "CRISIS") else category, "kato": kato}
    for site, (category, kato, _) in SITES.items()
]}  # fmt: skip


def test_a_site_of_unknown_category_is_not_even_a_number(lake: Lake, settings: Settings) -> None:
    html = reconcile(lake, MadeBuild(tables=MISTYPED).write(lake.root, settings), settings).page.read_text(
        encoding="utf-8"
    )
    assert "MNG-0004" in html
    for hidden in ("MNG-0009", "MNG-0010", "TB-0010", "Counted 9 persons fewer"):
        assert hidden not in html


def test_a_medium_that_is_out_is_named_with_its_cases_and_hours(lake: Lake, settings: Settings) -> None:
    written = {"employee_id": "DEP-01", "act_no": "1", "act_case_count": 4}
    media = [
        {"medium_id": "USB-007", "copied_on": date(2021, 10, 10), **written},
        {"medium_id": "USB-008", "copied_on": date(2021, 10, 18), **written},
    ]
    night = reconcile(lake, MadeBuild(tables={"medium": media}).write(lake.root, settings), settings)
    html = night.page.read_text(encoding="utf-8")
    assert "Media written and not loaded in time: 1, with 4 cases" in html
    [row] = re.findall(r"<tr><td><code>USB-007</code>.*</tr>", html)
    assert re.findall(r'lang="en">([^<]*)<', row) == ["cases: 4", "218 h"]
    assert "USB-008" not in html


def test_beside_what_is_wrong_stands_what_to_do_next(html: str) -> None:
    assert "Ask the head, then <code>sanaq review</code>." in html
    assert "Спросите руководителя." in html


def test_the_blocks_are_there(html: str) -> None:
    order = [
        "Сходится",
        "Ход и прогноз",
        "Охват по районам",
        "Что делать в первую очередь",
        "По группам категорий",
        "Со вчерашней ночи",
        "Учтённые по возрасту и полу",
        "Планшеты и USB",
        "Чего мы не знаем",
    ]
    places = [html.index(title) for title in order]
    assert places == sorted(places)


def test_every_text_has_the_same_numbers_in_every_language() -> None:
    for section, labels in texts().items():
        if section == "reviewed":
            continue
        for key, text in labels.items():
            assert text.keys() == {"kk", "ru", "en"}, (section, key)
            fields = {language: sorted(re.findall(r"{(\w+)}", words)) for language, words in text.items()}
            assert fields["kk"] == fields["ru"] == fields["en"], (section, key)


def test_every_check_and_every_topic_has_a_text() -> None:
    listed = {check["id"] for checks in catalogue()["phases"].values() for check in checks}
    assert listed == texts()["checks"].keys()
    assert catalogue()["phases"].keys() == texts()["phase"].keys()


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        ("2021-08-20T00:00", "before"),
        ("2021-09-10T00:00", "online"),
        ("2021-10-05T00:00", "tablet"),
        ("2021-10-20T00:00", "tablet"),
        ("2021-11-05T00:00", "closing"),
        ("2021-12-24T00:00", "after"),
    ],
)
def test_the_phase_follows_from_the_windows(moment: str, phase: str) -> None:
    when = datetime.fromisoformat
    windows = [
        ("web_self", when("2021-08-31T18:00"), when("2021-10-15T18:00")),
        ("web_self", when("2021-10-20T18:00"), when("2021-10-30T18:00")),
        ("tablet", when("2021-09-30T19:00"), when("2021-10-30T19:00")),
    ]
    assert phase_of(windows, 30, when(moment)) == phase


def forecast_of(lake: Lake, settings: Settings, **row: object) -> str:
    """Return the English forecast of a night whose table says so."""
    row = {"district_kato": "ALL", "last_on": date(2021, 10, 30), "days_left": 11, "week_count": 70, "day_count": 7, "expected_count": 1000,
           "counted_count": 800, **row}  # fmt: skip
    built = MadeBuild(tables={"coverage_forecast": [row]}).write(lake.root, settings)
    html = reconcile(lake, built, settings).page.read_text(encoding="utf-8")
    return " ".join(re.findall(r'lang="en">([^<]*)<', html[html.index('id="outlook-said"') :])[:3])


def test_the_forecast_of_the_table_is_on_the_page_as_a_range(lake: Lake, settings: Settings) -> None:
    text = forecast_of(
        lake, settings, status="known", forecast_count=909.9, low_count=888.6, high_count=931.2, days_needed=20
    )
    assert "888 to 932 persons (88\u202f%–93\u202f%); now 800 of 1\u202f000" in text
    assert "(10 a day) the rest takes 20 days" in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("unknown_expected", "there is no expected count"),
        ("unknown_pace", "something arrived on 7"),
        ("closed", "800 of 1\u202f000 present were counted (80\u202f%)"),
    ],
)
def test_the_forecast_says_when_it_cannot_know(lake: Lake, settings: Settings, status: str, words: str) -> None:
    assert words in forecast_of(lake, settings, status=status)


def test_numbers_are_written_for_tired_eyes() -> None:
    assert number(1234567) == "1\u202f234\u202f567"
    assert number(None) == "–"
    assert signed(-5) == "−5"
    assert signed(0) == ""
    assert percent(0.9999) == "99\u202f%"
    assert percent(1.029) == "102\u202f%"


def test_the_progress_chart_has_every_day_of_the_range() -> None:
    days = [{"day_on": date(2021, 10, day), "interviewed_count": 3, "received_count": 2} for day in (1, 4)]
    panels = charts.progress(days)
    assert {name: svg.count("<rect") for name, svg in panels.items()} == {"interviewed": 2, "received": 2}
    assert all(f">0{day}.10<" in svg for svg in panels.values() for day in (1, 2, 3, 4))
    assert charts.progress([]) == {}


def test_few_interviews_are_seen_beside_many_receipts() -> None:
    days = [{"day_on": date(2021, 10, day), "interviewed_count": 3, "received_count": 900} for day in (1, 4)]
    heights = {name: re.findall(r'<rect [^>]*height="([\d.]+)"', svg) for name, svg in charts.progress(days).items()}
    assert heights["interviewed"] == heights["received"]


def test_the_waterfall_ends_where_it_should() -> None:
    row = {
        "list_count": 100,
        "departed_count": -20,
        "died_count": 0,
        "arrived_count": 10,
        "born_count": 0,
        "leave_count": 0,
    }
    steps = charts.waterfall({**row, "headcount_count": -5, "expected_count": 85, "counted_count": 80})
    assert [step["step"] for step in steps] == ["list", "departed", "arrived", "headcount", "expected", "counted"]
    departed = steps[1]
    assert (departed["left"], departed["width"]) == (80, 20)
    assert all(step["left"] >= 0 and step["left"] + step["width"] <= 100.001 for step in steps)


@pytest.mark.parametrize("register", [{}, MISTYPED], ids=["S3", "unknown category"])
def test_what_is_not_ready_stands_on_the_page_with_owner_and_day_and_s3_in_the_number_alone(
    lake: Lake, settings: Settings, register: dict[str, list[dict[str, str]]]
) -> None:
    sites = ("MNG-0004", "MNG-0005", "MNG-0009")  # the last is S3
    lacking = [
        {"discrepancy_id": f"n{number}", "kind": "HEAD_ORDER_MISSING", "severity": "amber", "institution_id": site, "subject_kind": "institution",
         "subject_id": site, "owner": "HEAD", "due_on": date(2021, 8, 21), "person_count": 1, "unit": "days", "rank_no": number,
         "todo_kk": "Сұраңыз.", "todo_ru": "Спросите.", "todo_en": "Ask.", "message_kk": "Бұйрық жоқ.", "message_ru": "Нет приказа.", "message_en": "No order."}
        for number, site in enumerate(sites, start=1)
    ]  # fmt: skip
    said_by_none = {
        "discrepancy_id": "n4",
        "kind": "SEMINARS_NOT_REGISTERED",
        "institution_id": "ALL",
        "subject_kind": "register",
        "subject_id": "staff",
    }
    lacking.append(lacking[0] | said_by_none | {"owner": "DEPARTMENT", "rank_no": 4})
    as_of = AS_OF - timedelta(days=60)
    built = MadeBuild(as_of=as_of, tables={"discrepancy": lacking, **register}).write(lake.root, settings)
    result = reconcile(lake, built, settings)
    row, everywhere = result.figures["readiness"]
    assert (everywhere["kind"], everywhere["is_everywhere"], everywhere["institution_ids"]) == (
        "SEMINARS_NOT_REGISTERED",
        True,
        [],
    )
    assert (row["owner"], row["site_count"], row["overdue_count"], row["due_on"]) == ("HEAD", 3, 0, date(2021, 8, 21))
    assert row["institution_ids"] == ["MNG-0004", "MNG-0005"]
    html = result.page.read_text(encoding="utf-8")
    assert "Ready for the field" in html
    assert 'lang="en">all</' in html
    assert "MNG-0009" not in html


@pytest.mark.parametrize(("kind", "is_quiet"), [("HEAD_ORDER_MISSING", True), ("NOTHING_RECEIVED", False)])
def test_nobody_says_that_no_tablet_is_silent_where_nothing_was_received(
    lake: Lake, settings: Settings, kind: str, is_quiet: bool
) -> None:
    row = {"discrepancy_id": "n1", "kind": kind, "severity": "red", "institution_id": "MNG-0004", "subject_kind": "institution",
           "subject_id": "MNG-0004", "owner": "HEAD", "due_on": date(2021, 10, 5), "person_count": 9, "rank_no": 1}  # fmt: skip
    built = MadeBuild(tables={"discrepancy": [row]}).write(lake.root, settings)
    html = reconcile(lake, built, settings).page.read_text(encoding="utf-8")
    assert ("No silent tablet, no late medium." in html) == is_quiet
