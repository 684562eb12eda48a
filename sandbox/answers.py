"""What a truthful respondent, or the administration for him, answers to the questionnaire."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sandbox.dice import Dice
from sandbox.people import Person
from sandbox.places import DISTRICTS
from sandbox.world import MOMENT_DAY, Institution

Answers = dict[str, Any]
NATIVE = {"KAZAKH": "KAZAKH", "RUSSIAN": "RUSSIAN"}
REASONS = {
    "INPAT": "TREATMENT", "TB": "TREATMENT", "PSY": "TREATMENT", "NARC": "TREATMENT", "SANEPID": "TREATMENT",
    "REHAB_DIS": "TREATMENT", "BOARD_GIFT": "STUDY", "BOARD_SPORT": "STUDY",
}  # fmt: skip
#: answers on which place and scope hang; nobody leaves them open by chance
FIRM = {
    "position_in_institution", "residence_status", "stay_duration", "stay_from_on", "stay_to_on", "has_other_home", "birth_time",
    "death_on", "death_time", "is_proxy", "proxy_reason", "proxy_source", "presence_reason", "age_stated",
}  # fmt: skip


def duration_code(days: int) -> str:
    """Return the code of a length of stay."""
    for limit, code in ((30, "LT1M"), (91, "M1_3"), (182, "M3_6"), (365, "M6_12")):
        if days < limit:
            return code
    return "GE12M"


def answer(person: Person, site: Institution, day: date, dice: Dice, open_rate: float) -> Answers:
    """Answer the questionnaire.

    Parameters
    ----------
    person
        Who it is about.
    site
        Where the form is filled.
    day
        When.
    dice
        The throws of this record.
    open_rate
        How often a question that does not decide place or scope stays open.
    """
    answers = {
        **_stay(person, site, day, dice),
        **_origin(person, site, dice),
        **_life(person, site, dice),
        **_health(person, dice),
    }
    return {k: v for k, v in answers.items() if v is not None and (k in FIRM or not dice.chance(open_rate))}


def _stay(person: Person, site: Institution, day: date, dice: Dice) -> Answers:
    """Place, time and status: consistent with the truth."""
    later = person.later if person.later and person.later.institution_id == site.institution_id else None
    night = person.present_elsewhere == site.institution_id
    from_on, to_on = (later.from_on, None) if later else (person.from_on, person.to_on)
    usual, present = person.is_usual and not later and not night, person.is_present and not later
    if night and person.leave:
        from_on, to_on = person.leave
    if person.kind == "HOUSEHOLD":
        usual = present = True
    secret = site.category in {"CRISIS", "TRAF"}
    home = person.home_kato if not night and not (later and person.is_usual) else person.institution_kato
    died_on = person.death_on if person.death_on and person.death_on <= day else None
    return {
        "age_stated": person.age_stated,
        "birth_time": person.birth_time,
        "death_on": died_on and died_on.isoformat(),
        "death_time": person.death_time if died_on else None,
        "position_in_institution": person.position if usual else "TEMPORARY",
        "residence_status": _status(usual, present or night),
        "presence_reason": _reason(person, site),
        "stay_duration": "GE12M"
        if usual and person.is_long and site.profile.stay == "home"
        else _duration(person, site, night, dice),
        "stay_from_on": None if site.category == "HOMELESS_PATROL" else from_on.isoformat(),
        "stay_to_on": to_on.isoformat() if to_on and to_on <= day else None,
        "has_other_home": True if night else person.has_other_home,
        "usual_address_kato": None if usual or secret else home,
    }


def _status(usual: bool, present: bool) -> str | None:
    if usual:
        return "USUAL_PRESENT" if present else "USUAL_TEMP_ABSENT"
    return "TEMP_PRESENT" if present else None


def _reason(person: Person, site: Institution) -> str:
    if person.kind == "STAFF" or person.position != "RESIDENT":
        return "WORK"
    if person.is_usual and not person.is_present and person.institution_id == site.institution_id:
        return "TREATMENT" if person.present_elsewhere else "VISIT"  # why away
    return REASONS.get(site.category, "SOCIAL_CARE")


def _duration(person: Person, site: Institution, night: bool, dice: Dice) -> str:
    if person.kind == "HOUSEHOLD":
        return "GE12M"
    if night or person.kind == "STAFF":
        return "LT1M"
    if site.profile.stay == "board":
        return "M6_12"
    if site.profile.stay == "here" and site.category not in {"HOMELESS", "HOMELESS_NIGHT", "HOMELESS_PATROL"}:
        return "GE12M" if person.is_usual else "M3_6"
    done = (min(person.to_on or MOMENT_DAY, MOMENT_DAY) - person.from_on).days
    intended = dice.integer(1, 3 + int(site.profile.days / 2))
    limit = 10_000 if site.profile.stay == "here" else 360
    return duration_code(min(limit, max(done, 0) + intended))


def _origin(person: Person, site: Institution, dice: Dice) -> Answers:
    native = person.ethnicity if dice.chance(0.93) else "RUSSIAN"
    moved = dice.chance(0.25)
    since = dice.integer(max(1950, person.birth.year), 2021) if moved else person.birth.year
    abroad = person.citizenship != 1
    age = person.age_on(MOMENT_DAY)
    known = sorted(
        {native, "KAZAKH", *(["RUSSIAN"] if dice.chance(0.75) else []), *(["ENGLISH"] if dice.chance(0.12) else [])}
    )
    religion = (
        dice.weighted({1: 66, 6: 22, 7: 4, 2: 5, 5: 0.3})
        if person.ethnicity != "RUSSIAN"
        else dice.weighted({2: 60, 6: 22, 7: 18})
    )
    return {
        "relation_to_reference": 11,
        "birth_place_country": person.country or ("KZ" if not abroad and dice.chance(0.94) else "UZ"),
        "birth_place_kato": None if abroad else dice.pick(DISTRICTS).kato,
        "citizenship": person.citizenship,
        "citizenship_country": person.country,
        "residence_since_year": since,
        "previous_residence_kato": dice.pick(DISTRICTS).kato if moved and not abroad else None,
        "previous_residence_country": person.country if abroad else None,
        "reason_of_move": dice.pick(["STUDY", "WORK", "FAMILY", "RETURN", "HEALTH", "OTHER"]) if moved else None,
        "has_lived_abroad_12m": abroad,
        "arrival_year": (2021 if person.is_visitor else dice.integer(2012, 2020)) if abroad else None,
        "plans_to_move_abroad": dice.weighted({"NO": 92, "YES": 3, "DECLINED": 5}) if age >= 16 else None,
        "ethnicity": person.ethnicity,
        "religion": religion,
        "religion_branch": dice.weighted({"ORTHODOX": 92, "CATHOLIC": 3, "PROTESTANT": 5}) if religion == 2 else None,
        "native_language": native if age >= 3 else None,
        "languages_known": known if age >= 5 else None,
        "kazakh_level": dice.weighted({"WRITES": 75, "READS": 10, "SPEAKS": 10, "UNDERSTANDS": 4, "NONE": 1})
        if age >= 5
        else None,
        "russian_level": dice.weighted({"WRITES": 50, "READS": 12, "SPEAKS": 20, "UNDERSTANDS": 12, "NONE": 6})
        if age >= 5
        else None,
        "english_level": dice.weighted({"NONE": 70, "UNDERSTANDS": 12, "SPEAKS": 6, "READS": 6, "WRITES": 6})
        if age >= 5
        else None,
    }


def _life(person: Person, site: Institution, dice: Dice) -> Answers:
    age, woman = person.age_on(MOMENT_DAY), person.sex == 2
    works = (person.kind in {"STAFF", "HOUSEHOLD"} and age >= 18) or (
        18 <= age < 62 and site.profile.stay == "home" and dice.chance(0.4)
    )
    born = min(7, int(dice.exponential(2.2))) if woman and age >= 20 else 0
    first_birth = person.birth + timedelta(days=int(365.25 * dice.uniform(18, min(38, max(age, 19))))) if born else None
    school = (
        "SCHOOL"
        if 6 <= age < 18
        else "PRESCHOOL"
        if 3 <= age < 6
        else "COLLEGE"
        if 18 <= age < 21 and dice.chance(0.4)
        else "NONE"
    )
    maintained = site.profile.stay == "here"
    main = (
        "WAGE"
        if works
        else "STATE_MAINTENANCE"
        if maintained
        else "PENSION"
        if age >= 61
        else "DEPENDENT"
        if age < 18
        else "SOCIAL_AID"
    )
    return {
        "marital_status": dice.weighted(_marital(age)) if age >= 16 else None,
        "children_born_count": born if woman and age >= 15 else None,
        "children_alive_count": max(0, born - int(dice.chance(0.06))) if woman and age >= 15 else None,
        "children_planned_count": dice.integer(0, 3) if woman and 15 <= age < 45 else None,
        "first_birth_on": first_birth.isoformat() if first_birth and first_birth <= MOMENT_DAY else None,
        "education_level": _education(age, dice),
        "is_literate": age >= 8 and not dice.chance(0.01) if age >= 6 else None,
        "attends_education": school,
        "livelihood_sources": sorted({main, *(["STATE_BENEFIT"] if dice.chance(0.2) else [])}),
        "livelihood_main": main,
        "has_worked_last_week": works if age >= 15 else None,
        "reason_no_work": None
        if works or age < 15
        else "STUDY"
        if age < 19
        else "PENSION"
        if age >= 61
        else dice.pick(["DISABILITY", "NO_JOB", "CARE", "OTHER"]),
        "employment_status": dice.weighted({"EMPLOYEE": 85, "OWN_ACCOUNT": 12, "EMPLOYER": 2, "FAMILY_WORKER": 1})
        if works
        else None,
        "occupation": str(dice.integer(1, 9)) if works else None,
        "industry": dice.pick("BCFGHPQ") if works else None,
        "workplace_kato": site.kato if works else None,
        "is_job_searching": dice.chance(0.2) if not works and 15 <= age < 63 else None,
        "is_ready_in_2w": dice.chance(0.2) if not works and 15 <= age < 63 else None,
    }


def _marital(age: int) -> dict[int, float]:
    if age < 22:
        return {1: 96, 2: 3, 3: 1}
    if age < 60:
        return {1: 30, 2: 45, 3: 5, 4: 3, 5: 14, 6: 3}
    return {1: 10, 2: 35, 3: 1, 4: 44, 5: 9, 6: 1}


def _education(age: int, dice: Dice) -> int | None:
    if age < 6:
        return None
    if age < 11:
        return dice.weighted({0: 70, 1: 30})
    if age < 16:
        return dice.weighted({1: 80, 2: 20})
    if age < 20:
        return dice.weighted({2: 60, 3: 40})
    return dice.weighted({1: 3, 2: 8, 3: 32, 4: 10, 5: 25, 6: 3, 7: 17, 8: 2})


def _health(person: Person, dice: Dice) -> Answers:
    weak = 0.25 if person.category in {"SOCSERV", "REHAB_DIS", "PSY"} else 0.04
    age = person.age_on(MOMENT_DAY)
    scale = {1: 1 - 2 * weak, 2: weak * 1.2, 3: weak * 0.6, 4: weak * 0.2}
    domains = ("wg_seeing", "wg_hearing", "wg_walking", "wg_memory", "wg_selfcare", "wg_communication")
    answers: Answers = {d: dice.weighted(scale) if age >= 5 else None for d in domains}
    disabled = dice.chance(weak * 2)
    answers["disability_group"] = ("CHILD" if age < 18 else dice.pick(["I", "II", "II", "III"])) if disabled else "NONE"
    answers["has_had_covid"] = dice.weighted({"NO": 80, "YES": 15, "DECLINED": 5})
    answers["is_covid_vaccinated"] = dice.weighted({"YES": 60, "NO": 35, "DECLINED": 5}) if age >= 18 else "NO"
    answers["pandemic_income_effect"] = (
        dice.weighted({"NONE": 60, "LOWER": 25, "LOST": 5, "HIGHER": 1, "DECLINED": 9}) if age >= 16 else None
    )
    return answers
