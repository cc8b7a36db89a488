"""Client of Desk360's API v1: one method per call, with the encodings of the cURL samples.

documented: Desk360 API, "Code Samples"; each method names its section. Values are checked before they come here. Every send is a
create: what it sends is on a person's phone, so an answer that cannot be read leaves it in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    Answer,
    Auth,
    BadResponse,
    Effect,
    NotFound,
    OddValues,
    Part,
    Request,
    Unsupported,
    Upload,
    read_answer,
    readable,
)
from helpdesk_bridge_desk360.client.login import Connection
from helpdesk_bridge_desk360.client.pages import rows
from helpdesk_bridge_desk360.wire.documents import (
    WIRE,
    ChatDocument,
    IntegrationDocument,
    MediaDocument,
    TemplateDocument,
)

T = TypeVar("T")
SETTLE_SECONDS: Final = 60.0
MESSAGES: Final = "/integrations/{integration}/conversations/messages"
TEMPLATES: Final = "/integrations/{integration}/conversations/templates"


@frozen(eq=False)
class Desk360Client:
    """Typed calls over one connection, for one integration."""

    connection: Connection
    base_url: str
    integration: str
    odd: OddValues = field(repr=False)

    # ---- lists

    def integrations(self) -> tuple[IntegrationDocument, ...]:
        """List the account's integrations ("Integrations")."""
        request = Request("GET", "/integrations", operation="integrations.list")
        return self._rows(IntegrationDocument, request)

    def templates(self) -> tuple[TemplateDocument, ...]:
        """List the message templates ("WhatsApp Message Templates")."""
        return self._rows(TemplateDocument, self._request("GET", TEMPLATES, "templates.list"))

    def chats(self) -> tuple[ChatDocument, ...]:
        """List the chats of the panel. observed: one client calls it; it is not documented."""
        try:
            return self._rows(ChatDocument, self._request("GET", "/integrations/{integration}/chats", "chats"))
        except NotFound:
            problem = Unsupported("this account's API has no chat list, which is not documented", capability="chats")
        raise problem

    def _rows(self, kind: type[T], request: Request) -> tuple[T, ...]:
        documents = readable(
            rows(self.connection, request),
            lambda place, row: WIRE.read(kind, row, at=f"$[{place}]", odd=self.odd),
            self.odd,
            kind=kind.__name__.removesuffix("Document").lower(),
            named=False,
        )
        # Rows that moved to the next page while the list was read come twice.
        return tuple({getattr(document, "id", None): document for _, document in documents}.values())

    # ---- sends that answer one id

    def send_text(self, to: str, text: str) -> str:
        """Send a text ("Send WhatsApp Message"); return the message's id."""
        return self._sent(MESSAGES, "messages.text", parts=(_value("to", to), _value("text", text)))

    def send_location(self, to: str, location: Mapping[str, Any]) -> str:
        """Send a place. The heading says `/messages`, all six samples `/messages/locations`, which is used here."""
        return self._sent(f"{MESSAGES}/locations", "messages.location", json={"to": to, "location": location})

    def send_contacts(self, to: str, contacts: Sequence[Mapping[str, Any]]) -> str:
        """Send visiting cards ("Send WhatsApp Contact Message")."""
        return self._sent(f"{MESSAGES}/contacts", "messages.contacts", json={"to": to, "contacts": list(contacts)})

    def send_interactive(self, to: str, message: Mapping[str, Any]) -> str:
        """Send a message with buttons ("Send WhatsApp Interactive Message")."""
        return self._sent(f"{MESSAGES}/interactive", "messages.interactive", json={"to": to, **message})

    def request_location(self, to: str, body: str) -> str:
        """Ask for a place ("Send WhatsApp Location Request Interactive Message")."""
        path = f"{MESSAGES}/interactive/location-request"
        return self._sent(path, "messages.location_request", json={"to": to, "body": body})

    def send_template(
        self, template_id: int, language_id: int, to: str, parameters: Mapping[str, str], attachment: Upload | None
    ) -> str:
        """Send a template to one number ("Send WhatsApp Message Template").

        The answer has one id although destinations are a list, so there is never more than one.
        """
        parts = [
            _value("template_id", str(template_id)),
            _value("language_id", str(language_id)),
            _value("destinations[0][phone]", to),
            *(_value(f"destinations[0][parameters][{key}]", text) for key, text in parameters.items()),
            *_file("attachment", attachment),
        ]
        return self._sent(f"{TEMPLATES}/send", "templates.send", parts=tuple(parts))

    # ---- other sends

    def send_template_bulk(
        self,
        template_id: int,
        language_id: int,
        phones: Sequence[str],
        parameters: Mapping[str, str],
        attachment: Upload | None,
        numbers: Upload | None,
    ) -> tuple[str, ...]:
        """Send a template to many ("Bulk Send WhatsApp Message Template"); return the numbers, there are no ids."""
        parts = [
            _value("template_id", str(template_id)),
            _value("language_id", str(language_id)),
            *(_value(f"destinations[{place}][phone]", phone) for place, phone in enumerate(phones)),
            *(_value(f"parameters[{key}]", text) for key, text in parameters.items()),
            *_file("attachment", attachment),
            *_file("destinations_file", numbers),
        ]
        request = self._request("POST", f"{TEMPLATES}/send/bulk", "templates.send_bulk", Effect.CREATE)
        return self._created(evolve(request, parts=tuple(parts)), lambda document: _texts(document, "phones"))

    def send_media(self, to: str, files: Sequence[Upload]) -> tuple[MediaDocument, ...]:
        """Send files ("Send WhatsApp Media Message"); each becomes a message of its own."""
        request = self._request("POST", f"{MESSAGES}/medias", "messages.media", Effect.CREATE)
        uploads = (part for file in files for part in _file("attachments[]", file))
        return self._created(evolve(request, parts=(_value("to", to), *uploads)), partial(_medias, odd=self.odd))

    def mark_read(self, to: str, message_ids: Sequence[str]) -> tuple[str, ...]:
        """Mark received messages as read ("Read WhatsApp Message"); return the ids that the vendor echoes."""
        request = self._request("POST", f"{MESSAGES}/reads", "messages.read", Effect.SET)
        ids = (_value("message_ids[]", message_id) for message_id in message_ids)
        return _texts(self.connection.send(evolve(request, parts=(_value("to", to), *ids))).json(), "message_ids")

    # ---- files

    def media(self, media_id: str) -> Any:
        """Open the answer to "Get WhatsApp Media"; its form is not documented."""
        request = self._request("GET", f"{MESSAGES}/medias/{{media}}", "attachments.open")
        args = {**request.args, "media": media_id}
        return self.connection.open(evolve(request, args=args, answer=Answer.ANY, headers={"Accept": "*/*"}))

    def fetch(self, url: str, *, with_token: bool = False) -> Any:
        """Open a file at a URL that the vendor gave. The token goes only to the API's own host."""
        auth = Auth.WITH_AUTH if with_token else Auth.WITHOUT_AUTH
        return self.connection.open(Request("GET", url=url, operation="attachments.open", auth=auth, answer=Answer.ANY))

    def is_own(self, url: str) -> bool:
        """Whether a URL is on the API's own host."""
        return _host(url) == _host(self.base_url)

    # ---- what they share

    def _request(self, method: str, path: str, operation: str, effect: Effect = Effect.READ) -> Request:
        return Request(method, path, operation=operation, effect=effect, args={"integration": self.integration})

    def _sent(self, path: str, operation: str, **body: Any) -> str:
        request = self._request("POST", path, operation, Effect.CREATE)
        return self._created(evolve(request, **body), _message_id)

    def _created(self, request: Request, read: Callable[[Any], T]) -> T:
        return read_answer(
            self.connection.send, request, lambda answer: read(answer.json()), settle_seconds=SETTLE_SECONDS
        )


