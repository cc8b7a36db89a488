"""Mailbox: what arrived for the canary, read over IMAP; nothing is marked as read."""

from __future__ import annotations

import email
import email.policy
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.http.origin import NotAUrl, Origin
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.text import display

PORTS: Final = {"imap": 143, "imaps": 993}
PATIENCE: Final = 30.0
"""Seconds that one answer of the mail server may take."""
_FORM: Final = "imaps://USER:PASSWORD@HOST[:PORT][/MAILBOX]"
_UID: Final = re.compile(rb"UID (\d+)")
_UIDNEXT: Final = re.compile(rb"UIDNEXT (\d+)")


class MailboxUnread(Exception):
    """The mailbox cannot be read. The message names what failed, and no password."""


@frozen
class Mail:
    """A mail that arrived: its number in the mailbox, who sent it and its subject, as one line each."""

    uid: int
    sender: str
    subject: str


@frozen
class Mailbox:
    """A mailbox on an IMAP server. A password goes only over TLS, except to this machine."""

    host: str
    port: int
    tls: bool
    user: str
    password: Secret
    folder: str = field(default="INBOX")

    @classmethod
    def of(cls, url: str, where: str) -> Mailbox:
        """Return the mailbox that a URL names. Raises ``ConfigError``, without quoting it, for one that is none."""
        parts = urlsplit(url)
        try:
            port = parts.port or PORTS[parts.scheme]
        except (KeyError, ValueError):
            raise ConfigError(f"{where}: write {_FORM}") from None
        if not parts.hostname or not parts.username or parts.password is None:
            raise ConfigError(f"{where}: write {_FORM}")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        user, password = unquote(parts.username), unquote(parts.password)
        if not (user + password + folder).isprintable():
            raise ConfigError(f"{where}: write {_FORM}")
        return cls(parts.hostname, port, parts.scheme == "imaps", user, Secret(password), folder)

    def next_uid(self) -> int:
        """Return the number that the next mail gets. Raises ``MailboxUnread``."""
        with self._opened() as connection:
            _, answer = connection.status(_quoted(self.folder), "(UIDNEXT)")
            told = _UIDNEXT.search(answer[0] or b"") if answer else None
            if told is None:
                raise MailboxUnread(f"{self.host} does not tell which mail comes next")
            return int(told[1])

    def since(self, uid: int) -> list[Mail]:
        """Return the mails whose number is at least ``uid``, the first one first. Raises ``MailboxUnread``."""
        with self._opened() as connection:
            _, answer = connection.uid("SEARCH", f"UID {uid}:*")
            # "n:*" names the last mail too if its number is lower.
            numbers = sorted({int(one) for one in (answer[0] or b"").split() if int(one) >= uid})
            if not numbers:
                return []
            names = ",".join(map(str, numbers))
            _, rows = connection.uid("FETCH", names, "(UID BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])")
            return sorted((mail for row in rows if (mail := _mail(row)) is not None), key=lambda mail: mail.uid)

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        connection: imaplib.IMAP4 | None = None
        try:
            connection = self._connected()
            connection.login(self.user, self.password.reveal())
            kind, _ = connection.select(_quoted(self.folder), readonly=True)
            if kind != "OK":
                raise MailboxUnread(f"{self.host} has no mailbox {self.folder!r} for this user")
            yield connection
        except imaplib.IMAP4.error:
            # What a server says may quote what it was sent.
            raise MailboxUnread(f"{self.host} refused the user, the password or a command") from None
        except OSError as error:
            raise MailboxUnread(f"{self.host} cannot be reached ({type(error).__name__})") from None
        finally:
            if connection is not None:
                with suppress(imaplib.IMAP4.error, OSError):
                    connection.logout()

    def _connected(self) -> imaplib.IMAP4:
        context = ssl.create_default_context()
        if self.tls:
            return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=PATIENCE)
        connection = imaplib.IMAP4(self.host, self.port, timeout=PATIENCE)
        if not self._is_here:
            connection.starttls(context)
        return connection

    @property
    def _is_here(self) -> bool:
        host = f"[{self.host}]" if ":" in self.host else self.host
        try:
            return Origin.parse(f"http://{host}").is_loopback
        except NotAUrl:
            return False


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mail(row: object) -> Mail | None:
    """Return the mail of one part of a FETCH answer; None for the parts between."""
    if not isinstance(row, tuple) or len(row) < 2:  # noqa: PLR2004 - what was asked for, and its literal
        return None
    told = _UID.search(row[0])
    if told is None:
        return None
    headers = email.message_from_bytes(row[1], policy=email.policy.default)
    shown = (display.line(str(headers.get(name, ""))) for name in ("From", "Subject"))
    return Mail(int(told[1]), *shown)
