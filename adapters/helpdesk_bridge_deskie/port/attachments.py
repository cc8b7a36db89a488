"""Attachments (``desk.attachments``).

observed: files need the same Basic credentials as the API. The account's own host alone gets them; a file elsewhere is
fetched without them.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from typing import BinaryIO, Final, cast
from urllib.parse import urljoin, urlsplit

from attrs import field, frozen

from helpdesk_bridge.adapter import Answer, Attachment, Auth, NotFound, Request, Stack

_FILES: Final = "/attachments/"
_OWN_FILE: Final = re.compile(rf"{_FILES}([0-9]+/[^/]+)")
"""observed: files are at `/attachments/NUMBER/NAME` of the account's own host."""


@frozen
class OwnHost:
    """Tells the account's own URLs from others."""

    base_url: str

    def __call__(self, url: str) -> bool:
        """Whether ``url`` is on the account's own scheme, host and port, or relative."""
        absolute = self.absolute(url)
        return absolute is not None and _origin(absolute) == _origin(self.base_url)

    def absolute(self, url: str) -> str | None:
        """Return the absolute URL; None for ``data:``, ``cid:`` and empty text."""
        try:
            joined = urljoin(f"{self.base_url}/", url)
            return joined if url and urlsplit(joined).scheme in {"http", "https"} else None
        except ValueError:
            return None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ("", None, None)
    return (parts.scheme, parts.hostname, port)


@frozen
class DeskieFiles:
    """Files of messages."""

    stack: Stack = field(repr=False)
    own: OwnHost

    def reference(self, attachment: Attachment) -> str | None:
        """Return the number and name of a file of the account's own, as its URL has them."""
        path = urlsplit(self.own.absolute(attachment.locator) or "").path if self.own(attachment.locator) else ""
        found = _OWN_FILE.fullmatch(path)
        return found[1] if found is not None and attachment.locator.endswith(path) else None

    def referred(self, reference: str, ticket_id: str) -> Attachment:  # noqa: ARG002 - numbers are the account's
        """Return the file of that number."""
        return Attachment("file", locator=f"{_FILES}{reference}")

    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Stream a file's bytes. Raises ``NotFound`` for an attachment without a URL."""
        url = self.own.absolute(attachment.locator)
        if url is None:
            raise NotFound("Deskie gave no URL for this file")
        auth = Auth.WITH_AUTH if self.own(url) else Auth.WITHOUT_AUTH
        request = Request("GET", operation="attachments.open", url=url, auth=auth, answer=Answer.ANY)
        return cast("AbstractContextManager[BinaryIO]", self.stack.open(request))
