"""Write the secret files docker-compose.yml reads; files that are there already are kept."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

FOLDER = Path("secrets")


def main() -> None:
    """Make secrets/ with mode 0700 and each missing file with mode 0600."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    password = _kept("postgres_password", secrets.token_urlsafe(24))
    _kept("airflow_database_url", f"postgresql+psycopg2://airflow:{password}@postgres/airflow")
    _kept("fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    _kept("airflow_passwords", json.dumps({"admin": secrets.token_urlsafe(12)}))
    for name in ("airflow_api_key", "airflow_jwt_key", "sanaq_id_key"):
        _kept(name, secrets.token_urlsafe(48))
    _kept("sanaq_portal_token", "ask the portal's people for the token and write it here")


def _kept(name: str, value: str) -> str:
    path = FOLDER / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
