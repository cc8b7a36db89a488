"""The keys of a local desk in the configuration."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.store.file import MEMORY


def _path(value: str | Path) -> str:
    if not str(value).strip() or "\x00" in str(value):
        raise ConfigError('path: name a file, or ":memory:" for a desk that is gone when it is closed')
    # A configuration file's folder may stand in front of it.
    return MEMORY if Path(value).name == MEMORY else str(value)


@frozen(kw_only=True)
class LocalSettings:
    """``path`` is a file or ``:memory:``. ``like`` is a vendor's name: the desk refuses what that vendor cannot do."""

    path: Path | str = field(converter=_path)
    like: str | Capabilities | None = None

    def __attrs_post_init__(self) -> None:
        if self.like in ("local", ""):
            raise ConfigError("like: name another vendor, or leave it out for a desk that can do everything")
