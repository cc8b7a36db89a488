"""Interactive messages: text with buttons. documented: Desk360 API, "Send WhatsApp Interactive Message"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from helpdesk_bridge.adapter import Invalid
from helpdesk_bridge_desk360.wire.writing import checked_kind, checked_list, checked_text

BODY_LIMIT: Final = 1024
BUTTONS: Final = 10
ID_LIMIT: Final = 200
TITLE_LIMIT: Final = 20
SMALL_TEXT_LIMIT: Final = 60
MEDIA: Final = ("image", "video", "document")


@frozen
class Button:
    """A button: ``id`` comes back in the webhook when it is pressed, the customer sees ``title``."""

    id: str
    title: str


@frozen(kw_only=True)
class Header:
    """The part above the body: a ``text``, or a ``link`` to an image, a video or a document.

    ``filename`` names a document. Its key is not documented (assumed: ``document.filename``).
    """

    type: str
    text: str | None = None
    link: str | None = field(default=None, repr=False)
    filename: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the JSON of the header. Raises ``Invalid`` if it lacks what its type requires."""
        if self.type == "text":
            self._refuse(link=self.link, filename=self.filename)
            return {"type": "text", "text": checked_text(self.text, "header.text", SMALL_TEXT_LIMIT)}
        if self.type not in MEDIA:
            raise Invalid("a header must be a text, an image, a video or a document", field="header.type")
        self._refuse(text=self.text)
        place = f"header.{self.type}.link"
        link = checked_text(self.link, place)
        if not _is_link(link):
            raise Invalid(f"{place}: expected an http or https address", field=place)
        media = {"link": link}
        if self.filename is not None:
            if self.type != "document":
                raise Invalid("only a document can have a file name", field=f"header.{self.type}.filename")
            media["filename"] = checked_text(self.filename, "header.document.filename")
        return {"type": self.type, self.type: media}

    def _refuse(self, **given: str | None) -> None:
        # What is no part of this type would be dropped in silence.
        for name, value in given.items():
            if value is not None:
                raise Invalid(f"a header of the type {self.type} has no {name}", field=f"header.{name}")


def _listed(buttons: Iterable[Button]) -> tuple[Button, ...]:
    return checked_list(buttons, Button, "buttons")


def _header(header: Header | None) -> Header | None:
    return None if header is None else checked_kind(header, Header, "header")


@frozen(kw_only=True)
class Interactive:
    """A message with buttons; markup in it is sent as given."""

    body: str = field(repr=False)
    buttons: tuple[Button, ...] = field(converter=_listed)
    header: Header | None = field(default=None, converter=_header)
    footer: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the JSON without the recipient. Raises ``Invalid`` for values that Desk360 would reject."""
        document: dict[str, Any] = {"header": self.header.document()} if self.header is not None else {}
        document["body"] = checked_text(self.body, "body", BODY_LIMIT)
        if self.footer is not None:
            document["footer"] = {"text": checked_text(self.footer, "footer.text", SMALL_TEXT_LIMIT)}
        document["buttons"] = _buttons(self.buttons)
        return document

    def lines(self) -> str:
        """Return the message as text, a button a line."""
        above = self.header.text if self.header is not None else None
        return "\n".join(
            part for part in (above, self.body, self.footer, *(f"[{b.title}]" for b in self.buttons)) if part
        )


def _buttons(buttons: Sequence[Button]) -> list[dict[str, str]]:
    if not 1 <= len(buttons) <= BUTTONS:
        raise Invalid(f"a message has 1 to {BUTTONS} buttons, not {len(buttons)}", field="buttons", limit=BUTTONS)
    for button in buttons:
        checked_text(button.id, "buttons.*.id", ID_LIMIT)
        checked_text(button.title, "buttons.*.title", TITLE_LIMIT)
    for name in ("id", "title"):
        if len({getattr(button, name) for button in buttons}) < len(buttons):
            raise Invalid(f"two buttons have the same {name}", field=f"buttons.*.{name}")
    return [{"id": button.id, "title": button.title} for button in buttons]


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.netloc) and not any(character.isspace() for character in text)
    )
