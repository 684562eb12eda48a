"""Settings from `SANAQ_*` environment variables, secret files in `SANAQ_SECRETS_DIR`, or `sanaq.toml`; the first of them wins."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from pipeline.errors import BadSetting

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "SANAQ_"
NO_SETTINGS = ("SANAQ_SECRETS_DIR", "SANAQ_CLOCK", "SANAQ_ALERT_TO", "SANAQ_AIRFLOW_PORT", "SANAQ_AIRFLOW_URL", "SANAQ_LAKE_VOLUME", "SANAQ_INBOX_VOLUME", "SANAQ_WORK_VOLUME")  # fmt: skip
MEMORY = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?B|%)", re.IGNORECASE)
FORM = re.compile(r"\d+/\S+")
ADDRESS = re.compile(
    r"https://[^\s/?#@]+(/[^\s?#@]*)?|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[^\s?#]*)?"
)

GATEWAY = re.compile(r"sftp://[^\s:@/]+@[^\s:@/]+(:[0-9]{1,5})?(/[^\s]*)?")


def _memory(value: str) -> str:
    if not MEMORY.fullmatch(value):
        raise ValueError("an amount of memory is wanted, for instance 4GB or 60%")
    return value


def _address(value: str) -> str:
    if not ADDRESS.fullmatch(value):
        raise ValueError(
            "an address is wanted like https://HOST/FOLDER without a password; http:// is for this machine alone"
        )
    return value


def _given(value: object) -> object:
    return None if value == "" else value  # a compose file cannot leave a variable out


def _gateway(value: object) -> object:
    if value in (None, ""):  # a compose file cannot leave a variable out
        return None
    if not GATEWAY.fullmatch(str(value)):
        raise ValueError("an address is wanted like sftp://USER@HOST:PORT/FOLDER, without a password")
    return value


def _database(value: str | None) -> str | None:
    """Hold an address to what may be shown and sent: no password in it, and beyond this machine only with a certificate."""
    if not value:
        return None
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        said = conninfo_to_dict(value)
    except ProgrammingError:
        said = {}
    places = str(said.get("hostaddr") or said.get("host") or "").split(",")
    if not value.startswith(("postgresql://", "postgres://")) or "" in places:
        raise ValueError("an address is wanted like postgresql://sanaq_reader@host:5432/census")
    if any("password" in key for key in said):
        raise ValueError("the password belongs into SANAQ_CENSUS_DB_PASSWORD")
    if "passfile" in said or "service" in said:
        raise ValueError("no passfile and no service: what they would add is not seen here")
    if all(place.startswith("/") or place in ("localhost", "127.0.0.1", "::1") for place in places):
        return value
    if said.get("sslmode", "verify-full") != "verify-full":
        raise ValueError("beyond this machine only sslmode=verify-full is safe")
    return value if "sslmode" in said else f"{value}{'&' if '?' in value else '?'}sslmode=verify-full"


def _address_or_none(value: str | None) -> str | None:
    return _address(value) if value else None


def _forms(value: str | None) -> str | None:
    if not all(FORM.fullmatch(name) for name in (value or "").split()):
        raise ValueError("forms are wanted like 7/household, blanks between")
    return value


class Settings(BaseSettings):
    """Everything that may differ between two machines that run the same code on the same data."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file="sanaq.toml", extra="forbid", frozen=True)

    lake: Path = Field(
        PROJECT / "data" / "lake", description="folder of everything received and built; on an encrypted volume"
    )
    inbox: Path = Field(PROJECT / "data" / "inbox", description="drop folder the routes are received from")
    round: Path = Field(
        PROJECT / "data" / "rounds" / "kz-2021-mangystau.yaml", description="the round: dates, windows, residence table"
    )
    reference: Path = Field(PROJECT / "data" / "reference", description="categories, KATO, code lists, questionnaire")
    crosswalks: Path = Field(
        PROJECT / "data" / "crosswalks", description="which variables of other survey tools are which of ours"
    )
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="DuckDB threads of one step")
    memory_limit: Annotated[str, AfterValidator(_memory)] = Field(
        "4GB", description="DuckDB memory of one step; beyond it spills to the lake's temp folder"
    )
    portal_url: Annotated[str, AfterValidator(_address)] = Field(
        "http://127.0.0.1:8765", description="base address of the portal's API"
    )
    portal_ca: Annotated[Path | None, BeforeValidator(_given)] = Field(
        None, description="file with the certificate of the portal's issuer, PEM; when not set the public ones are held"
    )
    portal_client: str = Field("sanaq", description="name the portal knows us by")
    portal_secret: SecretStr | None = Field(
        None,
        description="secret for which the portal gives short-lived tokens; none, and no address set: the route is not received",
    )
    sftp_url: Annotated[str | None, BeforeValidator(_gateway)] = Field(
        None,
        description="gateway tablet_vpn is pulled from, sftp://USER@HOST:PORT/FOLDER; when not set the inbox is read",
    )
    sftp_key: SecretStr | None = Field(None, description="private key for the gateway, OpenSSH text, no passphrase")
    sftp_known_hosts: Path | None = Field(
        None, description="file like ~/.ssh/known_hosts that names the gateway's host key"
    )
    sftp_remove: bool = Field(False, description="take bundles off the gateway once they have landed and been verified")
    census_db_url: Annotated[str | None, AfterValidator(_database)] = Field(
        None, description="address of the Census Database, without a password; none: the route is not received"
    )
    census_db_password: SecretStr | None = Field(None, description="password of the Census Database's reading role")
    odk_url: Annotated[str | None, AfterValidator(_address_or_none)] = Field(
        None, description="ODK Central server that tablet_vpn is pulled from besides; none: no pull"
    )
    odk_email: str | None = Field(None, description="account on ODK Central that may read submissions")
    odk_password: SecretStr | None = Field(None, description="password of that account")
    odk_forms: Annotated[str | None, AfterValidator(_forms)] = Field(
        None, description="forms pulled from ODK Central, PROJECT/FORM_ID, blanks between"
    )
    trust_root: str | None = Field(
        None,
        description="public key (Ed25519, base64) that vouches for tablets' keys; when not set the register alone does",
    )
    id_key: SecretStr | None = Field(
        None, description="secret from which person ids are derived; without one nothing is released"
    )
    identity_key: Annotated[SecretStr | None, BeforeValidator(_given)] = Field(
        None, description="secret with which tables of identity are encrypted; none: they rely on the volume"
    )
    sheet_password: SecretStr | None = Field(
        None, description="password of review sheets; when not set it is asked for on the terminal"
    )
    max_file_bytes: int = Field(4 * 1024**3, ge=1, description="largest single file received")
    keep_builds: int = Field(
        10, ge=1, description="builds kept besides those published or closed on; any can be made again"
    )
    keep_snapshots: int = Field(
        14,
        ge=1,
        description="nightly snapshots kept in operations/ besides those released or closed on; releases are all kept",
    )
    allow_plain_volume: bool = Field(
        False, description="accept a lake on a volume that is not encrypted (sandbox only)"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = os.environ.get("SANAQ_SECRETS_DIR")
        if folder is not None and not Path(folder).is_dir():  # else a night would run without its keys
            raise SettingsError("no such folder")
        files = SecretsSettingsSource(settings_cls, secrets_dir=folder)
        return init_settings, env_settings, files, TomlConfigSettingsSource(settings_cls)


def unknown_variables() -> dict[str, str | None]:
    """Return the `SANAQ_*` variables and secret files that nothing reads, with the name each may have been meant for.

    A mistyped one is no error of its own: what it should have set keeps its default, and nobody is told.
    """
    known = [*(name.upper() for name in Settings.model_fields), *(name.removeprefix(PREFIX) for name in NO_SETTINGS)]
    folder = os.environ.get("SANAQ_SECRETS_DIR")
    names = {*os.environ, *(path.name for path in Path(folder).glob("*"))} if folder else {*os.environ}
    ours = {name: name.upper().removeprefix(PREFIX) for name in sorted(names) if name.upper().startswith(PREFIX)}
    near = {name: difflib.get_close_matches(bare, known, n=1) for name, bare in ours.items() if bare not in known}
    return {name: PREFIX + found[0] if found else None for name, found in near.items()}


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Parameters
    ----------
    **overrides
        Values that win over environment and file (tests, command-line options).

    Raises
    ------
    BadSetting
        A value cannot be used; the message names the setting, never its value (it may be a secret).
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what mypy cannot see
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        reason = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"]
        raise BadSetting(
            f"setting {name!r} cannot be used: {reason.removeprefix('Value error, ')}",
            where=f"SANAQ_{name.upper()} or sanaq.toml",
            todo="Correct it; `sanaq doctor` lists every setting and what it expects.",
        ) from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line \d+, column \d+", str(error))
        raise BadSetting(
            f"the file is not TOML{' ' + place[0] if place else ''}",
            where="sanaq.toml in the folder you are in",
            todo="Correct it, or take it away and use SANAQ_* environment variables.",
        ) from None
    except SettingsError:
        raise BadSetting(
            "the secret files cannot be read", where="SANAQ_SECRETS_DIR", todo="Name a folder with one file per secret."
        ) from None
