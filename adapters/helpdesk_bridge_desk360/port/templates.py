"""Templates (``desk.templates``): the templates of the integration, and sending them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import Directory, Invalid, NotFound, Sent, Upload, fold
from helpdesk_bridge_desk360.client.client import Desk360Client
from helpdesk_bridge_desk360.inbox.sent import SentMessages
from helpdesk_bridge_desk360.wire.phones import recipient
from helpdesk_bridge_desk360.wire.templates import Template, Translation, checked_parameters, template_of
from helpdesk_bridge_desk360.wire.writing import Outgoing, checked_kind, checked_list

TEMPLATES: Final = "templates"
_ROW: Final = re.compile(r"(?:^|[,;\t\"' \ufeff])\+[1-9][0-9]{6,14}(?:$|[,;\t\"' ])")
_LARGEST_LIST: Final = 20 * 1024 * 1024


@frozen
class BulkSent:
    """The answer to a bulk send: the numbers. It has no ids, so deliveries cannot be followed."""

    phones: tuple[str, ...]


@frozen(eq=False)
class Desk360Templates:
    """The directory caches the list of templates; it is read again when the vendor rejects a template."""

    _client: Desk360Client
    _directory: Directory
    _sent_messages: SentMessages

    def list(self) -> Sequence[Template]:
        """Return the templates of the integration."""
        return tuple(template_of(document) for document in self._directory.listed(TEMPLATES))

    def send(
        self,
        template: Template | int | str,
        to: str,
        *,
        language: int | str | None = None,
        parameters: Mapping[str, str] | None = None,
        attachment: Upload | None = None,
    ) -> Sent:
        """Send a template (itself, its id or its name) to one number; it reaches a real phone.

        Everything is checked before: the number, that the language is approved, that ``parameters`` are exactly the
        template's variables. Raises ``InDoubt`` if the outcome is unknown; it is never repeated automatically.
        """
        number = recipient(to)
        if attachment is not None:
            checked_kind(attachment, Upload, "attachment")
        known, translation, values = self._chosen(template, language, parameters)
        self._sent_messages.window(number)
        try:
            message_id = self._client.send_template(known.id, translation.language_id, number, values, attachment)
        except (NotFound, Invalid):
            self._directory.refresh(TEMPLATES)
            raise
        at = self._sent_messages.record(number, [Outgoing(message_id, translation.text(values))])
        return Sent((message_id,), at)

    def send_bulk(
        self,
        template: Template | int | str,
        phones: Sequence[str] = (),
        *,
        language: int | str | None = None,
        parameters: Mapping[str, str] | None = None,
        attachment: Upload | None = None,
        file: Upload | None = None,
    ) -> BulkSent:
        """Send a template to many numbers, the same parameters for all; it reaches real phones.

        ``file`` is a CSV of numbers, instead of ``phones`` or beside them; all that is known of its format is numbers
        with + and country code. The inbox does not record bulk sends, because they have no ids.
        """
        numbers = [recipient(phone, "phones") for phone in checked_list(phones, str, "phones")]
        if attachment is not None:
            checked_kind(attachment, Upload, "attachment")
        if file is not None:
            _check_list(checked_kind(file, Upload, "file"))
        elif not numbers:
            raise Invalid("a bulk send requires phones or a file of numbers", field="phones")
        known, translation, values = self._chosen(template, language, parameters)
        try:
            sent = self._client.send_template_bulk(known.id, translation.language_id, numbers, values, attachment, file)
        except (NotFound, Invalid):
            self._directory.refresh(TEMPLATES)
            raise
        return BulkSent(sent)

    def _chosen(
        self, template: Template | int | str, language: int | str | None, parameters: Mapping[str, Any] | None
    ) -> tuple[Template, Translation, dict[str, str]]:
        if language is not None and (isinstance(language, bool) or not isinstance(language, (int, str))):
            raise Invalid("language: expected its id or its name", field="language")
        given = {} if parameters is None else parameters
        if not isinstance(given, Mapping):
            raise Invalid("parameters: expected a mapping of the template's variables to texts", field="parameters")
        known = template if isinstance(template, Template) else self._named(template)
        translation = known.in_language(language)
        return known, translation, checked_parameters(translation, given)

    def _named(self, template: int | str) -> Template:
        templates = [
            known for known in self.list() if template in (known.id, str(known.id)) or _same(known.name, template)
        ]
        if len(templates) != 1:
            problem = (
                "no template has this name or id" if not templates else "several templates have this name; use the id"
            )
            raise Invalid(problem, field="template")
        return templates[0]


def _same(name: str, template: int | str) -> bool:
    return isinstance(template, str) and fold(name) == fold(template)


def _check_list(file: Upload) -> None:
    """Check a CSV of numbers: each row with a digit in it has a number of the documented form, and one row at least.

    documented: "It should start with (+) and a country code"; the column and
    a heading are not documented.
    """
    with file.open() as stream:
        content = stream.read(_LARGEST_LIST + 1)
    if len(content) > _LARGEST_LIST:
        raise Invalid("the file of numbers is too large", field="file", limit=_LARGEST_LIST)
    numbers = 0
    for place, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if _ROW.search(line):
            numbers += 1
        elif any(character.isdigit() for character in line):
            raise Invalid(f"line {place} of the file contains no number with + and a country code", field="file")
    if not numbers:
        raise Invalid("the file contains no number with + and a country code", field="file")
