"""The institutions of the region with their staff, tablets and media: what the register knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

from sandbox.dice import Dice
from sandbox.names import Name, new_name
from sandbox.noise import Noise
from sandbox.numbers import issue_bin, issue_iin
from sandbox.places import DISTRICTS, District
from sandbox.profiles import PROFILES, Profile

AQTAU = timezone(timedelta(hours=5))
MOMENT = datetime(2021, 8, 31, 18, 0, tzinfo=UTC)
MOMENT_DAY = date(2021, 8, 31)


@dataclass
class Staff:
    """A responsible employee of an institution."""

    staff_id: str
    institution_id: str
    name: Name
    sex: int
    birth: date
    iin: str
    order_no: str
    order_on: date | None
    trained_on: date | None
    invents: bool = False


@dataclass
class Device:
    """A tablet and its habits."""

    device_id: str
    institution_id: str
    used_at: str
    act_no: str
    route: str
    clock: timedelta = timedelta(0)
    form_version: str = "2021.1"
    training_cases: int = 0
    has_case_left: bool = False
    cases_left: int = 0
    cloned_to: str | None = None
    is_lost: bool = False
    lost_on: date | None = None


@dataclass
class Institution:
    """A site of an institution."""

    institution_id: str
    profile: Profile
    district: District
    kato: str
    bin: str
    site_no: int
    name_kk: str
    name_ru: str
    size: int
    capacity: int
    is_web_only: bool
    wards: list[str]
    staff: list[Staff] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)

    @property
    def category(self) -> str:
        """Code of the category."""
        return self.profile.code


@dataclass
class World:
    """Everything the register lists."""

    institutions: dict[str, Institution]
    devices: dict[str, Device]
    employees: dict[str, str]
    media: dict[str, str]


def build_world(seed: int, institutions: int, people: int, noise: Noise, taken: set[str]) -> World:
    """Set up the institutions of a campaign.

    Parameters
    ----------
    seed
        Seed of the campaign.
    institutions, people
        How many sites, and how many people on their rolls together.
    noise
        Rates of the campaign.
    taken
        IINs issued so far.
    """
    dice = Dice(seed, "world")
    profiles = _categories(institutions, dice)
    sizes = _sizes(profiles, people, dice)
    districts = _districts(institutions, dice)
    sites: dict[str, Institution] = {}
    for number, (profile, size, district) in enumerate(zip(profiles, sizes, districts, strict=True), 1):
        site = _institution(number, profile, size, district, dice)
        if number > 18 and dice.chance(0.12):
            _share_entity(site, sites, dice)
        sites[site.institution_id] = site
    staff_count = 0
    for site in sites.values():
        for _ in range(1 + min(5, site.size // 60)):
            staff_count += 1
            site.staff.append(_staff(staff_count, site, noise, dice, taken))
    devices = _devices(sites, noise, dice)
    employees = {f"DEP-{i:02d}": new_name("KAZAKH", dice.integer(1, 2), dice).text for i in range(1, 7)}
    media = {f"USB-{i:03d}": dice.pick(list(employees)) for i in range(1, 13)}
    return World(sites, devices, employees, media)


def _categories(count: int, dice: Dice) -> list[Profile]:
    chosen = list(PROFILES.values())[:count]
    extra = {p: p.extra for p in PROFILES.values()}
    hospitals = min(6, max(0, count - len(chosen)))
    chosen += [PROFILES["INPAT"]] * hospitals
    return chosen + [dice.weighted(extra) for _ in range(count - len(chosen))]


def _sizes(profiles: list[Profile], people: int, dice: Dice) -> list[int]:
    raw = [p.size * dice.lognormal(0.35) for p in profiles]
    scale = people / sum(raw)
    sizes = [max(4, round(value * scale)) for value in raw]
    if len(profiles) > 20:
        others = [i for i, p in enumerate(profiles) if p.code in {"OTHER", "SANEPID"} and i >= 18]
        sizes[others[-1] if others else len(profiles) - 1] = 0  # an empty site: "nobody" is an answer
    return sizes


def _districts(count: int, dice: Dice) -> list[District]:
    weights = {d: d.weight for d in DISTRICTS}
    rest = [dice.weighted(weights) for _ in range(max(0, count - len(DISTRICTS)))]
    return [*dice.shuffled(DISTRICTS), *rest][:count]


def _institution(number: int, profile: Profile, size: int, district: District, dice: Dice) -> Institution:
    over = dice.chance(0.06)
    capacity = max(5, round(size * dice.uniform(0.8, 0.97) if over else size * dice.uniform(1.02, 1.5)))
    wards = [f"{i}" for i in range(1, 2 + min(8, size // 25))]
    serial = dice.integer(1, 30)
    return Institution(
        institution_id=f"MNG-{number:04d}",
        profile=profile,
        district=district,
        kato=dice.pick(district.places),
        bin=issue_bin(date(dice.integer(1992, 2019), dice.integer(1, 12), 1), dice),
        site_no=1,
        name_kk=f"{district.name_kk} «№ {serial} {profile.name_kk}» КММ",
        name_ru=f"КГУ «{profile.name_ru} № {serial}» {district.name_ru}",
        size=size,
        capacity=capacity,
        is_web_only=profile.code != "HOMELESS_PATROL" and dice.chance(0.15 if profile.stay == "board" else 0.05),
        wards=wards,
    )


def _share_entity(site: Institution, sites: dict[str, Institution], dice: Dice) -> None:
    """Make the site a second one of a legal entity that is there already."""
    other = dice.pick(list(sites.values()))
    site.bin = other.bin
    site.site_no = 1 + sum(s.bin == other.bin for s in sites.values())


def _staff(number: int, site: Institution, noise: Noise, dice: Dice, taken: set[str]) -> Staff:
    sex = dice.weighted({1: 0.3, 2: 0.7})
    birth = dice.day(date(1962, 1, 1), date(1998, 12, 31))
    staff_id = f"ST-{number:04d}"
    return Staff(
        staff_id=staff_id,
        institution_id=site.institution_id,
        name=new_name(dice.weighted({"KAZAKH": 88, "RUSSIAN": 10, "AZERBAIJANI": 2}), sex, dice),
        sex=sex,
        birth=birth,
        iin=issue_iin(birth, sex, dice, taken),
        order_no=f"{dice.integer(10, 180)}-ө",
        order_on=None if dice.chance(0.03) else dice.day(date(2021, 7, 1), date(2021, 8, 20)),
        trained_on=None if dice.chance(0.06) else dice.day(date(2021, 8, 2), date(2021, 8, 30)),
        invents=Dice(noise.seed, "invents", staff_id).chance(0.02),
    )


def _devices(sites: dict[str, Institution], noise: Noise, dice: Dice) -> dict[str, Device]:
    devices: dict[str, Device] = {}
    for site in sites.values():
        if site.is_web_only:
            continue
        for _ in range(1 + site.size // 110):
            device = _device(len(devices) + 1, site, noise, dice)
            devices[device.device_id] = device
            site.devices.append(device)
    for device in list(devices.values()):
        if noise.happens(dice, "swapped_tablet"):
            device.used_at = dice.pick([s.institution_id for s in sites.values() if s.devices])
        if noise.happens(dice, "cloned_tablet"):
            others = [d for d in devices if d != device.device_id]
            device.cloned_to = dice.pick(others) if others else None
    copied = {d.cloned_to for d in devices.values()} | {d.device_id for d in devices.values() if d.cloned_to}
    for device in devices.values():
        if device.route == "tablet_vpn" and not device.clock and device.device_id not in copied:
            device.is_lost = noise.happens(Dice(noise.seed, "lost", device.device_id), "tablet_lost")
    return devices


def _device(number: int, site: Institution, noise: Noise, dice: Dice) -> Device:
    device = Device(
        device_id=f"TB-{number:04d}",
        institution_id=site.institution_id,
        used_at=site.institution_id,
        act_no=f"ПП-{number}/2021",
        route="tablet_usb" if noise.happens(dice, "usb_tablet") else "tablet_vpn",
    )
    if noise.happens(dice, "clock_one_hour"):
        device.clock = timedelta(hours=-1)
    elif noise.happens(dice, "clock_reset"):
        reset = dice.pick([datetime(1970, 1, 1, tzinfo=AQTAU), datetime(2015, 1, 1, tzinfo=AQTAU)])
        device.clock = reset - datetime(2021, 10, 1, tzinfo=AQTAU)
    if noise.happens(dice, "training_tablet"):
        device.training_cases = dice.integer(2, 8)
    if noise.happens(dice, "unapproved_form"):
        device.form_version = "2020.9"
    device.has_case_left = noise.happens(dice, "case_left")
    return device
