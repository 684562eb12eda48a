"""Small towns whose every inhabitant is known: what a release shows is attacked, and the finds are held against them."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipeline.lake import Lake
from pipeline.publish import Publication, publish_release
from pipeline.settings import load_settings
from tests.made_build import AS_OF, BATCH, LANDED_AT, MadeBuild, Rows

KEY = "a secret of the office"
ROUND = load_settings().round
REFERENCE = load_settings().reference
AKTAU, BEINEU, KARAKIYA = "471010000", "473630100", "474230100"
S3 = ("TB", "CRISIS", "TRAF", "NARC", "PSY")
OPEN = ("BOARD_GIFT", "BOARD_SPORT")
SAFE_HOUSES = ("CRISIS", "TRAF")
ANSWERS = (
    "religion",
    "religion_branch",
    "has_worked_last_week",
    "reason_no_work",
    "proxy_source",
    "ethnicity",
    "residence_status",
    "position_in_institution",
    "presence_reason",
    "stay_duration",
    "has_other_home",
    "usual_address_kato",
    "residence_since_year",
    "stay_to_on",
    "children_born_count",
    "languages_known",
    "wg_memory",
)
KINDS = (*OPEN, "ORPH", "BABY", "INPAT", "SOCSERV", "HOMELESS", "TB", "CRISIS", "PSY")


@dataclass(frozen=True)
class Site:
    """An institution, how many live in it, how far its people are like one another (0 to 1), whether it says how many to expect, and the highest tier of its wards."""

    institution_id: str
    category: str
    kato: str
    people: int
    alike: float = 0.0
    is_expected: bool = True
    ward_tier: str | None = None


@dataclass
class Town:
    """Sites and the people in them; `people` may be added to and taken from between two releases."""

    sites: list[Site]
    people: Rows = field(default_factory=list)

    def where(self) -> dict[str, str]:
        """Institution of every person by person id: the one that asked where no other is known."""
        return {
            row["person_id"]: row["usual_institution_id"] or row["present_institution_id"] or row["asked_by"]
            for row in self.people
        }

    def of(self, category: str) -> set[str]:
        """Institutions of a category."""
        return {site.institution_id for site in self.sites if site.category == category}

    def is_s3(self, institution_id: str) -> bool:
        """Whether membership in the institution is itself a secret."""
        return any(site.category in S3 for site in self.sites if site.institution_id == institution_id)


def random_town(seed: int, sites: int = 24, people: int = 900) -> Town:
    """Draw a town: sites of every kind, of very different size; some are full of people who are alike."""
    rng = random.Random(seed)
    weights = [rng.paretovariate(1.1) for _ in range(sites)]
    town = Town([])
    for number, weight in enumerate(weights, start=1):
        site = Site(
            f"SITE-{number:03d}",
            KINDS[(number + seed) % len(KINDS)],
            rng.choice((AKTAU, AKTAU, BEINEU, KARAKIYA)),
            max(2, round(people * weight / sum(weights))),
            rng.choice((0.0, 0.0, 0.5, 0.95)),
        )
        town.sites.append(site)
        settle(town, site, site.people, rng)
    return town


def unsettle(town: Town, seed: int) -> Town:
    """Some sites have no list, and some residents were in another house at the moment."""
    rng = random.Random(f"{seed} unsettled")
    town.sites = [replace(site, is_expected=rng.random() > 0.2) for site in town.sites]
    share, houses = rng.choice((0.0, 0.03, 0.3)), [site.institution_id for site in town.sites]
    for row in town.people:
        if row["basis"] == "usual_here" and row["present_institution_id"] and rng.random() < share:
            row["present_institution_id"] = rng.choice(houses)
    return town


def settle(town: Town, site: Site, count: int, rng: random.Random) -> None:
    """Let people move into a site."""
    like = _somebody(site, rng)
    for _ in range(count):
        person = _somebody(site, rng)
        if rng.random() < site.alike:
            person |= {name: like[name] for name in ("sex", "age_completed", "birth_year", "mode", "religion")}
        number = 1 + max((row["number"] for row in town.people), default=0)
        person |= {
            "number": number,
            "person_id": hashlib.sha256(f"person {number}".encode()).hexdigest()[:32],
            "founder_case_id": f"case-{number}",
            "survivor_record_id": f"{BATCH[:16]}-{number:07d}",
            "asked_by": site.institution_id,
            **_answers(person, site),
        }
        town.people.append(person)


def _somebody(site: Site, rng: random.Random) -> dict[str, Any]:
    is_child = site.category in (*OPEN, "ORPH", "BABY")
    age = (
        rng.choice((*range(4),))
        if site.category == "BABY"
        else rng.randint(5, 17)
        if is_child
        else min(95, int(rng.gauss(48, 22)) % 97)
    )
    basis = rng.choices(("usual_here", "present_only", "place_unresolved"), (80, 15, 2))[0]
    usual, present = site.institution_id, site.institution_id
    if basis == "usual_here":
        present = None if rng.random() < 0.04 else site.institution_id
    else:
        usual = None
    if basis == "place_unresolved":
        present = None
    return {
        "usual_institution_id": usual,
        "present_institution_id": present,
        "basis": basis,
        "sex": rng.choice((1, 2)),
        "age_completed": age,
        "birth_year": 2021 - age,
        "mode": rng.choices(("tablet", "web_assisted", "web_self", None), (80, 15, 4, 1))[0],
        "is_proxy": rng.random() < (0.97 if is_child else 0.15),
        "has_iin": rng.random() > 0.03,
        "on_list": True,
        "record_count": 2 if rng.random() < 0.02 else 1,
        "completed_at": LANDED_AT,
        "received_at": LANDED_AT,
        "religion": rng.choices(range(1, 8), (70, 20, 4, 3, 1, 1, 1))[0],
    }  # fmt: skip


def _answers(person: dict[str, Any], site: Site) -> dict[str, Any]:
    """What follows from who somebody is: nobody ever moved, guests of a safe house are not asked where they live, some houses leave a question open."""
    age = person["age_completed"]
    is_guest, is_woman = person["basis"] == "present_only", person["sex"] == 2 and age >= 15
    return {
        "ethnicity": "KAZAKH",
        "religion_branch": ("ORTHODOX", "CATHOLIC")[age % 2] if person["religion"] == 2 else None,
        "has_worked_last_week": age % 20 != 0 if age >= 15 else None,
        "reason_no_work": "STUDY" if age >= 15 and age % 20 == 0 else None,
        "proxy_source": ("ADMINISTRATION", "RELATIVE")[age % 2] if person["is_proxy"] else None,
        "residence_status": "TEMP_PRESENT" if is_guest else "USUAL_PRESENT",
        "position_in_institution": "TEMPORARY" if is_guest else "RESIDENT",
        "presence_reason": "VISIT" if is_guest else "SOCIAL_CARE",
        "stay_duration": "LT1M" if is_guest else "GE12M",
        "has_other_home": is_guest,
        "usual_address_kato": AKTAU if is_guest and site.category not in SAFE_HOUSES else None,
        "residence_since_year": person["birth_year"],
        "stay_to_on": date(2021, 10, 1) if is_guest else None,
        "children_born_count": (age - 15) // 4 if is_woman else None,
        "languages_known": ["KAZAKH", "RUSSIAN"][: 1 + age % 2] if age >= 5 else None,
        "wg_memory": None if site.category == "PSY" else 1 + (age + person["sex"]) % 4,
    }


@dataclass
class Office:
    """Makes releases of towns in one lake."""

    folder: Path
    made: int = 0
    round: Path = ROUND
    reference: Path = REFERENCE
    key: str = KEY

    def release(self, town: Town) -> Publication:
        """Release the town as it is now, a day after the release before."""
        settings = load_settings(
            lake=self.folder, threads=1, round=self.round, reference=self.reference, id_key=self.key
        )
        lake = Lake(settings.lake)
        self.made += 1
        as_of = AS_OF + timedelta(days=self.made)
        build = MadeBuild(as_of=as_of, tables=_tables(town)).write(lake.root, settings)
        return publish_release(lake, build, settings)


def _tables(town: Town) -> dict[str, Rows]:
    people = town.people
    return {
        "institution": [
            {
                "institution_id": site.institution_id,
                "category_code": site.category,
                "kato": site.kato,
                "capacity": 100,
                "ward_tier": site.ward_tier,
            }
            for site in town.sites
        ],
        "person": [
            {name: value for name, value in row.items() if name not in ("number", "asked_by", *ANSWERS)}
            for row in people
        ],
        "person_field": [],
        "record": [{"record_id": row["survivor_record_id"], "institution_id": row["asked_by"]} for row in people],
        "record_check": [
            {"record_id": row["survivor_record_id"], "rejects": [], "blanks": [], "blanked_columns": [], "flags": []}
            for row in people
        ],
        "answers": [
            {"record_id": row["survivor_record_id"], **{name: row[name] for name in ANSWERS}} for row in people
        ],
        "expected": [
            {"institution_id": site.institution_id, "grade": "FIRM", "reason": "AGREE"}
            | dict.fromkeys(("expected_present_count", "expected_usual_count", "list_count"), site.people)
            if site.is_expected
            else {"institution_id": site.institution_id, "grade": "MISSING", "reason": "NO_LIST"}
            for site in town.sites
        ],
    }


class Seen:
    """What somebody sees who holds a release; `whereabouts` is the truth the finds are held against.

    Parameters
    ----------
    publication
        The release.
    """

    def __init__(self, publication: Publication) -> None:
        self.publication = publication

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Answers of a query."""
        return list(self._con.execute(query).fetchall())

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.publication.folder / "census.duckdb"), read_only=True, config={"threads": 1})

    def columns(self) -> list[str]:
        """Columns of `census.person` that say something."""
        return [name for name, *_ in self.rows("DESCRIBE census.person") if name != "person"]

    def whereabouts(self, town: Town) -> dict[str, str]:
        """Institution by the surrogate id of this release."""
        return {self.surrogate(person): site for person, site in town.where().items()}

    def surrogate(self, person_id: str) -> str:
        """The id this release has of a person, which nobody without the key can work out."""
        key = hashlib.sha256(KEY.encode()).digest()
        text = f"release {self.publication.snapshot_id} {person_id}"
        return hmac.new(key, text.encode(), "sha256").hexdigest()[:16]


def is_safe(sites: Counter[str], least: int) -> bool:
    """The rules of a published cell, said again."""
    total = sum(sites.values())
    return total >= least and len(sites) >= 3 and max(sites.values()) <= 0.8 * total
