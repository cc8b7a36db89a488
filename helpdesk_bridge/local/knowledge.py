"""The knowledge base of one space: categories, folders and articles, in the order in which they were added."""

from __future__ import annotations

import json
from typing import Any, Final, Generic, TypeVar

from attrs import asdict, evolve, frozen

from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder, Readers
from helpdesk_bridge.model.matching import natural_key
from helpdesk_bridge.store.database import run
from helpdesk_bridge.store.space import Space
from helpdesk_bridge.store.values import folded

K = TypeVar("K", KnowledgeCategory, KnowledgeFolder, KnowledgeArticle)
_COLUMNS: Final = "space, kind, id, id_rank, name, name_fold, email_fold, document"


@frozen(eq=False)
class KnowledgeTable(Generic[K]):
    """The records of one kind; ``name`` is what rows of the file call it."""

    _space: Space
    _name: str
    _kind: type[K]

    def list(self) -> tuple[K, ...]:
        """Return all of them."""
        sql = "SELECT document FROM entries WHERE space = ? AND kind = ? ORDER BY id_rank, id"
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, self._name))
        return tuple(self._read(text) for (text,) in rows)

    def get(self, record_id: str) -> K:
        """Return one. Raises ``NotFound``."""
        sql = "SELECT document FROM entries WHERE space = ? AND kind = ? AND id = ?"
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, self._name, record_id))
        if not rows:
            raise NotFound("there is no such record in the knowledge base")
        return self._read(rows[0][0])

    def add(self, record: K) -> K:
        """Write a record under a new id."""
        with self._space.database.write() as connection:
            new = evolve(record, id=str(self._space.number(connection, self._name)))
            return self.put(new)

    def put(self, record: K) -> K:
        """Write a record, new or in place of the one with its id."""
        name = record.title if isinstance(record, KnowledgeArticle) else record.name
        document = json.dumps(asdict(record, value_serializer=_plain), ensure_ascii=False)
        rank, fold = natural_key(record.id)[0], folded(name)
        row = (self._space.name, self._name, record.id, rank, name, fold, None, document)
        with self._space.database.write() as connection:
            sql = f"INSERT OR REPLACE INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constant
            run(connection, sql, row)
        return record

    def _read(self, text: str) -> K:
        values: dict[str, Any] = json.loads(text)
        if self._kind is KnowledgeArticle:
            values["readers"] = Readers(values["readers"])
            values |= {name: tuple(values[name]) for name in ("folder_ids", "tags", "urls")}
        return self._kind(**values)


def _plain(_owner: object, _field: object, value: Any) -> Any:
    return value.value if isinstance(value, Readers) else value


@frozen(eq=False)
class Knowledge:
    """The three kinds."""

    categories: KnowledgeTable[KnowledgeCategory]
    folders: KnowledgeTable[KnowledgeFolder]
    articles: KnowledgeTable[KnowledgeArticle]

    @classmethod
    def of(cls, space: Space) -> Knowledge:
        """Return the knowledge base of a space."""
        return cls(
            KnowledgeTable(space, "kb_category", KnowledgeCategory),
            KnowledgeTable(space, "kb_folder", KnowledgeFolder),
            KnowledgeTable(space, "kb_article", KnowledgeArticle),
        )
