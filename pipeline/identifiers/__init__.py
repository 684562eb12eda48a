"""IIN, BIN, KATO and names: one SQL expression per rule, as macros and as Python functions."""

from __future__ import annotations

from functools import cache

import duckdb

from pipeline.identifiers import bin as business
from pipeline.identifiers import iin, kato, letters, names
from pipeline.identifiers.sql import Rule

# Macro name, the rule behind it, its parameters.
MACROS: tuple[tuple[str, Rule, tuple[str, ...]], ...] = (
    ("iin_is_well_formed", iin.is_well_formed_sql, ("t",)),
    ("iin_check_ok", iin.check_ok_sql, ("t",)),
    ("iin_birth_on", iin.birth_on_sql, ("t",)),
    ("iin_sex", iin.sex_sql, ("t",)),
    ("iin_is_neighbour", iin.is_neighbour_sql, ("a", "b")),
    ("bin_is_valid", business.is_valid_sql, ("t",)),
    ("kato_district", kato.district_sql, ("t",)),
    ("kato_parent", kato.parent_sql, ("t",)),
    ("kato_level", kato.level_sql, ("t",)),
    ("kato_is_in", kato.is_in_sql, ("t", "region")),
    ("name_clean", letters.clean_sql, ("t",)),
    ("name_spelled", names.spelled_sql, ("t",)),
    ("name_known", names.known_sql, ("t",)),
    ("name_fold", names.fold_sql, ("t",)),
    ("family_stem", names.family_stem_sql, ("t",)),
    ("patronymic_stem", names.patronymic_stem_sql, ("t",)),
    ("name_key", names.key_sql, ("t",)),
    ("name_bytes", names.bytes_sql, ("t",)),
    ("given_alone", names.given_alone_sql, ("t",)),
    ("patronymic_within", names.patronymic_within_sql, ("t",)),
    ("name_is_placeholder", names.is_placeholder_sql, ("t",)),
)
LONG = 2000


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make every rule on numbers and names a macro of `con`, and all keys of names together the table macro `name_keys`."""
    for name, parameters, body in _bodies():
        con.execute(f"CREATE OR REPLACE MACRO {name}({parameters}) AS {body}")
    con.execute(f"CREATE OR REPLACE MACRO name_keys(relation) AS TABLE {names.keys_query('relation')}")


@cache
def _bodies() -> list[tuple[str, str, str]]:
    """Name, parameters and body of every macro. What is long and said by an earlier macro is a call of it: the engine reads half as much."""
    said: dict[str, str] = {}
    bodies = []
    for name, rule, parameters in MACROS:
        whole = body = rule(*parameters)
        for part, call in reversed(said.items()):
            body = body.replace(part, call)
        if len(whole) > LONG:
            said[whole] = f"{name}({', '.join(parameters)})"
        bodies.append((name, ", ".join(parameters), body))
    return bodies
