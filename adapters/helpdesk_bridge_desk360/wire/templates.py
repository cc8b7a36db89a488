"""Templates: messages that WhatsApp approved, which may start a conversation at any time.

documented: Desk360 API, "WhatsApp Message Templates". Customers must have agreed to receive them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import Invalid, fold
from helpdesk_bridge_desk360.wire.documents import TemplateDocument, TranslationDocument
from helpdesk_bridge_desk360.wire.writing import checked_text

_PLACEHOLDER: Final = re.compile(r"\{\{([0-9A-Za-z_]+)\}\}")
ACTIVE: Final = "template-messages.active"
ACTIVE_VALUE: Final = 2
"""documented: Desk360 API, "template-messages.in-review" and "template-messages.active"; others are kept as they come."""


@frozen(kw_only=True)
class Translation:
    """One language of a template. A send must supply exactly the keys in ``variables``.

    ``examples`` holds the sample texts that WhatsApp reviewed, by the same keys; ``quality`` is the vendor's word.
    """

    language_id: int
    language: str | None = None
    active: bool = False
    status: str | None = None
    header_type: str | None = None
    header: str | None = None
    body: str | None = None
    footer: str | None = None
    variables: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(factory=dict, hash=False)
    buttons: tuple[Any, ...] = field(default=(), hash=False)
    header_file: Any = field(default=None, hash=False)
    editable: bool | None = None
    quality: str | None = None
    updated_at: datetime | None = None

    def text(self, parameters: Mapping[str, str]) -> str:
        """Return the text for the customer: header, body and footer with their placeholders filled."""
        parts = (_filled(self.header, "header", parameters), _filled(self.body, "body", parameters), self.footer)
        return "\n".join(part for part in parts if part)


@frozen(kw_only=True)
class Template:
    """A message template."""

    id: int
    name: str
    sendable: bool
    category: str | None = None
    translations: tuple[Translation, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def in_language(self, language: int | str | None) -> Translation:
        """Return the active translation of a language (its id or its name); None asks for the only active one.

        Raises ``Invalid`` if there is none, or if several are active and none is named.
        """
        if not self.sendable:
            raise Invalid("this template cannot be sent", field="template")
        active = [translation for translation in self.translations if translation.active]
        if language is not None:
            chosen = [translation for translation in self.translations if _is(translation, language)]
            if not chosen:
                raise Invalid(
                    f"the template does not have this language; it has {_names(self.translations)}", field="language"
                )
            active = [translation for translation in chosen if translation.active]
            if not active:
                raise Invalid("the template is not approved in this language", field="language")
        if len(active) != 1:
            problem = (
                "is not approved in any language"
                if not active
                else f"has several languages, choose one: {_names(active)}"
            )
            raise Invalid(f"the template {problem}", field="language")
        return active[0]


def checked_parameters(translation: Translation, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters in the template's order. Raises ``Invalid`` unless they are exactly its variables."""
    missing = [key for key in translation.variables if key not in parameters]
    if missing:
        raise Invalid(f"the template requires {', '.join(missing)}", field="parameters")
    extra = [key for key in parameters if key not in translation.variables]
    if extra:
        known = ", ".join(translation.variables) or "none"
        raise Invalid(f"{len(extra)} parameters are not variables of the template; it has {known}", field="parameters")
    return {key: checked_text(parameters[key], f"parameters.{key}") for key in translation.variables}


def template_of(document: TemplateDocument) -> Template:
    """Return a template as the vendor lists it."""
    return Template(
        id=document.id,
        name=document.name,
        sendable=document.sendable and "sendable" not in document.left.odd,
        category=document.category_label,
        translations=tuple(_translation(translation) for translation in document.translations),
        created_at=_moment(document.created_at),
        updated_at=_moment(document.updated_at),
    )


def _translation(document: TranslationDocument) -> Translation:
    by_number = document.status is None and document.status_value == ACTIVE_VALUE
    return Translation(
        language_id=document.language_id,
        language=document.language,
        active=document.status == ACTIVE or by_number,
        status=document.status,
        header_type=document.header_type.label if document.header_type is not None else None,
        header=document.header,
        body=document.body or _preview(document.preview),
        footer=document.footer,
        variables=document.variables or (),
        examples={
            f"{part}-{item.key}": item.value
            for part, listed in (("header", document.header_variables), ("body", document.body_variables))
            for item in listed or ()
            if item.value
        },
        buttons=document.buttons or (),
        header_file=document.header_file,
        editable=document.editable,
        quality=document.quality,
        updated_at=_moment(document.updated_at),
    )


def _moment(text: str | None) -> datetime | None:
    # documented: ISO 8601 with microseconds and Z, such as "2024-05-31T06:33:30.000000Z".
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _preview(value: Any) -> str | None:
    # observed: a client takes preview.body where body is empty.
    body = value.get("body") if isinstance(value, dict) else None
    return body if isinstance(body, str) else None


def _filled(text: str | None, part: str, parameters: Mapping[str, str]) -> str | None:
    # documented: `{{1}}` of the body is the variable `body-1`; the numbers start anew in each part.
    if text is None:
        return None
    return _PLACEHOLDER.sub(lambda match: parameters.get(f"{part}-{match[1]}", match[0]), text)


def _is(translation: Translation, language: int | str) -> bool:
    if isinstance(language, int):
        return translation.language_id == language
    return fold(translation.language or "") == fold(language) or str(translation.language_id) == language


def _names(translations: Any) -> str:
    return ", ".join(f"{translation.language} ({translation.language_id})" for translation in translations) or "none"
