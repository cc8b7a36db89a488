"""Exports for tests, and what a reader finds in them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb

from helpdesk_bridge.export import Export, ExportOptions


def export(desk, to, *, archive=None, stop=None, progress=None, **options):
    """Export a desk and return the manifest."""
    more = {} if progress is None else {"progress": progress}
    return Export(desk, to, ExportOptions(archive=archive, **options), stop=stop, **more).run()


def parquet(to, table, what="*", rest=""):
    """Rows of a table as DuckDB reads them."""
    name = f"{to}/{table}/**/*.parquet"
    return duckdb.sql(f"SELECT {what} FROM read_parquet('{name}', hive_partitioning = true) {rest}").fetchall()  # noqa: S608 - a test


def lines(to, table):
    """Documents of a table of JSON lines."""
    return [
        json.loads(line)
        for path in sorted(Path(to, table).rglob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def checked(to):
    """The manifest of an export whose files are exactly those that it names, with their checksums."""
    to = Path(to)
    manifest = json.loads((to / "manifest.json").read_text("utf-8"))
    for part in manifest["files"]:
        content = (to / part["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (part["bytes"], part["sha256"]), part["path"]
    there = {path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file()}
    others = {one for one in there if one.startswith("attachments/")} | {"manifest.json", ".lock"}
    assert there - others == {part["path"] for part in manifest["files"]}
    return manifest


def said(to):
    """Every byte of an export, its names included."""
    names = "\n".join(path.relative_to(to).as_posix() for path in Path(to).rglob("*"))
    return names.encode() + b"\n".join(path.read_bytes() for path in sorted(Path(to).rglob("*")) if path.is_file())
