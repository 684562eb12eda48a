"""The charts of the one page: what they show is what the build says, and of S3 or a single institution they show nothing."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.lake import Lake
from pipeline.reconcile import Reconciliation, charts, figures, page, reconcile
from pipeline.reconcile.figures import Row
from pipeline.reconcile.outlook import CEILING, FLOOR, LINE, outlook
from pipeline.settings import Settings, load_settings
from pipeline.sql import Workbench
from tests.made_build import AS_OF, GROUPS, SITES, TIERS, MadeBuild, write_tables

AKTAU, ZHANAOZEN, BEINEU = "471000000", "471800000", "473600000"
AGES = ("00-04", "05-09", "15-19", "85+", "UNKNOWN")
SPIKE = {"publication_group": "ALL", "statistic": "FIRST_OF_JANUARY", "person_count": 365, "value": 31.0}
LAYOUT = ((ZHANAOZEN, None), (None, AKTAU))


def ages() -> list[dict[str, Any]]:
    """Two groups of a publication group each, so that only their sum can be right."""
    return [
        {"publication_group": group, "age_group": age, "men_count": number + 1, "women_count": 2 * number, "sex_unknown_count": number % 2}
        for group in ("CHILDREN_WITHOUT_CARE", "SOCIAL_AND_HEALTH")
        for number, age in enumerate(AGES)
    ]  # fmt: skip


def coverage(**change: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of `coverage_institution` by site, some of them otherwise."""
    listed = [
        {"institution_id": site, "category_code": category, "tier": TIERS[category], "publication_group": GROUPS[category],
         "district_kato": kato[:4] + "00000", "is_active": True, "is_due": True, "is_complete": site == "MNG-0004",
         "grade": "FIRM", "expected_present_count": 50, "expected_usual_count": 50, "present_count": 40, "usual_count": 45, "person_count": 40}
        for site, (category, kato, _) in SITES.items()
    ]  # fmt: skip
    return [{**row, **change.get(row["institution_id"].replace("-", "_"), {})} for row in listed]


def night(folder: Path, rows: list[dict[str, Any]], **build: Any) -> Reconciliation:
    settings = load_settings(lake=folder, threads=1)
    tables = {"age_sex": ages(), "age_heaping": [SPIKE], "coverage_institution": rows}
    return reconcile(Lake(folder), MadeBuild(tables=tables, **build).write(folder, settings), settings)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Reconciliation:
    return night(tmp_path_factory.mktemp("charts"), coverage())


@pytest.fixture(scope="module")
def figures_of(
    result: Reconciliation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, list[dict[str, Any]]], list[Row]]]:
    """Asks one figure of that night with other rows in `coverage_institution`."""
    build, other = result.folder.parent, tmp_path_factory.mktemp("other")
    settings = load_settings(lake=build.parent.parent, threads=1)
    bench = Workbench.over(build, "reconcile", Lake(settings.lake), settings, AS_OF)

    def ask(name: str, coverage: list[dict[str, Any]]) -> list[Row]:
        write_tables(other, {"coverage_institution": coverage}, bench.schemas)
        bench.relation("coverage_institution", [other / "count" / "coverage_institution.parquet"])
        return figures.rows(bench, name)

    yield ask
    bench.close()


def drawings(html: str) -> dict[str, ET.Element]:
    """Every drawing of the page, parsed, by what labels it."""
    found = [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)]  # our own page
    return {svg.attrib["aria-labelledby"]: svg for svg in found}


def words(part: ET.Element, language: str) -> str:
    """What a reader of one language sees in a part of a drawing."""
    return " ".join(
        "".join(inner.text or "" for inner in text if inner.attrib.get("lang") == language) or text.text or ""
        for text in part.iter("text")
    ).strip()  # fmt: skip


