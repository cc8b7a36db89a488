"""The load of a knowledge base: every category, folder and article once, then the links between articles."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from attrs import asdict, evolve, frozen

from helpdesk_bridge.adapter import KnowledgeBase
from helpdesk_bridge.adapter.digests import body_digest
from helpdesk_bridge.errors import AuthenticationFailed, HelpdeskError, InDoubt, NotFound
from helpdesk_bridge.migration.journal.states import reason_of
from helpdesk_bridge.migration.knowledge.entries import Entries, Entry, Kind, State
from helpdesk_bridge.migration.knowledge.links import Addresses, by_address, image_addresses, relinked, targets
from helpdesk_bridge.migration.knowledge.losses import Contents, as_kept
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder
from helpdesk_bridge.model.values import Body
from helpdesk_bridge.text.plain import digest

ATTEMPTS: Final = 3
CHANGED_THERE: Final = "it was changed at the destination since it was written"
NOT_CARRIED: Final = "its title, readers, tags or folders changed at the source since: change them by hand"
NOWHERE: Final = "what it stands in was not written"
NO_FOLDER: Final = "it is in no folder"


def shown(article: KnowledgeArticle) -> dict[str, Any]:
    """Return what an article shows, as digests."""
    return {
        "title": digest(article.title),
        "text": body_digest(Body(html=article.html)),
        "links": sorted(map(digest, targets(article.html))),
        "images": sorted(map(digest, image_addresses(article.html))),
        "readers": article.readers.value,
        "tags": sorted(map(digest, article.tags)),
        "folders": sorted(map(digest, article.folder_ids)),
    }


def version_of(article: KnowledgeArticle) -> str:
    """Return a digest of an article as the source has it: of its text, and of everything else."""
    rest = [article.title, article.readers.value, *article.folder_ids, *article.tags]
    return f"{digest(article.html)}.{digest(*rest)}"


@frozen(eq=False)
class KnowledgeLoad:
    """One load. ``old`` and ``new`` tell the addresses of articles on both sides."""

    context: LoadContext
    base: KnowledgeBase
    entries: Entries
    contents: Contents
    old: Addresses
    new: Addresses

    def run(self) -> None:
        """Write what is missing; what was begun and not confirmed is looked for first."""
        if any(entry.state is State.INTENT for entry in self.entries.all()):
            self.context.destination.clock.sleep(self.context.importer.settle)
        for category in self.contents.categories:
            self._category(category)
        for folder in self.contents.folders:
            self._folder(folder)
        for article in self.contents.articles:
            self._article(article)
        self._link()

    # -- categories and folders ------------------------------------------------------------------------------------

    def _category(self, category: KnowledgeCategory) -> None:
        self._place(
            Kind.CATEGORY,
            category.id,
            digest(json.dumps(asdict(category), sort_keys=True)),
            partial(self.base.categories_named, category.name),
            partial(self.base.create_category, category),
        )

    def _folder(self, folder: KnowledgeFolder) -> None:
        version = digest(json.dumps(asdict(folder), sort_keys=True))
        category = self.entries.get(Kind.CATEGORY, folder.category_id)
        if category is None or not category.is_there:
            self._failed(Entry(kind=Kind.FOLDER, id=folder.id, state=State.FAILED, version=version), NOWHERE)
            return
        there = evolve(folder, category_id=category.destination)
        self._place(
            Kind.FOLDER,
            folder.id,
            version,
            partial(self.base.folders_named, category.destination, folder.name),
            partial(self.base.create_folder, there),
        )

    def _place(
        self,
        kind: Kind,
        source_id: str,
        version: str,
        look: Callable[[], Sequence[KnowledgeCategory] | Sequence[KnowledgeFolder]],
        create: Callable[[], str],
    ) -> None:
        """Use the category or folder of this name, or make it."""
        entry = self.entries.get(kind, source_id)
        if entry is not None and entry.is_there:
            return
        begun = entry is not None and entry.state is State.INTENT
        entry = (
            entry
            if begun and entry is not None
            else Entry(kind=kind, id=source_id, state=State.INTENT, version=version)
        )
        found = [one.id for one in self._read(look)]
        if found:
            self.entries.save(evolve(entry, state=State.DONE if begun else State.PRESENT, destination=found[0]))
            return
        self._create(entry, create, lambda: [one.id for one in self._read(look)])

    # -- articles --------------------------------------------------------------------------------------------------

    def _article(self, article: KnowledgeArticle) -> None:
        entry = self.entries.get(Kind.ARTICLE, article.id)
        there = self._there(article)
        if entry is not None and entry.is_there:
            self._later(entry, article, there)
            return
        version = version_of(article)
        if there is None:
            why = NOWHERE if article.folder_ids else NO_FOLDER
            self._failed(Entry(kind=Kind.ARTICLE, id=article.id, state=State.FAILED, version=version), why)
            return
        if entry is None or entry.state is not State.INTENT:
            entry = Entry(kind=Kind.ARTICLE, id=article.id, state=State.INTENT, version=version)
            chosen = self._chosen(entry, there)
            if chosen.is_there:
                return
            entry = chosen
            begun = False
        else:
            begun = True
        there = evolve(there, title=entry.name)
        entry = self._create(
            entry, partial(self.base.create_article, there), partial(self._arrived, entry, there), look=begun
        )
        if entry.state is State.DONE:
            self._finish(entry, there)

    def _chosen(self, entry: Entry, there: KnowledgeArticle) -> Entry:
        """Take over an equal article that was there before, or choose the title of the new one."""
        title, number = there.title, 1
        while True:
            known = self._read(partial(self.base.articles_named, title))
            equal = next((one for one in known if one.id not in self._taken() and _same(one, there)), None)
            if equal is not None:
                wanted = {**shown(equal)}
                return self.entries.save(
                    evolve(entry, state=State.PRESENT, destination=equal.id, name=title, expected=wanted)
                )
            if not (known and self.base.traits.own_titles):
                return evolve(entry, name=title, before=tuple(one.id for one in known))
            number += 1
            title = f"{there.title} ({number})"

    def _taken(self) -> set[str]:
        return {one.destination for one in self.entries.all(Kind.ARTICLE)}

    def _arrived(self, entry: Entry, there: KnowledgeArticle) -> list[str]:
        """Return the articles that an earlier create of this one has made."""
        known = self._read(partial(self.base.articles_named, there.title))
        others = {*entry.before, *self._taken()}
        return [one.id for one in known if one.id not in others and _same_text(one, there)]

    def _there(self, article: KnowledgeArticle) -> KnowledgeArticle | None:
        """Return an article as it is to be written; None if what it stands in is not there."""
        kept = as_kept(article, self.base.traits)
        folders = [self.entries.get(Kind.FOLDER, one) for one in kept.folder_ids]
        ids = tuple(one.destination for one in folders if one is not None and one.is_there)
        return evolve(kept, folder_ids=ids) if ids else None

    def _finish(self, entry: Entry, there: KnowledgeArticle) -> None:
        try:
            self.context.set_values(partial(self.base.finish, entry.destination, there))
        except HelpdeskError as error:
            self._failed(entry, reason_of(error))
            return
        self.entries.save(evolve(entry, expected=shown(there), reason=""))

    def _later(self, entry: Entry, article: KnowledgeArticle, there: KnowledgeArticle | None) -> None:
        """Complete an article whose run ended before its end, and carry a text that changed at the source."""
        if not entry.expected and there is not None:
            self._finish(entry, evolve(there, title=entry.name or there.title))
            return
        version = version_of(article)
        if entry.version == version or there is None:
            return
        text, rest = (one.split(".") for one in (entry.version, version))
        why = NOT_CARRIED if text[1] != rest[1] else ""
        if text[0] != rest[0]:
            try:
                now = self._read(partial(self.base.article, entry.destination))
            except NotFound:
                return  # verification tells that it is missing
            if shown(now)["text"] != entry.expected["text"]:
                self.entries.save(evolve(entry, reason=CHANGED_THERE))
                return
            self._rewrite(entry, evolve(now, html=there.html))
            entry = self.entries.get(Kind.ARTICLE, article.id) or entry
        self.entries.save(evolve(entry, version=version, reason=why))

    def _rewrite(self, entry: Entry, there: KnowledgeArticle) -> None:
        try:
            self.context.set_values(partial(self.base.rewrite, entry.destination, there.html))
        except HelpdeskError as error:
            self.entries.save(evolve(entry, reason=reason_of(error)))
            return
        now = shown(there)
        wanted = {**entry.expected, **{name: now[name] for name in ("text", "links", "images")}}
        self.entries.save(evolve(entry, expected=wanted))

    # -- links -----------------------------------------------------------------------------------------------------

    def _link(self) -> None:
        """Lead links between articles to where these are now, as far as the addresses of both sides are known."""
        known = by_address(self.contents.articles, self.old)
        news: dict[str, str | None] = {}

        def new(address: str) -> str | None:
            source_id = known.get(address)
            if source_id is None:
                return None
            if source_id not in news:
                news[source_id] = self._new_address(source_id)
            return news[source_id]

        for article in self.contents.articles:
            entry, there = self.entries.get(Kind.ARTICLE, article.id), self._there(article)
            if entry is None or entry.state is not State.DONE or there is None or not entry.expected:
                continue
            rewritten = relinked(there.html, new)
            wanted = sorted(map(digest, targets(rewritten)))
            before = sorted(map(digest, targets(there.html)))
            # What somebody changed there since, and what was rewritten before, is left.
            if wanted != before and entry.expected["links"] == before:
                self.context.check_stop()
                self._rewrite(entry, evolve(there, html=rewritten))

    def _new_address(self, source_id: str) -> str | None:
        entry = self.entries.get(Kind.ARTICLE, source_id)
        if entry is None or not entry.is_there:
            return None
        try:
            addresses = self.new.of(self._read(partial(self.base.article, entry.destination)))
        except HelpdeskError:
            return None
        return addresses[0] if addresses else None

    # -- calls -----------------------------------------------------------------------------------------------------

    def _read(self, call: Callable[[], Any]) -> Any:
        self.context.check_stop()
        return self.context.destination_outage.of_record(call)

    def _create(
        self, entry: Entry, create: Callable[[], str], arrived: Callable[[], Sequence[str]], *, look: bool = False
    ) -> Entry:
        """Send a create once; one whose outcome is unknown is looked for before it is sent again."""
        self.entries.save(entry)
        for _ in range(ATTEMPTS):
            self.context.check_stop()
            if look and (found := arrived()):
                return self.entries.save(evolve(entry, state=State.DONE, destination=found[0]))
            look = True
            try:
                made = self.context.write(create, undo=())
            except InDoubt:
                self.context.destination.clock.sleep(self.context.importer.settle)
            except AuthenticationFailed:
                raise
            except HelpdeskError as error:
                return self._failed(entry, reason_of(error))
            else:
                return self.entries.save(evolve(entry, state=State.DONE, destination=made))
        if found := arrived():
            return self.entries.save(evolve(entry, state=State.DONE, destination=found[0]))
        return self._failed(entry, "its creates were not answered, and the destination does not have it")

    def _failed(self, entry: Entry, reason: str) -> Entry:
        return self.entries.save(evolve(entry, state=State.FAILED, reason=reason))


def _same_text(one: KnowledgeArticle, other: KnowledgeArticle) -> bool:
    return one.title == other.title and shown(one)["text"] == shown(other)["text"]


def _same(one: KnowledgeArticle, other: KnowledgeArticle) -> bool:
    return shown(one) == shown(evolve(other, title=one.title))
