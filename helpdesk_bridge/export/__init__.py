"""Exports: a desk's tickets as files for analysts, spreadsheets and language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.export.export import Export, ExportOptions
    from helpdesk_bridge.export.manifest import Manifest, read_manifest
    from helpdesk_bridge.export.tables import TABLES, Table

__all__ = ["TABLES", "Export", "ExportOptions", "Manifest", "Table", "read_manifest"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.export.export": "Export ExportOptions",
        "helpdesk_bridge.export.manifest": "Manifest read_manifest",
        "helpdesk_bridge.export.tables": "TABLES Table",
    },
)
