"""Creates a campaign: the whole field on disk, its timeline, and the truth apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.deliver import FLAGGED
from sandbox.dice import Dice
from sandbox.fieldwork import Fieldwork
from sandbox.identity import Scribe
from sandbox.lists import ListMaker
from sandbox.movements import headcount_files, movement_files
from sandbox.noise import Noise, Rates
from sandbox.people import Population
from sandbox.register import register_files, register_folder
from sandbox.seals import ROOT, key_of, public
from sandbox.transport import Accepted, Post, Transport
from sandbox.truth import write_truth
from sandbox.verification import verification_files
from sandbox.world import AQTAU, build_world

#: 02:00 Asia/Aqtau; nights worth building
NIGHTS = ("2021-09-20T02:00:00+05:00", "2021-10-20T02:00:00+05:00", "2021-12-10T02:00:00+05:00")


@dataclass(frozen=True)
class Campaign:
    """What was created."""

    seed: int
    institutions: int
    people: int
    rate_scale: float
    counts: dict[str, int]
    states: dict[str, int]
    rates: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``campaign.json``."""
        return {
            **vars(self),
            "nights": list(NIGHTS),
            "census_moment": "2021-08-31T18:00:00Z",
            "trust_root": public(key_of(self.seed, ROOT)),
        }


def create(out: Path, seed: int = 1, institutions: int = 40, people: int = 3000, rate_scale: float = 1.0) -> Campaign:
    """Create a campaign.

    Parameters
    ----------
    out
        Folder to fill; what an earlier campaign left there is removed.
    seed
        The same seed and sizes give the same bytes.
    institutions, people
        How many sites, and how many people on their rolls.
    rate_scale
        Multiplies every rate of noise.
    """
    noise = Noise(Rates.draw(seed, rate_scale), seed)
    taken: set[str] = set()
    world = build_world(seed, institutions, people, noise, taken)
    persons = Population(seed, world, noise, taken).build()
    scribes = {
        site: Scribe(
            noise, site, [p for p in persons if p.institution_id == site and p.is_present], Dice(seed, "scribe", site)
        )
        for site in world.institutions
    }
    list_files, lists = ListMaker(seed, world, persons, noise, scribes).build()
    field = Fieldwork(seed, world, persons, noise, scribes, taken)
    cases = field.run(lists)
    post = Transport(seed, world, noise).send(cases)
    files = [
        *register_files(seed, world, field.certificates),
        *list_files,
        *movement_files(seed, world, persons, noise),
        *headcount_files(seed, world, persons, noise),
        *verification_files(seed, world, persons, cases, scribes),
    ]
    feeds = {"submissions": post.portal} | {
        name: [(f.arrives_at, line) for f in files if f.path == f"portal/{name}" for line in f.content.splitlines()]
        for name in ("movements", "headcounts")
    }
    files = [f for f in files if not f.path.startswith("portal/")]
    post.deliveries.append(register_folder(seed, world, field.certificates, post.acts))

    _clear(out)
    timeline = _write_files(out / "field", [(f.path, f.content, f.arrives_at) for f in files])
    timeline += _write_post(out / "field", post)
    for name, lines in feeds.items():
        _write_feed(out / "field" / "portal" / name, sorted(lines, key=lambda line: line[0]))
    timeline.sort(key=lambda entry: (entry["arrives_at"], entry["delivery"]))
    _write_json(out / "timeline.json", timeline)
    states = write_truth(out / "truth", [*persons, *field.extra_people], post.records, lists)
    counts = {
        "institutions": len(world.institutions), "persons": len(persons), "staff": sum(len(s.staff) for s in world.institutions.values()),
        "devices": len(world.devices), "deliveries": len(timeline), "portal_submissions": len(post.portal),
        "portal_movements": len(feeds["movements"]), "portal_headcounts": len(feeds["headcounts"]),
        "census_db_rows": len(post.census_db), "records": len(post.records),
    }  # fmt: skip
    campaign = Campaign(
        seed, institutions, people, rate_scale, counts, dict(sorted(states.items())), noise.rates.to_dict()
    )
    _write_json(out / "campaign.json", campaign.to_dict())
    return campaign


def _clear(out: Path) -> None:
    for name in ("field", "truth"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in ("timeline.json", "campaign.json", "clock", "faults.json", "census_db.json"):
        (out / name).unlink(missing_ok=True)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_json(path: Path, content: object) -> None:
    _write(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def _write_files(field: Path, files: Iterable[tuple[str, bytes, datetime]]) -> list[dict[str, str]]:
    timeline = []
    for path, content, arrives_at in files:
        _write(field / path, content)
        timeline.append({"delivery": path, "route": path.split("/")[0], "arrives_at": _utc(arrives_at)})
    return timeline


def _write_post(field: Path, post: Post) -> list[dict[str, str]]:
    timeline = []
    for delivery in post.deliveries:
        for name, content in delivery.files.items():
            _write(field / delivery.path / name, content)
        if delivery.route in FLAGGED:
            _write(field / f"{delivery.path}.ready", b"")
        timeline.append({"delivery": delivery.path, "route": delivery.route, "arrives_at": _utc(delivery.arrives_at)})
    _write(field / "census_db" / "submissions.ndjson", b"".join(row.line + b"\n" for row in post.census_db))
    _write(field / "census_db" / "index.csv", _census_db_index(post.census_db).encode())
    return timeline


def _write_feed(path: Path, lines: list[tuple[datetime, bytes]]) -> None:
    _write(path.with_suffix(".ndjson"), b"".join(line + b"\n" for _, line in lines))
    index = "seq,available_at\n" + "".join(f"{n},{_utc(at)}\n" for n, (at, _) in enumerate(lines, 1))
    _write(path.with_suffix(".csv"), index.encode())


def _census_db_index(rows: Iterable[Accepted]) -> str:
    lines = [
        f"{row.case_id},{row.case_version},{_utc(row.accepted_at)},{row.accepted_at.astimezone(AQTAU).date()}\n"
        for row in rows
    ]
    return "case_id,case_version,accepted_at,accepted_on\n" + "".join(lines)
