"""One frozen table of settings: from arguments, the environment (MATCHER_...) and ``settings.toml`` in the home."""

import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from matcher.engines.networks import Precision
from matcher.engines.opening import DLIB_RESNET, engine_names
from matcher.errors import BadSetting

SETTINGS_FILE = "settings.toml"
PREFIX = "MATCHER_"


class IndexKind(StrEnum):
    """Where searches look."""

    AUTO = "auto"
    """In memory while the gallery is small, on disk from then on."""
    EXACT = "exact"
    """In memory, filled from the records at every start."""
    COMPRESSED = "compressed"
    """On disk, shared by all processes of the home."""


class LogFormat(StrEnum):
    """How the service writes its log."""

    TEXT = "text"
    JSON = "json"


class Settings(BaseModel):
    """Everything that can be set, with its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(description="the data folder: records, index, caches")
    database_url: SecretStr | None = Field(
        None,
        description="where the records are if not in the home, as in postgresql+psycopg://user:password@host/database",
    )
    database_connections: int = Field(16, ge=2, le=1000, description="connections to a database server at most")
    engine: str = Field(DLIB_RESNET, description="the engine that makes templates; matcher engines list names them")
    precision: Precision = Field(Precision.AUTO, description="auto, float or int8: numbers that the networks use")
    threads: int = Field(1, ge=1, le=256, description="threads that one photo's networks may use")
    workers: int = Field(0, ge=0, le=256, description="processes for enrolment and backlogs; 0: one a core")
    index: IndexKind = Field(IndexKind.AUTO, description="auto, exact (in memory) or compressed (on disk)")
    index_url: SecretStr | None = Field(
        None,
        description="a Milvus for the index of a new home, as in milvus://host:19530; see matcher gallery move",
    )
    index_token: SecretStr | None = Field(None, description="user:password or an API key for that Milvus")
    recall: float = Field(0.999, ge=0.5, le=0.9999, description="share of the true 20 nearest that searches must find")
    top: int = Field(20, ge=1, le=1000, description="candidates in a list")
    prior: float = Field(0.5, gt=0, lt=1, description="the assumed share of searches whose person is in the gallery")
    fpir: float | None = Field(
        None, gt=0, lt=1, description="list only candidates below this false-alarm probability; all are listed if unset"
    )
    quality: bool = Field(
        True, description="measure the quality of photos that are searched with or enrolled, and refuse the unfit"
    )
    quality_poor_below: float = Field(55, ge=0, le=100, description="below this score a photo's quality is warned of")
    quality_unfit_below: float = Field(10, ge=0, le=100, description="below this score photos are refused")
    keep_photos: bool = Field(True, description="keep the reference photos' bytes, so that candidates can be shown")
    max_photo_bytes: int = Field(32 * 2**20, ge=1024, description="larger photo files are refused")
    max_photo_pixels: int = Field(64_000_000, ge=10_000, description="larger photos are refused")
    max_job_bytes: int = Field(
        2**36, ge=1024, description="larger uploads of a job's photos, or of embeddings, are refused"
    )
    case_deadline_days: int = Field(180, ge=1, le=3650, description="days from custody to a case's deadline")
    document_key: Path | None = Field(
        None, description="the private key that documents are signed with; document-key.pem in the home if unset"
    )
    document_office: str = Field("", max_length=200, description="the office that asks, as documents name it")
    document_contact: str = Field("", max_length=200, description="how that office is reached, as documents say it")
    document_fonts: str = Field(
        "", description="font files, with commas, for characters that the documents' own font lacks"
    )
    host: str = Field("127.0.0.1", description="the address that the service listens on")
    port: int = Field(8000, ge=0, le=65535, description="the port that the service listens on; 0: any free one")
    without_accounts: bool = Field(
        False, description="serve this machine alone to whoever uses it, until there is an account"
    )
    hosts: str = Field(
        "", description="names under which others reach the service, with commas; loopback always is one"
    )
    tls_cert: Path | None = Field(None, description="the certificate chain that the service shows, in PEM")
    tls_key: Path | None = Field(None, description="the certificate's private key, in PEM")
    behind_proxy: str = Field(
        "", description="addresses or networks of the proxies that may pass requests on, with commas"
    )
    session_idle_minutes: int = Field(
        30, ge=1, le=1440, description="a browser that asks nothing so long is signed out"
    )
    session_hours: int = Field(12, ge=1, le=168, description="after so long a browser is signed out in any case")
    password_kib: int = Field(
        65_536, ge=19_456, le=2**21, description="memory that one hash of a password takes, in KiB"
    )
    rate_per_minute: int = Field(6_000, ge=0, description="requests of one account or token; 0: any number")
    stranger_rate_per_minute: int = Field(
        600, ge=0, description="requests from one address without a valid account; 0: any number"
    )
    sign_ins_per_minute: int = Field(20, ge=0, description="sign-ins tried from one address; 0: any number")
    most_at_once: int = Field(64, ge=1, description="requests under way at once; more are asked to come again")
    body_seconds: float = Field(
        60, gt=0, le=3600, description="a request whose body takes longer to come is ended; not uploads to the disk"
    )
    body_pause_seconds: float = Field(
        15, gt=0, le=3600, description="a request of whose body nothing comes for so long is ended"
    )
    drain_seconds: float = Field(
        0, ge=0, le=600, description="after SIGTERM, go on answering so long while /readyz already says no"
    )
    log_format: LogFormat = Field(LogFormat.TEXT, description="text, or json: a line of JSON each")
    openid_issuer: str = Field("", description="the OpenID provider that signs people in; empty: none")
    openid_client_id: str = Field("", description="this service's name at the provider")
    openid_client_secret: SecretStr | None = Field(None, description="its secret there, if it has one")
    openid_name_claim: str = Field("preferred_username", description="the claim that accounts are named by")
    openid_role_claim: str = Field("groups", description="the claim that openid_roles maps to roles")
    openid_roles: str = Field(
        "", description="values of that claim and the roles they give: clerks=officer,chiefs=supervisor"
    )

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, name: str, info: ValidationInfo) -> str:
        known = engine_names(info.data.get("home"))
        if name not in known:
            raise ValueError(f"it must be {', '.join(known)}, or added with matcher engines add")
        return name

    @property
    def worker_count(self) -> int:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.workers or cores


def default_home() -> Path:
    """MATCHER_HOME, else the place where this system keeps programs' data."""
    named = os.environ.get(PREFIX + "HOME")
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "identity-matcher"


