"""What the 18 kinds of institution are like: size, ages, length of stay, how well their people are known and reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Profile:
    """One category of institution.

    Attributes
    ----------
    code
        Category code.
    name_ru, name_kk
        Opening words of an institution's name.
    size
        Usual number of people on the roll.
    extra
        Weight when sites beyond one per category are handed out.
    age
        Lowest, commonest and highest age.
    male
        Share of males.
    stay
        ``here`` (usual residence is the institution), ``home`` (elsewhere unless a long stay), ``board`` (family home, away
        in summer).
    long
        Share whose stay lasts a year or who have no other home, where ``stay`` is ``home``.
    before, after
        Turnover: shares gone between 1 June and the moment, and between the moment and the interview.
    days
        Mean length of a short stay.
    away
        Share of usual residents temporarily absent at the moment.
    iin_absent, first_january, missed
        Rates of this category, before the draw of the campaign.
    proxy
        Range of the share answered by the administration.
    foreign
        Share of foreigners and stateless.
    """

    code: str
    name_ru: str
    name_kk: str
    size: int
    extra: float
    age: tuple[float, float, float]
    male: float
    stay: str
    long: float
    before: float
    after: float
    days: float
    away: float = 0.0
    iin_absent: float = 0.03
    first_january: float = 0.02
    missed: float = 0.04
    proxy: tuple[float, float] = (0.05, 0.15)
    foreign: float = 0.01


HOMELESS: dict[str, Any] = {"iin_absent": 0.40, "first_january": 0.25, "missed": 0.25}
SCHOOL: dict[str, Any] = {"missed": 0.02}
PROFILES = {
    p.code: p
    for p in (
        Profile("INPAT", "Районная больница", "Аудандық аурухана", 130, 8, (0, 45, 92), 0.47, "home", 0.03, 1.00, 0.80, 9,
                missed=0.08, proxy=(0.10, 0.20), foreign=0.02),
        Profile("SOCSERV", "Центр социального обслуживания", "Әлеуметтік қызмет көрсету орталығы", 120, 3, (18, 72, 98), 0.42,
                "here", 1, 0.06, 0.03, 400, 0.02, proxy=(0.20, 0.50)),
        Profile("ORPH", "Детский дом", "Балалар үйі", 65, 1, (3, 11, 18), 0.58, "here", 1, 0.10, 0.04, 400, 0.04),
        Profile("BABY", "Дом ребёнка", "Сәбилер үйі", 45, 0.3, (0, 1.5, 4), 0.54, "here", 1, 0.10, 0.05, 300, 0.01,
                iin_absent=0.08, proxy=(1, 1)),
        Profile("BOARD_GIFT", "Школа-интернат для одарённых детей", "Дарынды балаларға арналған мектеп-интернат", 230, 3,
                (6, 14, 18), 0.50, "board", 0, 0.20, 0.0, 270, **SCHOOL),
        Profile("BOARD_SPORT", "Школа-интернат для одарённых в спорте детей", "Спорттағы дарынды балаларға арналған мектеп-интернат",
                160, 1, (10, 15, 18), 0.68, "board", 0, 0.20, 0.0, 270, **SCHOOL),
        Profile("BOARD_ORPH", "Школа-интернат для детей-сирот и детей, оставшихся без попечения родителей",
                "Жетім балаларға арналған мектеп-интернат", 110, 0.5, (6, 13, 18), 0.57, "here", 1, 0.10, 0.04, 400, 0.05, **SCHOOL),
        Profile("REHAB_DIS", "Реабилитационный центр для инвалидов", "Мүгедектерді оңалту орталығы", 55, 1, (1, 12, 70), 0.53,
                "home", 0.04, 0.90, 0.60, 25),
        Profile("PSY", "Центр психического здоровья", "Психикалық денсаулық орталығы", 140, 0.5, (16, 45, 85), 0.62, "home", 0.85,
                0.10, 0.05, 45, 0.01, first_january=0.08, proxy=(0.60, 0.90)),
        Profile("TB", "Противотуберкулёзный диспансер", "Туберкулезге қарсы диспансер", 85, 0.3, (3, 38, 80), 0.63, "home", 0.12,
                0.45, 0.25, 90),
        Profile("NARC", "Наркологический диспансер", "Наркологиялық диспансер", 40, 0.3, (17, 38, 70), 0.80, "home", 0.04, 0.85,
                0.60, 30),
        Profile("SANEPID", "Карантинный стационар", "Карантиндік стационар", 40, 1, (1, 35, 85), 0.50, "home", 0, 0.98, 0.90, 12,
                proxy=(0.10, 0.30), foreign=0.08),
        Profile("HOMELESS", "Центр социальной адаптации", "Әлеуметтік бейімдеу орталығы", 50, 0.5, (18, 47, 78), 0.78, "here", 1,
                0.30, 0.20, 150, 0.02, foreign=0.05, **HOMELESS),
        Profile("HOMELESS_NIGHT", "Отделение ночного пребывания", "Түнгі болу бөлімшесі", 25, 0.3, (18, 47, 75), 0.80, "here", 1,
                0.90, 0.70, 20, foreign=0.05, **HOMELESS),
        Profile("HOMELESS_PATROL", "Мобильная служба социального патруля", "Әлеуметтік патруль мобильді қызметі", 20, 0.2,
                (18, 45, 72), 0.82, "here", 1, 0.0, 0.0, 30, foreign=0.05, **HOMELESS),
        Profile("CRISIS", "Кризисный центр", "Дағдарыс орталығы", 16, 0.3, (0, 28, 55), 0.18, "home", 0.30, 0.80, 0.50, 40),
        Profile("TRAF", "Центр реабилитации жертв торговли людьми", "Адам саудасы құрбандарын оңалту орталығы", 9, 0.1,
                (17, 27, 50), 0.30, "home", 0.35, 0.50, 0.30, 90, iin_absent=0.15, foreign=0.4),
        Profile("OTHER", "Дом ветеранов труда", "Еңбек ардагерлері үйі", 30, 2, (20, 62, 90), 0.48, "home", 0.70, 0.10, 0.05, 120,
                0.02),
    )
}  # fmt: skip
FAITHFUL = ("ORPH", "BABY", "BOARD_ORPH")  # children whom the administration knows by heart
TRANSFERS = (
    {"BABY", "ORPH", "BOARD_ORPH"},
    {"INPAT", "REHAB_DIS", "TB", "PSY", "NARC", "SOCSERV", "SANEPID"},
    {"HOMELESS", "HOMELESS_NIGHT", "CRISIS", "TRAF"},
)
