"""The keys of an archive in the configuration."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from helpdesk_bridge.errors import ConfigError


def _folder(value: str | Path) -> Path:
    if not str(value).strip() or "\x00" in str(value):
        raise ConfigError("path: name the folder of an archive")
    return Path(value).expanduser()


@frozen(kw_only=True)
class ArchiveSettings:
    """``path`` is the folder that ``migrate extract`` or ``export`` filled."""

    path: Path = field(converter=_folder)
