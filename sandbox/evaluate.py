"""How well a build counted, measured against the truth of a campaign.

Truth is keyed by person and institution, for usual and present residence apart: everybody in scope of whom, by now, at least one
readable record in play has arrived from that institution. A build misses a key, counts it more than once, or includes a person
at an institution where that person was not; whom papers alone put in the right place is not wrong there. Which one of several good
records of a person is counted does not matter, nor which of several equal ones stands for them.

Shares carry their 95 % interval after Wilson, as though the errors came one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sandbox.transport import Record
from sandbox.truth import settle

ALL = "ALL"
ROUTES = {"portal", "census_db", "tablet_vpn", "tablet_usb"}
STATES = ("unreadable", "repeated", "quarantined", "superseded", "out_of_scope", "duplicate", "counted")


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def interval(part: int, whole: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share after Wilson, which says something of no errors at all too."""
    if not whole:
        return None
    z2 = 1.959964**2
    share = min(part / whole, 1)
    middle = share + z2 / (2 * whole)
    spread = sqrt(z2 * (share * (1 - share) + z2 / (4 * whole)) / whole)
    low, high = ((middle + side * spread) / (1 + z2 / whole) for side in (-1, 1))
    return round(max(low, 0), 6), round(min(high, 1), 6)


def _shown(part: int, whole: int) -> str:
    """Write a share with its interval, in per cent."""
    bounds = interval(part, whole)
    if bounds is None:
        return "–"
    return f"{100 * part / whole:.3f} % ({100 * bounds[0]:.3f}–{100 * bounds[1]:.3f})"


@dataclass
class Tally:
    """Errors of a count against the truth."""

    truth: int = 0
    missed: int = 0
    counted_twice: int = 0
    wrongly_included: int = 0

    @property
    def errors(self) -> int:
        """All three kinds together."""
        return self.missed + self.counted_twice + self.wrongly_included

    def add(self, other: Tally) -> None:
        """Add the numbers of another tally."""
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))

    def to_dict(self) -> dict[str, Any]:
        """Return counts and rates over truth."""
        rates = {
            f"{name}_rate": _rate(getattr(self, name), self.truth)
            for name in ("missed", "counted_twice", "wrongly_included", "errors")
        }
        return {
            **vars(self),
            "errors": self.errors,
            **rates,
            "errors_interval": interval(self.errors, self.truth),
        }


