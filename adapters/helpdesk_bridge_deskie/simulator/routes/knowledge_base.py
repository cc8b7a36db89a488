"""The knowledge base: categories, sections, articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.knowledge_base import ACCESS, KINDS, SORTS, TEXTS, Entry, shown, texts_of
from helpdesk_bridge_deskie.simulator.records.search import any_of
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import RouteGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge_deskie.simulator.parameters import Params

Handler = TypeVar("Handler", bound="Callable[..., Any]")
_SHORTEST = 3
_SOURCE = "a client's code"
_PARENT = {"kb_section": "kb_category", "kb_article": "kb_section"}
_PARENT_KEY = {"kb_section": "category_id", "kb_article": "section_id"}


def _each_kind(method: str, rest: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for kind in reversed(KINDS):
            handler = route(method, f"/api/{kind}{rest}", provenance=OBSERVED, source=_SOURCE)(handler)
        return handler

    return register


class KnowledgeBaseRoutes(RouteGroup):
    """The calls on the knowledge base; the three kinds answer alike (observed)."""

    @_each_kind("GET", ".json")
    def list_knowledge(self, call: Call) -> Reply:
        """List entries; sections want their category, and articles can be searched for and sorted (observed)."""
        kind, params = _kind(call), self.service.query(call)
        entries = self.account.knowledge.all(kind)
        parent = params.integer(_PARENT_KEY.get(kind, ""))
        if kind == "kb_section" and parent is None:
            raise invalid("empty_category_id")
        if parent is not None:
            entries = [entry for entry in entries if parent in entry.parents]
        if kind == "kb_article":
            entries = self._found_articles(entries, params)
        page = self.service.page(params)
        documents = [self._entry(entry, params.text("language_id")) for entry in entries[page.start : page.stop]]
        return self.service.plain_listing(kind, documents, len(entries))

    def _found_articles(self, entries: list[Entry], params: Params) -> list[Entry]:
        if needles := self.service.rules.needles(params, "search", _SHORTEST):
            matches = any_of(needles)
            entries = [
                entry
                for entry in entries
                if any(matches(text) for texts in entry.texts.values() for text in texts.values())
            ]
        sort = params.text("sort")
        if sort in SORTS and sort != "manual_order":
            key, _, way = sort.rpartition("_")
            entries.sort(
                key=lambda entry: (entry.created_at if key == "created_at" else 0, entry.entry_id),
                reverse=way == "desc",
            )
        return entries

    @_each_kind("POST", ".json")
    def create_knowledge(self, call: Call) -> Reply:
        """Create an entry; its title and its parents are required."""
        kind, now = _kind(call), self.service.now()
        params = self.service.body(call, kind)
        if TEXTS[kind][0] not in params:
            raise invalid(f"empty_{TEXTS[kind][0]}")
        if kind in _PARENT and _PARENT_KEY[kind] not in params:
            raise invalid(f"empty_{_PARENT_KEY[kind]}")
        entry = Entry(kind=kind, entry_id=0, created_at=now, updated_at=now)
        self._describe_entry(entry, params)
        entry.entry_id = self.account.next_id(kind)
        return self.service.show(kind, self._entry(self.account.knowledge.add(entry), _asked(params)), 201)

    @_each_kind("GET", "/<int:entry_id>.json")
    def show_knowledge(self, call: Call, entry_id: int) -> Reply:
        """Show an entry."""
        entry = self.account.knowledge.get(_kind(call), entry_id)
        return self.service.show(entry.kind, self._entry(entry, self.service.query(call).text("language_id")))

    @_each_kind("PUT", "/<int:entry_id>.json")
    def update_knowledge(self, call: Call, entry_id: int) -> Reply:
        """Change an entry; a text in one language leaves the others alone (assumed)."""
        entry = self.account.knowledge.get(_kind(call), entry_id)
        params = self.service.body(call, entry.kind)
        self._describe_entry(entry, params)
        return self._touched_entry(entry, _asked(params))

    @_each_kind("DELETE", "/<int:entry_id>.json")
    def delete_knowledge(self, call: Call, entry_id: int) -> Reply:
        """Delete an entry."""
        self.account.knowledge.drop(self.account.knowledge.get(_kind(call), entry_id))
        return self.service.done()

    @_each_kind("PUT", "/<int:entry_id>/enable.json")
    def enable_knowledge(self, call: Call, entry_id: int) -> Reply:
        """Show an entry to readers."""
        return self._activate_entry(call, entry_id, active=True)

    @_each_kind("PUT", "/<int:entry_id>/disable.json")
    def disable_knowledge(self, call: Call, entry_id: int) -> Reply:
        """Hide an entry from readers."""
        return self._activate_entry(call, entry_id, active=False)

    @_each_kind("PUT", "/<int:entry_id>/moveup.json")
    def move_knowledge_up(self, call: Call, entry_id: int) -> Reply:
        """Move an entry up by a place."""
        return self._move_entry(call, entry_id, -1)

    @_each_kind("PUT", "/<int:entry_id>/movedown.json")
    def move_knowledge_down(self, call: Call, entry_id: int) -> Reply:
        """Move an entry down by a place."""
        return self._move_entry(call, entry_id, 1)

    def _describe_entry(self, entry: Entry, params: Params) -> None:
        kind = entry.kind
        texts = {name: given for name in TEXTS[kind] if (given := texts_of(params, name)) is not None}
        parents = params.integers(_PARENT_KEY[kind]) if kind in _PARENT else []
        for parent in parents:
            self.account.knowledge.get(_PARENT[kind], parent)
        access = params.choice("access_type", ACCESS) if kind == "kb_article" else None
        for name, given in texts.items():
            entry.texts[name] = {**entry.texts.get(name, {}), **given}
        entry.parents = parents or entry.parents
        entry.access_type = access or entry.access_type

    def _activate_entry(self, call: Call, entry_id: int, *, active: bool) -> Reply:
        entry = self.account.knowledge.get(_kind(call), entry_id)
        entry.active = active
        return self._touched_entry(entry)

    def _move_entry(self, call: Call, entry_id: int, step: int) -> Reply:
        entry = self.account.knowledge.get(_kind(call), entry_id)
        self.account.knowledge.move(entry, step)
        return self._touched_entry(entry)

    def _touched_entry(self, entry: Entry, language: str | None = None) -> Reply:
        entry.updated_at = self.service.now()
        return self.service.show(entry.kind, self._entry(entry, language))

    def _entry(self, entry: Entry, language: str | None) -> dict[str, Any]:
        document: dict[str, Any] = {f"{entry.kind.removeprefix('kb_')}_id": entry.entry_id}
        if entry.kind == "kb_section":
            document["category_id"] = entry.parents[0]
        if entry.kind == "kb_article":
            document |= {"section_id": entry.parents[0], "section_id_arr": list(entry.parents)}
        document |= {name: shown(entry.texts.get(name, {}), language) for name in TEXTS[entry.kind]}
        if entry.kind == "kb_article":
            document["access_type"] = entry.access_type
        moments = {"created_at": entry.created_at, "updated_at": entry.updated_at}
        return {**document, "active": entry.active, **{name: self.renderer.moment(at) for name, at in moments.items()}}


def _asked(params: Params) -> str | None:
    """Return the language of the answer to a write. recorded: texts by language are answered by language."""
    return "all" if any(isinstance(value, dict) for value in params.values.values()) else None


def _kind(call: Call) -> str:
    return next(kind for kind in KINDS if call.path.startswith(f"/api/{kind}"))
