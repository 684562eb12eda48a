"""What a round and its reference data may say. Everything is frozen; a key that is not known is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.identifiers import kato
from pipeline.identifiers.sql import evaluate_each

Kato = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
Mode = Literal["web_self", "web_assisted", "tablet"]
Pattern = Literal["HERE", "HOME_UNLESS_LONG", "BOARDER_HOME", "SAFE_HOUSE", "FIRST_CONTACT"]
Tier = Literal["S0", "S1", "S2", "S3"]
Type = Literal["text", "integer", "boolean", "date", "list"]
SourceKind = Literal["CONTROL_WALK", "SECOND_SOURCE", "REINTERVIEW", "HOME_RETURNS"]
Sensitivity = Literal["open", "internal", "confidential", "identifier"]
# What offices send; over every other route come interviews.
OFFICE_ROUTES = ("register", "list", "movement", "headcount", "verification")
Rate = Annotated[Decimal, Field(ge=0, le=1)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no such time zone: {name}") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]

# Keys a record or a cell can have in perturbation: what ONS's package takes.
KEYS = 256

# Every row of the decision table of residence (method, section 4).
RESIDENCE_ROWS = ("1", "2", "3", "3a", *(str(number) for number in range(4, 18)))


class Part(BaseModel):
    """Base of everything read from a reference file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Labels(Part):
    """One text in the three languages of the office."""

    en: str = Field(min_length=1)
    ru: str = Field(min_length=1)
    kk: str = Field(min_length=1)


class Reviewed(Part):
    """Which languages a person has read through; machine-made text has not been."""

    kk: bool = False
    ru: bool = True
    en: bool = True


# ---------------------------------------------------------------- the round


class CensusMoment(Part):
    """The moment the population is counted at.

    Attributes
    ----------
    at
        The moment, a constant in UTC.
    stated, stated_zone
        The clock time the order names, and where; they must give `at`, by the rules the zone had on that day.
    day
        Civil day of the moment in the round's zone.
    """

    at: datetime
    stated: datetime
    stated_zone: Zone
    day: date

    @model_validator(mode="after")
    def _agree(self) -> CensusMoment:
        if self.at.tzinfo is None or self.stated.tzinfo is not None:
            raise ValueError("`at` needs an offset, `stated` must have none")
        found = self.stated.replace(tzinfo=ZoneInfo(self.stated_zone)).astimezone(UTC)
        if found != self.at:
            raise ValueError(
                f"{self.stated:%Y-%m-%d %H:%M} in {self.stated_zone} was {found:%Y-%m-%dT%H:%MZ}, not {self.at:%Y-%m-%dT%H:%MZ}"
            )
        return self


class Window(Part):
    """Days on which some modes of answering were open, inclusive, in a zone, with what they rest on."""

    modes: tuple[Mode, ...] = Field(min_length=1)
    from_: date = Field(alias="from")
    through: date
    zone: Zone
    legal_basis: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.from_ > self.through:
            raise ValueError("ends before it begins")
        return self

    @property
    def starts_at(self) -> datetime:
        """First instant inside, UTC."""
        return local_midnight(self.from_, self.zone)

    @property
    def ends_at(self) -> datetime:
        """First instant after, UTC."""
        return local_midnight(self.through + timedelta(days=1), self.zone)


class ResidenceRow(Part):
    """One row of the decision table: who is counted where. `resolve/scoped.sql` decides it, and is tested against every row.

    Attributes
    ----------
    patterns
        Patterns it speaks of; all of them when empty.
    usual, present
        What it says of the usual population, and of those present at the moment.
    outcome, reason
        What becomes of the person, and the code that goes with it.
    """

    row: str
    case: Labels
    patterns: tuple[Pattern, ...]
    usual: Literal["HERE", "HOME", "NOWHERE_HERE", "REGION_ONLY", "OWN_HOUSEHOLD", "AS_FOUND", "AS_OTHERS"]
    present: Literal["YES", "NO", "IF_HERE", "AS_FOUND", "AS_OTHERS"]
    outcome: Literal[
        "counted", "forwarded", "present_only", "place_unresolved", "out_of_scope", "household", "as_others"
    ]
    reason: Code | None = None


