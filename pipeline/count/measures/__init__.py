"""The figures census evaluators use: pure functions of whole numbers, each with its formula, unit and source.

`docs/measures.md`, section 7, is written from their docstrings. C n is section n of the domain facts, M n of the method.
"""

from pipeline.count.measures.ages import (
    binomial_spike,
    birth_year_digits,
    first_of_january,
    myers,
    un_age_sex,
    whipple,
)
from pipeline.count.measures.content import content_error
from pipeline.count.measures.dual_system import (
    chandrasekar_deming,
    chapman,
    collapse_thin,
    lincoln_petersen,
    net_coverage,
    stratified_chapman,
)
from pipeline.count.measures.outlook import forecast, ratio_estimate

MEASURES = (
    lincoln_petersen,
    chandrasekar_deming,
    chapman,
    collapse_thin,
    stratified_chapman,
    net_coverage,
    content_error,
    whipple,
    myers,
    un_age_sex,
    binomial_spike,
    first_of_january,
    birth_year_digits,
    forecast,
    ratio_estimate,
)

__all__ = [
    "MEASURES",
    "binomial_spike",
    "birth_year_digits",
    "chandrasekar_deming",
    "chapman",
    "collapse_thin",
    "content_error",
    "first_of_january",
    "forecast",
    "lincoln_petersen",
    "myers",
    "net_coverage",
    "ratio_estimate",
    "stratified_chapman",
    "un_age_sex",
    "whipple",
]
