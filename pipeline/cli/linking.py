"""`sanaq link`: which records of any table are one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import AsJson
from pipeline.cli.terminal import progress, show

app = typer.Typer()


@app.command("link")
def link_command(
    source: Annotated[
        Path, typer.Argument(metavar="IN.parquet", exists=True, dir_okay=False, help="Records of people.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT.parquet", dir_okay=False, help="File to write: record_id, person_id.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Judge by this model; without it one is fitted to the records."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which records of a table are one person.

    IN has a unique record_id and any of full_name, family_name, given_name, patronymic, sex, birth_date, national_id, place_code and
    place_name, as text, Cyrillic or Latin; further columns are ignored.
    """
    from pipeline.resolve.link import link_file
    from pipeline.resolve.link.model import read_model

    given = read_model(model) if model else None
    with progress(as_json) as bar:
        task = bar.add_task("reading", total=None)
        linkage = link_file(source, target, given, lambda what: bar.update(task, description=what))
    row = {
        "records": linkage.records,
        "persons": linkage.persons,
        "candidate_pairs": linkage.candidate_pairs,
        "linked_pairs": linkage.linked_pairs,
        "model": str(model) if model else "fitted",
    }
    show([row], as_json, title="Linked")
