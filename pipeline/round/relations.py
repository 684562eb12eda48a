"""Makes a round and its reference data relations that SQL reads by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, get_args

import duckdb

from pipeline.errors import BadReferenceFile
from pipeline.identifiers import kato
from pipeline.identifiers.sql import literal, make_table
from pipeline.round.models import OFFICE_ROUTES, CodeList, Labels, Mode, Reference, Round

Row = dict[str, Any]


def register(con: duckdb.DuckDBPyConnection, round_: Round, reference: Reference) -> None:
    """Make the relations of a round and its reference data on `con`, each a table in the order of its key.

    `round`, `round_window`, `office_route`, `route_window`, `residence_rule`, `threshold`, `proxy_baseline`, `met_at_night`,
    `verification_span`, `disclosure`, `perturbation`, `ref_category`, `ref_kato`, `ref_district`, `ref_code`, `ref_variable`, `ref_form`,
    `ref_rule`; and the macros `site_tier`, of an institution, the tier of its category and the highest of its wards, and `known_mode`, of what a
    record says of its mode. Moments are UTC without zone, as everywhere in a build.

    Raises
    ------
    BadReferenceFile
        The round speaks of a category or place the reference data do not have, or leaves a category without a residence pattern.
    """
    _refuse_strangers(round_, reference)
    make_table(con, "round", [_round(round_)], _ROUND)
    make_table(con, "round_window", _windows(round_), _WINDOW)
    make_table(con, "office_route", [{"route": route} for route in OFFICE_ROUTES], {"route": _TEXT})
    make_table(con, "route_window", _route_windows(round_), _ROUTE_WINDOW)
    make_table(con, "residence_rule", _residence_rules(round_), {"category_code": _TEXT, "pattern": _TEXT})
    make_table(con, "threshold", _thresholds(round_), _texts("alert_id", "amber", "red", "unit", "comment"))
    make_table(con, "proxy_baseline", _proxy_baselines(round_), _PROXY)
    make_table(con, "met_at_night", [{"category_code": code} for code in round_.met_at_night], _texts("category_code"))
    make_table(con, "verification_span", _verification_spans(round_), _SPAN)
    make_table(con, "disclosure", _disclosure(round_), _DISCLOSURE)
    make_table(con, "perturbation", _perturbation(round_), dict.fromkeys(("pcv", "pvalue", "key_count"), "INTEGER"))
    make_table(
        con, "ref_category", _categories(reference), {**_texts("category_code", "tier", "stay_length"), **_CATEGORY}
    )
    make_table(con, "ref_kato", _places(reference), {**_texts("kato", "status"), **_NAMES})
    _make_places(con)
    con.execute(f"CREATE OR REPLACE MACRO site_tier(institution_id, tier, ward_tier) AS {_SITE_TIER}")
    con.execute(f"CREATE OR REPLACE MACRO known_mode(mode) AS {_KNOWN_MODE}")
    make_table(con, "ref_code", _codes(reference), _CODE)
    make_table(con, "ref_variable", _variables(reference), _VARIABLE)
    make_table(
        con,
        "ref_form",
        _forms(reference),
        {**_texts("form_code", "form_version"), "approved_on": "DATE", **_LABELS},
    )
    make_table(con, "ref_rule", _rules(reference), _RULE)


_TEXT = "VARCHAR"
# A site of the register whose category is not known may be of any, and is the most sensitive; what is no site of the register has no tier.
# Codes of tiers sort as they rise: of category and wards the highest wins.
_SITE_TIER = "CASE WHEN institution_id IS NOT NULL THEN greatest(COALESCE(tier, 'S3'), COALESCE(ward_tier, 'S0')) END"
# A mode is typed text in some tools: what is no mode may be a name, and goes no further than the record.
_KNOWN_MODE = f"CASE WHEN mode IN ({', '.join(map(literal, get_args(Mode)))}) THEN mode END"


def _refuse_strangers(round_: Round, reference: Reference) -> None:
    known = set(reference.categories)
    wrong = (known ^ set(round_.residence.patterns)) | ((set(round_.proxy_baselines) | round_.met_at_night) - known)
    tiles = {place for row in round_.tile_map for place in row if place}
    wrong |= ({round_.region_kato} | tiles) - set(reference.places)
    if wrong:
        raise BadReferenceFile(
            f"round and reference data do not agree on {', '.join(sorted(wrong))}",
            where=f"round {round_.round_id}",
            todo="Name the same categories in residence.patterns as in categories.yaml, and a region and districts of kato.yaml.",
        )


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, _TEXT)


_NAMES = _texts("name_kk", "name_ru", "name_en")
_LABELS = _texts("label_kk", "label_ru", "label_en")
_ROUND = {
    **_texts("round_id"),
    "census_moment_at": "TIMESTAMP",
    "moment_on": "DATE",
    "list_as_of_on": "DATE",
    "in_force_on": "DATE",
    **_texts("zone", "region_kato", "governing_order"),
    "tablet_start_at": "TIMESTAMP",
    "closing_days": "INTEGER",
    "unconfirmed_below_minutes": "INTEGER",
    "unconfirmed_more_than_count": "INTEGER",
    "expected_tolerance_count": "INTEGER",
    "expected_tolerance_rate": "DECIMAL(5, 4)",
    **_LABELS,
}
_WINDOW = {
    **_texts("mode"),
    "starts_at": "TIMESTAMP",
    "ends_at": "TIMESTAMP",
    **_texts("legal_basis", "zone"),
}
_ROUTE_WINDOW = {**_texts("route"), "starts_at": "TIMESTAMP", "ends_at": "TIMESTAMP"}
_PROXY = {
    **_texts("category_code"),
    "low_rate": "DECIMAL(5, 4)",
    "high_rate": "DECIMAL(5, 4)",
    "from_age": "INTEGER",
    "below_age": "INTEGER",
}
_SPAN = {**_texts("source_kind"), "from_on": "DATE", "until_on": "DATE"}
_DISCLOSURE = {
    **_texts("tier"),
    "min_cell_count": "INTEGER",
    "min_institution_count": "INTEGER",
    "max_institution_rate": "DECIMAL(5, 4)",
    "min_denominator_count": "INTEGER",
    "min_class_count": "INTEGER",
}
_CATEGORY = {
    "is_usual_expected": "BOOLEAN",
    **_texts("publication_group", "un_code", "ces_code", "us_code", "ca_code"),
    **_NAMES,
}
_CODE = {**_texts("code_list", "code"), "sort_no": "INTEGER", "is_declined": "BOOLEAN", **_LABELS}
_VARIABLE = {
    **_texts("variable", "type", "code_list", "section", "asked_if", "sensitivity"),
    "weight": "INTEGER",
    **_LABELS,
    **_texts("since_version", "precedence", "follows"),
}
_RULE = _texts("rule_id", "requirement_id", "severity", "message_kk", "message_ru", "message_en")


def _make_places(con: duckdb.DuckDBPyConnection) -> None:
    """Give every place its parent and level by the rules on codes; districts are the places of level 2."""
    con.execute(
        f"CREATE OR REPLACE TABLE ref_kato AS SELECT kato, {kato.parent_sql('kato')} AS parent_kato, "
        f"CAST({kato.level_sql('kato')} AS INTEGER) AS level, * EXCLUDE (kato) FROM ref_kato ORDER BY kato"
    )
    con.execute(
        "CREATE OR REPLACE TABLE ref_district AS "
        "SELECT kato AS district_kato, name_kk, name_ru, name_en FROM ref_kato WHERE level = 2 ORDER BY kato"
    )


def _round(round_: Round) -> Row:
    return {
        "round_id": round_.round_id,
        "census_moment_at": _utc(round_.census_moment_at),
        "moment_on": round_.moment_on,
        "list_as_of_on": round_.list_as_of_on,
        "in_force_on": round_.in_force_on,
        "zone": round_.zone,
        "region_kato": round_.region_kato,
        "governing_order": round_.order,
        "tablet_start_at": _utc(round_.tablet_start_at),
        "closing_days": round_.closing_days,
        "unconfirmed_below_minutes": round_.unconfirmed_person.below_minutes,
        "unconfirmed_more_than_count": round_.unconfirmed_person.more_than,
        "expected_tolerance_count": round_.expected_tolerance.persons,
        "expected_tolerance_rate": round_.expected_tolerance.rate,
        **_named("label", round_.label),
    }


def _windows(round_: Round) -> Iterable[Row]:
    for window in round_.windows:
        for mode in window.modes:
            yield {
                "mode": mode,
                "starts_at": _utc(window.starts_at),
                "ends_at": _utc(window.ends_at),
                "legal_basis": window.legal_basis,
                "zone": window.zone,
            }


def _route_windows(round_: Round) -> Iterable[Row]:
    """When something must come over each route we ask: portal and VPN tablets both end in the Census Database (R18)."""
    for window in round_.windows:
        for route in sorted({"tablet_vpn" if mode == "tablet" else "portal" for mode in window.modes} | {"census_db"}):
            yield {"route": route, "starts_at": _utc(window.starts_at), "ends_at": _utc(window.ends_at)}


def _residence_rules(round_: Round) -> Iterable[Row]:
    return ({"category_code": category, "pattern": pattern} for category, pattern in round_.residence.patterns.items())


def _thresholds(round_: Round) -> Iterable[Row]:
    for alert, limit in round_.thresholds.items():
        yield {
            "alert_id": alert,
            "amber": _limit(limit.amber),
            "red": _limit(limit.red),
            "unit": limit.unit,
            "comment": limit.comment,
        }


def _limit(limit: object) -> str:
    return limit.isoformat() if isinstance(limit, date) else str(limit)


def _proxy_baselines(round_: Round) -> Iterable[Row]:
    for category, baseline in round_.proxy_baselines.items():
        yield {
            "category_code": category,
            "low_rate": baseline.low,
            "high_rate": baseline.high,
            "from_age": baseline.from_age,
            "below_age": baseline.below_age,
        }


def _verification_spans(round_: Round) -> Iterable[Row]:
    for kind, span in sorted(round_.verification.items()):
        yield {"source_kind": kind, "from_on": span.from_on, "until_on": span.until_on}


def _disclosure(round_: Round) -> Iterable[Row]:
    rules = round_.disclosure
    for tier, count in rules.min_cell.items():
        yield {
            "tier": tier,
            "min_cell_count": count,
            "min_institution_count": rules.min_institutions,
            "max_institution_rate": rules.max_institution_share,
            "min_denominator_count": rules.min_rate_denominator,
            "min_class_count": rules.min_class,
        }


def _perturbation(round_: Round) -> Iterable[Row]:
    """The noise of each count, under the names ONS's package has for them; nothing where it is off."""
    if round_.disclosure.perturbation.is_on:
        for count, keys in round_.disclosure.perturbation.noise.items():
            yield from ({"pcv": count, "pvalue": added, "key_count": number} for added, number in keys.items())


