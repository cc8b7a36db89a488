"""The knowledge base of a simulated account, and its categories of ideas."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from attrs import Factory, define

from helpdesk_bridge_deskie.simulator.records.records import Record
from helpdesk_bridge_deskie.simulator.refusals import invalid, missing

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params

KINDS = ("kb_category", "kb_section", "kb_article")
DEFAULT_LANGUAGE = "2"
"""The language of a text that comes alone: English, as elsewhere in this account (assumed)."""
TEXTS = {
    "kb_category": ("category_title",),
    "kb_section": ("section_title", "section_description"),
    "kb_article": ("article_title", "article_content", "article_tags"),
}
"""observed: these are a text, or texts by language."""
ACCESS = ("public", "staff_only")
SORTS = ("id_desc", "id_asc", "created_at_desc", "created_at_asc", "manual_order")


@define(kw_only=True)
class Entry(Record):
    """A category, a section or an article. ``parents`` are the category of a section, the sections of an article."""

    kind: str
    entry_id: int
    created_at: int
    updated_at: int
    texts: dict[str, dict[str, str]] = Factory(dict)
    parents: list[int] = Factory(list)
    access_type: str = "public"
    active: bool = True
    position: int = 0


@define(kw_only=True)
class IdeaCategory(Record):
    """A category of ideas."""

    category_id: int
    title: str
    default_group: int = 0
    active: bool = True


class Knowledge:
    """The entries of the knowledge base by kind and id, each kind in the order of its positions."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[int, Entry]] = {kind: {} for kind in KINDS}

    def get(self, kind: str, entry_id: int) -> Entry:
        """Return an entry; 404 `<kind>_not_found` for an unknown id (assumed)."""
        entry = self._entries[kind].get(entry_id)
        if entry is None:
            raise missing(kind)
        return entry

    def all(self, kind: str) -> list[Entry]:
        """Return all entries of a kind, in their manual order."""
        return sorted(self._entries[kind].values(), key=lambda entry: (entry.position, entry.entry_id))

    def add(self, entry: Entry) -> Entry:
        """Enter a new entry, behind all others."""
        entry.position = max((each.position for each in self._entries[entry.kind].values()), default=0) + 1
        self._entries[entry.kind][entry.entry_id] = entry
        return entry

    def drop(self, entry: Entry) -> None:
        """Delete an entry; one that others are in is refused with 400 `<kind>_is_not_empty` (assumed)."""
        inside = dict[str, str](pairwise(KINDS)).get(entry.kind)
        if inside and any(entry.entry_id in each.parents for each in self._entries[inside].values()):
            raise invalid(f"{entry.kind}_is_not_empty")
        del self._entries[entry.kind][entry.entry_id]

    def move(self, entry: Entry, step: int) -> None:
        """Move an entry by a place among those beside it; at the end nothing happens (assumed)."""
        beside = [each for each in self.all(entry.kind) if each.parents == entry.parents]
        place = beside.index(entry) + step
        if 0 <= place < len(beside):
            other = beside[place]
            entry.position, other.position = other.position, entry.position


def texts_of(params: Params, name: str) -> dict[str, str] | None:
    """Read a text, or texts by language; None if absent, 400 `empty_<name>` for an empty title."""
    if name not in params:
        return None
    value = params.values[name]
    given = params.mapping(name) if isinstance(value, dict) else {DEFAULT_LANGUAGE: params.text(name) or ""}
    texts = {str(language): str(text) for language, text in given.items()}
    if name.endswith("_title") and not all(text.strip() for text in texts.values()):
        raise invalid(f"empty_{name}")
    return texts


def shown(texts: dict[str, str], language: str | None) -> Any:
    """Return a text as it is asked for: by language, of all languages, or of the account's own."""
    if language == "all":
        return dict(texts)
    return texts.get(language or DEFAULT_LANGUAGE, "")