def test_every_drawing_is_well_formed_and_labelled_by_words_on_the_page(result: Reconciliation) -> None:
    html = result.page.read_text(encoding="utf-8")
    found = drawings(html)
    assert found.keys() == {"outlook", "districts", "ages", "by-interviewed", "by-received"}
    for name, svg in found.items():
        assert html.count(f'id="{name}"') == 1
        assert svg.attrib["role"] == "img"
    for name in ("outlook", "districts", "ages"):
        assert [title.attrib["lang"] for title in found[name].findall("title")] == ["kk", "ru", "en"]
        assert html.count(f'id="{found[name].attrib["aria-describedby"]}"') == 1


class TestDistricts:
    def test_a_tile_shows_the_share_of_its_district_without_s3(self, tmp_path: Path) -> None:
        rows = coverage(MNG_0009={"usual_count": 5000, "person_count": 5000}, MNG_0004={"usual_count": 31})
        result = night(tmp_path, rows)
        own = [row for row in rows if row["district_kato"] == AKTAU and row["tier"] != "S3"]
        [figure] = [row for row in result.figures["districts"] if row["district_kato"] == AKTAU]
        assert figure["usual_rate"] == sum(row["usual_count"] for row in own) / sum(
            row["expected_usual_count"] for row in own
        )
        assert (figure["due_count"], figure["complete_count"]) == (len(own), 1)
        tiles = drawings(result.page.read_text(encoding="utf-8"))["districts"].findall("g")
        [tile] = [words(tile, "en") for tile in tiles if "Aktau" in words(tile, "en")]
        assert tile == f"Aktau city administration {page.percent(figure['usual_rate'])} 1 of {len(own)} complete"

    def test_a_share_of_very_few_is_withheld_and_said_to_be(self, tmp_path: Path) -> None:
        few = {f"MNG_000{number}": {"expected_usual_count": 3} for number in (1, 2, 3, 4, 6, 7)}
        result = night(tmp_path, coverage(**few))
        [figure] = [row for row in result.figures["districts"] if row["district_kato"] == AKTAU]
        assert (figure["status"], figure["usual_rate"]) == ("withheld", None)
        svg = drawings(result.page.read_text(encoding="utf-8"))["districts"]
        [tile] = [tile for tile in svg.findall("g") if "Aktau" in words(tile, "en")]
        assert "withheld" in tile.attrib["class"].split()
        assert [words(tile, language).count("%") for language in ("kk", "ru", "en")] == [0, 0, 0]
        assert ("жабық" in words(tile, "kk"), "скрыто" in words(tile, "ru")) == (True, True)

    @pytest.mark.parametrize(
        ("kato", "change"),
        [(ZHANAOZEN, {}), (AKTAU, {"MNG_0007": {"expected_usual_count": 5000}})],
        ids=["two institutions", "one and little else"],
    )
    def test_a_district_that_is_one_institution_or_two_tells_nothing(
        self, kato: str, change: dict[str, Any], figures_of: Callable[..., list[Row]]
    ) -> None:
        [figure] = [row for row in figures_of("district", coverage(**change)) if row["district_kato"] == kato]
        told = [figure[name] for name in ("status", "usual_rate", "due_count", "complete_count")]
        assert told == ["withheld", None, None, None]

    def test_a_district_of_s3_alone_looks_like_one_without_an_institution(
        self, figures_of: Callable[..., list[Row]]
    ) -> None:
        moved = coverage(MNG_0010={"district_kato": BEINEU, "usual_count": 400})
        by_code = {row["district_kato"]: row for row in figures_of("district", moved)}
        told = {name: by_code[BEINEU][name] for name in ("status", "usual_rate", "due_count", "complete_count")}
        assert told == {"status": "none", "usual_rate": None, "due_count": 0, "complete_count": 0}
        assert told == {name: by_code["474200000"][name] for name in told}

    def test_all_districts_have_a_tile_of_their_own_even_where_the_round_places_none(self) -> None:
        rows = [
            {"district_kato": kato, "usual_rate": None} for kato in (AKTAU, ZHANAOZEN, BEINEU, "474200000", "474600000")
        ]
        placed = {tile["district_kato"]: (tile["column"], tile["line"]) for tile in charts.district_map(rows, LAYOUT)}
        assert (placed[ZHANAOZEN], placed[AKTAU]) == ((0, 0), (1, 1))
        assert len(set(placed.values())) == len(rows)
        assert {line for _, line in (set(placed.values()) - {(0, 0), (1, 1)})} == {2, 3}
        assert len({(tile["column"], tile["line"]) for tile in charts.district_map(rows, ())}) == len(rows)

    @pytest.mark.parametrize(
        ("rate", "shade"),
        [
            (None, None),
            (0.0, 0),
            (0.4999, 0),
            (0.5, 1),
            (0.79, 1),
            (0.8, 2),
            (0.9499, 2),
            (0.95, 3),
            (1.0299, 3),
            (1.03, 4),
            (2.0, 4),
        ],
    )
    def test_the_shade_is_that_of_the_number_in_the_tile(self, rate: float | None, shade: int | None) -> None:
        [tile] = charts.district_map([{"district_kato": AKTAU, "usual_rate": rate}], ())
        assert tile["shade"] == shade

    def test_the_legend_has_a_word_and_the_page_a_colour_for_every_shade(self, result: Reconciliation) -> None:
        assert charts.shade_words() == ["< 50 %", "50–79 %", "80–94 %", "95–102 %", "≥ 103 % ↑"]
        colours = re.findall(r"\.shade\d { --shade: #(\w{6})", result.page.read_text(encoding="utf-8"))
        greys = [grey(colour) for colour in colours]
        assert len(greys) == len(charts.shade_words())
        assert all(lighter - darker > 20 for lighter, darker in pairwise(greys)), (
            "told apart on a black and white print"
        )


