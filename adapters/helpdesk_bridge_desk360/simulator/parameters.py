"""Parameters of calls, with the vendor's error for each rule of the papers that a value breaks."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from helpdesk_bridge_desk360.simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from helpdesk_bridge_desk360.simulator.refusals import Problem

_PHONE: Final = re.compile(r"\A\+[1-9][0-9]{6,14}\Z")
"""documented: Desk360 API, "It should start with (+) and a country code"; assumed: 7 to 15 digits and nothing else."""
_INTEGER: Final = re.compile(r"\A[+-]?[0-9]{1,18}\Z")
_NUMBER: Final = re.compile(r"\A[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
_DATE: Final = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def is_phone(text: str) -> bool:
    """Whether a number may be sent to."""
    return _PHONE.match(text) is not None


@frozen
class Fields:
    """An object of the request with its dotted place, such as ``destinations.0``.

    Every reader raises a ``Problem`` with the code failed_validation; the text is that of Laravel's rules (assumed;
    documented: Desk360 API, "The to field is required."). One counts characters, not bytes (assumed).
    """

    values: Mapping[str, Any] = field(repr=False)
    place: str = ""

    def text(self, name: str, *, most: int | None = None) -> str:
        """Read text that must be there and not blank."""
        value = self.optional_text(name, most=most)
        if value is None:
            raise self.missing(name)
        return value

    def optional_text(self, name: str, *, most: int | None = None) -> str | None:
        """Read text; None if it is absent, null or blank."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "must be a string")
        if most is not None and len(value) > most:
            raise self.wrong(name, f"must not be greater than {most} characters")
        return value if value.strip() else None

    def phone(self, name: str) -> str:
        """Read the number of a recipient."""
        value = self.text(name)
        if not is_phone(value):
            raise self.wrong(name, "format is invalid")
        return value

    def integer(self, name: str) -> int:
        """Read a whole number that must be there; forms have it as text."""
        value = self.values.get(name)
        if value is None or value == "":
            raise self.missing(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _INTEGER.match(value):
            return int(value)
        raise self.wrong(name, "must be an integer")

    def number(self, name: str) -> float:
        """Read a number that must be there; forms have it as text."""
        value = self.values.get(name)
        if value is None or value == "":
            raise self.missing(name)
        if isinstance(value, str) and _NUMBER.match(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "must be a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.wrong(name, "must be a number")
        return value

    def date(self, name: str) -> None:
        """Check an optional date in the form Y-m-d."""
        value = self.optional_text(name)
        if value is None:
            return
        if not _is_date(value):
            raise self.wrong(name, "must match the format Y-m-d")

    def one_of(self, name: str, choices: Iterable[str]) -> str:
        """Read a word out of a few."""
        value = self.text(name)
        if value not in choices:
            raise self.selected(name)
        return value

    def object(self, name: str) -> Fields:
        """Read an object that must be there."""
        child = self.optional_object(name)
        if child is None:
            raise self.missing(name)
        return child

    def optional_object(self, name: str) -> Fields | None:
        """Read an object; None if it is absent, null or empty (PHP's empty object is ``[]``)."""
        value = self.values.get(name)
        if value is None or value in ({}, [], ""):
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, "must be an array")
        return Fields(value, self.at(name))

    def items(self, name: str, *, most: int | None = None) -> list[tuple[str, Any]]:
        """Read the places and values of an array that must be there and not be empty."""
        items = self.optional_items(name, most=most)
        if not items:
            raise self.missing(name)
        return items

    def optional_items(self, name: str, *, most: int | None = None) -> list[tuple[str, Any]]:
        """Read an array's places and values; a form's numbers may start anywhere, as in ``destinations[3][phone]``."""
        value = self.values.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list | dict):
            raise self.wrong(name, "must be an array")
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        items = [(f"{self.at(name)}.{key}", item) for key, item in pairs]
        if most is not None and len(items) > most:
            raise self.wrong(name, f"must not have more than {most} items")
        return items

    def objects(self, name: str, *, most: int | None = None) -> list[Fields]:
        """Read an array of objects that must be there and not be empty."""
        return [_as_object(place, item) for place, item in self.items(name, most=most)]

    def optional_objects(self, name: str) -> list[Fields]:
        """Read an array of objects that may be absent or empty."""
        return [_as_object(place, item) for place, item in self.optional_items(name)]

    def texts(self, name: str) -> list[str]:
        """Read an array of text that must be there and not be empty."""
        texts: list[str] = []
        for place, item in self.items(name):
            if not isinstance(item, str) or not item.strip():
                raise invalid(f"The {place} field must be a string.")
            texts.append(item)
        return texts

    def at(self, name: str) -> str:
        """Return the dotted place of a field."""
        return f"{self.place}.{name}" if self.place else name

    def missing(self, name: str) -> Problem:
        """Make the error of a field that must be there."""
        return self.wrong(name, "is required")

    def wrong(self, name: str, what: str) -> Problem:
        """Make an error about one field."""
        return invalid(f"The {self._label(name)} field {what}.")

    def selected(self, name: str) -> Problem:
        """Make the error of a value that is none of those there are."""
        return invalid(f"The selected {self._label(name)} is invalid.")

    def _label(self, name: str) -> str:
        return self.at(name).replace("_", " ")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.match(text) is not None


def _as_object(place: str, item: Any) -> Fields:
    if not isinstance(item, dict):
        raise invalid(f"The {place} field must be an array.")
    return Fields(item, place)