class Residence(Part):
    """The decision table of residence and the pattern each category follows."""

    patterns: dict[Code, Pattern]
    rows: tuple[ResidenceRow, ...]

    @field_validator("rows")
    @classmethod
    def _complete(cls, rows: tuple[ResidenceRow, ...]) -> tuple[ResidenceRow, ...]:
        found = [row.row for row in rows]
        if sorted(found) != sorted(RESIDENCE_ROWS):
            missing = [row for row in RESIDENCE_ROWS if row not in found]
            raise ValueError(
                f"rows must be {', '.join(RESIDENCE_ROWS)}, once each; missing: {', '.join(missing) or 'none'}"
            )
        return rows


class Threshold(Part):
    """From when something is worth a look, and from when it cannot wait: a number, or a civil day for unit `date`."""

    amber: Decimal | date
    red: Decimal | date
    unit: Literal[
        "days",
        "date",
        "hours",
        "minutes",
        "persons",
        "people",
        "forms",
        "bundles",
        "batches",
        "rows",
        "answers",
        "rate",
        "sigma",
    ]
    comment: str

    @model_validator(mode="after")
    def _one_kind(self) -> Threshold:
        for limit in (self.amber, self.red):
            if isinstance(limit, date) != (self.unit == "date"):
                raise ValueError("limits are days for unit `date`, else numbers")
        return self


class ProxyBaseline(Part):
    """Usual share of answers given by others in a category, among people from one age on and below another where they are named."""

    low: Rate
    high: Rate
    from_age: int | None = None
    below_age: int | None = None

    @model_validator(mode="after")
    def _ordered(self) -> ProxyBaseline:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class ExpectedTolerance(Part):
    """Two sources agree on the expected count when they differ by no more than the larger of the two."""

    persons: int = Field(ge=0)
    rate: Rate


class UnconfirmedPerson(Part):
    """Whom nobody but one member of staff has seen: told in less than so many minutes, and more such people by the same hand."""

    below_minutes: int = Field(ge=1)
    more_than: int = Field(ge=0)


class Span(Part):
    """Days, both included, a verification file must speak of to be of use; one of other days is stale."""

    from_on: date
    until_on: date

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.from_on > self.until_on:
            raise ValueError("ends before it begins")
        return self


class Perturbation(Part):
    """Noise for tables made from a release, by cell key.

    Attributes
    ----------
    is_on
        Whether a release carries record keys.
    noise
        By count (the last stands for all larger ones): how many of the 256 cell keys add how much.
    """

    is_on: bool
    noise: dict[int, dict[int, int]]

    @field_validator("noise")
    @classmethod
    def _fair(cls, noise: dict[int, dict[int, int]]) -> dict[int, dict[int, int]]:
        if sorted(noise) != list(range(1, len(noise) + 1)):
            raise ValueError("a line for each count from 1 on")
        for count, keys in noise.items():
            if sum(keys.values()) != KEYS or min(keys.values()) < 0:
                raise ValueError(f"count {count}: the keys must be {KEYS} in all")
            if count + min(keys) < 0:
                raise ValueError(f"count {count}: less than nobody")
            if abs(sum(added * number for added, number in keys.items())) > 1:
                raise ValueError(f"count {count}: adds something on average")
        return noise


class Disclosure(Part):
    """What a published cell must satisfy; the minimum count by the highest tier in it.

    Attributes
    ----------
    min_class
        Fewest persons of a release who look alike in group, district, sex and age, or share an answer within their group.
    """

    min_institutions: int = Field(ge=1)
    max_institution_share: Rate
    min_rate_denominator: int = Field(ge=1)
    min_cell: dict[Tier, int]
    min_class: int = Field(ge=1)
    perturbation: Perturbation

    @field_validator("min_cell")
    @classmethod
    def _every_tier(cls, cells: dict[Tier, int]) -> dict[Tier, int]:
        if sorted(cells) != ["S0", "S1", "S2", "S3"]:
            raise ValueError("a minimum for each of S0, S1, S2, S3")
        return cells


