"""The settings that this service runs with, for administrators; nothing secret among them."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api.deps import TheDesk
from api.routes import described
from api.wire_quality import Wire
from matcher.audit.standing import standing

router = APIRouter(prefix="/v1", tags=["settings"])


class SettingsOut(Wire):
    """Settings by name, as they stood when the service started. Addresses and secrets are shown as "set"."""

    settings: dict[str, Any]
    calibrations: dict[str, str] = Field(description="SHA-256 of the calibrations that the operator made, by engine")
    program: str = Field(description="its version")


@router.get("/settings", summary="The settings", responses=described.errors(503))
def settings(desk: TheDesk) -> SettingsOut:
    """What files, the environment and options said. They are changed where the service is run; the audit has each
    change (`setting_changed`)."""
    found = standing(desk.settings.model_dump(mode="json"), desk.settings.home)
    return SettingsOut(
        settings=found["settings"], calibrations=found["calibrations"], program=str(found["models"]["program"])
    )
