"""How the cases travel: the portal's store, VPN bundles, memory sticks, what happens to them on the way, and where they all end."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sandbox.cases import Case, line_of
from sandbox.dice import Dice
from sandbox.noise import Noise
from sandbox.seals import key_of, sealed, signature
from sandbox.world import AQTAU, Device, World

LAST_LOADING = datetime(2021, 12, 8, 17, tzinfo=AQTAU)


@dataclass
class Record:
    """A line as it arrives once, with what is true about it."""

    route: str
    delivery: str
    record_no: int
    bytes_sha256: str
    arrives_at: datetime
    is_readable: bool = True
    case_id: str | None = None
    case_version: int | None = None
    institution_id: str | None = None
    filled_at_institution_id: str | None = None
    person_key: str | None = None
    content_key: str | None = None
    hold_reason: str | None = None
    scope_reason: str | None = None
    mode: str | None = None


@dataclass
class Delivery:
    """Something that arrives as a whole: a file, a bundle, a stick."""

    path: str
    route: str
    arrives_at: datetime
    files: dict[str, bytes]


@dataclass
class Bundle:
    """A tablet's export; `whole` are its lines before anything happened to them."""

    device: Device
    bundle_id: str
    exported: datetime
    lines: list[tuple[bytes, Case]]
    manifest: dict[str, Any]
    whole: list[tuple[bytes, Case]]
    seal: dict[str, bytes] = field(default_factory=dict)
    is_cut: bool = False
    is_refused: bool = False

    @property
    def is_wanted_again(self) -> bool:
        """Whether somebody may notice that it did not come whole."""
        return self.is_cut or self.is_refused


@dataclass(frozen=True)
class Accepted:
    """A row of the Census Database."""

    accepted_at: datetime
    case_id: str
    case_version: int
    line: bytes


@dataclass
class Post:
    """Everything that travelled: deliveries for the inbox, the portal's store, the Census Database, and one truth row per line."""

    deliveries: list[Delivery] = field(default_factory=list)
    portal: list[tuple[datetime, bytes]] = field(default_factory=list)
    census_db: list[Accepted] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    acts: list[tuple[datetime, str, int]] = field(
        default_factory=list
    )  # when a medium was written, which, and the cases


