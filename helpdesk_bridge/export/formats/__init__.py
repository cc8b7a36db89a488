"""Formats of an export: each writes tables into files in its own way."""

from __future__ import annotations

from helpdesk_bridge.export.formats.contract import Format, Sheet
from helpdesk_bridge.export.formats.csv_files import CSV
from helpdesk_bridge.export.formats.jsonl import JSONL
from helpdesk_bridge.export.formats.parquet import PARQUET
from helpdesk_bridge.export.formats.sqlite import SQLITE

FORMATS: dict[str, Format] = {one.name: one for one in (PARQUET, JSONL, SQLITE, CSV)}

__all__ = ["FORMATS", "Format", "Sheet"]
