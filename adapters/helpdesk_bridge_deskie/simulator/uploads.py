"""Uploads: the files of a request, as parts of a form or as URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import Refused
from helpdesk_bridge_deskie.simulator.records.records import FileEntry
from helpdesk_bridge_deskie.simulator.refusals import error_reply, invalid

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.call import Call
    from helpdesk_bridge.testing.simulator.files import FileStore
    from helpdesk_bridge_deskie.simulator.parameters import Params

FILE_BYTES = 25 << 20
"""observed: Deskie's page "Attachments": a file has 25 MB at most…"""
REQUEST_BYTES = 50 << 20
"""…and all files of a request 50 MB."""
_PART = re.compile(r"(\w+)\[attachments\](?:\[\d*\])?")
_OWN_FILE = re.compile(r"/attachments/(\d+)/[^/]+")


def upload_files(
    files: FileStore, call: Call, params: Params, wrapper: str, *, origin: str, urls: bool, too_large: int
) -> list[FileEntry]:
    """Keep the files of a request and return how messages refer to them.

    observed: on a page of Deskie's parts `case[attachments][1]`, or `attachment_urls` that the vendor downloads. observed: clients count
    from 0, or send `[attachments][]`. The simulator downloads nothing: a URL has to name one of its own files, any
    other is refused with 400 `wrong_attachment_urls`.
    """
    uploads = [each for each in call.files if (part := _PART.fullmatch(each.field)) and part[1] == wrapper]
    sizes = [len(each.content) for each in uploads]
    if any(size > FILE_BYTES for size in sizes) or sum(sizes) > REQUEST_BYTES:
        raise Refused(error_reply(too_large, "attachment_too_large"))
    copied = [_copied(files, url, origin, allowed=urls) for url in params.texts("attachment_urls")]
    kept = [files.put(each.filename, each.content_type, each.content) for each in uploads]
    entries = [FileEntry(each.id, each.filename, len(each.content), each.content_type) for each in kept]
    return entries + copied


def _copied(files: FileStore, url: str, origin: str, *, allowed: bool) -> FileEntry:
    match = _OWN_FILE.fullmatch(url.removeprefix(origin)) if url.startswith(origin) else None
    stored = files.get(int(match[1])) if match else None
    if stored is None or not allowed:
        raise invalid("wrong_attachment_urls")
    return FileEntry(stored.id, stored.filename, len(stored.content), stored.content_type)
