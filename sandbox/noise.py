"""Every kind of noise of the field, by name, with its rate.

All rates but the innocent ones are multiplied by one knob (``--rate-scale``) and drawn per seed within half of their value.
Single sites, staff members and tablets then differ from one another by factors of mean one, so that mistakes come in clusters.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sandbox.dice import Dice

SITE_SPREAD, STAFF_SPREAD = 0.35, 0.5


def rate(value: float, what: str, per: str = "record") -> Any:
    """Declare a rate: its default, what happens, and out of how many of what."""
    return field(default=value, metadata={"what": what, "per": per})


@dataclass
class Rates:
    """Rates of one campaign. The attribute names are the names of the noise types."""

    # lists
    list_not_delivered: float = rate(0.05, "the institution never sends its list", "site")
    list_late_or_resent: float = rate(0.15, "the list comes weeks late, or a second time", "site")
    list_drawn_in_july: float = rate(0.70, "drawn up in July, not in August", "site")
    list_ward_missing: float = rate(0.03, "a whole ward is not on the list", "site")
    list_two_sites: float = rate(0.03, "the file carries the rows of a second site", "site")
    list_total_wrong: float = rate(0.07, "the declared total differs from the rows", "site")
    list_staff_listed: float = rate(0.05, "members of staff stand on the list", "site")
    list_double_entry: float = rate(0.007, "a person stands on the list twice", "list row")
    movement_not_sent: float = rate(0.05, "no movement file before the moment", "site")
    headcount_not_sent: float = rate(0.05, "no signed headcount", "site")
    headcount_wrong: float = rate(0.08, "the headcount is off by one or two", "site")
    # identity
    iin_unknown: float = rate(1.0, "factor on the category's share of people whose IIN is not known", "person")
    iin_typo: float = rate(
        0.01, "one digit of the IIN is wrong; every fifth time the eleventh, which the check does not see"
    )
    iin_facts_differ: float = rate(0.005, "the IIN's digits disagree with the true birth date or sex", "person")
    iin_bad_check: float = rate(0.001, "the IIN was issued with a wrong check digit", "person")
    iin_of_another: float = rate(0.003, "the IIN of another resident")
    iin_one_for_ward: float = rate(0.02, "one IIN typed for a whole ward", "site")
    sex_wrong: float = rate(0.003, "the other sex")
    day_month_swapped: float = rate(0.005, "day and month of birth swapped")
    year_off_by_one: float = rate(0.007, "year of birth one off")
    first_january: float = rate(1.0, "factor on the category's share of birth dates guessed as 1 January", "person")
    spelling_variant: float = rate(0.25, "the name in another spelling: Russian, Latin, by ear")
    order_swapped: float = rate(0.02, "given and family name swapped")
    homoglyph: float = rate(0.03, "Latin letters inside a Cyrillic name")
    patronymic_absent: float = rate(0.08, "no patronymic written")
    # capture
    missed: float = rate(1.0, "factor on the category's share of people nobody records", "person")
    site_zero: float = rate(0.03, "the whole site sends nothing", "site")
    ward_missed: float = rate(0.02, "a whole ward is not enumerated", "site")
    web_and_tablet: float = rate(0.03, "answered online and again on a tablet, as another case")
    reentered: float = rate(0.01, "entered again under a new case id")
    two_institutions: float = rate(0.015, "recorded by a second institution as well")
    staff_as_respondent: float = rate(0.005, "the staff member's own account is entered as a respondent")
    wrong_site: float = rate(0.01, "another site's id in the form; staff and tablet tell the right one")
    admitted_after: float = rate(
        0.30, "share of a hospital's cases that are people admitted after the moment", "hospital case"
    )
    departed_recorded: float = rate(0.02, "a person gone before the moment is recorded from the list", "departure")
    born_after: float = rate(0.003, "born after the moment")
    died_before: float = rate(0.003, "died before the moment, recorded from the list")
    invented: float = rate(0.005, "invented, by one staff member in fifty")
    refused: float = rate(0.008, "refuses; mostly the administration answers", "person")
    versions: float = rate(0.04, "corrected and sent again as the next version")
    draft_left: float = rate(0.01, "begun online and left; half are finished later")
    partial: float = rate(0.02, "sent with sections missing")
    withdrawn: float = rate(0.003, "withdrawn after sending")
    version_conflict: float = rate(0.002, "same case and version sent with other answers")
    item_nonresponse: float = rate(0.02, "a question left open", "answer")
    # machinery
    training_tablet: float = rate(0.08, "training cases stayed on the tablet", "tablet")
    cloned_tablet: float = rate(0.03, "the application folder was copied to another tablet", "tablet")
    clock_one_hour: float = rate(0.05, "the tablet's clock is one hour slow", "tablet")
    clock_reset: float = rate(0.01, "the tablet's clock fell back to 1970 or 2015", "tablet")
    usb_tablet: float = rate(0.12, "the tablet has no network: data leave on a stick", "tablet")
    usb_overlap: float = rate(0.30, "the stick's cases come over VPN as well", "USB tablet")
    stick_copied: float = rate(0.10, "the same bundle comes on a second stick", "stick")
    truncated: float = rate(0.01, "the bundle's file is cut off", "bundle")
    swapped_tablet: float = rate(0.04, "the tablet is used in another institution", "tablet")
    case_left: float = rate(0.01, "a case stays on the returned tablet", "tablet")
    case_deleted: float = rate(0.003, "a case deleted and declared so")
    vpn_late: float = rate(0.05, "the evening's bundle comes days later", "bundle")
    unapproved_form: float = rate(0.01, "the tablet carries a form nobody approved", "tablet")
    web_reopened: float = rate(
        0.04, "answered in the last third of October, when the portal opened again", "web record"
    )
    broken_line: float = rate(0.0005, "the line is damaged on the way")
    no_case_id: float = rate(0.0005, "the case id is missing")
    no_person: float = rate(0.001, "no sign of a person: neither name nor number nor date")
    # innocent
    twins: float = rate(0.012, "twins among children and newborns", "child")
    namesakes: float = rate(0.001, "two people with one name and one birth date", "person")
    # certificates; rates are drawn in the order they stand here, so what is new stands last
    certificate_spoiled: float = rate(0.01, "spoiled and brought back by act", "certificate")
    certificate_lost: float = rate(0.002, "gone: neither given nor brought back", "certificate")
    certificate_twice: float = rate(0.002, "the number of the person before is written down again")
    certificate_borrowed: float = rate(0.003, "taken from a colleague's book")
    # the Census Database; after the others, whose draws must not move
    census_db_late: float = rate(0.01, "the case comes into the Census Database days late", "case version")
    census_db_missing: float = rate(0.005, "the case never comes into the Census Database", "case version")
    # seals: last, for the draws of the rates follow their order
    bundle_unsigned: float = rate(0.003, "the bundle's signature is not there", "bundle")
    bundle_wrong_key: float = rate(0.003, "the bundle is signed with another key than the tablet's", "bundle")
    bundle_altered: float = rate(0.003, "a line of the bundle was changed after it was signed", "bundle")
    tablet_lost: float = rate(
        0.02, "lost on its last day, before that evening's bundle; found and switched on in November", "VPN tablet"
    )

    @classmethod
    def draw(cls, seed: int, scale: float = 1.0) -> Rates:
        """Draw the rates of a campaign.

        Parameters
        ----------
        seed
            Seed of the campaign.
        scale
            Multiplies every rate but the innocent ones.
        """
        dice = Dice(seed, "rates")
        drawn = {f.name: f.default * dice.uniform(0.5, 1.5) for f in fields(cls) if isinstance(f.default, float)}
        for name in drawn:
            if name not in {"twins", "namesakes", "list_drawn_in_july"}:
                drawn[name] *= scale
        return cls(**drawn)

    def to_dict(self) -> dict[str, float]:
        """Return the rates by name."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


