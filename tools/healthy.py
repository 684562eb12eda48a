"""`python tools/healthy.py scheduler`: exit 0 when Airflow's api-server says that component is healthy. Container health checks run it.

`airflow jobs check` would say the same, after six seconds of imports, twice a minute, for every container.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from urllib.error import URLError


def main(component: str) -> int:
    """Return 0 when healthy, 1 when not or when nobody answers."""
    url = os.environ.get("SANAQ_AIRFLOW_URL", "http://127.0.0.1:8080") + "/api/v2/monitor/health"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # our own api-server
            status = json.load(answer)[component]["status"]
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{component}: no answer from {url} ({type(error).__name__})\n")
        return 1
    sys.stdout.write(f"{component}: {status}\n")
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
