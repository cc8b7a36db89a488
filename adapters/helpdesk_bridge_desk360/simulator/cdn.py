"""File host (CDN): paths, names and answers.

documented: Desk360 API, "Send WhatsApp Media Message", for the host of its own, the path and the name. assumed: it is
open to everyone who has the URL, costs no call of the limit, and refuses foreign credentials as object stores do.
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator.reply import Reply

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.app import Call

PREFIX: Final = "/cdn"
FILES: Final = "/integrations/<int:integration_id>/attachments/<name>"
_UNKNOWN_TYPE: Final = "application/octet-stream"
_GROUPS: Final = {"image": ("images", "image"), "video": ("videos", "video")}
_DOCUMENTS: Final = frozenset({"application", "text"})


def is_cdn(call: Call) -> bool:
    """Whether a request is for the file host."""
    return call.path == PREFIX or call.path.startswith(f"{PREFIX}/")


def file_path(integration: int, name: str) -> str:
    """Return the path of a file below the host."""
    return f"/integrations/{integration}/attachments/{name}"


def refused(status: int, code: str) -> Reply:
    """Answer an error in the XML of object stores."""
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
    return Reply.text(xml, status, content_type="application/xml")


def sensible_type(declared: str, filename: str) -> str:
    """Return the declared type, or that of the name if none is declared; neither is checked."""
    declared = declared.partition(";")[0].strip().lower()
    if declared and declared != _UNKNOWN_TYPE:
        return declared
    return mimetypes.guess_type(filename)[0] or _UNKNOWN_TYPE


def group_of(content_type: str) -> tuple[str, str]:
    """Return the group and the kind of a file.

    documented: ``images`` and ``image``; observed in the vendor's mobile kit: videos, files, others; assumed: which.
    """
    main = content_type.partition("/")[0]
    if main in _GROUPS:
        return _GROUPS[main]
    return ("files", "file") if main in _DOCUMENTS else ("others", "other")
