"""`sanaq`: the pipeline without Airflow.

Exit codes: 0 done; 1 failed; 2 a setting, option, query or reference file is wrong; 3 nothing to work on, or inputs missing; 4 a gate,
the ledger or the order of publication forbids going on; 6 the disk is too full; 7 the portal, the gateway
or the Census Database gives no whole answer.
"""

from __future__ import annotations

import logging
import sys

import typer

from pipeline.cli import asking, closing, crosswalk, linking, quarantine, resolve, review, steps
from pipeline.cli.terminal import TOLD, complain
from pipeline.errors import named

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From the field of a census in institutions to the analyst.",
    epilog="Exit codes: 0 done; 1 failed; 2 a setting, option, query or reference file is wrong; 3 nothing to work on, or inputs missing; "
    "4 a gate, the ledger or the order of publication forbids going on; 6 the disk is too full; "
    "7 the portal, the gateway or the Census Database gives no whole answer.",
)
app.add_typer(steps.app)
app.add_typer(asking.app)
app.add_typer(closing.app)
app.add_typer(linking.app)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(review.app, name="review")
app.add_typer(resolve.app, name="resolve")
app.add_typer(crosswalk.app, name="crosswalk")


def main() -> None:
    """Run the command line; every failure ends in one message without field values and a documented exit code."""
    from sandbox.cli import app as sandbox_app
    from sandbox.cli import evaluate_command

    if not any(group.name == "sandbox" for group in app.registered_groups):
        app.add_typer(sandbox_app, name="sandbox", help="A simulated field with known truth.")
        app.command("evaluate")(evaluate_command)
    log = logging.getLogger("pipeline.lake")  # says whom a command waits for
    log.setLevel(logging.INFO)
    log.addHandler(TOLD)
    try:
        app()
    except Exception as error:  # noqa: BLE001  # the last line of defence: drivers' messages may quote personal data
        problem = named(error)
        complain(problem)
        sys.exit(problem.exit_code)
