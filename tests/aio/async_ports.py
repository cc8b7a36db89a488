"""Writes the asynchronous port out of the synchronous protocols: ``python tests/aio/async_ports.py``."""

import ast
import re
from pathlib import Path

from attrs import field, frozen

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "helpdesk_bridge" / "aio" / "ports.py"

HEAD = '''"""The port with ``await``: every call of ``helpdesk_bridge.ports``, run in a thread of the desk's pool.

Written by ``python tests/aio/async_ports.py`` from the protocols; a test compares the two.
"""

# fmt: off

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, Unpack, cast, overload

from helpdesk_bridge.adapter.contract import Finding
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.facets import StoringWebhooks, Template, Templates, Webhooks
from helpdesk_bridge.adapter.importing import (
    FidelityTable,
    Hazard,
    ImportCost,
    Imported,
    Importer,
    Marked,
    Opening,
    Removal,
    Step,
)
from helpdesk_bridge.adapter.knowledge_base import KnowledgeBase, KnowledgeTraits
from helpdesk_bridge.aio.base import AsyncDeskBase, AsyncPort
from helpdesk_bridge.aio.files import AsyncFile
from helpdesk_bridge.aio.listing import AsyncListing
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.keys import DeskKeys
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
from helpdesk_bridge.model.keywords import (
    ContactChanges,
    ContactFields,
    ContactFilters,
    MessageFields,
    TicketChanges,
    TicketFields,
    TicketFilters,
)
from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder
from helpdesk_bridge.model.paging import Events, Page
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.model.values import Actor, Attachment, Body, Named, Person, Ref, Upload, Visibility
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.ports import (
    Api_co,
    Attachments,
    ContactId,
    Contacts,
    Explanation,
    Lists,
    Messages,
    Missing,
    TicketId,
    Tickets,
)
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

T = TypeVar("T")
'''


@frozen
class Source:
    """A class to be written anew: where it is, the name that its operations begin with, and what of it is left out."""

    path: str
    name: str
    prefix: str
    base: str = ""
    doc: str = ""
    without: frozenset[str] = field(default=frozenset(), converter=frozenset)
    waits: frozenset[str] = field(default=frozenset(), converter=frozenset)
    """The properties that ask a file or a server."""


DESK = """One account at a vendor, used from asyncio: the same port as ``Helpdesk``, with ``await``.

What never waits is a plain attribute; everything else is awaited, also ``await desk.account`` and
``await desk.budget.remaining``. Safe to share between tasks. It is an asynchronous context manager that closes it.
"""

SOURCES = (
    Source("ports.py", "Tickets", "tickets"),
    Source("ports.py", "Contacts", "contacts"),
    Source("ports.py", "Messages", "messages"),
    Source("ports.py", "Lists", "lists"),
    Source("ports.py", "Attachments", "attachments"),
    Source("adapter/facets.py", "Templates", "templates"),
    Source("adapter/facets.py", "Webhooks", "webhooks"),
    Source("adapter/facets.py", "StoringWebhooks", "webhooks", base="Webhooks"),
    Source("adapter/importing.py", "Importer", "importer"),
    Source("adapter/importing.py", "Removal", "removal"),
    Source("adapter/knowledge_base.py", "KnowledgeBase", "knowledge_base"),
    Source(
        "ratelimit/budget.py",
        "Budget",
        "budget",
        waits={"limit", "remaining", "resets_in", "place", "lost", "holders"},
    ),
    Source(
        "adapter/directory.py",
        "Directory",
        "directory",
        # what adapters fill it with, and what they ask it
        without={"bind", "refresh", "listed", "remember", "unknown", "contact"},
    ),
    Source(
        "ports.py",
        "Helpdesk",
        "desk",
        doc=DESK,
        without={"close", "subscribe", "vendor_api"},  # by hand in the base, or by ``run``
        waits={"account"},
    ),
)
WRITTEN = {source.name for source in SOURCES}
GENERIC = {"Lists"}


def module():
    """Return the text of the module."""
    return "\n".join([HEAD, *(written(source) for source in SOURCES)])


def written(source):
    tree = ast.parse((ROOT / "helpdesk_bridge" / source.path).read_text("utf-8"))
    cls = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == source.name)
    overloaded = {one.name for one in members(cls, source) if decorated(one, "overload")}
    lines = ["", head_of(source), *indent(doc_of(cls, source.doc)), ""]
    for member in members(cls, source):
        if decorated(member, "property"):
            lines += property_of(source, member)
        else:
            lines += method_of(source, member, overloaded)
    return "\n".join(lines)