class TestPyramid:
    def test_its_bars_are_the_sums_over_all_groups(self, result: Reconciliation) -> None:
        rows = charts.pyramid(result.figures["ages"]["groups"])
        assert [row["ages"] for row in rows] == ["85+", *(f"{low}–{low + 4}" for low in range(80, -5, -5))]
        found = {row["ages"]: (row["men"], row["women"]) for row in rows if row["men"] or row["women"]}
        assert found == {"0–4": (2, 0), "5–9": (4, 4), "15–19": (6, 8), "85+": (8, 12)}
        html = result.page.read_text(encoding="utf-8")
        bars = drawings(html)["ages"].findall("g")
        for bar, row in zip(bars, rows, strict=True):
            assert words(bar, "en").split() == [str(row["men"]), row["ages"], str(row["women"])]
            lengths = [float(rect.attrib["width"]) for rect in bar.findall("rect")]
            assert lengths == pytest.approx([132 * row["men"] / 12, 132 * row["women"] / 12], abs=0.06)

    def test_it_says_how_many_ages_are_guessed(self, result: Reconciliation) -> None:
        told = {name: value for name, value in result.figures["ages"].items() if name != "groups"}
        everybody = sum(row["men_count"] + row["women_count"] + row["sex_unknown_count"] for row in ages())
        assert told == {
            "first_january_count": 31, "chance_count": 1, "dated_count": 365, "guessed_count": 30,
            "undated_count": everybody - 365, "unknown_count": 2 * (1 + 1) + 2 * (5 + 8),
        }  # fmt: skip
        assert "Guessed ages, about 30: 31 of 365" in result.page.read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        "counted",
        [("MNG-0004", "MNG-0005"), ("MNG-0009", "MNG-0010"), ("MNG-0004", "MNG-0009", "MNG-0010"), ("MNG-0004",), ()],
        ids=["two institutions", "S3", "one institution beside S3", "one institution", "nobody"],
    )
    def test_it_is_never_of_an_institution_or_of_s3(
        self, figures_of: Callable[..., list[Row]], counted: tuple[str, ...]
    ) -> None:
        nobody = {site.replace("-", "_"): {"person_count": 0} for site in SITES if site not in counted}
        assert figures_of("age_group", coverage(**nobody)) == []

    def test_where_it_cannot_be_shown_the_page_says_so(self, tmp_path: Path) -> None:
        nobody = {site.replace("-", "_"): {"person_count": 0} for site in SITES}
        html = night(tmp_path, coverage(**nobody)).page.read_text(encoding="utf-8")
        assert "ages" not in drawings(html)
        assert "Not shown yet" in html

    @pytest.mark.parametrize("heavy", [("MNG_0004",), ("MNG_0009", "MNG_0010")], ids=["an institution", "S3"])
    def test_nor_where_one_outweighs_the_rest(
        self, figures_of: Callable[..., list[Row]], heavy: tuple[str, ...]
    ) -> None:
        rows = coverage(**{site: {"person_count": 3000} for site in heavy})
        assert figures_of("age_group", coverage()) != []
        assert figures_of("age_group", rows) == []

    def test_before_the_field_there_is_neither_pyramid_nor_map(self, tmp_path: Path) -> None:
        result = night(tmp_path, coverage(), as_of=AS_OF - timedelta(days=60))
        assert drawings(result.page.read_text(encoding="utf-8")).keys() & {"ages", "districts"} == set()


