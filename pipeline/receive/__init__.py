"""Brings bytes in over a route and lands them unchanged."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import BadSetting, SanaqError, named
from pipeline.lake import Clock, Lake
from pipeline.receive import odk, portal, sftp
from pipeline.receive.inbox import BUNDLE_ROUTES, Found, Waiting, look
from pipeline.receive.landing import Again, Landed, Landing, Outcome
from pipeline.receive.parcel import CENSUS_DB, Parcel, Receipt, Refusal
from pipeline.receive.troubles import Troubles
from pipeline.settings import Settings

__all__ = ["Receipt", "Refusal", "receive"]

LOG = logging.getLogger(__name__)


def receive(route: str, lake: Lake, settings: Settings, clock: Clock, *, is_sweep: bool = False) -> Receipt:
    """Bring in what is new over a route.

    Receiving the same content again changes nothing but one line in `receipts.jsonl`, and not even that where it has not been touched since.

    Parameters
    ----------
    route
        `register list movement headcount verification tablet_vpn tablet_usb` are read from the inbox, `portal` and `census_db` are pulled;
        so is `tablet_vpn` where `SANAQ_SFTP_URL` names a gateway, and besides where `SANAQ_ODK_URL` names an ODK Central server.
    clock
        Gives the moment of receipt; the lake keeps moments strictly increasing.
    is_sweep
        Look through all keys of the Census Database, not only what was written since the last pull; of no matter elsewhere.

    Returns
    -------
    Receipt
        What came, what had come before, what was refused; `note` says so in words where nothing came. What ends the run after
        something landed is its `trouble`: who is told of the one is told of the other.

    Raises
    ------
    As they are where nothing landed.

    BadSetting
        There is no inbox where the settings say, or a setting of a source is wrong.
    DiskFull
        There is not twice the room needed; what landed before is whole.
    PortalRefused, PortalUnavailable
        The portal could not be pulled to the end; what landed before is whole.
    GatewayRefused, GatewayUnavailable
        The gateway could not be pulled to the end; what landed before is whole.
    CensusDbRefused, CensusDbUnavailable
        The Census Database could not be pulled; nothing landed.
    StepFailed
        The keys of the Census Database could not be held against what had landed; nothing landed.
    SurveyServerRefused, SurveyServerUnavailable
        A form of ODK Central could not be pulled; what landed before is whole.
    """
    receipt = Receipt(route)
    try:
        _bring(receipt, lake, settings, clock, is_sweep)
    except (SanaqError, OSError) as trouble:
        if not receipt.landed:
            raise
        receipt.trouble = named(trouble)
    LOG.info(
        "route %s: %d landed, %d again, %d refused, %d waiting",
        route, len(receipt.landed), receipt.again, len(receipt.refused), receipt.waiting,
    )  # fmt: skip
    return receipt


def _bring(receipt: Receipt, lake: Lake, settings: Settings, clock: Clock, is_sweep: bool) -> None:
    troubles = Troubles()
    with Landing(lake, clock, settings.max_file_bytes) as landing:
        if receipt.route == portal.ROUTE:
            _from_portal(receipt, landing, lake, settings)
        elif receipt.route == sftp.ROUTE and settings.sftp_url:
            with troubles.kept():
                _from_gateway(receipt, landing, lake, settings)
        elif receipt.route == CENSUS_DB:
            _from_census_db(receipt, landing, lake, settings, is_sweep)
        else:
            with troubles.kept():
                _from_inbox(receipt, landing, settings.inbox)
        if receipt.route == odk.ROUTE and settings.odk_url:
            with troubles.kept():
                _from_central(receipt, landing, lake, settings)
    troubles.tell()


def _from_portal(receipt: Receipt, landing: Landing, lake: Lake, settings: Settings) -> None:
    if not portal.is_set_up(settings):
        receipt.note = "skipped: not set up (SANAQ_PORTAL_URL, SANAQ_PORTAL_SECRET)"
        return
    # The night and the quarter of an hour may meet: the second asks when the first has landed.
    with lake.lock(portal.ROUTE):
        _enter(receipt, portal.brought(landing, lake, settings))
        landing.leave(receipt, f"{portal.ROUTE} ")
    if not (receipt.landed or receipt.again or receipt.refused):
        receipt.note = "the portal has nothing new"


def _from_gateway(receipt: Receipt, landing: Landing, lake: Lake, settings: Settings) -> None:
    # The night and the quarter of an hour may meet: the second looks when the first has landed, and removed what it may.
    with lake.lock("gateway"):
        _enter(receipt, sftp.brought(landing, lake, settings))
        landing.leave(receipt, f"{receipt.route}/")
    if not (receipt.landed or receipt.again or receipt.refused or receipt.waiting):
        receipt.note = "the gateway has nothing new"


def _from_central(receipt: Receipt, landing: Landing, lake: Lake, settings: Settings) -> None:
    # The night and the quarter of an hour may meet: the second looks when the first has landed.
    with lake.lock("odk"), odk.Central(settings) as central:
        troubles = Troubles()
        for number, form in enumerate(odk.forms(settings)):
            with troubles.kept():
                parcel = odk.pull(lake, central, form, landing.staging / f"odk-{number}")
                _enter(receipt, landing.land([parcel] if parcel else []))
        troubles.tell()
        landing.leave(receipt, odk.SENDER)


def _from_census_db(receipt: Receipt, landing: Landing, lake: Lake, settings: Settings, is_sweep: bool) -> None:
    if settings.census_db_url is None:
        receipt.note = "skipped: not set up (SANAQ_CENSUS_DB_URL)"
        return
    from pipeline.receive.census_db import pull  # its driver takes longer to load than most receipts to land

    # The night and the quarter of an hour may meet: the second looks when the first has landed.
    with lake.lock(CENSUS_DB):
        parcel = pull(lake, settings, landing.staging / CENSUS_DB, is_sweep=is_sweep)
        _enter(receipt, landing.land([parcel] if parcel else []))
        landing.leave(receipt, f"{CENSUS_DB} ")
    if parcel is None:
        receipt.note = "the Census Database has nothing new"


def _from_inbox(receipt: Receipt, landing: Landing, inbox: Path) -> None:
    if not inbox.is_dir():  # else all that had been refused there would be entered as gone
        raise BadSetting(
            "the inbox is not there", where=f"{inbox} (SANAQ_INBOX)", todo="Make or mount it, or correct SANAQ_INBOX."
        )
    refusals: list[Refusal] = []
    _enter(receipt, landing.land(_parcels(receipt, look(receipt.route, inbox), refusals, landing)))
    landing.refuse(refusals)
    receipt.refused += refusals
    is_there = os.access(inbox / receipt.route, os.F_OK)  # a share that is not mounted leaves an empty inbox
    if is_there:
        landing.leave(receipt, f"{receipt.route}/")
    if not (receipt.landed or receipt.again or receipt.refused or receipt.waiting):
        state = "is empty" if is_there else "is not there"
        receipt.note = f"nothing new: the inbox folder {receipt.route}/ {state}"


def _parcels(receipt: Receipt, found: Iterable[Found], refusals: list[Refusal], landing: Landing) -> Iterator[Parcel]:
    for one in found:
        if isinstance(one, Parcel):
            if one.inbox_sha256 and landing.listed_as(one.origin, one.inbox_sha256):
                receipt.again += 1  # nothing is read, and nothing entered
            else:
                yield one
        elif isinstance(one, Refusal):
            refusals.append(one)
        elif isinstance(one, Waiting):
            receipt.waiting_at.append(one.origin)


def _enter(receipt: Receipt, outcomes: Iterable[Outcome | Waiting]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Landed):
            _enter_landed(receipt, outcome.manifest)
        elif isinstance(outcome, Again):
            receipt.again += 1
        elif isinstance(outcome, Waiting):
            receipt.waiting_at.append(outcome.origin)
        else:
            receipt.refused.append(outcome)


def _enter_landed(receipt: Receipt, manifest: dict[str, Any]) -> None:
    receipt.landed.append(manifest["batch_id"])
    receipt.as_of = manifest["received_at"]
    if manifest["route"] in (portal.ROUTE, CENSUS_DB, *BUNDLE_ROUTES):
        receipt.record_count += sum(f["line_count"] for f in manifest["files"] if f["path"].endswith(".ndjson"))
    count = (manifest["declared"] or {}).get("case_count")
    if isinstance(count, int) and not isinstance(count, bool):
        receipt.declared_count = (receipt.declared_count or 0) + count
