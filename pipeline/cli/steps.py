"""The steps of a night, by hand: receive, build, reconcile, publish, release, export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline import night
from pipeline.cli.options import AsJson, BuildId, Format, Restore, Rollback, RolledBackBy, RolledBackWhy, Route
from pipeline.cli.terminal import complain, err, out, progress, show
from pipeline.desk.words import Language
from pipeline.errors import DiskFull, SanaqError
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from pipeline.build import Build
    from pipeline.publish import Publication

FAILED = "failed"

app = typer.Typer()


@app.command()
def receive(
    route: Annotated[Route | None, typer.Argument(help="Route to receive from; all of them when left out.")] = None,
    now: Annotated[
        str | None, typer.Option(help="Moment (with offset) written as the receipt; the system clock when left out.")
    ] = None,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Look through all keys of the Census Database, as the night does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in what is new over a route and land it unchanged.

    Of all routes, one that fails does not keep the others from being received; the command then ends with its exit code.
    """
    _tell_of_retries()
    folder = load_settings().lake
    if not folder.is_dir():
        err.print(f"There was no lake at {folder} (SANAQ_LAKE): one is begun.", markup=False, soft_wrap=True)
    rows: list[dict[str, Any]] = []
    problems: dict[str, SanaqError] = {}  # by what they say: a setting that is wrong for all routes is told once
    with progress(as_json) as bar:
        for each in [route] if route else list(Route):
            task = bar.add_task(f"receiving {each.value}", total=None)
            try:
                receipt = night.receive(each.value, now, is_sweep=sweep)
                rows.append(_receipt_row(receipt))
                if receipt.trouble:
                    problems[str(receipt.trouble)] = receipt.trouble
            except DiskFull:  # the next route would meet the same
                raise
            except SanaqError as problem:
                problems[str(problem)] = problem
                rows.append({"route": each.value, "landed": 0, "again": 0, "waiting": 0, "refused": 0, "note": FAILED})
            bar.remove_task(task)
    if any(row["note"] != FAILED for row in rows):
        show(rows, as_json, title="Received", elided=("note",))
    if any(row["refused"] for row in rows) and not as_json:
        _, lake = night.opened()
        out.print(f"What was refused was not taken; {lake.receipts} says where it lies.", soft_wrap=True)
    told = list(problems.values())
    for other in told[1:]:
        complain(other)
    if told:
        raise told[0]


@app.command()
def build(
    as_of: Annotated[
        str | None, typer.Option(help="Moment with offset, inclusive; the newest receipt or decision when left out.")
    ] = None,
    inputs: Annotated[Path | None, typer.Option(help="Manifest of an earlier build to repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make every table from what had been received by a moment."""
    from pipeline import build as builds

    if inputs and as_of:
        raise typer.BadParameter("the manifest names the moment; give one of the two", param_hint="--as-of, --inputs")
    settings, lake = night.opened()
    if inputs:
        made = builds.repeat_build(lake, settings, inputs)
    else:
        made = builds.open_build(lake, settings, night.moment(as_of) if as_of else None)
    make(made, as_json)
    report = made.folder / "gate_report"
    unmet = _unmet(report / "report.json")
    row = {
        "build_id": made.build_id,
        "as_of": made.manifest["as_of"],
        "folder": str(made.folder),
        "gate_warnings": len(unmet),
        "gate_report": str(report / "index.html"),
    }
    show([row], as_json, title="Built")
    if "institution rows" in unmet:
        err.print("No register is in force: every submission is held. Run `sanaq receive register`, then build again.")


@app.command()
def reconcile(build_id: BuildId = None, as_json: AsJson = False) -> None:
    """Balance the ledger, compare with the night before, write the one page."""
    show([night.reconcile(build_id).summary()], as_json, title="Reconciled")


def _switching(room: str, make: Callable[[str | None], Publication], title: str) -> Callable[..., None]:
    """Return the command that makes a snapshot of a room and switches `current` to it, or to another that lies there."""

    def switch(
        build_id: BuildId = None,
        rollback: Rollback = None,
        restore: Restore = None,
        by: RolledBackBy = None,
        why: RolledBackWhy = None,
        as_json: AsJson = False,
    ) -> None:
        name = restore if rollback is None else rollback
        if None not in (rollback, restore):
            raise typer.BadParameter("give one of the two", param_hint="--rollback, --restore")
        if name is None:
            result = make(build_id)
        elif by and why:
            result = night.roll_back(room, name, by, why, build_id, restores=restore is not None)
        else:
            raise typer.BadParameter("say who decides and why", param_hint="--by, --why")
        show([{"snapshot_id": result.snapshot_id, "folder": str(result.folder)}], as_json, title=title)

    return switch


app.command("publish", help="Switch operations/current to a build that balances, or back to a night that lies there.")(
    _switching("operations", night.publish, "Published")
)
app.command(
    "release",
    help="Make the analysts' database from a build (the one published last when left out) and switch published/current to it, or back to another release.",
)(_switching("published", night.release, "Released"))


@app.command()
def export(
    form: Annotated[Format, typer.Argument(metavar="FORMAT", help="csv, xlsx, sdmx, spss, stata or ddi.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="Folder to make; what is there already is not touched.")
    ],
    name: Annotated[
        str, typer.Option("--release", help="Release to write; the one in force when left out.")
    ] = "current",
    language: Annotated[Language, typer.Option(help="Language of labels.")] = Language.en,
    as_json: AsJson = False,
) -> None:
    """Write a release in a format people use; `xlsx` and `sdmx` hold its figures without rows about persons."""
    written = night.export(form.value, target, name, language.value)
    rows = [{"file": path.name, "bytes": path.stat().st_size} for path in written]
    show(rows, as_json, title=f"Exported to {target}")


def make(made: Build, quiet: bool) -> None:
    """Make every step of a build, with a bar of progress, and let it be the current one."""
    from pipeline import build as builds

    settings, lake = night.opened()
    with progress(quiet, steps=True) as bar:
        task = bar.add_task("starting", total=len(builds.STEPS) + 1)
        builds.run(lake, settings, made, on_step=lambda step: bar.update(task, description=step, advance=1))
    night.finish_build(made.build_id)


def _unmet(report: Path) -> list[str]:
    """Return the names of the numbers with which a gate is not content."""
    findings = json.loads(report.read_text(encoding="utf-8")) if report.exists() else []
    return [finding["measure"] for finding in findings if not finding["is_met"]]


def _receipt_row(receipt: Any) -> dict[str, Any]:
    reasons = sorted({refusal.reason for refusal in receipt.refused})
    return {
        "route": receipt.route,
        "landed": len(receipt.landed),
        "again": receipt.again,
        "waiting": receipt.waiting,
        "refused": len(receipt.refused),
        "note": "failed after this" if receipt.trouble else ", ".join(reasons) or receipt.note,
    }


def _tell_of_retries() -> None:
    """Say in one line, on a terminal, why a request is made again."""
    import stamina.instrumentation as retries

    def told(details: retries.RetryDetails) -> None:
        why = getattr(details.caused_by, "what", type(details.caused_by).__name__)
        err.print(f"{why}; trying again in {details.wait_for:.1f} s", markup=False)

    retries.set_on_retry_hooks([told])