DAYS = [{"day_on": date(2021, 10, day), "present_count": count} for day, count in ((1, 100), (4, 500), (19, 800))]
KNOWN = {
    "status": "known",
    "today_on": date(2021, 10, 20),
    "last_on": date(2021, 10, 30),
    "expected_count": 1000,
    "low": 888,
    "middle": 910,
    "high": 932,
}


class TestOutlook:
    def test_the_line_is_of_those_present_where_a_number_was_expected(self, lake: Lake, settings: Settings) -> None:
        build = MadeBuild().write(lake.root, settings)
        counts = [row["present_count"] for row in reconcile(lake, build, settings).figures["so_far"]]
        assert counts == sorted(counts)
        assert counts[-1] == sum(count for site, (*_, count) in SITES.items() if site != "MNG-0010"), (
            "nothing was expected there"
        )

    def test_heights_are_to_scale(self) -> None:
        drawn = outlook(DAYS, KNOWN)
        assert drawn is not None

        def count(height: float) -> float:
            return 1000 * (FLOOR - height) / (FLOOR - CEILING)

        assert count(drawn["now"][1]) == 800
        assert count(drawn["expected"]) == 1000
        high, low = (float(height) for height in re.findall(r"L\d+ ([\d.]+) V([\d.]+)", drawn["fan"])[0])
        assert (count(high), count(low)) == (pytest.approx(932, abs=0.4), pytest.approx(888, abs=0.4))
        assert [label["value"] for label in drawn["end_labels"]] == [932, 888]

    @pytest.mark.parametrize("ends", [(800, 800), (888, 932), (0, 1000), (2000, 2001)])
    @pytest.mark.parametrize("today", [date(2021, 10, 4), date(2021, 10, 10), date(2021, 10, 29), date(2021, 12, 1)])
    def test_labels_keep_apart(self, ends: tuple[int, int], today: date) -> None:
        so_far = [row for row in DAYS if row["day_on"] <= today]
        drawn = outlook(so_far, {**KNOWN, "today_on": today, "low": ends[0], "middle": ends[0], "high": ends[1]})
        assert drawn is not None
        high, low = (label["y"] for label in drawn["end_labels"])
        assert low - high >= LINE - 1e-9
        spans = [span(label) for label in drawn["days"]]
        assert all(right < left for (_, right), (left, _) in pairwise(spans)), spans

    @pytest.mark.parametrize("expected", [None, 100, 799, 800, 810, 850, 900, 1000, 4000])
    def test_the_line_of_the_expected_never_crosses_the_number_of_those_present(self, expected: int | None) -> None:
        drawn = outlook(DAYS, {**KNOWN, "status": "closed", "expected_count": expected})
        assert drawn is not None
        foot = drawn["present_label"]["y"]
        assert drawn["expected"] is None or not foot - 10 < drawn["expected"] < foot + 2

    @pytest.mark.parametrize("status", ["unknown_pace", "closed", "unknown_expected"])
    def test_no_range_is_drawn_that_is_not_known(self, status: str) -> None:
        drawn = outlook(
            DAYS, {**KNOWN, "status": status, "expected_count": None if status == "unknown_expected" else 1000}
        )
        assert drawn is not None
        assert (drawn["fan"], drawn["end_labels"]) == (None, [])
        assert (drawn["expected"] is None) == (status == "unknown_expected")

    def test_nothing_is_drawn_after_the_last_day_of_the_windows_but_what_came_late(self) -> None:
        closed = {**KNOWN, "status": "closed", "today_on": date(2021, 12, 10)}
        for late, last in ((date(2021, 10, 28), date(2021, 10, 30)), (date(2021, 11, 5), date(2021, 11, 5))):
            drawn = outlook([*DAYS, {"day_on": late, "present_count": 810}], closed)
            assert drawn is not None
            assert drawn["days"][-1]["day_on"] == last
            assert drawn["now"][0] == drawn["days"][-1]["x"]

    @pytest.mark.parametrize("day_count", [0, 1])
    def test_nothing_is_drawn_before_the_second_day(self, day_count: int) -> None:
        assert outlook(DAYS[:day_count], KNOWN) is None


