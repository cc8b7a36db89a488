"""Documents: Desk360's answers as frozen classes. documented: Desk360 API, "display_name" and the other keys of its samples; other keys are ignored."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import NOTHING_LEFT, Leftover, Wire


@frozen(kw_only=True)
class TokenDocument:
    """The answer to a login."""

    access_token: str
    token_type: str | None = None


@frozen(kw_only=True)
class IntegrationDocument:
    """A WhatsApp number. documented: the second sample has `name` and, in `logo`, the number: an editing slip."""

    id: int
    display_name: str | None = None
    name: str | None = None
    phone_number: str | None = None
    logo: Any = None
    status: Any = None


@frozen(kw_only=True)
class LabelDocument:
    """A number and its word."""

    value: int | None = None
    label: str | None = None


@frozen(kw_only=True)
class VariableDocument:
    """A placeholder `{{key}}` and its sample value."""

    id: Any = None
    key: str
    value: str | None = None


@frozen(kw_only=True)
class TranslationDocument:
    """One language of a template; the approval is the translation's, not the template's."""

    language_id: int
    language: str | None = None
    header_type: LabelDocument | None = None
    header_variables: tuple[VariableDocument, ...] | None = None
    header: str | None = None
    header_file: Any = None
    body: str | None = None
    body_variables: tuple[VariableDocument, ...] | None = None
    footer: str | None = None
    variables: tuple[str, ...] | None = None
    buttons: tuple[Any, ...] | None = None
    editable: bool | None = None
    status: str | None = None
    status_value: int | None = None
    quality: str | None = None
    preview: Any = None
    updated_at: str | None = None


@frozen(kw_only=True)
class TemplateDocument:
    """A message template with its translations."""

    id: int
    name: str
    sendable: bool = True
    category: Any = None
    category_label: str | None = None
    supported_languages: Any = None
    translations: tuple[TranslationDocument, ...] = ()
    created_at: str | None = None
    updated_at: str | None = None
    left: Leftover = NOTHING_LEFT


@frozen(kw_only=True)
class MediaDocument:
    """One file that was sent: a WhatsApp message of its own."""

    message_id: str
    media_id: str | None = None
    url: str | None = None
    name: str | None = None
    type: str | None = None
    content_type: str | None = None


@frozen(kw_only=True)
class ChatDocument:
    """A row of the chat list. observed: a client uses these four keys; the call is not documented."""

    id: int
    phone: str | None = None
    name: str | None = None
    last_message_at: str | None = None


WIRE: Final = Wire()