class Round(Part):
    """One census in one region: when, where, until when, who belongs where, and what is worth an alarm.

    Attributes
    ----------
    order
        Number of the governing order, as it stands in the register.
    tile_map
        Districts as a map draws them, row by row; one that is left out stands below.
    verification
        Kinds of verification files the round knows, each with the days they may speak of.
    closing_days
        How long the campaign is closing after its last window; then it is over.
    content_sha256
        Hash of the file, for manifests.
    """

    reviewed: Reviewed = Reviewed()
    round_id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    label: Labels
    order: str
    region_kato: Kato
    zone: Zone
    tile_map: tuple[tuple[Kato | None, ...], ...] = ()
    census_moment: CensusMoment
    list_as_of_on: date
    in_force_on: date
    tablet_start_on: date
    windows: tuple[Window, ...] = Field(min_length=1)
    closing_days: int = Field(ge=0)
    residence: Residence
    thresholds: dict[Code, Threshold]
    proxy_baselines: dict[Code, ProxyBaseline]
    met_at_night: frozenset[Code] = frozenset()
    unconfirmed_person: UnconfirmedPerson
    expected_tolerance: ExpectedTolerance
    verification: dict[SourceKind, Span] = {}
    disclosure: Disclosure
    content_sha256: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Round:
        day = self.census_moment.at.astimezone(ZoneInfo(self.zone)).date()
        if day != self.census_moment.day:
            raise ValueError(f"the moment falls on {day} in {self.zone}, not on {self.census_moment.day}")
        for mode in ("web_self", "web_assisted", "tablet"):
            intervals = sorted((window.starts_at, window.ends_at) for window in self.windows if mode in window.modes)
            if any(later[0] < earlier[1] for earlier, later in pairwise(intervals)):
                raise ValueError(f"windows of {mode} overlap")
        return self

    @property
    def census_moment_at(self) -> datetime:
        """The census moment, UTC."""
        return self.census_moment.at

    @property
    def moment_on(self) -> date:
        """Civil day of the moment in the round's zone."""
        return self.census_moment.day

    @property
    def tablet_start_at(self) -> datetime:
        """First instant of the tablet window in the round's zone, UTC."""
        return local_midnight(self.tablet_start_on, self.zone)


# ---------------------------------------------------------------- reference data


class Mappings(Part):
    """The category in other classifications; NONE where there is no such kind."""

    un: str
    ces: str
    us: str
    ca: str


class Category(Part):
    """A kind of institution and what follows from it."""

    name: Labels
    tier: Tier
    stay_length: Literal["LONG_TERM", "SHORT_TERM"]
    is_usual_expected: bool
    publication_group: Code
    mappings: Mappings


class Place(Part):
    """An object of the KATO classifier."""

    status: Literal["confirmed", "derived"]
    name: Labels


class CodeList(Part):
    """Codes in the order they are shown; `declined` are those by which somebody chooses not to answer."""

    label: Labels
    declined: tuple[str, ...] = ()
    codes: dict[Code, Labels] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> CodeList:
        unknown = [code for code in self.declined if code not in self.codes]
        if unknown:
            raise ValueError(f"`declined` names unknown codes: {', '.join(unknown)}")
        return self


class Form(Part):
    """An approved version of a questionnaire."""

    form_code: Code
    form_version: str
    approved_on: date
    label: Labels


