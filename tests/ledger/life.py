"""A campaign drawn at random, lived on one lake, and what became of every record of it.

A campaign is many small *stories* about people who have nothing in common, each a few submissions of one or two cases; every
submission, and now and then its copy, falls into one of some *parcels*, which are received in order over the portal and from tablets.
After the first parcels there is a build, and decisions on what it holds; then come the other parcels, and the build that is asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pipeline import build as builds
from pipeline.build import Build
from pipeline.desk.desk import Desk
from pipeline.lake import Clock, clock_from
from pipeline.round import OFFICE_ROUTES
from sandbox.portal import running
from tests.ledger.papers import CARE, HOSPITAL, SCHOOL, TABLET, Paper, papers
from tests.read.desk import submission
from tests.receive.field import Field
from tests.receive.shop import SECRET, Shop
from tests.resolve.field import sound
from tests.road.road import rows

START = datetime(2021, 10, 20, 12, tzinfo=UTC)
DECIDED_AT = START + timedelta(days=2)
ID_KEY = "the key of the ids"
EARLY, LATE = 6, 5  # parcels before the decisions, and after; the last is the first once more, by another route
STEPS = ("read", "check", "resolve", "count")

FLAWS: dict[str, dict[str, object]] = {
    "none": {},
    "form": {"form_version": "1999.1"},
    "place": {"institution_id": "MNG-9999", "staff_id": None, "device_id": None},
    "draft": {"case_status": "draft"},
    "partial": {"case_status": "partial"},
    "training": {"is_training": True},
    "withdrawn": {"case_status": "withdrawn"},
}
REJECTED = {"form": "R-FORM-NOT-APPROVED", "place": "R-UNKNOWN-INSTITUTION"}
SILENT = {"draft": "DRAFT", "training": "TRAINING", "withdrawn": "WITHDRAWN"}
CONTENTS: tuple[dict[str, object], ...] = ({}, {"marital_status": 2}, {"completed_at": "2021-10-05T14:21:00+05:00"})
HOME: dict[str, object] = {"position_in_institution": "RESIDENT", "residence_status": "USUAL_PRESENT", "has_other_home": False, "stay_duration": "GE12M"}  # fmt: skip
PLACES: dict[str, dict[str, object]] = {
    "boarder": {"institution_id": SCHOOL, "staff_id": None, "device_id": None, "has_other_home": True, "stay_from_on": "2021-09-01", "usual_address_kato": "471010000"},
    "patient": {
        "institution_id": HOSPITAL, "staff_id": None, "device_id": None, "has_other_home": True, "stay_from_on": "2021-08-25", "residence_status": "TEMP_PRESENT",
        "stay_duration": "LT1M", "usual_address_kato": "471010000",
    },
    "staff": {"position_in_institution": "STAFF_LIVE_IN"},
}  # fmt: skip
NOISE: dict[bytes, str] = {
    b"": "NOT_JSON", b'{"case_id":"torn': "NOT_JSON", b"[1]": "NOT_OBJECT", b'{"case_id":"\xff"}': "NOT_UTF8",
    b'{"case_id":"x","case_id":"y"}': "DUPLICATE_KEY", b'{"case_version":NaN}': "NOT_FINITE",
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """One submission as somebody sent it.

    Attributes
    ----------
    story
        Number of the story; with `who`, the person it is about.
    content
        Which answers; the same for the same answers.
    style
        How the JSON is written, and the marks of transport in it.
    changes
        Further fields, all of them answers or mode and moments.
    """

    story: int
    case: str | None
    version: int | None = 1
    who: int = 0
    content: int = 0
    flaw: str = "none"
    clock: str | None = None
    style: int = 0
    kind: str = "versions"
    changes: tuple[tuple[str, object], ...] = ()

    @property
    def answered(self) -> tuple[object, ...]:
        """What makes it the same answers about the same person."""
        return self.case, self.story, self.who, self.content, self.changes

    @property
    def line(self) -> bytes:
        """The submission as bytes."""
        told = {**HOME, **dict(self.changes), **CONTENTS[self.content], **FLAWS[self.flaw]}
        said = submission(
            self.story,
            case_id=self.case,
            case_version=self.version,
            device_case_no=None,
            list_entry_no=None,
            **person(self.story, self.who),
        )
        if self.clock:
            said["case_clock"] = self.clock
        for name, value in {
            "staff_id": "ST-1",
            "started_at": "2021-10-05T14:00:00+05:00",
            "completed_at": "2021-10-05T14:20:00+05:00",
            **told,
        }.items():
            part = next((p for p in (said, said["identity"]) if name in p), said["answers"])
            part[name] = value
        return _dressed(said, self.style)


@dataclass(frozen=True)
class Noise:
    """A line no typed row can be made of."""

    line: bytes

    @property
    def error(self) -> str:
        """Why."""
        return NOISE[self.line]


@dataclass(frozen=True)
class Parcel:
    """What is sent together.

    Attributes
    ----------
    harm
        What happens to a tablet's bundle on the way: `cut` (to a share of its bytes), `unsigned`, `stranger` (a file nobody named).
    declared
        How many more records its sender says than it holds.
    """

    route: str
    lines: tuple[Sent | Noise, ...]
    harm: str = "none"
    share: float = 1.0
    declared: int = 0

    @property
    def content(self) -> bytes:
        """Its lines."""
        return b"".join(one.line + b"\n" for one in self.lines)


@dataclass(frozen=True)
class Campaign:
    """All that is sent, and what is decided on what is held, one after another."""

    parcels: tuple[Parcel, ...]
    papers: tuple[Paper, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A record received, and what became of it.

    Attributes
    ----------
    sent
        The submission, or None where the line or file cannot be read.
    error
        Why it cannot, as the sender of the noise knows.
    action, decided_at, decision_no
        The decision that holds on it.
    """

    parcel: Parcel
    batch: dict[str, Any]
    record: dict[str, Any]
    became: dict[str, Any]
    flags: tuple[str, ...]
    sent: Sent | None
    error: str | None
    action: str | None = None
    decided_at: datetime | None = None
    decision_no: int = 0

    @property
    def state(self) -> str:
        """Its state."""
        return str(self.became["state"])

    @property
    def at(self) -> tuple[str, str, int]:
        """Its place in the order of receipt."""
        return self.batch["received_at"], self.batch["batch_id"], self.record["record_no"]

    @property
    def is_released(self) -> bool:
        """Whether a decision lets it take part."""
        return self.action == "release"

    @property
    def has_passed(self) -> bool:
        """Whether it may take part: by the checks, or by a decision."""
        return self.sent is not None and (
            self.is_released
            or (self.sent.flaw not in REJECTED and self.sent.case is not None and self.sent.version is not None)
        )

    @property
    def key(self) -> tuple[object, ...]:
        """Case, version, and whether it takes the case back: what may be said once."""
        assert self.sent is not None
        return self.sent.case, self.sent.version, self.sent.flaw == "withdrawn"