class Noise:
    """Throws for one campaign: a rate times what is peculiar to the site and the staff member."""

    def __init__(self, rates: Rates, seed: int) -> None:
        self.rates = rates
        self.seed = seed
        self._factors: dict[tuple[str, str], float] = {}

    def factor(self, name: str, who: str, spread: float) -> float:
        """How much more often this happens at one site or to one person than on average."""
        key = (name, who)
        if key not in self._factors:
            self._factors[key] = Dice(self.seed, "cluster", name, who).lognormal(spread)
        return self._factors[key]

    def probability(self, name: str, site: str | None = None, staff: str | None = None, base: float = 1.0) -> float:
        """Probability of one noise type here and now.

        Parameters
        ----------
        name
            Name of the noise type.
        site, staff
            Whose peculiarities apply.
        base
            The category's rate, where the noise type is a factor on it.
        """
        value = float(getattr(self.rates, name)) * base
        if site is not None:
            value *= self.factor(name, site, SITE_SPREAD)
        if staff is not None:
            value *= self.factor(name, staff, STAFF_SPREAD)
        return min(value, 0.95)

    def happens(
        self, dice: Dice, name: str, site: str | None = None, staff: str | None = None, base: float = 1.0
    ) -> bool:
        """Throw the dice for one noise type."""
        return dice.chance(self.probability(name, site, staff, base))
