"""`make secrets`: write the secret files docker-compose.yml reads; files that are there already are kept."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path

FOLDER = Path("secrets")


def main(folder: Path = FOLDER) -> None:
    """Make the folder with mode 0700 and each missing file in it.

    The folder keeps everyone else on the host out. The files in it are 0444, for compose mounts them with their mode and owner into
    containers whose users are not the one who made them.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    password = _kept(folder, "postgres_password", secrets.token_urlsafe(24))
    _kept(folder, "airflow_database_url", f"postgresql+psycopg2://airflow:{password}@postgres/airflow")
    _kept(folder, "airflow_fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    _kept(folder, "airflow_passwords", json.dumps({"admin": secrets.token_urlsafe(12)}))
    for name in ("airflow_api_key", "airflow_jwt_key", "sanaq_id_key"):
        _kept(folder, name, secrets.token_urlsafe(64))
    _kept(folder, "sanaq_identity_key", secrets.token_hex(32))
    _kept(folder, "sanaq_portal_secret", "ask the portal's people for the secret and write it here")
    for name in ("sanaq_sftp_key", "sftp_known_hosts"):  # from the gateway's people; empty while the inbox is read
        _kept(folder, name, "")
    _kept(folder, "sanaq_census_db_password", "ask the Census Database's operators for the password and write it here")
    _kept(folder, "census_db_ca.pem", "")  # the certificate of its issuer, from them too
    _kept(
        folder,
        "sanaq_odk_password",
        "where ODK Central is pulled, ask its operators for the password and write it here",
    )


def _kept(folder: Path, name: str, value: str) -> str:
    path = folder / name
    if not path.exists():
        path.write_text(value, encoding="utf-8")
        path.chmod(0o444)
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
