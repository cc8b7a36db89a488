"""Parameters of request bodies: JSON objects, the two placements of a multipart call's object, typed members, files."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.testing.simulator import Call, Setting, UnsupportedMedia, UploadedFile
from helpdesk_bridge_desk365.simulator.refusals import Refusal, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge_desk365.simulator.records.records import CustomField

MULTIPART: Final = "multipart/form-data"
FILE_FIELDS: Final = ("file", "files")
"""documented: OpenAPI, "the 'files' parameter should be used instead of 'file'", for several; observed: clients send `files` for one too."""

_EMAIL: Final = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")


def json_object(call: Call) -> dict[str, Any]:
    """Return the JSON object of a body; 415 for another kind of body, 400 for another kind of JSON."""
    if call.body and call.content_type != "application/json":
        raise UnsupportedMedia("Content type is not supported.")
    return _object(call.json)


def multipart_object(call: Call, name: str) -> dict[str, Any]:
    """Return the JSON object of a `_with_attachment` call, as a form part or in the query; the part wins.

    documented: OpenAPI, ticket_object in the query, and in a part in the vendor's own sample; dossier section 6.3.
    """
    text = multipart_text(call, name)
    if text is None:
        raise invalid(f"{name} is required.", name)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid(f"{name} is not valid JSON.", name) from None
    return _object(value)


def multipart_text(call: Call, name: str) -> str | None:
    """Return a parameter of a multipart call, from its form part or else its query; None if it is in neither."""
    if call.body and call.content_type != MULTIPART:
        raise UnsupportedMedia("Content type is not supported.")
    return dict(call.form_pairs).get(name) or call.query.get(name) or None


def uploads(call: Call, settings: Mapping[str, Setting]) -> list[UploadedFile]:
    """Return the files of a multipart call; an empty part is none (observed), too much is 400 (assumed)."""
    files = [file for file in call.files if file.field in FILE_FIELDS and (file.filename or file.content)]
    if len(files) > int(settings["max_files"]):
        raise invalid(f"No more than {settings['max_files']} files can be attached.", "files")
    if sum(len(file.content) for file in files) > int(settings["max_file_megabytes"]) << 20:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"The files are larger than {settings['max_file_megabytes']} MB.")
    return files


def text_of(body: Mapping[str, Any], name: str) -> str | None:
    """Read a text member; "" is null. documented: Desk365 API, "Understanding Desk365 API"."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a string.", name)
    return value or None


def required_text(body: Mapping[str, Any], name: str) -> str:
    """Read a text member that must be there and not be blank. assumed: OpenAPI marks no member as required; production refuses some."""
    value = text_of(body, name)
    if value is None or not value.strip():
        raise invalid(f"{name} is required.", name)
    return value


def email_of(body: Mapping[str, Any], name: str) -> str:
    """Read a required e-mail address."""
    return checked_email(required_text(body, name).strip(), name)


def checked_email(text: str, name: str) -> str:
    """Return the text if it is an e-mail address."""
    if not _EMAIL.fullmatch(text):
        raise invalid(f"{name} is not a valid email address.", name)
    return text


def flag_of(body: Mapping[str, Any], name: str, *, default: int) -> int:
    """Read a member that is 0 or 1, as number or text."""
    value = body.get(name, default)
    if isinstance(value, bool) or str(value) not in ("0", "1"):
        raise invalid(f"{name} must be 0 or 1.", name)
    return int(value)


def custom_values(body: Mapping[str, Any], fields: Mapping[str, CustomField]) -> dict[str, Any]:
    """Return the custom fields of a body by name; null and "" clear.

    documented: Desk365 API, "prefix custom field names with cf_"; that a bare or unknown key, or a value of another type, is 400 is observed in part
    (a client had to leave a field out) and assumed in part, dossier sections 1.5 and 3.4.
    """
    given = body.get("custom_fields")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise invalid("custom_fields must be an object.", "custom_fields")
    values = {}
    for key, value in given.items():
        field = fields.get(key)
        if field is None:
            raise invalid(f"The custom field {key} does not exist.", key)
        values[field.name] = None if value in (None, "") else _checked(field, value)
    return values


def _checked(field: CustomField, value: Any) -> Any:
    if not _FITS[field.type](value):
        raise invalid(f"The value of {field.key} is not a valid {field.type}.", field.key)
    if field.type == "select" and value not in field.options:
        raise invalid(f"The value of {field.key} is not one of its options.", field.key)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_FITS: Final = {
    "text": lambda value: isinstance(value, str),
    "select": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and value == int(value),
    "decimal": _is_number,
    "checkbox": lambda value: isinstance(value, bool),
    "date": _is_date,
}


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid("The request body must be a JSON object.")
    return value
