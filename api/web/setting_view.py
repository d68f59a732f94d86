"""The settings as administrators see them: value, where it comes from, what a change would do, where to change it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from api.web.setting_words import EFFECTS, GROUPS, OTHERS
from matcher.settings import PREFIX, SETTINGS_FILE, Origin, Settings, origins


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting. value: masked where it is secret. usual: its default. effect: marked for translation, empty where
    nobody has said. is_new: another value was set since this service started, which counts from the next start on."""

    name: str
    value: str
    usual: str
    description: str
    effect: str
    origin: Origin
    is_new: bool

    @property
    def where(self) -> str:
        """What to edit."""
        return PREFIX + self.name.upper() if self.origin is Origin.ENVIRONMENT else f"{self.name} ({SETTINGS_FILE})"


def setting_groups(settings: Settings) -> list[tuple[str, list[SettingLine]]]:
    """By group, each in its order."""
    known = origins(settings)
    lines = {name: _line(settings, name, *known[name]) for name in known}
    groups = [(title, [lines.pop(name) for name in names if name in lines]) for title, names in GROUPS.items()]
    return [*groups, *([(OTHERS, list(lines.values()))] if lines else [])]


def changed_names(settings: Settings) -> Iterator[str]:
    """Settings that would have another value after a start now."""
    return (name for name, (origin, same) in origins(settings).items() if not same and origin is not Origin.GIVEN)


def _line(settings: Settings, name: str, origin: Origin, same: bool) -> SettingLine:
    field = Settings.model_fields[name]
    value, usual = _shown(getattr(settings, name)), _shown(field.default)
    return SettingLine(name, value, usual, field.description or "", EFFECTS.get(name, ""), origin,
                       is_new=not same and origin is not Origin.GIVEN)  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