def grey(colour: str) -> float:
    """How light a colour is without its hue, 0 to 255."""
    red, green, blue = bytes.fromhex(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def span(label: dict[str, Any]) -> tuple[float, float]:
    """From where to where a day of five characters reaches at most."""
    wide, x = 36, label["x"]
    return {"start": (x, x + wide), "middle": (x - wide / 2, x + wide / 2), "end": (x - wide, x)}[label["anchor"]]


@pytest.mark.parametrize("count", [1, 2, 6, 7, 30, 61, 120])
def test_days_under_the_progress_neither_touch_nor_are_cut(count: int) -> None:
    days = [
        {"day_on": date(2021, 9, 1) + timedelta(days=at), "interviewed_count": 1, "received_count": 1}
        for at in range(count)
    ]
    drawn = charts.progress(days)["received"]
    middles = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="\d+" class="tick"', drawn)]
    assert middles
    assert all(later - earlier >= 32 for earlier, later in pairwise(middles)), middles
    assert max(middles) + 16 <= charts.WIDTH


def test_the_waterfall_shows_what_is_lacking() -> None:
    row = dict.fromkeys((f"{step}_count" for step in charts.STEPS), 0) | {
        "list_count": 80,
        "expected_count": 100,
        "headcount_count": 20,
    }
    [short] = [step for step in charts.waterfall({**row, "counted_count": 75}) if step["step"] == "counted"]
    assert (short["width"], short["lacking"]) == (75, 25)
    [over] = [step for step in charts.waterfall({**row, "counted_count": 110}) if step["step"] == "counted"]
    assert over["lacking"] == 0


@pytest.mark.parametrize(
    ("day_count", "words"), [(0, "Nothing yet."), (1, "All on one day: 3 on 01.10.2021."), (2, None)]
)
def test_before_the_second_day_words_stand_in_place_of_a_chart(
    lake: Lake, settings: Settings, day_count: int, words: str | None
) -> None:
    daily = [
        {"day_on": date(2021, 10, day), "interviewed_count": 1, "received_count": 3 if day <= day_count else 0}
        for day in (1, 2)
    ]
    built = MadeBuild(tables={"coverage_daily": daily}).write(lake.root, settings)
    html = reconcile(lake, built, settings).page.read_text(encoding="utf-8")
    assert ("by-received" in drawings(html)) == (words is None)
    assert "by-interviewed" in drawings(html)
    assert words is None or words in html
