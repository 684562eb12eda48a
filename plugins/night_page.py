"""The night's one page in Airflow's navigation, for whoever is logged in.

Routes of plugins are open to everyone unless they ask for a login themselves: every route here does, and a test tries each without one.
"""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

PREFIX = "/sanaq"
NOT_YET = "<!doctype html><title>sanaq</title><p>No night has been published yet.</p>"
LATE = """<div style="padding:.7rem 1rem;background:#a3161b;color:#fff;font:600 1rem/1.5 sans-serif">
<p lang="kk" style="margin:0">Бұл бет {hours} сағат бұрынғы: одан кейінгі жарияланып тұрған түн жоқ.</p>
<p lang="ru" style="margin:0">Этой странице {hours} ч: более поздней опубликованной ночи нет.</p>
<p lang="en" style="margin:0">This page is {hours} hours old: no later night stands published. See nightly_reconciliation, then sanaq status.</p>
</div>
"""
# The page brings everything with it; whatever else it asked for would be refused.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
}

app = FastAPI(
    title="sanaq",
    dependencies=[Depends(requires_access_view(AccessView.WEBSITE))],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


@app.get("/night")
def night() -> HTMLResponse:
    """Return the page of the night published last; one that is late says so above all."""
    from pipeline.night import late_hours
    from pipeline.settings import load_settings

    lake = load_settings().lake  # only looked into: a lake that is not mounted is not begun anew
    page = lake / "operations" / "current" / "index.html"
    text = page.read_text(encoding="utf-8") if page.exists() else NOT_YET
    if hours := late_hours(lake):
        text = text.replace("<body>", f"<body>\n{LATE.format(hours=hours)}", 1)
    return HTMLResponse(text, headers=HEADERS)


class NightPage(AirflowPlugin):
    """Adds the route and the entry in the navigation."""

    name = "sanaq_night_page"
    fastapi_apps = [{"name": "sanaq", "app": app, "url_prefix": PREFIX}]  # noqa: RUF012  # as Airflow asks for it
    external_views = [  # noqa: RUF012
        {"name": "Last night", "href": f"{PREFIX}/night", "destination": "nav", "url_route": "last-night"}
    ]
