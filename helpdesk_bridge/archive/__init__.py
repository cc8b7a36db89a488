"""Archives: a desk's records in a folder of this machine, read once, then brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.archive.archive import Archive, Run
    from helpdesk_bridge.archive.outcome import ArchiveDamaged, ArchiveError, FolderInUse, Interrupted, WrongFolder
    from helpdesk_bridge.archive.reading import Reading
    from helpdesk_bridge.archive.rows import Event, Tombstone
    from helpdesk_bridge.archive.scope import Scope

__all__ = [
    "Archive", "ArchiveDamaged", "ArchiveError", "Event", "FolderInUse", "Interrupted", "Reading", "Run", "Scope",
    "Tombstone", "WrongFolder",
]  # fmt: skip

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.archive.archive": "Archive Run",
        "helpdesk_bridge.archive.outcome": "ArchiveDamaged ArchiveError FolderInUse Interrupted WrongFolder",
        "helpdesk_bridge.archive.reading": "Reading",
        "helpdesk_bridge.archive.rows": "Event Tombstone",
        "helpdesk_bridge.archive.scope": "Scope",
    },
)
