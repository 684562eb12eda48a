"""What every DAG of ours keeps to, and what each is for."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline import errors
from pipeline.build import STEPS
from pipeline.cli.options import Route
from tests.dags.facts import RETRIED, ask_airflow

Facts = dict[str, Any]
PARSE_BUDGET = 2.0
EXPECTED = {"build_census", "nightly_reconciliation", "publish_release", *(f"receive_{route.value}" for route in Route)}


def test_every_file_parses_without_a_warning(facts: Facts, root: Path) -> None:
    assert facts["import_errors"] == {}
    assert facts["warnings"] == []
    assert set(facts["dags"]) == EXPECTED
    assert {*facts["files"], "wiring.py"} == {path.name for path in (root / "dags").glob("*.py")}


def test_every_dag_carries_its_runbook(facts: Facts) -> None:
    for dag_id, dag in facts["dags"].items():
        assert dag["doc_md"].strip().startswith(f"### {dag_id}"), dag_id
        assert "**If it fails**" in dag["doc_md"], dag_id
        assert dag["description"].endswith("."), dag_id


def test_runbooks_name_errors_that_exist(facts: Facts) -> None:
    for dag_id, dag in facts["dags"].items():
        named = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", dag["doc_md"]))
        assert named <= set(vars(errors)), dag_id


def test_the_runbook_of_a_pull_names_what_a_pull_raises(facts: Facts) -> None:
    raised = {name for name in vars(errors) if re.fullmatch(r"(Portal|Gateway|CensusDb|SurveyServer)(Refused|Unavailable)", name)}  # fmt: skip
    assert len(raised) == 8
    for dag_id in ("receive_portal", "receive_census_db", "receive_tablet_vpn"):
        assert raised <= set(re.findall(r"`(\w+)`", facts["dags"][dag_id]["doc_md"])), dag_id


def test_tags_are_of_the_enum_and_say_the_impact(facts: Facts) -> None:
    for dag_id, dag in facts["dags"].items():
        assert set(dag["tags"]) <= set(facts["tags"]), dag_id
        assert sum(tag.startswith("impact:") for tag in dag["tags"]) == 1, dag_id
        assert any(tag.startswith("room:") for tag in dag["tags"]), dag_id


def test_runs_end_do_not_overlap_and_do_not_catch_up(facts: Facts) -> None:
    for dag_id, dag in facts["dags"].items():
        assert dag["catchup"] is False, dag_id
        assert dag["max_active_runs"] == 1, dag_id
        assert dag["run_timeout"], dag_id


def test_every_task_has_an_owner_a_timeout_a_text_and_retries_by_cause(facts: Facts) -> None:
    for dag_id, dag in facts["dags"].items():
        for task_id, task in dag["tasks"].items():
            where = f"{dag_id}.{task_id}"
            assert task["owner"] == "sanaq", where
            assert task["has_retry_policy"], where
            assert task["retries"] == (0 if task["kind"] == "TriggerDagRunOperator" else 2), where
            assert 0 < task["timeout"] <= dag["run_timeout"], where
            assert task["doc"], where


def test_errors_of_the_data_fail_at_once_and_those_of_the_surroundings_are_retried(facts: Facts) -> None:
    decisions = facts["decisions"]
    named = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.SanaqError)
    }
    assert named <= set(decisions)
    assert {name: decisions[name] for name in named} == {name: "retry" if name in RETRIED else "fail" for name in named}
    assert {name: decisions[name] for name in ("OSError", "ConnectionResetError", "TimeoutError")} == dict.fromkeys(
        ("OSError", "ConnectionResetError", "TimeoutError"), "retry"
    )
    assert decisions["KeyError"] == decisions["ValueError"] == "fail"


def test_routes_and_steps_are_those_of_the_pipeline(facts: Facts) -> None:
    assert facts["routes"] == [route.value for route in Route]
    assert tuple(facts["steps"]) == tuple(STEPS)


def test_only_receive_dags_tell_of_what_landed(facts: Facts) -> None:
    for dag_id, dag in facts["dags"].items():
        outlets = [uri for task in dag["tasks"].values() for uri in task["outlets"]]
        route = dag_id.removeprefix("receive_")
        assert outlets == ([facts["assets"][route]] if route in facts["routes"] else []), dag_id


def test_the_builder_is_started_by_any_route_and_publishes_nothing(facts: Facts) -> None:
    build = facts["dags"]["build_census"]
    assert build["asset_condition"] == {"kind": "AssetAny", "uris": sorted(facts["assets"].values())}
    assert list(build["tasks"]) == ["pin_inputs", *STEPS, "finish"]
    chain = list(build["tasks"])
    assert [build["tasks"][task]["upstream"] for task in chain] == [[], *([earlier] for earlier in chain[:-1])]
    assert not any("publish" in task or "release" in task for task in build["tasks"])


def test_the_night_publishes_last_and_only_what_was_balanced(facts: Facts) -> None:
    tasks = facts["dags"]["nightly_reconciliation"]["tasks"]
    assert tasks["pin_inputs"]["trigger_rule"].lower().endswith("all_done")
    sent = ["receive.portal", "receive.tablet_usb", "receive.tablet_vpn"]
    assert tasks["receive.census_db"]["upstream"] == sent, "what came by its own way is first"
    assert tasks["pin_inputs"]["upstream"] == sorted({f"receive.{route.value}" for route in Route} - set(sent))
    assert {tasks[name]["trigger_rule"] for name in ("receive.census_db", "pin_inputs")} == {"TriggerRule.ALL_DONE"}
    assert tasks["build"]["triggers"] == "build_census"
    assert tasks["build"]["conf"] == ["as_of"]
    assert tasks["build"]["fails_when_paused"] is True
    assert "build" in tasks["reconcile"]["upstream"]
    assert tasks["publish"]["upstream"] == ["reconcile"]
    assert {task for task in tasks if task not in {name for other in tasks.values() for name in other["upstream"]}} == {
        "publish",
        "tell_trouble",
    }
    assert tasks["tell_trouble"]["upstream"] == sorted(f"receive.{route.value}" for route in Route)
    assert tasks["tell_trouble"]["trigger_rule"] == "TriggerRule.ALL_DONE"


def test_a_release_is_never_made_by_the_clock(facts: Facts) -> None:
    assert facts["dags"]["publish_release"]["timetable"] == "NullTimetable"
    assert facts["dags"]["nightly_reconciliation"]["timetable"] == "CronTriggerTimetable"


def test_nobody_is_written_to_unless_somebody_is_named(facts: Facts) -> None:
    assert [dag_id for dag_id, dag in facts["dags"].items() if dag["is_told"]] == []


@pytest.mark.slow
def test_the_clock_can_be_switched_off_and_somebody_be_told_of_critical_failures(tmp_path: Path) -> None:
    dags = ask_airflow(tmp_path, SANAQ_CLOCK="off", SANAQ_ALERT_TO="duty@stat.example")["dags"]
    critical = {dag_id for dag_id, dag in dags.items() if "impact:critical" in dag["tags"]}
    assert {dag_id for dag_id, dag in dags.items() if dag["is_told"]} == critical
    by_clock = {
        dag_id for dag_id, dag in dags.items() if dag["timetable"] not in ("NullTimetable", "AssetTriggeredTimetable")
    }
    assert by_clock == set()


def test_parsing_is_quick_and_loads_no_step(facts: Facts) -> None:
    assert facts["parse_seconds"] < PARSE_BUDGET
    assert facts["heavy"] == []
    assert [name for name in facts["imported"] if name.startswith("pipeline")] == ["pipeline", "pipeline.errors"]


def test_nothing_outside_dags_imports_from_it(root: Path) -> None:
    modules = {"dags", *(path.stem for path in (root / "dags").glob("*.py"))}
    for folder in ("pipeline", "sandbox", "tools", "plugins", "benchmarks"):
        for path in (root / folder).rglob("*.py"):
            assert not _imported(path) & modules, path


def test_a_task_body_is_one_call_into_the_pipeline(root: Path) -> None:
    """Every function with a @task imports nothing but `pipeline.night` and calls it once; one that only fails does neither."""
    for path in (root / "dags").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any("task" in ast.dump(mark) for mark in node.decorator_list):
                calls = [
                    each
                    for each in ast.walk(node)
                    if isinstance(each, ast.Call) and ast.unparse(each.func).startswith("night.")
                ]
                imports = [
                    ast.unparse(each) for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)
                ]
                is_idle = node.name == "tell_trouble"
                assert len(calls) == (0 if is_idle else 1), f"{path.name}:{node.lineno}"
                assert imports == ([] if is_idle else ["from pipeline import night"]), f"{path.name}:{node.lineno}"


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
