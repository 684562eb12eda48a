"""Table macros that travel inside the published databases: questions that take a word or two. What needs none is a view."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.publish.catalogue import Entry
from pipeline.publish.database import Macro

NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "DECIMAL")

ABOUT = """CREATE MACRO about(word) AS TABLE
SELECT schema_name, table_name, column_name, data_type, unit, code_list, comment_en, comment_ru, comment_kk
FROM meta.dictionary
WHERE contains(
    lower(concat_ws(' ', schema_name, table_name, column_name, comment_en, comment_ru, comment_kk)), lower(CAST(word AS VARCHAR))
)
ORDER BY schema_name, table_name, column_no"""

BALANCE = """CREATE MACRO balance() AS TABLE
SELECT
    route, sum(received_count)::BIGINT AS received_count,
    sum(unreadable_count)::BIGINT AS unreadable_count, sum(repeated_count)::BIGINT AS repeated_count,
    sum(quarantined_count)::BIGINT AS quarantined_count, sum(superseded_count)::BIGINT AS superseded_count,
    sum(out_of_scope_count)::BIGINT AS out_of_scope_count, sum(duplicate_count)::BIGINT AS duplicate_count,
    sum(counted_count)::BIGINT AS counted_count
FROM quality.ledger
GROUP BY ROLLUP (route)
ORDER BY route NULLS LAST"""

# A group that was merged is found by the name of any of its parts, who has none by NULL. Bars are of usual residents, the longest 20 wide.
PYRAMID = """CREATE MACRO pyramid(group_code) AS TABLE
WITH side AS (
    SELECT
        publication_group, age_group, usual_men_count, usual_women_count, present_men_count, present_women_count,
        NULLIF(greatest(max(usual_men_count) OVER (), max(usual_women_count) OVER ()), 0) AS longest
    FROM age_sex
    WHERE list_contains(string_split(publication_group, ' + '), group_code)
        OR publication_group IS NOT DISTINCT FROM CAST(group_code AS VARCHAR)
)
SELECT
    * EXCLUDE (longest),
    lpad(repeat('█', CAST(ceil(20.0 * usual_men_count / longest) AS INTEGER)), 20, ' ') || '│'
    || repeat('█', CAST(ceil(20.0 * usual_women_count / longest) AS INTEGER)) AS picture
FROM side
ORDER BY age_group DESC NULLS FIRST"""

# The name of the columns is put into a query of its own: a macro cannot group by what it is given.
PERTURBED = """CREATE MACRO perturbed(by_columns) AS TABLE
WITH cell AS (
    FROM query(
        'SELECT ' || by_columns || ', count(*) AS pre_count, CASE WHEN count(record_key) = count(*) THEN CAST(sum(record_key) % 256 AS INTEGER) END AS ckey '
        || 'FROM person GROUP BY ' || by_columns
    )
)
SELECT
    cell.* EXCLUDE (pre_count, ckey),
    CASE WHEN pre_count + pvalue >= (SELECT max(min_cell_count) FROM ref.disclosure) THEN pre_count + pvalue END AS person_count
FROM cell
LEFT JOIN ref.ptable ON ptable.ckey = cell.ckey AND ptable.pcv = least(pre_count, (SELECT max(pcv) FROM ref.ptable))
ORDER BY ALL"""


def macros(entries: Sequence[Entry]) -> list[Macro]:
    """Return the macros the tables of a database allow."""
    named = {entry.full_name: entry for entry in entries}
    found = [
        Macro(
            "about",
            ABOUT,
            "Find tables and columns whose name or meaning, in any of the three languages, contains a word.",
        )
    ]
    if "quality.ledger" in named:
        found.append(Macro("balance", BALANCE, "The ledger by route, with the total in the last row."))
    if "coverage.category" in named:
        found.append(_compare(named["coverage.category"], "category_code", "categories"))
    elif "coverage.publication_group" in named:
        found.append(_compare(named["coverage.publication_group"], "publication_group", "publication groups"))
        said = "Men and women of a publication group by age, the oldest first, drawn as a pyramid of usual residents: pyramid('SOCIAL_AND_HEALTH'). A merged group is found by any of its parts, who has no group by NULL."
        found.append(Macro("pyramid", PYRAMID, said))
    if "ref.ptable" in named:
        said = "Persons by some columns with noise, small counts empty: perturbed('publication_group, sex'). The same cell always has the same noise."
        found.append(Macro("perturbed", PERTURBED, said))
    return found


def _compare(entry: Entry, by: str, what: str) -> Macro:
    """Every number of the coverage table for `a` and for `b`, side by side."""
    columns = entry.table.columns
    measures = [name for name, column in columns.items() if name not in entry.table.key and _is_number(column.type)]
    others = [name for name in entry.table.key if name != by]
    carried = "".join(f"{name}, " for name in others)
    casts = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in measures)
    ordered = ", ".join(f"'{name}'" for name in measures)
    query = f"""CREATE MACRO compare(a, b) AS TABLE
WITH long AS (
    SELECT * FROM (SELECT {carried}{by}, {casts} FROM {entry.full_name} WHERE {by} IN (a, b))
    UNPIVOT INCLUDE NULLS (value FOR measure IN ({", ".join(measures)}))
)
SELECT
    {carried}measure, max(value) FILTER (WHERE {by} = a) AS a_value, max(value) FILTER (WHERE {by} = b) AS b_value,
    max(value) FILTER (WHERE {by} = b) - max(value) FILTER (WHERE {by} = a) AS difference
FROM long
GROUP BY {carried}measure
ORDER BY {carried}list_position([{ordered}], measure)"""
    return Macro(
        "compare",
        query,
        f"Coverage of two {what} side by side: compare('A', 'B') gives a_value, b_value and b minus a per measure.",
    )


def _is_number(duckdb_type: str) -> bool:
    return duckdb_type.upper().startswith(NUMBERS)