def load_settings(home: Path | None = None, **given: object) -> Settings:
    """Settings: what is given here wins over the environment, that over the file; raises BadSetting."""
    place = (home or default_home()).expanduser().absolute()
    file, environment = _from_file(place / SETTINGS_FILE), _from_environment()
    said = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**{**file, **environment, **said, "home": place})
    except ValidationError as exc:
        first = exc.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        origin = f"setting {name}"
        if name not in said:
            origin = PREFIX + name.upper() if name in environment else f"{name} in {place / SETTINGS_FILE}"
        raise BadSetting(f"{origin} {_complaint(first)}") from exc


class Origin(StrEnum):
    """Where a setting's value comes from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    GIVEN = "given"
    """At the start, on the command line."""


def origins(settings: Settings) -> dict[str, tuple[Origin, bool]]:
    """Of every setting but the home: where it would come from at the next start, and whether it would be the same then.

    Raises BadSetting where the file or the environment have become unusable.
    """
    file, environment = _from_file(settings.home / SETTINGS_FILE), _from_environment()
    anew = load_settings(settings.home)
    found = {}
    for name in Settings.model_fields:
        if name == "home":
            continue
        origin = Origin.ENVIRONMENT if name in environment else Origin.FILE if name in file else Origin.DEFAULT
        same = getattr(anew, name) == getattr(settings, name)
        found[name] = (Origin.GIVEN if origin is Origin.DEFAULT and not same else origin, same)
    return found


def _complaint(error: ErrorDetails) -> str:
    """What is wrong with a setting, without the validator's own manner of speaking."""
    if error["type"] == "extra_forbidden":
        return f"is no setting; there are {', '.join(Settings.model_fields)}"
    wish = error["msg"].partition(", unable to")[0]
    wish = wish.removeprefix("Value error, ").replace("Input should be", "it must be")
    return f"is {error['input']!r}: {wish}"


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        # A home that is no folder is told, with its own remedy, when it is opened.
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise BadSetting(f"{path} can't be used: {exc}; correct it or remove it") from exc


def _from_environment() -> dict[str, str]:
    names = {PREFIX + name.upper(): name for name in Settings.model_fields if name != "home"}
    return {field: os.environ[name] for name, field in names.items() if name in os.environ}