class Transport:
    """Carries the cases from the tablets and browsers to the office."""

    def __init__(self, seed: int, world: World, noise: Noise) -> None:
        self.seed, self.world, self.noise = seed, world, noise
        self.post = Post()
        self.sent: list[tuple[datetime, bytes, Case]] = []
        self.acts = 0
        self.bundles = Counter[str]()

    def send(self, cases: list[Case]) -> Post:
        """Return what travelled."""
        self._portal([c for c in cases if c.device is None])
        by_device: dict[str, list[Case]] = {d: [] for d in self.world.devices}
        for case in cases:
            if case.device is not None:
                by_device[case.device.device_id].append(case)
        for device_id, own in by_device.items():
            self._tablet(self.world.devices[device_id], sorted(own, key=lambda c: (c.completed, c.case_id or "")))
        for device_id, own in by_device.items():
            if self.world.devices[device_id].cloned_to:
                self._clone(self.world.devices[device_id], own)
        self._census_db()
        self.post.deliveries.sort(key=lambda d: (d.arrives_at, d.path))
        return self.post

    # portal ----------------------------------------------------------------------------------------------------------

    def _portal(self, cases: list[Case]) -> None:
        dice = Dice(self.seed, "portal")
        sent = []
        for case in cases:
            available = case.completed + timedelta(seconds=dice.integer(1, 90))
            whole = line_of(case.submission(None))
            self.sent.append((available, whole, case))
            line, readable = self._damaged(whole, dice)
            sent.append((available, line, readable, case))
        sent.sort(key=lambda s: (s[0], s[1]))
        for number, (available, line, readable, case) in enumerate(sent, 1):
            self.post.portal.append((available, line))
            self._record("portal", "portal", number, line, available, case if readable else None)

    def _damaged(self, line: bytes, dice: Dice) -> tuple[bytes, bool]:
        if not self.noise.happens(dice, "broken_line"):
            return line, True
        if dice.chance(0.5):
            return line[: len(line) // 2], False
        return line.replace(b'"identity"', b'\xff\xfe"identity', 1), False

    def _record(
        self, route: str, delivery: str, number: int, line: bytes, arrives: datetime, case: Case | None
    ) -> None:
        record = Record(
            route,
            delivery,
            number,
            hashlib.sha256(line).hexdigest(),
            arrives.astimezone(UTC),
            is_readable=case is not None,
        )
        if case is not None:
            record.case_id, record.case_version, record.mode = case.case_id, case.version, case.mode
            record.institution_id, record.filled_at_institution_id = case.written_site, case.filled_at
            record.person_key = case.person.key if case.person else None
            record.content_key, record.hold_reason, record.scope_reason = case.content_key(), case.hold, case.scope
        self.post.records.append(record)

    # tablets ---------------------------------------------------------------------------------------------------------

    def _tablet(self, device: Device, cases: list[Case]) -> None:
        dice = Dice(self.seed, "tablet", device.device_id)
        deleted = self._number(cases, dice)
        left = self._leave_behind(device, cases, dice)
        exported = [c for c in cases if id(c) not in left]
        if not exported:
            return
        if device.route == "tablet_usb":
            self._by_stick(device, exported, cases, deleted, dice)
        else:
            self._by_vpn(device, exported, cases, deleted, dice)

    def _number(self, cases: list[Case], dice: Dice) -> list[datetime]:
        """Number the cases by their start; return when one was deleted."""
        numbers: dict[str, int] = {}
        deleted: list[datetime] = []
        for case in sorted(cases, key=lambda c: (c.started, c.case_id or "", c.version)):
            key = case.case_id or str(id(case))
            if key not in numbers:
                if self.noise.happens(dice, "case_deleted"):
                    deleted.append(case.started)
                numbers[key] = len(numbers) + 1 + len(deleted)
            case.case_no = numbers[key]
        return deleted

    def _leave_behind(self, device: Device, cases: list[Case], dice: Dice) -> set[int]:
        if not device.has_case_left or len(cases) < 3:
            return set()
        last = {c.case_id for c in cases[-dice.integer(1, 2) :]}
        device.cases_left = len(last)
        return {id(c) for c in cases if c.case_id in last}

    def _by_vpn(
        self, device: Device, exported: list[Case], cases: list[Case], deleted: list[datetime], dice: Dice
    ) -> None:
        days = sorted({c.completed.date() for c in exported})
        if device.is_lost and len(days) > 1 and days[-1] > date(2021, 10, 1):
            device.lost_on = days.pop()
        for day in days:
            moment = datetime.combine(max(day, date(2021, 10, 1)), time(20, 30), AQTAU) + timedelta(
                minutes=dice.integer(0, 90)
            )
            today = [c for c in exported if c.completed.date() == day]
            bundle = self._bundle(device, today, cases, deleted, moment, moment)
            late = self.noise.happens(dice, "vpn_late", device.device_id)
            arrives = moment + timedelta(minutes=dice.integer(1, 40), days=dice.integer(1, 6) if late else 0)
            self._vpn(self._cut(bundle, dice), arrives)
            if bundle.is_wanted_again and dice.chance(0.5):
                again = self._bundle(device, today, cases, deleted, moment + timedelta(days=1), moment)
                self._vpn(again, arrives + timedelta(days=1))
        if device.lost_on:
            self._by_finder(device, [c for c in exported if c.completed.date() == device.lost_on], cases, deleted, dice)

    def _by_finder(
        self, device: Device, part: list[Case], cases: list[Case], deleted: list[datetime], dice: Dice
    ) -> None:
        """Somebody found the tablet and switched it on: what it sends by itself is held, and does not reach the Census Database."""
        moment = datetime(2021, 11, dice.integer(12, 22), dice.integer(8, 20), 30, tzinfo=AQTAU)
        bundle = self._bundle(device, part, cases, deleted, moment, moment)
        bundle.lines = [
            (line, case if case.case_no == -1 else replace(case, hold="DEVICE_LOST")) for line, case in bundle.lines
        ]
        bundle.whole = []
        self._vpn(bundle, moment + timedelta(minutes=10))

    def _by_stick(
        self, device: Device, exported: list[Case], cases: list[Case], deleted: list[datetime], dice: Dice
    ) -> None:
        median = dice.uniform(9, 35)
        halves = [datetime(2021, 10, 15, 23, tzinfo=AQTAU), datetime(2021, 11, 7, 23, tzinfo=AQTAU)]
        since = datetime(2021, 1, 1, tzinfo=AQTAU)
        for until in halves if dice.chance(0.5) else halves[1:]:
            part = [c for c in exported if since < c.completed <= until]
            since = until
            if not part:
                continue
            moment = max(c.completed for c in part) + timedelta(hours=dice.integer(2, 30))
            bundle = self._bundle(device, part, cases, deleted, moment, None)
            loaded = min(
                moment + timedelta(days=2 + dice.exponential(median / 0.693)),
                LAST_LOADING - timedelta(minutes=dice.integer(0, 3000)),
            )
            loaded = max(loaded, moment + timedelta(hours=20)).replace(microsecond=0)
            self._stick(self._cut(bundle, dice), moment + timedelta(hours=1), loaded, dice, True)
            if self.noise.happens(dice, "stick_copied"):
                self._stick(
                    bundle, moment + timedelta(hours=3), loaded + timedelta(days=dice.integer(1, 6)), dice, False
                )
            elif bundle.is_wanted_again and dice.chance(0.5):
                again = self._bundle(device, part, cases, deleted, moment + timedelta(days=1), None)
                self._stick(again, moment + timedelta(days=1, hours=1), loaded + timedelta(days=9), dice, True)
        if self.noise.happens(dice, "usb_overlap"):
            moment = max(
                datetime(2021, 10, 30, 21, tzinfo=AQTAU), max(c.completed for c in exported) + timedelta(hours=1)
            )
            self._vpn(self._bundle(device, exported, cases, deleted, moment, moment), moment + timedelta(minutes=20))

    def _bundle(
        self, device: Device, part: list[Case], cases: list[Case], deleted: list[datetime], moment: datetime, synced: datetime | None
    ) -> Bundle:  # fmt: skip
        """Export some cases; the counters are those of the whole tablet at that moment."""
        shown = moment + device.clock
        self.bundles[device.device_id] += 1
        bundle_id = f"{device.device_id}-{shown:%Y%m%d}-{self.bundles[device.device_id]:02d}"
        dice = Dice(self.seed, "damage", bundle_id)
        whole = [(line_of(case.submission(synced + device.clock if synced else None)), case) for case in part]
        lines = []
        for sent, case in whole:
            line, readable = self._damaged(sent, dice)
            lines.append((line, case if readable else replace(case, case_no=-1)))
        begun = [c for c in cases if c.started <= moment]
        gone = sum(d <= moment for d in deleted)
        content = b"".join(line + b"\n" for line, _ in lines)
        manifest = {
            "bundle_id": bundle_id, "device_id": device.device_id, "institution_id": device.institution_id, "app_version": "3.1",
            "exported_at": shown.isoformat(timespec="seconds"), "case_count": len(lines),
            "submissions_sha256": hashlib.sha256(content).hexdigest(),
            "created_count": len({c.case_no for c in begun}) + gone, "deleted_count": gone,
            "last_case_no": max((c.case_no or 0 for c in begun), default=0),
            "daily_counts": dict(sorted(Counter(str((c.completed + device.clock).date()) for c in part).items())),
        }  # fmt: skip
        key = key_of(self.seed, device.device_id)
        bundle = Bundle(
            device, bundle_id, shown, lines, manifest, whole, sealed(manifest, key, [line for line, _ in lines])
        )
        return self._unsealed(bundle, Dice(self.seed, "seal", bundle_id))

    def _unsealed(self, bundle: Bundle, dice: Dice) -> Bundle:
        """Perhaps break the seal: no signature, that of another key, or a line changed after sealing. Nothing of it is believed then."""
        line, case = bundle.lines[0]
        if self.noise.happens(dice, "bundle_unsigned"):
            del bundle.seal["signature"]
        elif self.noise.happens(dice, "bundle_wrong_key"):
            bundle.seal["signature"] = signature(bundle.seal["manifest.json"], key_of(self.seed, "nobody"))
        elif self.noise.happens(dice, "bundle_altered"):
            bundle.lines[0] = (line[:-1] + b" }", case)
        else:
            return bundle
        bundle.lines = [(line, replace(case, case_no=-1)) for line, case in bundle.lines]
        bundle.is_refused = True
        return bundle

    def _cut(self, bundle: Bundle, dice: Dice) -> Bundle:
        """Perhaps cut the file off in the middle of a line."""
        if len(bundle.lines) < 3 or not self.noise.happens(dice, "truncated"):
            return bundle
        keep = dice.integer(len(bundle.lines) // 2, len(bundle.lines) - 1)
        line, case = bundle.lines[keep]
        bundle.lines = [*bundle.lines[:keep], (line[: len(line) // 3], replace(case, case_no=-1))]
        bundle.is_cut = True
        return bundle

    def _content(self, bundle: Bundle) -> dict[str, bytes]:
        content = b"".join(line + b"\n" for line, _ in bundle.lines)
        return {
            **bundle.seal,
            "submissions.ndjson": content[:-1] if bundle.is_cut else content,
        }

    def _vpn(self, bundle: Bundle, arrives: datetime) -> None:
        path = f"tablet_vpn/{bundle.bundle_id}"
        self.post.deliveries.append(Delivery(path, "tablet_vpn", arrives, self._content(bundle)))
        self._lines("tablet_vpn", path, bundle, arrives)

    def _stick(self, bundle: Bundle, copied: datetime, loaded: datetime, dice: Dice, is_first: bool) -> None:
        """Copy a bundle to a stick; the second copy of a bundle is the same batch and adds no records."""
        self.acts += 1
        medium = dice.pick(list(self.world.media))
        act = f"USB-2021-{self.acts:02d}"
        files = {f"{bundle.bundle_id}/{name}": data for name, data in self._content(bundle).items()}
        custody = {
            "medium_id": medium, "employee_id": self.world.media[medium], "institution_id": bundle.device.used_at,
            "device_id": bundle.device.device_id, "act_no": act, "reason_code": dice.weighted({"NO_NETWORK": 8, "VPN_FAILED": 1, "DEVICE_FAULT": 1}),
            "act_case_count": bundle.manifest["case_count"], "copied_at": copied.isoformat(timespec="seconds"),
            "loaded_at": loaded.isoformat(timespec="seconds"),
            "files": [{"path": p, "sha256": hashlib.sha256(d).hexdigest(), "size": len(d)} for p, d in sorted(files.items())],
        }  # fmt: skip
        self.post.acts.append((copied, medium, bundle.manifest["case_count"]))
        files["custody.json"] = (json.dumps(custody, ensure_ascii=False, indent=1) + "\n").encode()
        self.post.deliveries.append(Delivery(f"tablet_usb/{act}", "tablet_usb", loaded, files))
        if is_first:
            self._lines("tablet_usb", f"tablet_usb/{act}/{bundle.bundle_id}", bundle, loaded)

    def _lines(self, route: str, path: str, bundle: Bundle, arrives: datetime) -> None:
        self.sent += [(arrives, line, case) for line, case in bundle.whole]
        for number, (line, case) in enumerate(bundle.lines, 1):
            self._record(route, path, number, line, arrives, None if case.case_no == -1 else case)

    def _clone(self, device: Device, cases: list[Case]) -> None:
        """The application folder was copied to another tablet, which sends the cases once more."""
        dice = Dice(self.seed, "clone", device.device_id)
        moment = datetime(2021, 10, dice.integer(8, 28), 22, 30, tzinfo=AQTAU)
        seen = sorted((c for c in cases if c.completed < moment), key=lambda c: (c.completed, c.case_id or ""))
        if not seen or device.cloned_to is None:
            return
        if dice.chance(0.5):  # one case was gone on with on both tablets
            at = dice.integer(0, len(seen) - 1)
            answers = {**seen[at].answers, "education_level": 3, "usual_address_text": "копия"}
            seen[at] = replace(seen[at], answers=answers, completed=moment - timedelta(minutes=45))
        target = self.world.devices[device.cloned_to]
        bundle = self._bundle(target, seen, seen, [], moment, moment)
        self._vpn(bundle, moment + timedelta(minutes=15))

    # the Census Database -----------------------------------------------------------------------------------------------

    def _census_db(self) -> None:
        """Let every filled case end in the Census Database, whole, each version once; some days late, some never."""
        dice = Dice(self.seed, "census_db")
        known: set[tuple[str, int]] = set()
        accepted = []
        for sent_at, line, case in sorted(self.sent, key=lambda s: s[:2]):
            if case.case_id is None or case.status == "draft" or (case.case_id, case.version) in known:
                continue
            known.add((case.case_id, case.version))
            is_late = self.noise.happens(dice, "census_db_late")
            delay = timedelta(days=dice.integer(4, 10) if is_late else 0, minutes=dice.integer(5, 1200))
            if not self.noise.happens(dice, "census_db_missing"):
                accepted.append((Accepted(sent_at + delay, case.case_id, case.version, line), case))
        accepted.sort(key=lambda a: (a[0].accepted_at, a[0].line))
        for number, (row, case) in enumerate(accepted, 1):
            self.post.census_db.append(row)
            self._record("census_db", "census_db", number, row.line, row.accepted_at, case)