def _host(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc


def _value(name: str, value: str) -> Part:
    return Part(name=name, value=value)


def _file(name: str, upload: Upload | None) -> tuple[Part, ...]:
    if upload is None:
        return ()
    return (Part(name=name, filename=upload.filename, content_type=upload.content_type, open=upload.open),)


def _object(document: Any, at: str = "$") -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise BadResponse(f"expected an object at {at}", path=at)
    return document


def _message_id(document: Any) -> str:
    message_id = _object(document).get("message_id")
    if not isinstance(message_id, str) or not message_id:
        raise BadResponse("the answer has no message id", path="$.message_id")
    return message_id


def _texts(document: Any, key: str) -> tuple[str, ...]:
    values = _object(document).get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadResponse(f"expected a list of texts at $.{key}", path=f"$.{key}")
    return tuple(values)


def _medias(document: Any, odd: OddValues) -> tuple[MediaDocument, ...]:
    # documented: an object of lists by kind, of which only "images" is shown; the other names are not known.
    kinds = _object(_object(document).get("medias"), "$.medias")
    medias = tuple(
        WIRE.read(MediaDocument, entry, at=f"$.medias.{kind}[{place}]", odd=odd)
        for kind, entries in kinds.items()
        if isinstance(entries, list)
        for place, entry in enumerate(entries)
    )
    if not medias:
        raise BadResponse("the answer has no media", path="$.medias")
    return medias
