"""The business identification number (БИН, БСН) of a legal entity.

Twelve digits: year and month of registration, type (4 resident, 5 non-resident legal entity, 6 joint entrepreneur), unit (0 head, 1 branch,
2 representative office, 3 peasant farm), five serial digits, and the check digit of the IIN. The fifth digit tells the two apart without
context: an IIN has a day there and never exceeds 3.
"""

from __future__ import annotations

from pipeline.identifiers import iin
from pipeline.identifiers.sql import evaluate


def is_valid_sql(t: str) -> str:
    """A month that exists, a type and unit in use, and a check digit that holds. NULL for NULL."""
    return f"(regexp_full_match({t}, '[0-9]{{2}}(0[1-9]|1[0-2])[4-6][0-3][0-9]{{6}}') AND {iin.check_ok_sql(t)})"


def is_valid(value: str | None) -> bool | None:
    """Whether `value` is a BIN: see `is_valid_sql`."""
    answer: bool | None = evaluate(is_valid_sql, value)
    return answer