def _categories(reference: Reference) -> Iterable[Row]:
    for code, category in reference.categories.items():
        yield {
            "category_code": code,
            "tier": category.tier,
            "stay_length": category.stay_length,
            "is_usual_expected": category.is_usual_expected,
            "publication_group": category.publication_group,
            **{f"{census}_code": mapped for census, mapped in category.mappings.model_dump().items()},
            **_named("name", category.name),
        }


def _places(reference: Reference) -> Iterable[Row]:
    for code, place in reference.places.items():
        yield {"kato": code, "status": place.status, **_named("name", place.name)}


def _codes(reference: Reference) -> Iterable[Row]:
    for name, code_list in reference.code_lists.items():
        yield from _code_list(name, code_list)


def _code_list(name: str, code_list: CodeList) -> Iterable[Row]:
    for number, (code, label) in enumerate(code_list.codes.items(), start=1):
        yield {
            "code_list": name,
            "code": code,
            "sort_no": number,
            "is_declined": code in code_list.declined,
            **_named("label", label),
        }


def _variables(reference: Reference) -> Iterable[Row]:
    for variable in reference.questionnaire.variables:
        given = variable.model_dump(exclude={"name", "label"})
        yield {"variable": variable.name, **given, **_named("label", variable.label)}


def _forms(reference: Reference) -> Iterable[Row]:
    for form in reference.questionnaire.forms:
        yield {
            "form_code": form.form_code,
            "form_version": form.form_version,
            "approved_on": form.approved_on,
            **_named("label", form.label),
        }


def _rules(reference: Reference) -> Iterable[Row]:
    for rule in reference.rules:
        yield {
            "rule_id": rule.id,
            "requirement_id": rule.requirement,
            "severity": rule.severity,
            **_named("message", rule.message),
        }


def _named(stem: str, labels: Labels) -> Row:
    return {f"{stem}_kk": labels.kk, f"{stem}_ru": labels.ru, f"{stem}_en": labels.en}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
