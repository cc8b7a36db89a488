"""The verification of a knowledge base: every article read back, and the source listed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import frozen

from helpdesk_bridge.adapter import KnowledgeBase
from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.migration.knowledge.entries import Entries, Entry, Kind, State
from helpdesk_bridge.migration.knowledge.load import shown, version_of
from helpdesk_bridge.migration.knowledge.losses import Contents


@frozen
class KnowledgeDifference:
    """A record, by its source id, and what of it is not as it was written, or not as the source has it now."""

    record: str
    id: str
    what: str


@frozen(eq=False)
class KnowledgeCheck:
    """Reads and never writes. ``read`` makes a call to the destination, ``contents`` are the source's of now."""

    base: KnowledgeBase
    entries: Entries
    contents: Contents
    read: Callable[[Callable[[], Any]], Any]

    def run(self) -> list[KnowledgeDifference]:
        """Return what differs."""
        found = [
            KnowledgeDifference(one.kind.value, one.id, self._why(one)) for one in self.entries.all() if self._why(one)
        ]
        for entry in self.entries.all(Kind.ARTICLE):
            if entry.is_there:
                found += [KnowledgeDifference("article", entry.id, what) for what in self._compared(entry)]
        return [*found, *self._twice(), *self._since()]

    @staticmethod
    def _why(entry: Entry) -> str:
        if entry.state is State.INTENT:
            return "was begun and is not confirmed: run again"
        return entry.reason

    def _compared(self, entry: Entry) -> list[str]:
        try:
            there = shown(self.read(partial(self.base.article, entry.destination)))
        except NotFound:
            return ["is not at the destination"]
        if not entry.expected:
            return ["was begun and is not finished: run again"]
        return [f"its {name} differs" for name, wanted in entry.expected.items() if there[name] != wanted]

    def _twice(self) -> list[KnowledgeDifference]:
        """Return the articles of which the destination has more than the journal knows."""
        written = [one for one in self.entries.all(Kind.ARTICLE) if one.state is State.DONE]
        known = Counter(one.name for one in self.entries.all(Kind.ARTICLE) if one.is_there)
        found = []
        for entry in written:
            there = self.read(partial(self.base.articles_named, entry.name))
            same = [
                one for one in there if shown(one)["text"] == entry.expected.get("text") and one.id not in entry.before
            ]
            if len(same) > known[entry.name]:
                found.append(KnowledgeDifference("article", entry.id, f"is there {len(same)} times"))
        return found

    def _since(self) -> list[KnowledgeDifference]:
        now = {article.id: version_of(article) for article in self.contents.articles}
        found = []
        for entry in self.entries.all(Kind.ARTICLE):
            if entry.id not in now:
                found.append(KnowledgeDifference("article", entry.id, "is not at the source any more"))
            elif entry.is_there and entry.version != now[entry.id] and not entry.reason:
                found.append(KnowledgeDifference("article", entry.id, "changed at the source since: run again"))
        known = {entry.id for entry in self.entries.all(Kind.ARTICLE)}
        return found + [
            KnowledgeDifference("article", one, "appeared at the source since: run again")
            for one in now
            if one not in known
        ]