def head_of(source):
    if source.name == "Helpdesk":
        return "class AsyncDesk(AsyncDeskBase[Api_co], Generic[Api_co]):"
    if source.base:
        return f"class Async{source.name}(Async{source.base}):"
    if source.name in GENERIC:
        return f"class Async{source.name}(AsyncPort[{source.name}[T]], Generic[T]):"
    return f"class Async{source.name}(AsyncPort[{source.name}]):"


def members(cls, source):
    return [
        node
        for node in cls.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in source.without
    ]


def decorated(node, name):
    return any(isinstance(one, ast.Name) and one.id == name for one in node.decorator_list)


def doc_of(node, instead=""):
    """Return the lines of a docstring, none if there is none."""
    text = instead or ast.get_docstring(node)
    if not text:
        return []
    first, *others = text.splitlines()
    return [f'"""{first}', *others, '"""'] if others else [f'"""{first}"""']


def asynchronous(annotation):
    """Return an annotation with the asynchronous classes in place of those that they are written from."""
    text = ast.unparse(annotation).replace("T_co", "T")
    return re.sub(rf"\b({'|'.join(sorted(WRITTEN))})\b", r"Async\1", text)


def port(source, *, typed=True):
    reached = {"Helpdesk": "self.sync", "StoringWebhooks": 'cast("StoringWebhooks", self._port)'}
    found = reached.get(source.name, "self._port")
    return found if typed else f'cast("Any", {found})'


def property_of(source, node):
    result, name = asynchronous(node.returns), node.name
    read = f"{port(source)}.{name}"
    if name in source.waits:
        result = f"Coroutine[Any, Any, {result}]"
        body = [f'return self._calls.run("{source.prefix}.{name}", lambda: {read})']
    elif (wrapped := re.match(r"Async(\w+)(?:\[\w+\])?( \| \w+)?$", result)) is None:
        body = [f"return {read}"]
    elif not wrapped[2]:
        body = [f"return Async{wrapped[1]}(self._calls, {read})"]
    else:
        lacking = "facet is None" if wrapped[2] == " | None" else "isinstance(facet, Missing)"
        body = [f"facet = {read}", f"if {lacking}:", "    return facet"]
        if name == "webhooks":
            body += ["if isinstance(facet, StoringWebhooks):", "    return AsyncStoringWebhooks(self._calls, facet)"]
        given = f', "{name}"' if wrapped[1] == "Lists" else ""
        body += [f"return Async{wrapped[1]}(self._calls, facet{given})"]
    return [*indent(["@property", f"def {name}(self) -> {result}:", *indent([*doc_of(node), *body])]), ""]


def method_of(source, node, overloaded):
    result, arguments = asynchronous(node.returns), ast.unparse(node.args).replace("T_co", "T").replace("'", '"')
    operation = f'"{source.prefix}.{node.name}"' if source.name != "Lists" else 'f"{self._name}.list"'
    name = node.name
    if decorated(node, "overload"):
        return [*indent(["@overload", f"async def {name}({arguments}) -> {result}: ..."])]
    reached, given = f"{port(source, typed=name not in overloaded)}.{name}", passed(node.args)
    read = f"lambda: {reached}({given})" if given else reached
    waits = "async "
    if listing := re.match(r"Listing\[(\w+)\]$", result):
        waits, result = "", f"AsyncListing[{listing[1]}]"
        body = [f"return AsyncListing(self._calls, {operation}, {read})"]
    elif result.startswith("AbstractContextManager["):
        waits, result = "", "AsyncFile"
        body = [f"return AsyncFile(self._calls, {operation}, {read})"]
    elif name in overloaded:
        body = [f'return cast("{result}", await self._calls.run({operation}, {read}))']
    else:
        body = [f"return await self._calls.run({operation}, {read})"]
    return [*indent([f"{waits}def {name}({arguments}) -> {result}:", *indent([*doc_of(node), *body])]), ""]


def passed(arguments):
    given = [one.arg for one in (*arguments.posonlyargs, *arguments.args) if one.arg != "self"]
    given += [f"{one.arg}={one.arg}" for one in arguments.kwonlyargs]
    given += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return ", ".join(given)


def indent(lines):
    return [f"    {line}".rstrip() for line in lines]


if __name__ == "__main__":
    MODULE.write_text(module(), "utf-8")
