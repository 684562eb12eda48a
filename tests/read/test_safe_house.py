"""Of people whose home must not find them a region is read, and no home."""

from __future__ import annotations

from datetime import timedelta

from tests.read.desk import Desk, line, rows, submission
from tests.receive.field import START

HOME, BEFORE = "475030100", "473630100"


def test_once_the_register_may_mean_a_safe_house_no_home_is_read(desk: Desk) -> None:
    said = submission(usual_address_kato=HOME, usual_address_text="Абай 1", previous_residence_kato=BEFORE)
    desk.know_tablet()
    desk.bundle("tablet_vpn/TB-0001-01", lines=line(said) + b"\n")
    desk.receive("tablet_vpn")
    desk.put(
        "movement/MNG-0001/a.csv",
        f"movement_no,movement_type,occurred_on,other_kato\n1,ADMISSION,2021-07-01,{HOME}\n".encode(),
    )
    desk.receive("movement")
    assert homes(desk) == [(HOME, "Абай 1", BEFORE, HOME)]
    for day, category in enumerate(("CRISIS", None), start=1):
        desk.know_tablet(at=START + timedelta(days=day), category=category)
        assert homes(desk) == [(None, None, "470000000", None)]


def homes(desk: Desk) -> list[tuple[object, ...]]:
    """Return what a build keeps of the only person's home."""
    return rows(
        desk.read(),
        "SELECT usual_address_kato, usual_address_text, previous_residence_kato, other_kato "
        "FROM identity JOIN answers USING (record_id), movement",
    )