class Variable(Part):
    """A question: its column, who is asked, who may see the answer, what an answer weighs in the choice of a survivor, whose word stands."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Type
    code_list: Code | None = None
    section: Code
    asked_if: str = Field(min_length=1)
    sensitivity: Sensitivity
    label: Labels
    weight: int = Field(default=0, ge=0)
    precedence: Literal["fact", "self"] | None = None
    follows: str | None = None
    since_version: str = "2021.1"


class CategoryFile(Part):
    """`categories.yaml`."""

    reviewed: Reviewed = Reviewed()
    categories: dict[Code, Category]


class PlaceFile(Part):
    """`kato.yaml`."""

    reviewed: Reviewed = Reviewed()
    objects: dict[Kato, Place] = Field(min_length=1)

    @field_validator("objects")
    @classmethod
    def _rooted(cls, objects: dict[Kato, Place]) -> dict[Kato, Place]:
        for code, above in evaluate_each(kato.parent_sql, objects).items():
            if above is not None and above not in objects:
                raise ValueError(f"{code} lies in {above}, which is not here")
        return objects


class CodeFile(Part):
    """`codes.yaml`."""

    reviewed: Reviewed = Reviewed()
    code_lists: dict[Code, CodeList]


class Questionnaire(Part):
    """`questionnaire.yaml`."""

    reviewed: Reviewed = Reviewed()
    forms: tuple[Form, ...] = Field(min_length=1)
    sections: dict[Code, Labels]
    variables: tuple[Variable, ...] = Field(min_length=1)

    @field_validator("variables")
    @classmethod
    def _unique(cls, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        names = [variable.name for variable in variables]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"variables are there twice: {', '.join(twice)}")
        return variables

    @model_validator(mode="after")
    def _sections_known(self) -> Questionnaire:
        unknown = sorted({variable.section for variable in self.variables} - set(self.sections))
        if unknown:
            raise ValueError(f"sections are not described: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _followed_decide(self) -> Questionnaire:
        deciding = {variable.name for variable in self.variables if variable.precedence}
        lost = sorted(
            variable.name
            for variable in self.variables
            if variable.follows and (variable.precedence or variable.follows not in deciding)
        )
        if lost:
            raise ValueError(f"what follows has no precedence of its own, and follows what has one: {', '.join(lost)}")
        return self


ListColumn = Literal[
    "number", "full_name", "family_name", "given_name", "patronymic", "birth_on", "sex", "iin", "admitted_on", "ward", "note"
]  # fmt: skip


class ListWords(Part):
    """`list_headers.yaml`: the words by which a stage-1 list is understood."""

    columns: dict[ListColumn, tuple[str, ...]]
    totals: tuple[str, ...]
    sections: tuple[tuple[Annotated[str, Field(min_length=2)], ...], ...]
    as_of: tuple[str, ...]
    drawn_up: tuple[str, ...]
    site: tuple[str, ...]
    sexes: dict[Literal["1", "2"], tuple[str, ...]]
    months: dict[Annotated[int, Field(ge=1, le=12)], tuple[Annotated[str, Field(min_length=3)], ...]]
    notes: dict[Code, tuple[str, ...]]
    kin: tuple[str, ...]
    still_here: tuple[tuple[str, ...], ...]
    section_notes: dict[Code, tuple[str, ...]]

    @field_validator("columns", "months", "section_notes")
    @classmethod
    def _one_meaning(cls, meanings: dict[Any, tuple[str, ...]]) -> dict[Any, tuple[str, ...]]:
        words = [word for words in meanings.values() for word in words]
        twice = sorted({word for word in words if words.count(word) > 1})
        if twice:
            raise ValueError(f"words are given twice: {', '.join(twice)}")
        return meanings


class RuleText(BaseModel):
    """What is shown of a record rule; `check` reads the whole of it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    requirement: str
    severity: str
    message: Labels


class RuleFile(BaseModel):
    """`expectations/rules.yaml`, as far as it is shown."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    rules: tuple[RuleText, ...]


class Reference(Part):
    """Everything that holds for a round and is not a date of it.

    Attributes
    ----------
    content_sha256
        Hash over the files, for manifests.
    """

    categories: dict[str, Category]
    places: dict[str, Place]
    code_lists: dict[str, CodeList]
    questionnaire: Questionnaire
    list_words: ListWords
    rules: tuple[RuleText, ...]
    content_sha256: str


def local_midnight(day: date, zone: str) -> datetime:
    """Return the instant a civil day begins in a zone, UTC, by the rules the zone had on that day."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
