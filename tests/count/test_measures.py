"""Every measure gives the value worked out by hand, and none where it has no meaning."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.count.measures import (
    binomial_spike,
    birth_year_digits,
    chandrasekar_deming,
    chapman,
    collapse_thin,
    content_error,
    first_of_january,
    forecast,
    lincoln_petersen,
    myers,
    net_coverage,
    ratio_estimate,
    stratified_chapman,
    un_age_sex,
    whipple,
)
from pipeline.count.measures.ages import BORN_FIRST_OF_JANUARY
from pipeline.count.measures.describe import measures_markdown
from pipeline.count.measures.dual_system import Stratum
from pipeline.errors import MeasureUndefined

EVEN_AGES = dict.fromkeys(range(100), 30)


def test_the_page_says_what_the_docstrings_say(root: Path) -> None:
    committed = (root / "docs" / "measures.md").read_text(encoding="utf-8")
    assert committed == measures_markdown(committed), "run `make docs`"


def test_two_sources_and_whom_both_found_give_the_population() -> None:
    assert lincoln_petersen(950, 480, 456) == 1000


def test_chapman_has_the_variance_and_the_interval_of_the_handbook() -> None:
    found = chapman(950, 480, 456)
    assert round(found.value, 2) == 999.94
    assert round(found.variance, 3) == 56.698
    assert (round(found.low, 1), round(found.high, 1)) == (985.2, 1014.7)


def test_an_interval_never_reaches_below_the_people_seen() -> None:
    # 4 + 4 - 1 people were seen; N = 25/2 - 1 = 11.5, Var = 25 * 9 / (4 * 3) = 18.75, 11.5 - 8.49 = 3.0
    assert chapman(4, 4, 1).low == 7
    assert chapman(4, 4, 1).variance == 18.75


def test_everybody_found_twice_leaves_nothing_to_estimate() -> None:
    found = chapman(40, 40, 40)
    assert (found.value, found.variance, found.low, found.high) == (40, 0, 40, 40)


def test_a_mean_hides_people_who_are_hard_to_find_and_strata_do_not() -> None:
    strata = [Stratum(("SCHOOL",), 90, 90, 81), Stratum(("SHELTER",), 50, 50, 25)]
    assert chandrasekar_deming(strata) == 100 + 100
    assert round(lincoln_petersen(140, 140, 106), 1) == 184.9


def test_thin_strata_are_joined_over_age_then_sex_then_category() -> None:
    strata = [
        Stratum(("INPAT", "F", "0-14"), 30, 30, 25),
        Stratum(("INPAT", "F", "15+"), 8, 8, 5),
        Stratum(("INPAT", "M", "0-14"), 60, 60, 50),
        Stratum(("INPAT", "M", "15+"), 60, 60, 40),
        Stratum(("TB", "M", "15+"), 9, 9, 8),
    ]
    assert collapse_thin(strata[:4]) == [Stratum(("INPAT", "F"), 38, 38, 30), *strata[2:4]]
    assert collapse_thin(strata) == [Stratum((), 167, 167, 128)]


def test_the_estimate_of_strata_is_the_sum_of_theirs() -> None:
    strata = [Stratum(("A",), 950, 480, 456), Stratum(("B",), 950, 480, 456)]
    found = stratified_chapman(strata)
    assert round(found.value, 2) == 1999.89
    assert round(found.variance, 2) == 113.4


def test_net_error_stands_beside_omissions_and_erroneous_inclusions() -> None:
    # 970 counted, 20 of them wrongly; 950 of the 1,000 there are
    found = net_coverage(970, 20, lincoln_petersen(950, 480, 456))
    assert (found.net_error, found.net_undercount_rate, found.coverage_rate) == (-30, 0.03, 0.97)
    assert (found.omissions, found.gross_error) == (50, 70)
    assert found.omission_rate == pytest.approx(1 - 456 / 480)


def test_a_net_error_of_nil_may_hide_fifty_omissions() -> None:
    found = net_coverage(1000, 50, 1000.0)
    assert (found.net_error, found.omissions, found.gross_error) == (0, 50, 100)


def test_answers_of_a_second_interview() -> None:
    # by chance 0.5 * 0.55 + 0.45 * 0.5 = 0.5 would differ; 15 of 100 do
    found = content_error(both=40, census_only=10, reinterview_only=5, neither=45)
    assert (found.agreement_rate, found.gross_difference_rate, found.net_difference_rate) == (0.85, 0.15, 0.05)
    assert found.inconsistency_index == pytest.approx(30)
    assert found.verdict == "moderate"


def test_answers_given_by_lot_are_wholly_inconsistent() -> None:
    found = content_error(25, 25, 25, 25)
    assert (found.inconsistency_index, found.verdict, found.net_difference_rate) == (100, "high", 0)


def test_a_class_nobody_is_in_has_no_index() -> None:
    assert content_error(0, 0, 0, 10).inconsistency_index is None


def test_even_ages_are_not_heaped() -> None:
    found = whipple(EVEN_AGES)
    assert (found.value, found.z, found.person_count) == (100, 0, 1200)


def test_even_ages_are_heaped_a_little_by_myers_who_leaves_out_the_nineties() -> None:
    # digit a is blended to 71 + a parts of 755
    assert myers(EVEN_AGES).value == pytest.approx(sum(abs(100 * (71 + a) / 755 - 10) for a in range(10)) / 2)


def test_ages_that_all_end_in_nought_or_five_are_wholly_heaped() -> None:
    # sigma is 200 / 20, and 500 is forty of them from 100
    found = whipple({30: 200, 45: 200, 70: 1000})
    assert (found.value, found.noise, found.z) == (500, 10, 40)


def test_whipple_of_a_quarter_at_the_fives() -> None:
    # 150 of 600 end in 0 or 5: 125; sigma is 8.165
    found = whipple({30: 150, 31: 450})
    assert found.value == 125
    assert found.z == pytest.approx(3.062, abs=0.001)


def test_myers_blends_the_digits_so_that_falling_ages_do_not_look_heaped() -> None:
    # digit 0: 1 * (100 + 80) + 9 * 80, digit 1: 2 * (100 + 80) + 8 * 80, of 1,900: 47.4 and 52.6 per cent
    found = myers({10: 100, 11: 100, 20: 80, 21: 80})
    assert found.value == pytest.approx((100 * 900 / 1900 - 10 + 100 * 1000 / 1900 - 10 + 8 * 10) / 2)


@pytest.mark.parametrize("people", [300, 3000])
def test_the_noise_of_myers_is_what_chance_shows_on_average(people: int) -> None:
    draw = random.Random(7)
    found = [myers(Counter(draw.choices(range(10, 90), range(80, 0, -1), k=people))) for _ in range(60)]
    mean = sum(index.value for index in found) / len(found)
    assert mean == pytest.approx(found[0].noise, rel=0.12)


def test_the_age_sex_index_of_a_flat_population_is_nil() -> None:
    found = un_age_sex([100] * 14, [100] * 14)
    assert found.value == 0
    assert found.corrected == pytest.approx(-3500 / 2800**0.5 + 3.5)


def test_one_heaped_group_of_men_shows_in_both_parts_of_the_age_sex_index() -> None:
    # one group of 150 for 100: sex ratios step twice by 50 of eleven steps; age ratios leave 100 by 50, and twice by 20, of twelve
    found = un_age_sex([100] * 6 + [150] + [100] * 7, [100] * 14)
    assert found.sex_ratio_score == pytest.approx(100 / 11)
    assert found.male_age_ratio_score == pytest.approx((50 + 20 + 20) / 12)
    assert found.female_age_ratio_score == 0
    assert found.value == pytest.approx(3 * 100 / 11 + 90 / 12)


@pytest.mark.parametrize(("people", "limit"), [(100, 3), (300, 5), (1000, 9)])
def test_a_spike_of_first_january_begins_where_chance_ends(people: int, limit: int) -> None:
    assert first_of_january(limit, people).limit == limit
    assert not first_of_january(limit, people).is_spike
    assert first_of_january(limit + 1, people).is_spike


def test_a_million_people_have_their_limit_too() -> None:
    # 2,737.85 expected, sigma 52.25; 3.09 of them above is 2,899
    assert 2895 <= first_of_january(0, 1_000_000).limit <= 2905


@given(people=st.integers(1, 3000), hundredths=st.floats(0, 1))
def test_more_of_a_value_is_never_less_of_a_spike(people: int, hundredths: float) -> None:
    count = int(people * hundredths)
    lesser, greater = (binomial_spike(n, people, BORN_FIRST_OF_JANUARY) for n in (count // 2, count))
    assert lesser.is_spike <= greater.is_spike
    assert lesser.limit == greater.limit


def test_a_birth_year_digit_that_was_guessed_stands_out_alone() -> None:
    # of 1,000 people 100 are expected at each digit, and chance goes to 131
    found = birth_year_digits([140, *[95] * 8, 100])
    assert [spike.is_spike for spike in found] == [True] + [False] * 9
    assert found[0].expected == 100
    assert found[0].z == pytest.approx(40 / 90**0.5)


def test_a_week_of_ten_a_day_is_carried_on() -> None:
    # s2 = 40/6; a week more: 500 + 70, Var = 7 s2 + 49 s2 / 7 = 93.33, 2.447 of its root are 23.64
    found = forecast(500, [99, 10, 12, 8, 10, 14, 6, 10], 7)
    assert found.value == 570
    assert found.variance == pytest.approx(280 / 3)
    assert (round(found.low, 2), round(found.high, 2)) == (546.36, 593.64)


def test_a_forecast_is_never_below_the_count_and_ends_in_it() -> None:
    assert forecast(500, [70, 0, 0, 0, 0, 0, 0], 3).low == 500
    today = forecast(500, [1] * 7, 3, 40)  # forty came today alone
    assert (today.value, today.low, today.high) == (540, 540, 540)
    last_day = forecast(500, [70, 0, 0, 0, 0, 0, 0], 0)
    assert (last_day.value, last_day.low, last_day.high) == (500, 500, 500)


def test_silent_institutions_are_estimated_by_those_of_their_type() -> None:
    # R = 180 / 200; squares over x: 0, 0.5, 0.5, so sigma2 = 0.5; Var = 0.5 * 40 * 1.2
    found = ratio_estimate([(100, 90), (50, 50), (50, 40)], 40)
    assert found.value == pytest.approx(36)
    assert found.variance == pytest.approx(24)
    assert (round(found.low, 2), round(found.high, 2)) == (26.4, 45.6)


def test_what_cannot_be_worked_out_is_refused_and_named() -> None:
    refused = [
        (lincoln_petersen, (10, 10, 0)),
        (chapman, (10, 10, 11)),
        (collapse_thin, ([Stratum(("A",), 9, 9, 9)],)),
        (stratified_chapman, ([Stratum(("A",), 30, 30, 31)],)),
        (net_coverage, (10, 11, 10.0)),
        (net_coverage, (10, 0, 0.0)),
        (content_error, (0, 0, 0, 0)),
        (whipple, ({70: 5},)),
        (myers, ({5: 5},)),
        (un_age_sex, ([1] * 13 + [0], [1] * 14)),
        (un_age_sex, ([1] * 13, [1] * 13)),
        (binomial_spike, (0, 0, BORN_FIRST_OF_JANUARY)),
        (birth_year_digits, ([1] * 9,)),
        (forecast, (10, [1] * 6, 3)),
        (forecast, (10, [1] * 7, -1)),
        (ratio_estimate, ([(10, 9), (10, 9)], 5)),
        (ratio_estimate, ([(10, 9), (10, 9), (0, 9)], 5)),
    ]
    for measure, numbers in refused:
        with pytest.raises(MeasureUndefined) as caught:
            measure(*numbers)
        assert caught.value.where == measure.__name__
