"""Files by URL: attachments behind expiring links, inline images behind public links."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from helpdesk_bridge.datasets.dataset import SeedFile
from helpdesk_bridge.testing.simulator import Call, FileStore, Reply, SimulatorClock, StoredFile
from helpdesk_bridge_desk365.simulator.text import INLINE_ORIGIN, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

LIFETIME: Final = 3599
"""Seconds that a signed URL works. observed: `X-Amz-Expires=3599`, dossier section 7."""

LEAST: Final = 10.0
"""Real seconds that it works however fast the vendor's go: a busy machine needs them between the address and the file."""

FILES_PATH: Final = "/files"
INLINE_PATH: Final = "/d365-inline-imgs"

_STAMP: Final = "%Y%m%dT%H%M%SZ"
_TOKENS_A_SECOND: Final = 1000
_SIGNING_KEY: Final = b"simulated object storage"
_NAMES: Final = uuid.UUID("3b0f3c52-8d57-4a6e-9d55-5f1f4a0f0365")
_CID: Final = re.compile(r"cid:([^\s\"'<>]+)", re.IGNORECASE)


class FileLinks:
    """Keeps files, writes their URLs, and judges the requests for them.

    The date in a URL is the time that stamps records. Expiry counts vendor seconds, so that a scaled simulator's URLs
    expire sooner, but not within ``LEAST``: the vendor's clock is in the token beside the date, which clients do not read.
    """

    def __init__(self, store: FileStore, clock: SimulatorClock) -> None:
        self._store = store
        self._clock = clock
        self._files: dict[str, StoredFile] = {}
        self._inline: dict[str, StoredFile] = {}

    def keep(self, filename: str, content_type: str, content: bytes) -> StoredFile:
        """Keep one attachment."""
        stored = self._store.put(filename, content_type, content)
        self._files[_key(stored)] = stored
        return stored

    def keep_all(self, files: Iterable[SeedFile]) -> tuple[StoredFile, ...]:
        """Keep the attachments among the files; inline images are none. observed: dossier section 7."""
        return tuple(self.keep(file.filename, file.content_type, file.content) for file in files if not file.inline)

    def publish_inline(self, markup: str, files: Iterable[SeedFile]) -> str:
        """Point the `cid:` images of a message at public, unsigned URLs. observed: dossier section 7."""
        links: dict[str, str] = {}
        for file in files:
            if file.inline:
                stored = self._store.put(file.filename, file.content_type, file.content)
                self._inline[_key(stored)] = stored
                links[file.content_id or file.filename] = f"{INLINE_ORIGIN}{_key(stored)}/{_path_name(stored)}"
        return _CID.sub(lambda match: links.get(match[1], match[0]), markup) if links else markup

    def descriptor(self, stored: StoredFile, created_on: datetime, base_url: str) -> dict[str, Any]:
        """Return an attachment as details and conversations give it, with a fresh URL. observed: dossier section 7."""
        return {
            "file_name": stored.filename,
            "file_size": len(stored.content),
            "file_type": stored.content_type,
            "created_on": time_text(created_on),
            "attachment_url": self._signed(stored, base_url),
        }

    def download(self, call: Call, key: str) -> Reply:
        """Return the bytes, or object storage's XML refusal: a second authentication, expired, altered, unknown."""
        if "Authorization" in call.headers:
            return _xml(HTTPStatus.BAD_REQUEST, "InvalidArgument", "Only one auth mechanism allowed")
        stamp, token = call.query.get("X-Amz-Date", ""), call.query.get("X-Amz-Security-Token", "")
        stored = self._files.get(key)
        given = call.query.get("X-Amz-Signature", "")
        if stored is None or not hmac.compare_digest(given.encode(), _signature(key, stamp, token).encode()):
            return _xml(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied")
        if self._clock.elapsed() >= int(token) / _TOKENS_A_SECOND + self._lifetime():
            return _xml(HTTPStatus.FORBIDDEN, "AccessDenied", "Request has expired")
        return _bytes(stored)

    def inline_image(self, key: str) -> Reply:
        """Return the image, to anybody; object storage's XML if there is none."""
        stored = self._inline.get(key)
        return _xml(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied") if stored is None else _bytes(stored)

    def _lifetime(self) -> float:
        return max(LIFETIME, LEAST * self._clock.time_scale)

    def _signed(self, stored: StoredFile, base_url: str) -> str:
        key, stamp = _key(stored), self._clock.now().astimezone(UTC).strftime(_STAMP)
        token = str(int(self._clock.elapsed() * _TOKENS_A_SECOND))
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": stamp,
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": LIFETIME,
            "X-Amz-Security-Token": token,
            "X-Amz-Signature": _signature(key, stamp, token),
        }
        return f"{base_url}{FILES_PATH}/{key}/{_path_name(stored)}?{urlencode(query)}"


def _key(stored: StoredFile) -> str:
    return str(uuid.uuid5(_NAMES, str(stored.id)))


def _path_name(stored: StoredFile) -> str:
    """Return the name as a path's last segment; one that a client would fold away is not shown."""
    name = stored.filename.lstrip("/")
    return "file" if name in ("", ".", "..") else quote(name, safe="", errors="replace")


def _signature(key: str, stamp: str, token: str) -> str:
    return hmac.new(_SIGNING_KEY, f"{key}\n{stamp}\n{token}".encode(), hashlib.sha256).hexdigest()


def _bytes(stored: StoredFile) -> Reply:
    return Reply(HTTPStatus.OK, stored.content, {"Content-Type": stored.content_type, "Accept-Ranges": "bytes"})


def _xml(status: int, code: str, message: str) -> Reply:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message><RequestId>0</RequestId></Error>"
    )
    return Reply(status, body.encode(), {"Content-Type": "application/xml"})
