"""Facets that a desk hands on as the adapter has them: webhooks and message templates."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from helpdesk_bridge.model.drafts import Sent
from helpdesk_bridge.model.values import Upload
from helpdesk_bridge.portable.value import Portable


class Webhooks(Protocol):
    """``desk.webhooks`` of a vendor whose events only tell what happened: there is nothing to store."""

    @property
    @abstractmethod
    def guarded(self) -> bool:
        """Whether a request without the desk's own token is refused."""

    @abstractmethod
    def parse(self, body: bytes, headers: Mapping[str, str], token: str | None) -> Sequence[Portable]:
        """Return the events of a request, storing nothing; each vendor has its own classes of events."""


@runtime_checkable
class StoringWebhooks(Webhooks, Protocol):
    """``desk.webhooks`` of a vendor whose events are kept in an inbox."""

    @abstractmethod
    def prepare(self) -> None:
        """Open the inbox. Raises ``Unsupported`` if none is set."""

    @abstractmethod
    def receive(self, body: bytes, headers: Mapping[str, str], token: str | None) -> Sequence[Portable]:
        """Store the events of a request and return those that are new."""


class Template(Protocol):
    """A message template; a vendor's own class has more."""

    @property
    @abstractmethod
    def id(self) -> int | str:
        """What ``send`` takes."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people see, and ``send`` takes too."""


class Templates(Protocol):
    """``desk.templates``: messages whose text the vendor has approved."""

    @abstractmethod
    def list(self) -> Sequence[Template]:
        """Return all templates as they are now."""

    @abstractmethod
    def send(
        self,
        template: int | str,
        to: str,
        *,
        language: int | str | None = None,
        parameters: Mapping[str, str] | None = None,
        attachment: Upload | None = None,
    ) -> Sent:
        """Send a template, by its id or name, to one number; it reaches the customer."""
