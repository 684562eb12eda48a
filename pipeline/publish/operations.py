"""`operations.duckdb`: every night's tables for those who run the census (need to know)."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.lake import Lake
from pipeline.publish.assemble import Task, open_bench, require_balance, snapshot_manifest, write_tables
from pipeline.publish.catalogue import entries
from pipeline.publish.database import make_database
from pipeline.publish.macros import macros
from pipeline.publish.pages import dictionary_html
from pipeline.publish.snapshot import (
    Publication,
    current_manifest,
    publish,
    read_build_manifest,
    released_builds,
    snapshot_id,
)
from pipeline.settings import Settings


def publish_operations(lake: Lake, build_dir: Path, settings: Settings) -> Publication:
    """Make the nightly snapshot of a build and switch `operations/current` to it.

    Publishing the same build again touches nothing. Readers keep the snapshot they have open.

    Parameters
    ----------
    build_dir
        A finished build; the page and figures `reconcile` wrote are copied beside the database, its tables stay in the lake.

    Raises
    ------
    LedgerUnbalanced
        The ledger of the build does not balance; nothing was published.
    StalePublication
        A later moment is published already.
    RoundClosed
        The round was closed since the build was pinned.
    """
    manifest = read_build_manifest(build_dir)
    with lake.lock("publish"):
        fill = partial(_fill, lake, build_dir, settings, manifest)
        name, spared = snapshot_id(manifest), released_builds(lake) | lake.closed_on()
        return publish(lake, lake.operations, name, manifest, fill, settings.keep_snapshots, spared)


def _fill(lake: Lake, build_dir: Path, settings: Settings, manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    bench = open_bench(lake, settings, build_dir, manifest, folder)
    try:
        require_balance(bench)
        listed = entries(bench.schemas, "operations")
        task = Task(snapshot_id(manifest), lake, settings, build_dir, manifest, folder, listed)
        round_id = str(bench.value("SELECT round_id FROM round"))
        write_tables(bench, task)
    finally:
        bench.close()
    counts = make_database(folder / "operations.duckdb", folder, listed, macros(listed), lake=lake, settings=settings)
    (folder / "dictionary.html").write_text(dictionary_html(listed, task.name), encoding="utf-8")
    for written in sorted((build_dir / "reconcile").glob("*")):
        if written.suffix != ".parquet":  # ids of persons
            shutil.copyfile(written, folder / written.name)
    previous = current_manifest(lake.operations)
    return {
        **snapshot_manifest(task, counts, round_id),
        "previous_build_id": previous["build_id"] if previous else None,
    }