class Life:
    """A campaign lived on a lake of its own."""

    def __init__(self, root: Path, campaign: Campaign) -> None:
        self.campaign = campaign
        self.field = Field(root, threads=1, memory_limit="1GB", id_key=ID_KEY)
        self.lake = self.field.lake
        self._of_batch: dict[str, Parcel] = {}
        shop = Shop(root / "shop")
        shop.stock(
            [one.line.decode() for parcel in campaign.parcels if parcel.route == "portal" for one in parcel.lines]
        )
        self._served = 0
        with running(shop.folder, SECRET) as url:
            self.field.settings = self.field.settings.model_copy(
                update={"portal_url": url, "portal_secret": type(self.field.settings.id_key)(SECRET)}
            )
            self._receive_papers(-1, clock_from(START - timedelta(days=1)))
            for number in range(EARLY):
                self._receive(number, shop)
            self.first = self.build()
            self._decide()
            for number in range(EARLY, EARLY + LATE):
                self._receive(number, shop)
        self.last = self.build()

    def build(self) -> Build:
        """Make the tables up to the ledger."""
        made = builds.open_build(self.lake, self.field.settings)
        for step in STEPS:
            builds.run_step(self.lake, self.field.settings, made, step)
        return made

    def table(self, name: str, made: Build | None = None) -> list[dict[str, Any]]:
        """Rows of a table of a build, the last one's when None."""
        return rows((made or self.last).folder, name)

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision, in order."""
        return self.lake.decided("quarantine", datetime.max.replace(tzinfo=UTC))

    def receive_again(self) -> None:
        """Look at everything in the inbox once more, as if it had been put there anew."""
        for path in self.field.inbox.rglob("*"):
            path.touch()
        for route in (*OFFICE_ROUTES, "tablet_vpn", "tablet_usb"):
            self.field.receive(route, clock_from(START + timedelta(days=9)))

    @cached_property
    def batches(self) -> list[dict[str, Any]]:
        """Landing manifests, in order of receipt."""
        return self.lake.batches()

    @cached_property
    def rows(self) -> list[Row]:
        """Every record of submissions, in order of receipt."""
        became = {row["record_id"]: row for row in self.table("record_state")}
        flags = {row["record_id"]: tuple(row["flags"]) for row in self.table("record_check")}
        held = dict[str, tuple[str, datetime, int]]()
        for number, row in enumerate(self.decisions(), 1):
            held[row["record_id"]] = row["action"], datetime.fromisoformat(row["decided_at"]), number
        batch = {batch["batch_id"]: batch for batch in self.batches}
        found = []
        for record in sorted(
            self.table("record"), key=lambda record: (batch[record["batch_id"]]["received_at"], record["record_no"])
        ):
            parcel = self._of_batch[record["batch_id"]]
            sent, error = expected(parcel)[record["record_no"] - 1]
            action, decided_at, number = held.get(record["record_id"], (None, None, 0))
            found.append(
                Row(
                    parcel, batch[record["batch_id"]], record, became[record["record_id"]], flags.get(record["record_id"], ()), sent, error,
                    None if action == "retry" else action, decided_at, number,
                )
            )  # fmt: skip
        return found

    def typed(self, *kinds: str) -> list[Row]:
        """Records a typed row was made of, of stories of these kinds or of all."""
        return [row for row in self.rows if row.sent is not None and (not kinds or row.sent.kind in kinds)]

    def cases(self, *kinds: str) -> dict[str, list[Row]]:
        """Records of every case, in order of receipt."""
        found: dict[str, list[Row]] = {}
        for row in self.typed(*kinds):
            if row.sent is not None and row.sent.case is not None:
                found.setdefault(row.sent.case, []).append(row)
        return found

    def _receive(self, number: int, shop: Shop) -> None:
        parcel = self.campaign.parcels[number]
        clock = clock_from(
            START + timedelta(days=number // 2 + (1 if number >= EARLY else 0))
        )  # two at a time by a clock that stands
        self._receive_papers(number, clock)
        if parcel.route == "portal":
            self._served += len(parcel.lines)
            shop.show(self._served)
        else:
            self._bundle(number, parcel)
        receipt = self.field.receive(parcel.route, clock)
        self._of_batch |= dict.fromkeys(receipt.landed, parcel)

    def _receive_papers(self, number: int, clock: Clock) -> None:
        for paper in self.campaign.papers:
            if paper.parcel == number:
                self.field.put(paper.path, paper.content)
                self.field.receive(paper.route, clock)

    def _bundle(self, number: int, parcel: Parcel) -> None:
        folder = f"{parcel.route}/{'stick/' if parcel.route == 'tablet_usb' else ''}B-{number:02d}"
        content = parcel.content
        said = {"case_count": len(parcel.lines) + parcel.declared, "institution_id": None if number % 3 == 0 else CARE}
        place = self.field.bundle(folder, content, device_id=TABLET, is_ready=parcel.route == "tablet_vpn", **said)
        if parcel.route == "tablet_usb":
            self.field.put("tablet_usb/stick/custody.json", b"{}")
        if parcel.harm == "cut":
            (place / "submissions.ndjson").write_bytes(content[: int(len(content) * parcel.share)])
        elif parcel.harm == "unsigned":
            (place / "signature").unlink()
        elif parcel.harm == "stranger":
            (place / "export.zip").write_bytes(b"PK\x03\x04 and no more")

    def _decide(self) -> None:
        with Desk(self.lake, self.field.settings, self.first.folder) as desk:
            items = [item for item in desk.items() if item["kind"] == "submission" and item["reason"] != "R-NO-CASE-ID"]
            held = [item["record_id"] for item in sorted(items, key=lambda item: (item["reason"], item["record_id"]))]
            for number, record_id in enumerate(held):
                for action in self.campaign.actions[number % len(self.campaign.actions)].split():
                    desk.decide(
                        action,
                        [record_id],
                        "DEP-01",
                        "looked at the paper",
                        clock_from(DECIDED_AT + timedelta(seconds=number)),
                    )


def expected(parcel: Parcel) -> list[tuple[Sent | None, str | None]]:
    """What a parcel is read as: a submission, or why there is none, for every record of it."""
    lines: list[tuple[Sent | None, str | None]] = [
        (one, None) if isinstance(one, Sent) else (None, one.error) for one in parcel.lines
    ]
    if parcel.harm == "stranger":
        return [(None, "UNKNOWN_FILE"), *(lines or [(None, "EMPTY_FILE")])]
    if parcel.harm == "unsigned":
        return [(None, "BUNDLE_UNSIGNED")] * len(lines) or [(None, "EMPTY_FILE")]
    if parcel.harm == "cut":
        left = parcel.content[: int(len(parcel.content) * parcel.share)]
        whole = left.count(b"\n")
        tail = left.rpartition(b"\n")[2]
        if tail and tail == parcel.lines[whole].line:
            return lines[: whole + 1]
        return lines[:whole] + ([(None, "TRUNCATED")] if tail else [] if left else [(None, "EMPTY_FILE")])
    return lines or [(None, "EMPTY_FILE")]


def person(story: int, who: int) -> dict[str, object]:
    """Names, birth date and number of somebody nobody else is like."""
    no = story * 3 + who
    born = date(1940, 1, 2) + timedelta(days=53 * no)
    letters = "абвгдежзиклмнопрстуфхцчшэюя"
    family = "".join(letters[no // 27**power % 27] * 2 for power in range(3))
    return {
        "iin": sound(f"{born:%y%m%d}3{no:04d}") if no % 2 else None, "family_name": family.title() + "ов", "given_name": letters[no % 27 : no % 27 + 4].title(),
        "patronymic": None, "sex": 1, "birth_date": born.isoformat(),
    }  # fmt: skip


def _dressed(said: dict[str, Any], style: int) -> bytes:
    """Write a submission in one of some ways that say the same."""
    if style & 1:  # keys in another order, letters as escapes, blanks
        said = {
            name: {k: part[k] for k in reversed(part)} if isinstance(part, dict) else part
            for name, part in reversed(said.items())
        }
    if style & 2:  # marks of transport
        said |= {
            "synced_at": "2021-10-06T08:00:00+05:00",
            "certificate_no": "0000017",
            "device_case_no": 3,
            "app": "of a newer make",
        }
    if style & 4:  # nothing said, in so many words
        said["answers"] |= {"religion_branch": None, "usual_address_text": ""}
    form: dict[str, Any] = {"separators": (" , ", " : ")} if style & 1 else {"ensure_ascii": False}
    return json.dumps(said, **form).encode()


@st.composite
def _versions(draw: st.DrawFn, story: int) -> list[Sent]:
    one = st.builds(
        Sent, st.just(story), st.just(f"case-{story}"), st.integers(1, 3), content=st.integers(0, 2), flaw=st.sampled_from(["none", "none", "none", *FLAWS])
    )  # fmt: skip
    flaw = list(FLAWS)[story % len(FLAWS)]  # each is the only one of some case
    return draw(st.lists(one, min_size=1, max_size=5)) if story % 2 else [Sent(story, f"case-{story}", flaw=flaw)]


@st.composite
def _clocks(draw: st.DrawFn, story: int) -> list[Sent]:
    ticks = st.tuples(st.integers(0, 2), st.integers(0, 2)).filter(any)
    one = st.builds(
        lambda version, ticks: (
            version,
            ",".join(f"{name}:{tick}" for name, tick in zip("ab", ticks, strict=True) if tick),
        ),
        st.integers(1, 5),
        ticks,
    )
    told = draw(st.lists(one, min_size=2, max_size=4, unique_by=lambda told: told[0]))
    return [
        Sent(story, f"case-{story}", version, content=n % 3, clock=clock, kind="clocks")
        for n, (version, clock) in enumerate(told)
    ]


@st.composite
def _twins(draw: st.DrawFn, story: int) -> list[Sent]:
    one = st.builds(
        lambda number, version, flaw: Sent(story, f"case-{story}-{number}", version, flaw=flaw, kind="twins", who=1 - story % 2),  # who has an IIN
        st.integers(1, 3), st.integers(1, 2), st.sampled_from(["none", "none", "none", "form", "partial", "draft", "withdrawn"]),
    )  # fmt: skip
    return draw(st.lists(one, min_size=2, max_size=5, unique_by=lambda sent: (sent.case, sent.version)))


def _places(story: int) -> st.SearchStrategy[list[Sent]]:
    name = sorted(PLACES)[story // len(KINDS) % len(PLACES)]
    return st.just([Sent(story, f"case-{story}", kind=name, changes=tuple(PLACES[name].items()))])


@st.composite
def _windows(draw: st.DrawFn, story: int) -> list[Sent]:
    hour = draw(
        st.sampled_from(
            [
                ("23:59:59", "+05:00"),
                ("00:00:00", "+05:00"),
                ("23:30:00", "+06:00"),
                ("00:30:00", "+06:00"),
                ("12:00:00", "+05:00"),
            ]
        )
    )
    day = draw(
        st.sampled_from(
            [
                "2021-08-31",
                "2021-09-01",
                "2021-09-30",
                "2021-10-01",
                "2021-10-15",
                "2021-10-16",
                "2021-10-21",
                "2021-10-30",
                "2021-10-31",
            ]
        )
    )
    mode = draw(st.sampled_from(["web_self", "web_assisted", "tablet"]))
    begun = draw(st.sampled_from(["2021-08-30", "2021-10-05", "2021-11-01"]))
    changes = {"mode": mode, "completed_at": f"{day}T{hour[0]}{hour[1]}", "started_at": f"{begun}T09:00:00+05:00"}
    return [Sent(story, f"case-{story}", kind="windows", changes=tuple(changes.items()))]


@st.composite
def _nameless(draw: st.DrawFn, story: int) -> list[Sent]:
    has_case = draw(st.booleans())
    return [
        Sent(
            story,
            f"case-{story}" if has_case else None,
            None if has_case else 1,
            content=draw(st.integers(0, 1)),
            kind="nameless",
        )
        for _ in range(2)
    ]


KINDS = (_nameless, _versions, _versions, _versions, _clocks, _twins, _places, _windows)


@st.composite
def campaigns(draw: st.DrawFn, stories: int = 30) -> Campaign:
    """Draw a campaign of so many stories."""
    lines: list[list[Sent | Noise]] = [[] for _ in range(EARLY + LATE - 1)]
    for story in range(1, stories + 1):
        kind = KINDS[story % len(KINDS)]
        for sent in draw(kind(story)):
            for number, style in draw(
                st.lists(st.tuples(st.integers(0, EARLY + LATE - 2), st.integers(0, 7)), min_size=1, max_size=2)
            ):
                lines[number].append(replace(sent, style=style))
    harms = ["none", *draw(st.permutations(HARMS))]
    parcels = [_parcel(draw, one, harm) for one, harm in zip(lines, harms, strict=True)]
    other_route = "tablet_vpn" if parcels[0].route == "tablet_usb" else "tablet_usb"
    actions = draw(st.permutations(ACTIONS))
    return Campaign(
        (*parcels, Parcel(other_route, parcels[0].lines)), tuple(draw(papers(EARLY + LATE))), tuple(actions)
    )


ACTIONS = ("release", "discard", "release", "", "release retry", "discard release")
HARMS = ("none", "none", "none", "cut", "cut", "cut", "unsigned", "stranger", "stranger")


def _parcel(draw: st.DrawFn, lines: list[Sent | Noise], harm: str) -> Parcel:
    routes = ["portal", "tablet_vpn", "tablet_usb"] if lines and harm == "none" else ["tablet_vpn", "tablet_usb"]
    route = draw(st.sampled_from(routes))
    if route == "portal":
        return Parcel(route, tuple(lines))
    for noise in draw(st.lists(st.sampled_from(sorted(NOISE)), max_size=2)):
        lines.insert(draw(st.integers(0, len(lines))), Noise(noise))
    return Parcel(route, tuple(lines), harm, draw(st.floats(0, 1)), draw(st.integers(-1, 2)))