@dataclass
class Linkage:
    """Whether records of one person were put together, and only those.

    ``found_pairs`` and ``true_pairs`` count pairs of records in play; ``false_merges`` are persons of the build with records of
    several true persons, ``kin_merged`` those among them with twins, brothers or sisters; ``false_splits`` are true persons spread
    over several persons of the build. Of the true persons of whom nothing arrived since an earlier build, ``unchanged_people`` have
    their records put together as then, ``ids_kept`` of them under the same ids; what arrived of others, papers above all, put together
    anew those of ``regrouped_people``. ``asked_pairs`` wait for a human, among ``persons`` counted.
    """

    true_pairs: int = 0
    found_pairs: int = 0
    correct_pairs: int = 0
    false_merges: int = 0
    false_splits: int = 0
    kin_merged: int = 0
    unchanged_people: int = 0
    ids_kept: int = 0
    regrouped_people: int = 0
    asked_pairs: int = 0
    persons: int = 0

    def add(self, other: Linkage) -> None:
        """Add the numbers of another campaign."""
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))

    def shares(self) -> dict[str, tuple[int, int]]:
        """Return part and whole of what is told as a share."""
        return {
            "precision": (self.correct_pairs, self.found_pairs),
            "recall": (self.correct_pairs, self.true_pairs),
            "ids_kept": (self.ids_kept, self.unchanged_people),
            "asked": (self.asked_pairs, self.persons),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return counts, and the shares with their intervals."""
        rates = {f"{name}_rate": _rate(*share) for name, share in self.shares().items()}
        bounds = {f"{name}_interval": interval(*share) for name, share in self.shares().items()}
        return {**vars(self), **rates, **bounds}


@dataclass(frozen=True)
class Mistake:
    """All that a build got wrong about one true person, or about several of whom it put records together.

    ``kinds`` tells pairs and persons by what is wrong, ``records`` the records in play of these people and those that stand for
    them. There is nobody in ``people`` where one is counted who does not exist.
    """

    kinds: dict[str, int]
    people: tuple[str, ...]
    records: tuple[str, ...]

    @property
    def errors(self) -> int:
        """All kinds together."""
        return sum(self.kinds.values())


@dataclass(frozen=True)
class _Error:
    """One person, or records of nobody, at one institution: what is wrong there, and by how many persons."""

    kind: str
    who: str | None
    where: str
    records: list[str]
    persons: int


Confusion = Counter[tuple[str, str]]


@dataclass
class Evaluation:
    """The result for one campaign, or for several pooled.

    ``usual_off`` and ``present_off`` tell how many institutions are counted so many persons too high, or too low.
    """

    campaigns: int = 1
    usual: dict[str, Tally] = field(default_factory=dict)
    present: dict[str, Tally] = field(default_factory=dict)
    usual_off: Counter[int] = field(default_factory=Counter)
    present_off: Counter[int] = field(default_factory=Counter)
    linkage: Linkage = field(default_factory=Linkage)
    confusion: dict[str, Confusion] = field(default_factory=dict)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost_records: int = 0
    unknown_records: int = 0

    def states(self, category: str = ALL) -> dict[str, dict[str, Any]]:
        """Return precision and recall of every state of the ledger."""
        table = self.confusion.get(category, Counter())
        result: dict[str, dict[str, Any]] = {}
        for state in STATES:
            right = table[state, state]
            true = sum(n for (truth, _), n in table.items() if truth == state)
            said = sum(n for (_, build), n in table.items() if build == state)
            result[state] = {
                "truth": true,
                "build": said,
                "right": right,
                "precision": _rate(right, said),
                "precision_interval": interval(right, said),
                "recall": _rate(right, true),
                "recall_interval": interval(right, true),
            }
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "campaigns": self.campaigns,
            "usual": {c: t.to_dict() for c, t in sorted(self.usual.items())},
            "present": {c: t.to_dict() for c, t in sorted(self.present.items())},
            "institutions_off": {
                place: [{"persons": n, "institutions": off[n]} for n in sorted(off)]
                for place, off in (("usual", self.usual_off), ("present", self.present_off))
            },
            "linkage": self.linkage.to_dict(),
            "ledger": {c: self.states(c) for c in sorted(self.confusion)},
            "confusion": {
                c: [{"truth": t, "build": b, "count": n} for (t, b), n in sorted(table.items())] for c, table in sorted(self.confusion.items())
            },
            "out_of_scope_reasons": [{"truth": t, "build": b, "count": n} for (t, b), n in sorted(self.reasons.items())],
            "lost_records": self.lost_records,
            "unknown_records": self.unknown_records,
        }  # fmt: skip

    def tables(self) -> list[Any]:
        """Return the result as rich tables."""
        from rich.table import Table

        columns = ("", "category", "truth", "missed", "twice", "wrong", "errors", "of truth")
        counts = Table(*columns, title="Counted against the truth")
        for name, tallies in (("usual", self.usual), ("present", self.present)):
            for category in sorted(tallies, key=lambda c: (c != ALL, c)):
                t = tallies[category]
                numbers = (t.truth, t.missed, t.counted_twice, t.wrongly_included, t.errors)
                counts.add_row(name, category, *map(str, numbers), _shown(t.errors, t.truth))
        off = Table("", "persons off", "institutions", title="Institutions by how many persons their count is off")
        for name, sites in (("usual", self.usual_off), ("present", self.present_off)):
            for persons in sorted(sites):
                off.add_row(name, f"{persons:+d}" if persons else "0", str(sites[persons]))
        ledger = Table("state", "truth", "build", "right", "precision", "recall", title="States of the ledger")
        for state, row in self.states().items():
            truth, build, right = row["truth"], row["build"], row["right"]
            ledger.add_row(state, *map(str, (truth, build, right)), _shown(right, build), _shown(right, truth))
        link = Table("linkage", "", title="Records of one person")
        for key, value in vars(self.linkage).items():
            link.add_row(key, str(value))
        for key, share in self.linkage.shares().items():
            link.add_row(f"{key}, share", _shown(*share))
        link.add_row("lost_records", str(self.lost_records))
        link.add_row("unknown_records", str(self.unknown_records))
        return [counts, off, ledger, link]


def pool(evaluations: Iterable[Evaluation]) -> Evaluation:
    """Add up the evaluations of several campaigns, for instance of several seeds."""
    total = Evaluation(campaigns=0)
    for one in evaluations:
        total.campaigns += one.campaigns
        for mine, other in ((total.usual, one.usual), (total.present, one.present)):
            for category, tally in other.items():
                mine.setdefault(category, Tally()).add(tally)
        total.linkage.add(one.linkage)
        for category, table in one.confusion.items():
            total.confusion.setdefault(category, Counter()).update(table)
        total.reasons.update(one.reasons)
        total.usual_off.update(one.usual_off)
        total.present_off.update(one.present_off)
        total.lost_records += one.lost_records
        total.unknown_records += one.unknown_records
    return total


def evaluate(build_dir: Path, truth_dir: Path) -> Evaluation:
    """Compare a build with the truth.

    Parameters
    ----------
    build_dir
        Folder of one build, with ``read/`` and ``resolve/`` in it.
    truth_dir
        The ``truth`` folder of the campaign.
    """
    return _Comparison(build_dir, truth_dir).result()


def kept_ids(earlier_dir: Path, later_dir: Path, truth_dir: Path) -> Linkage:
    """Tell how many people of whom nothing arrived between two builds of one campaign kept their ids."""
    earlier, later = (_Comparison(build, truth_dir) for build in (earlier_dir, later_dir))
    then, now = earlier.told(), later.told()
    link = Linkage()
    for who, ids in then.items():
        if ids.keys() != now[who].keys() or not any(ids.values()):
            continue
        if earlier.groups(ids) != later.groups(now[who]):
            link.regrouped_people += 1
            continue
        link.unchanged_people += 1
        link.ids_kept += ids == now[who]
    return link


def find_mistakes(build_dir: Path, truth_dir: Path) -> list[Mistake]:
    """Return what a build got wrong about whom, the worst first; see `evaluate`."""
    return _Comparison(build_dir, truth_dir).mistakes()


def _joined(groups: Iterable[set[str]]) -> list[set[str]]:
    """Put groups that share somebody together."""
    apart: list[set[str]] = []
    for group in groups:
        near = [other for other in apart if other & group]
        apart = [other for other in apart if not other & group] + [group.union(*near)]
    return apart


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path, columns=list(columns)).to_pylist()
    return rows


def _build_table(build: Path, name: str) -> Path:
    """Return a table of the build: one file, or a folder of parts."""
    for step in ("resolve", "read", "check"):
        for path in (build / step / f"{name}.parquet", build / step / name):
            if path.exists():
                return path
    raise FileNotFoundError(f"{name} is neither under resolve/ nor read/ of the build")


class _Comparison:
    """One build beside one truth."""

    def __init__(self, build: Path, truth: Path) -> None:
        self.people = {
            p["person_key"]: p
            for p in _rows(
                truth / "persons.parquet",
                (
                    "person_key",
                    "category_code",
                    "institution_id",
                    "usual_institution_id",
                    "present_institution_id",
                    "family_key",
                ),
            )
        }
        self.category = {p["institution_id"]: p["category_code"] for p in self.people.values()}
        state = {
            r["record_id"]: r for r in _rows(_build_table(build, "record_state"), ("record_id", "state", "reason"))
        }
        self.persons = _rows(
            _build_table(build, "person"),
            ("person_id", "survivor_record_id", "usual_institution_id", "present_institution_id"),
        )
        self.members = _rows(_build_table(build, "person_record"), ("record_id", "person_id"))
        members_of: dict[str, set[str]] = defaultdict(set)
        for row in self.members:
            members_of[row["person_id"]].add(row["record_id"])
        self.members_of = {person_id: frozenset(records) for person_id, records in members_of.items()}
        self.evaluation = Evaluation()
        self.asked = _rows(_build_table(build, "review_pair"), ("pair_id",))
        self._match(build, truth, state)

    def _match(self, build: Path, truth: Path, state: dict[str, dict[str, Any]]) -> None:
        """Find each record of the build in the truth: by route, bytes, and how many like it came before."""
        received = _rows(
            _build_table(build, "record"),
            ("record_id", "route", "bytes_sha256", "received_at", "batch_id", "record_no"),
        )
        received.sort(key=lambda r: (r["received_at"], r["batch_id"], r["record_no"]))
        by_key: dict[tuple[str, str, int], str] = {}
        seen = Counter[tuple[str, str]]()
        for row in received:
            key = (row["route"], row["bytes_sha256"])
            by_key[(*key, seen[key])] = row["record_id"]
            seen[key] += 1
        truth_rows = _rows(truth / "records.parquet", [f.name for f in fields(Record)])
        if "census_db" not in {row["route"] for row in received}:
            # A second way to the same cases: where nobody pulls it, its records are nobody's loss.
            truth_rows = [row for row in truth_rows if row["route"] != "census_db"]
        records, ids = [], []
        seen.clear()
        for row in truth_rows:
            key = (row["route"], row["bytes_sha256"])
            records.append(Record(**row))
            ids.append(by_key.pop((*key, seen[key]), None))
            seen[key] += 1
        self.evaluation.unknown_records = sum(k[0] in ROUTES for k in by_key)
        latest = max((r.arrives_at for r, i in zip(records, ids, strict=True) if i), default=None)
        arrived = [
            (r, i) for r, i in zip(records, ids, strict=True) if latest is not None and (i or r.arrives_at <= latest)
        ]
        self.records, self.ids = [r for r, _ in arrived], [i for _, i in arrived]
        self.evaluation.lost_records = sum(i is None for i in self.ids)
        self.of = {i: r for r, i in arrived if i}
        self.observed = [state[i]["state"] if i in state else "lost" for i in self.ids]
        self.observed_reason = [state[i]["reason"] if i in state else None for i in self.ids]
        verdicts = settle(self.records)
        self.true_reason = [reason for _, reason in verdicts]
        self.settled = [s for s, _ in verdicts]
        self.true_state = _lenient(self.records, verdicts, self.observed)
        self.in_play = {
            r.person_key
            for r, s in zip(self.records, self.settled, strict=True)
            if s in {"counted", "duplicate"} and r.person_key
        }

    def result(self) -> Evaluation:
        """Return the evaluation."""
        self._ledger()
        self._linkage()
        found = self.evaluation
        self._count("usual_institution_id", found.usual, found.usual_off)
        self._count("present_institution_id", found.present, found.present_off)
        return found

    def mistakes(self) -> list[Mistake]:
        """Return every mistake, the worst first."""
        kinds: dict[str, Counter[str]] = defaultdict(Counter)  # by true person, or by record where nobody is behind it
        about: dict[str, list[str]] = defaultdict(list)
        for record_id, key in self._in_play().items():
            about[key].append(record_id)
        merged: list[set[str]] = []
        for kind, one, other in self._wrong_pairs():
            pair = {str(self.of[record_id].person_key) for record_id in (one, other)}
            kinds[min(pair)][kind] += 1
            merged.append(pair)
        for place in ("usual", "present"):
            for error in self._errors(f"{place}_institution_id"):
                for each in [error] if error.who else [replace(error, records=[i], persons=1) for i in error.records]:
                    who = each.who or each.records[0]
                    kinds[who][f"{each.kind}, {place}"] += each.persons
                    merged.append({who})
                    about[who] += [record_id for record_id in each.records if record_id not in about[who]]
        found = []
        for people in _joined(merged):
            told = sum((kinds[key] for key in people), Counter[str]())
            records = tuple(record_id for key in sorted(people) for record_id in about[key])
            found.append(Mistake(dict(sorted(told.items())), tuple(sorted(people & self.people.keys())), records))
        return sorted(found, key=lambda mistake: (-mistake.errors, mistake.people, mistake.records))

    def told(self) -> dict[str, dict[str, str | None]]:
        """Return the records of every true person with the id the build gives to each."""
        person_id = self._person_of()
        people: dict[str, dict[str, str | None]] = defaultdict(dict)
        for record_id, record in self.of.items():
            if record.person_key:
                people[record.person_key][record_id] = person_id.get(record_id)
        return people

    def groups(self, ids: dict[str, str | None]) -> set[frozenset[str]]:
        """Return which records are together under the ids of some of them."""
        return {self.members_of[person_id] for person_id in ids.values() if person_id}

    def _ledger(self) -> None:
        for record, truth, build, wanted, given in zip(
            self.records, self.true_state, self.observed, self.true_reason, self.observed_reason, strict=True
        ):
            category = self.category.get(record.filled_at_institution_id, "UNKNOWN")
            for key in (ALL, category):
                self.evaluation.confusion.setdefault(key, Counter())[truth, build] += 1
            if truth == build == "out_of_scope":
                self.evaluation.reasons[str(wanted), str(given)] += 1

    def _linkage(self) -> None:
        link, in_play, person_of = self.evaluation.linkage, self._in_play(), self._person_of()
        clusters: dict[str, Counter[str]] = defaultdict(Counter)
        spread: dict[str, set[str]] = defaultdict(set)
        for record_id, key in in_play.items():
            if record_id in person_of:
                clusters[person_of[record_id]][key] += 1
                spread[key].add(person_of[record_id])
        link.asked_pairs, link.persons = len(self.asked), len(self.persons)
        sizes = Counter(in_play.values())
        link.true_pairs = sum(n * (n - 1) // 2 for n in sizes.values())
        link.found_pairs = sum(sum(c.values()) * (sum(c.values()) - 1) // 2 for c in clusters.values())
        link.correct_pairs = sum(n * (n - 1) // 2 for c in clusters.values() for n in c.values())
        link.false_merges = sum(len(c) > 1 for c in clusters.values())
        link.false_splits = sum(len(s) > 1 for s in spread.values())
        for cluster in clusters.values():
            families = Counter(self.people[k]["family_key"] for k in cluster if self.people[k]["family_key"])
            link.kin_merged += any(n > 1 for n in families.values())

    def _wrong_pairs(self) -> Iterator[tuple[str, str, str]]:
        """Give the pairs of records in play that are one person and were not put together, and those that were and are not."""
        in_play, person_of = self._in_play(), self._person_of()
        for kind, mine, yours in (("lost pair", in_play, person_of), ("false pair", person_of, in_play)):
            together: dict[str, list[str]] = defaultdict(list)
            for record_id in in_play:
                together[mine.get(record_id, record_id)].append(record_id)
            for records in together.values():
                for one, other in combinations(records, 2):
                    if yours.get(one, one) != yours.get(other, other):
                        yield kind, one, other

    def _in_play(self) -> dict[str, str]:
        """Return of each record in play whom it is about."""
        return {
            record_id: record.person_key
            for record, record_id, state in zip(self.records, self.ids, self.true_state, strict=True)
            if record_id and record.person_key and state in {"counted", "duplicate"}
        }

    def _person_of(self) -> dict[str, str]:
        return {row["record_id"]: row["person_id"] for row in self.members}

    def _count(self, place: str, tallies: dict[str, Tally], institutions_off: Counter[int]) -> None:
        for _, where in self._truth(place):
            self._tally(tallies, where, truth=1)
        off = Counter(dict.fromkeys(self.category, 0))
        for error in self._errors(place):
            self._tally(tallies, error.where, **{error.kind: error.persons})
            off[error.where] += -1 if error.kind == "missed" else error.persons
        institutions_off.update(off.values())

    def _errors(self, place: str) -> Iterator[_Error]:
        """Who is missed, counted twice or wrongly included at which institution."""
        truth = self._truth(place)
        found = self._found(place)
        for who, where in sorted(truth):
            records = found.get((who, where), [])
            if not records:
                yield _Error("missed", who, where, records, 1)
            elif len(records) > 1:
                yield _Error("counted_twice", who, where, records, len(records) - 1)
        for (whoever, where), records in found.items():
            if whoever not in self.in_play or self.people[whoever][place] != where:
                yield _Error("wrongly_included", whoever, where, records, len(records))

    def _found(self, place: str) -> dict[tuple[str | None, str], list[str]]:
        """Return the records that stand for counted persons, by whom they are truly about and where the person is counted."""
        counted = {i for i, s in zip(self.ids, self.observed, strict=True) if s == "counted"}
        found: dict[tuple[str | None, str], list[str]] = defaultdict(list)
        for person in self.persons:
            where, survivor = person[place], person["survivor_record_id"]
            if where is not None and survivor in counted:
                found[self.of[survivor].person_key, where].append(survivor)
        return found

    def _truth(self, place: str) -> set[tuple[str, str]]:
        """Persons at their places, where a record in play tells of them from there."""
        truth = set()
        for record, state in zip(self.records, self.settled, strict=True):
            if record.person_key and state in {"counted", "duplicate"}:
                where = self.people[record.person_key][place]
                if where is not None and where == record.filled_at_institution_id:
                    truth.add((record.person_key, where))
        return truth

    def _tally(self, tallies: dict[str, Tally], where: str, **numbers: int) -> None:
        for key in (ALL, self.category.get(where, "UNKNOWN")):
            tallies.setdefault(key, Tally()).add(Tally(**numbers))


def _lenient(
    records: Sequence[Record], verdicts: Sequence[tuple[str, str | None]], observed: Sequence[str]
) -> list[str]:
    """Exchange true states among records that may stand for one another, in the build's favour.

    Of equal contents one is not ``repeated``, of conflicting versions one stays in play, of a person's records one is counted: the
    truth does not say which.
    """
    states = [state for state, _ in verdicts]
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    conflicts: dict[tuple[str, int], list[int]] = defaultdict(list)
    persons: dict[str, list[int]] = defaultdict(list)
    for i, record in enumerate(records):
        if record.is_readable:
            groups[record.case_id or "", record.content_key or ""].append(i)
    for group in groups.values():
        _exchange(group, "repeated", states, observed)
    clashing = {
        (r.case_id, r.case_version)
        for r, (_, reason) in zip(records, verdicts, strict=True)
        if reason == "VERSION_CONFLICT"
    }
    for i, record in enumerate(records):
        if (record.case_id, record.case_version) in clashing and states[i] != "repeated":
            conflicts[record.case_id or "", record.case_version or 0].append(i)
    for group in conflicts.values():
        _exchange(group, "quarantined", states, observed)
    for i, record in enumerate(records):
        if record.person_key and states[i] in {"counted", "duplicate"}:
            persons[record.person_key].append(i)
    for group in persons.values():
        _exchange(group, "duplicate", states, observed)
    return states


def _exchange(group: list[int], common: str, states: list[str], observed: Sequence[str]) -> None:
    """Give the one state that differs from the common one to the record of the group where the build has it."""
    odd = [i for i in group if states[i] != common]
    if len(odd) != 1 or len(group) < 2:
        return
    state = states[odd[0]]
    best = next((i for i in group if observed[i] == state), next((i for i in group if observed[i] != common), odd[0]))
    for i in group:
        states[i] = common
    states[best] = state
