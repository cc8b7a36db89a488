"""Notices to whoever is responsible for a migration: at its end, when a decision is needed, and in an outage.

A notice holds the desks' names, counts and commands: no id, no address and no text of a customer. One that cannot be
delivered is logged, and the migration goes on.
"""

from __future__ import annotations

import logging
import os
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import unquote, urlsplit

import requests
from attrs import field, frozen

from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.http.origin import NotAUrl, Origin
from helpdesk_bridge.migration.outage import RATE_LIMIT, Wait
from helpdesk_bridge.model.addresses import Mailbox

logger = logging.getLogger("helpdesk_bridge.migration")

SMTP: Final = "HELPDESK_BRIDGE_SMTP"
"""The environment variable that names the mail server: ``smtp://[USER:PASSWORD@]HOST[:PORT]``, or ``smtps://``."""
PATIENCE: Final = 10.0
OUTAGE: Final = 60.0
"""Real seconds of an outage before somebody is told."""
_LAPSE: Final = 120.0
"""Real seconds without a wait after which an outage is over."""


@frozen(kw_only=True)
class Notice:
    """What somebody is told: the ``event`` is ended, decision or outage."""

    event: str
    migration: str
    text: str
    exit_code: int | None = None


Deliver = Callable[[Notice], None]


def deliverer(target: str) -> Deliver:
    """Return what delivers notices to an https URL (as a JSON POST whose ``text`` chats show) or to a ``mailto:`` address.

    Raises ``ConfigError`` for another target; plain http is for loopback alone.
    """
    if target.startswith("mailto:"):
        box = Mailbox.of(unquote(target.removeprefix("mailto:")))
        if box is None or "@" not in box.address or "?" in target:
            raise ConfigError("--notify: write mailto:ADDRESS, with one address and nothing after it")
        server = _smtp(os.environ.get(SMTP, "smtp://localhost:25"))
        return lambda notice: _mail(server, box.address, notice)
    try:
        origin = Origin.parse(f"{urlsplit(target).scheme}://{urlsplit(target).netloc.rpartition('@')[2]}")
    except (NotAUrl, ValueError):
        raise ConfigError("--notify: write an https:// URL or mailto:ADDRESS") from None
    if origin.scheme != "https" and not origin.is_loopback:
        raise ConfigError("--notify: a notice goes by https, except to this machine")
    return lambda notice: _post(target, notice)


def _post(url: str, notice: Notice) -> None:
    document = {
        "event": notice.event,
        "migration": notice.migration,
        "text": notice.text,
        "exit_code": notice.exit_code,
    }
    with requests.Session() as session:
        session.trust_env = False
        session.post(url, json=document, timeout=PATIENCE, allow_redirects=False).raise_for_status()


@frozen
class _Server:
    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def _smtp(url: str) -> _Server:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = urlsplit("")
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ConfigError(f"{SMTP}: write smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…")
    tls = parts.scheme == "smtps"
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return _Server(parts.hostname, port or (465 if tls else 25), tls, user, password)


def _mail(server: _Server, address: str, notice: Notice) -> None:
    message = EmailMessage()
    message["Subject"] = f"{notice.migration}: {notice.event}"
    message["From"] = message["To"] = address
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="helpdesk-bridge.invalid")
    message.set_content(notice.text + "\n")
    context = ssl.create_default_context()
    if server.tls:
        with smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=context) as connection:
            _deliver(connection, server, message)
        return
    with smtplib.SMTP(server.host, server.port, timeout=PATIENCE) as connection:
        if connection.has_extn("starttls") or server.password is not None:
            connection.starttls(context=context)  # a password never goes without
        _deliver(connection, server, message)


def _deliver(connection: smtplib.SMTP, server: _Server, message: EmailMessage) -> None:
    if server.user is not None and server.password is not None:
        connection.login(server.user, server.password)
    connection.send_message(message)


class Notifier:
    """Tells several targets; an outage once, after it has lasted a while."""

    def __init__(self, targets: tuple[Deliver, ...], migration: str) -> None:
        self._targets = targets
        self._migration = migration
        self._since: float | None = None
        self._until = 0.0
        self._told = False

    def tell(self, event: str, text: str, exit_code: int | None = None) -> None:
        """Deliver one notice to every target. Never raises for a target that cannot be reached."""
        notice = Notice(event=event, migration=self._migration, text=text, exit_code=exit_code)
        for deliver in self._targets:
            try:
                deliver(notice)
            except (OSError, smtplib.SMTPException, requests.RequestException, ValueError) as error:
                # The error's text may quote the address of the target, which may hold a secret.
                logger.warning(
                    "a notice (%s) could not be delivered: %s",
                    event,
                    type(error).__name__,
                    extra={"event": "migration.notice_undelivered", "notice": event, "error": type(error).__name__},
                )

    def waits(self, wait: Wait) -> None:
        """Take note of a wait; an outage of over a minute is told once."""
        if wait.reason == RATE_LIMIT or not self._targets:
            return
        now = real_seconds()
        if self._since is None or now > self._until + _LAPSE:
            self._since, self._told = now, False
        self._until = now + wait.seconds
        if not self._told and self._until - self._since >= OUTAGE:
            self._told = True
            self.tell("outage", f"{wait}; the migration goes on by itself when {wait.side} answers again")
