-- Every tablet of the register: over what it is heard, since when it is not, and what was begun on it beside what came (R16, R17).
-- A bundle that is not believed says nothing of the tablet it names; of an altered one the statement is proven and the lines are not.
WITH clock AS (
    SELECT
        build.as_of,
        round.zone,
        round.tablet_start_at,
        timezone(round.zone, timezone('UTC', build.as_of))::DATE AS today_on
    FROM build
    CROSS JOIN round
),

last_heard AS (
    SELECT
        device_id,
        bool_or(route = 'tablet_vpn') AS has_vpn,
        max(least(copied_at, received_at)) AS heard_at
    FROM batch
    WHERE route IN ('tablet_vpn', 'tablet_usb') AND COALESCE(seal_fault = 'BUNDLE_ALTERED', TRUE)
    GROUP BY device_id
),

-- What nothing was ever sent from, and something was fetched from, has no VPN. What was fetched was heard when it was unloaded, not when
-- the medium came.
heard AS (
    SELECT
        device.device_id,
        device.institution_id,
        CASE last_heard.has_vpn WHEN TRUE THEN 'tablet_vpn' WHEN FALSE THEN 'tablet_usb' END AS route,
        device.issued_on,
        device.returned_on,
        device.lost_on,
        last_heard.heard_at
    FROM device
    LEFT JOIN last_heard USING (device_id)
),

-- One whose day of issue is not written may be out; one that is lost is silent for ever, and nobody brings it back.
awaited AS (
    SELECT
        heard.*,
        CASE
            WHEN COALESCE(heard.returned_on, heard.lost_on) IS NULL
                AND COALESCE(heard.issued_on <= clock.today_on, TRUE) AND clock.tablet_start_at < clock.as_of
                THEN greatest(
                    heard.heard_at, clock.tablet_start_at, timezone('UTC', timezone(clock.zone, heard.issued_on::TIMESTAMP))
                )
        END AS silent_since_at,
        clock.zone,
        clock.today_on
    FROM heard
    CROSS JOIN clock
)

SELECT
    awaited.* EXCLUDE (lost_on, zone, today_on),
    awaited.today_on - timezone(awaited.zone, timezone('UTC', awaited.silent_since_at))::DATE AS silent_days,
    control_total.declared_count AS created_count,
    control_total.received_count
FROM awaited
LEFT JOIN control_total ON control_total.control_code = 'TABLET_COUNTER' AND awaited.device_id = control_total.subject_id
