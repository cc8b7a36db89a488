"""Names for Deskie's ids of labels and custom fields, and ids for names. Each list is asked once by the directory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from helpdesk_bridge.adapter import CustomValue, Directory, FieldDefinition, InDoubt, Invalid, Unavailable, fold
from helpdesk_bridge_deskie.client import DeskieClient
from helpdesk_bridge_deskie.customvalues import TICKET, read_value, write_value


class Vocabulary:
    """Translates through the directory; safe to share between threads."""

    def __init__(self, client: DeskieClient, directory: Directory) -> None:
        self._client = client
        self._directory = directory
        self._unknown: set[str] = set()
        self._creating = threading.Lock()

    def tag_names(self, label_ids: Iterable[int]) -> tuple[str, ...]:
        """Return the titles of labels; a label that is not listed keeps its id as its name."""
        wanted = [str(label) for label in label_ids]
        if not wanted:
            return ()
        titles = self._titles()
        if any(label not in titles and label not in self._unknown for label in wanted):
            # Made since the list was read; an id that is still not there is not asked for again.
            self._directory.refresh("tags")
            titles = self._titles()
            self._unknown.update(label for label in wanted if label not in titles)
        return tuple(titles.get(label, label) for label in wanted)

    def _titles(self) -> Mapping[str, str]:
        return {tag.id: tag.name for tag in self._directory.tags()}

    def known_labels(self, names: Iterable[str]) -> list[int]:
        """Return the ids of those labels that exist."""
        found = (self._directory.tag(name) for name in names)
        return [int(tag.id) for tag in found if tag is not None]

    def labels(self, names: Iterable[str]) -> list[int]:
        """Return the ids of labels, made on demand: Deskie takes ids only.

        Raises ``Unavailable`` where it is unknown whether a label was made; nothing else was written then.
        """
        return [self._label(name) for name in dict.fromkeys(names)]

    def _label(self, name: str) -> int:
        if not name.strip():
            raise Invalid("a tag is empty", field="tags")
        with self._creating:
            found = self._directory.tag(name)
            if found is None:
                self._directory.refresh("tags")
                found = self._directory.tag(name)
            if found is not None:
                return int(found.id)
            try:
                made = self._client.create_label(name)
            except InDoubt:
                raise Unavailable("a label could not be made for certain; the ticket was not written") from None
            finally:
                self._directory.refresh("tags")
            return made.label_id

    def field(self, name: str, applies_to: str = TICKET) -> FieldDefinition | None:
        """Return the definition of a ticket's or contact's field by its name or key; active ones first."""
        fields = [one for one in self._directory.custom_fields() if one.applies_to == applies_to]
        fields.sort(key=lambda one: not one.active)
        exact = (one for one in fields if name in (one.name, one.key))
        return next(exact, None) or next((one for one in fields if fold(one.name) == fold(name)), None)

    def values(self, document: Mapping[str, Any] | None, applies_to: str = TICKET) -> dict[str, CustomValue]:
        """Return custom values by the names that people see; a key without a definition stays as it is."""
        if not document:
            return {}
        fields = {one.key: one for one in self._directory.custom_fields()}
        names = [one.name for one in fields.values() if one.applies_to == applies_to]
        found: dict[str, CustomValue] = {}
        for key, value in document.items():
            field = fields.get(key)
            # Two fields may bear one title; then only their keys tell them apart.
            unique = field is not None and names.count(field.name) <= 1
            found[field.name if field is not None and unique else key] = read_value(field, value)
        return found

    def written(self, values: Mapping[str, CustomValue], applies_to: str = TICKET) -> dict[str, Any]:
        """Return custom values by Deskie's keys. Raises ``Invalid`` for a field that the account does not have."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            field = self.field(name, applies_to)
            if field is None:
                raise Invalid(
                    f"the account has no custom field of a {applies_to} with this name; an admin has to make it",
                    field=f"custom_fields.{name}",
                )
            found[field.key] = write_value(field, value)
        return found
