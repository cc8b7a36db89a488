"""Names and ids of labels and custom fields. The directory reads each list once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from helpdesk_bridge.adapter import (
    Conflict,
    CustomValue,
    Directory,
    FieldDefinition,
    InDoubt,
    Invalid,
    Tag,
    Unavailable,
    fold,
    new_lock,
)
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.wire.custom_fields import TICKET, reader_of, write_value
from helpdesk_bridge_deskie.wire.documents import LabelDocument

_Read = Callable[[Any], CustomValue]
_AS_IT_IS: Final = reader_of(None)


class Names:
    """Translates through the directory; safe to share between threads."""

    def __init__(self, client: DeskieClient, directory: Directory) -> None:
        self._client = client
        self._directory = directory
        self._unknown: set[int] = set()
        self._unknown_keys: set[str] = set()
        self._creating = new_lock()
        self._made: dict[str, LabelDocument] = {}
        self._made_since: tuple[Tag, ...] = ()
        self._listed_titles: tuple[tuple[Tag, ...], Mapping[int, str]] = ((), {})
        self._named: dict[str, tuple[object, Mapping[str, tuple[str, _Read]]]] = {}

    def tag_names(self, label_ids: Sequence[int]) -> tuple[str, ...]:
        """Return the titles of labels; a label that is not listed keeps its id as its name."""
        if not label_ids:
            return ()
        titles = self._titles()
        try:
            return tuple([titles[label] for label in label_ids])
        except KeyError:
            return self._asked_again(label_ids)

    def _asked_again(self, label_ids: Sequence[int]) -> tuple[str, ...]:
        titles = self._titles()
        if any(label not in titles and label not in self._unknown for label in label_ids):
            # Made since the list was read; an id that is still not there is not asked for again.
            self._directory.refresh("tags")
            titles = self._titles()
            self._unknown.update(label for label in label_ids if label not in titles)
        return tuple(titles.get(label, str(label)) for label in label_ids)

    def _titles(self) -> Mapping[int, str]:
        listed, titles = self._listed_titles
        made = self._fresh()
        if listed is not self._made_since:
            listed = self._made_since
            titles = {int(tag.id): tag.name for tag in listed}
            self._listed_titles = (listed, titles)
        if not made:
            return titles
        return {**titles, **{label.label_id: label.label_title or name for name, label in made.items()}}

    def _fresh(self) -> dict[str, LabelDocument]:
        """Return the labels that were made here since the list was read, which need not be read again for them."""
        listed = self._directory.tags()
        if listed is not self._made_since:
            self._made, self._made_since = {}, listed
        return self._made

    def _known(self, name: str) -> int | None:
        tag = self._directory.tag(name)
        if tag is not None:
            return int(tag.id)
        made = self._fresh().get(fold(name))
        return None if made is None else made.label_id

    def known_labels(self, names: Iterable[str]) -> list[int]:
        """Return the ids of those labels that exist."""
        return [label for name in names if (label := self._known(name)) is not None]

    def labels(self, names: Iterable[str]) -> list[int]:
        """Return the ids of labels, made on demand: Deskie takes ids only.

        Raises ``Unavailable`` if it is unknown whether a label was made; nothing else was written then.
        """
        return [self._label(name) for name in dict.fromkeys(names)]

    def _label(self, name: str) -> int:
        if not name.strip():
            raise Invalid("a tag is empty", field="tags")
        with self._creating:
            known = self._known(name)
            if known is not None:
                return known
            try:
                made = self._client.create_label(name)
            except (Conflict, Invalid):
                # Made elsewhere since the list was read; what Deskie answers to a second one is not known.
                self._directory.refresh("tags")
                known = self._known(name)
                if known is None:
                    raise
                return known
            except InDoubt:
                self._directory.refresh("tags")
                raise Unavailable("it is unknown whether Deskie created a label; the ticket was not written") from None
            self._fresh()[fold(name)] = made
            return made.label_id

    def field(self, name: str, applies_to: str = TICKET) -> FieldDefinition | None:
        """Return the definition of a ticket's or contact's field by its name or key; active ones first."""
        fields = [field for field in self._directory.custom_fields() if field.applies_to == applies_to]
        fields.sort(key=lambda field: not field.active)
        exact = (field for field in fields if name in (field.name, field.key))
        return next(exact, None) or next((field for field in fields if fold(field.name) == fold(name)), None)

    def values(self, document: Mapping[str, Any] | None, applies_to: str = TICKET) -> dict[str, CustomValue]:
        """Return custom values by the names that people see; a key without a definition stays as it is."""
        if not document:
            return {}
        fields = self._named_fields(applies_to)
        if missing := document.keys() - fields.keys() - self._unknown_keys:
            # Made since the list was read, or left out of it; a key that is still not there is not asked for again.
            self._directory.refresh("custom_fields")
            fields = self._named_fields(applies_to)
            self._unknown_keys |= missing - fields.keys()
        named: dict[str, CustomValue] = {}
        for key, value in document.items():
            name, read = fields.get(key) or (key, _AS_IT_IS)
            named[name] = read(value)
        return named

    def _named_fields(self, applies_to: str) -> Mapping[str, tuple[str, _Read]]:
        """Return name and reader of the fields by their keys; made once for each reading of the list."""
        listed = self._directory.custom_fields()
        kept = self._named.get(applies_to)
        if kept is not None and kept[0] is listed:
            return kept[1]
        names = Counter(field.name for field in listed if field.applies_to == applies_to)
        # Two fields may bear one title; then only their keys tell them apart.
        named = {field.key: (field.name if names[field.name] <= 1 else field.key, reader_of(field)) for field in listed}
        self._named[applies_to] = (listed, named)
        return named

    def written(self, values: Mapping[str, CustomValue], applies_to: str = TICKET) -> dict[str, Any]:
        """Return custom values by Deskie's keys. Raises ``Invalid`` for a field that the account does not have."""
        written: dict[str, Any] = {}
        for name, value in values.items():
            field = self.field(name, applies_to)
            if field is None:
                raise Invalid(
                    f"the account has no custom field with this name for a {applies_to}; an admin must create it",
                    field=f"custom_fields.{name}",
                )
            written[field.key] = write_value(field, value)
        return written
