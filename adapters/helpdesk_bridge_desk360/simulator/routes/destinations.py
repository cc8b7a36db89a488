"""Destinations and parameters of a template send. documented: Desk360 API, "Send WhatsApp Message Template" and "Bulk"."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from helpdesk_bridge_desk360.simulator.parameters import Fields, is_phone
from helpdesk_bridge_desk360.simulator.records.templates import ACTIVE
from helpdesk_bridge_desk360.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.app import Call, UploadedFile
    from helpdesk_bridge_desk360.simulator.records.records import Integration

_ATTACHMENT: Final = "attachment"
_FILE: Final = "destinations_file"


@frozen
class Translation:
    """The active text of a template that a call asks for."""

    template_id: int
    language_id: int
    variables: tuple[str, ...]

    def parameters(self, owner: Fields) -> dict[str, str]:
        """Read the parameters, whose keys must be exactly the listed ones.

        documented: "The key list received in the template list should be used as a key"; assumed: others are refused.
        """
        given = owner.optional_object("parameters")
        if given is None:
            if self.variables:
                raise owner.missing("parameters")
            return {}
        parameters: dict[str, str] = {}
        for key in self.variables:
            value = given.values.get(key)
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            parameters[key] = str(value) if plain else given.text(key)
        for key in given.values:
            if key not in parameters:
                raise invalid(f"The {given.at(key)} field is no variable of this template.")
        return parameters


def translation_for(integration: Integration, request: Fields) -> Translation:
    """Find the template and language; documented: Desk360 API, "template-messages.active", a status of each language."""
    template_id = request.integer("template_id")
    language_id = request.integer("language_id")
    template = integration.templates.get(template_id)
    if template is None:
        raise request.selected("template_id")
    translation = _of_language(template, language_id)
    if translation is None:
        raise request.selected("language_id")
    if not template["sendable"] or translation["status_value"] != ACTIVE:
        raise invalid("The template is not active in this language.")
    return Translation(template_id, language_id, tuple(translation["variables"]))


def attachment_of(call: Call, request: Fields) -> UploadedFile | None:
    """Return the attachment; documented: "only allowed in form-data"."""
    return _single_file(call, request, _ATTACHMENT)


def bulk_phones(call: Call, request: Fields) -> list[str]:
    """Read the numbers of a bulk send from the list, the file or both; assumed: one of them must be there."""
    phones = [entry.phone("phone") for entry in request.optional_objects("destinations")]
    uploaded = _single_file(call, request, _FILE)
    if uploaded is not None:
        phones += _phones_of_csv(uploaded.content)
    if not phones:
        raise invalid("The destinations field is required when destinations file is not present.")
    return phones


def _of_language(template: Mapping[str, Any], language_id: int) -> Mapping[str, Any] | None:
    translations: list[Mapping[str, Any]] = template["translations"]
    return next((each for each in translations if each["language_id"] == language_id), None)


def _single_file(call: Call, request: Fields, name: str) -> UploadedFile | None:
    if request.values.get(name) is not None:
        raise request.wrong(name, "must be a file")
    uploads = [file for file in call.files if file.field.partition("[")[0] == name]
    if len(uploads) > 1 or any(file.field != name for file in uploads):
        raise request.wrong(name, "must be a file")
    return uploads[0] if uploads else None


def _phones_of_csv(content: bytes) -> list[str]:
    """Read the first column; documented: Desk360 API, "It should start with (+) and a country code"; assumed: a heading is allowed."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(text.replace(";", ",").splitlines()))
    except (UnicodeDecodeError, csv.Error):
        raise invalid("The destinations file field must be a file of type: csv.") from None
    cells = [row[0].strip() for row in rows if row and row[0].strip()]
    if cells and not any(character.isdigit() for character in cells[0]):
        cells = cells[1:]
    if not all(map(is_phone, cells)):
        raise invalid("The destinations file field contains a number of an invalid format.")
    return cells
