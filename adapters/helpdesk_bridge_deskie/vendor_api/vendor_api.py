"""Vendor API (``desk.vendor_api``): every call of Deskie that the common port lacks.

Each call goes over the desk's own connection, budget and errors. Values are checked before anything is sent; ids are
numbers or text. A call that sends or appends is never repeated when its outcome is unknown (``InDoubt``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Answer, Directory, Effect, Invalid, Request
from helpdesk_bridge_deskie.client.calls import Calls, DocumentPage, Params, paged
from helpdesk_bridge_deskie.port.lists import ReferenceList
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.administration import GroupCalls, LabelCalls, StaffCalls
from helpdesk_bridge_deskie.vendor_api.cases import CaseCalls
from helpdesk_bridge_deskie.vendor_api.companies import CompanyCalls
from helpdesk_bridge_deskie.vendor_api.documents import CustomChannel, Language, Macro, Mailbox, SavedFilter
from helpdesk_bridge_deskie.vendor_api.ideas import IdeaCategoryCalls
from helpdesk_bridge_deskie.vendor_api.knowledge_base import KnowledgeBase
from helpdesk_bridge_deskie.vendor_api.macros import macros_in
from helpdesk_bridge_deskie.vendor_api.messages import MessageCalls
from helpdesk_bridge_deskie.vendor_api.statistics import StatisticsCalls
from helpdesk_bridge_deskie.vendor_api.users import UserCalls

D = TypeVar("D")
_EFFECTS: Mapping[str, Effect] = {
    "GET": Effect.READ,
    "POST": Effect.CREATE,
    "PUT": Effect.CREATE,
    "DELETE": Effect.CREATE,
}


@frozen(eq=False)
class DeskieApi:
    """The calls, grouped by the kind of record."""

    cases: CaseCalls
    messages: MessageCalls
    users: UserCalls
    companies: CompanyCalls
    staff: StaffCalls
    groups: GroupCalls
    labels: LabelCalls
    knowledge_base: KnowledgeBase
    idea_categories: IdeaCategoryCalls
    statistics: StatisticsCalls
    _calls: Calls = field(repr=False)

    @classmethod
    def over(cls, calls: Calls, directory: Directory) -> DeskieApi:
        """Return the calls of one account; what they write is read again by the directory."""

        def dropping(name: str) -> Calls:
            return evolve(calls, after_write=lambda: directory.refresh(name))

        return cls(
            CaseCalls(calls),
            MessageCalls(calls),
            UserCalls(dropping("contacts")),
            CompanyCalls(calls),
            StaffCalls(dropping("agents")),
            GroupCalls(dropping("groups")),
            LabelCalls(dropping("tags")),
            KnowledgeBase.over(calls),
            IdeaCategoryCalls(calls),
            StatisticsCalls(calls),
            calls,
        )

    def custom_channels(self) -> tuple[CustomChannel, ...]:
        """Return the custom channels; cases and users name one by its key, such as `cch1`."""
        return tuple(self._whole("/custom_channels.json", "custom_channel", CustomChannel, "custom_channels"))

    def mailboxes(self) -> tuple[Mailbox, ...]:
        """Return the account's own e-mail addresses."""
        return tuple(self._whole("/client_emails.json", "client_emails", Mailbox, "mailboxes"))

    def languages(self) -> tuple[Language, ...]:
        """Return the account's languages."""
        return tuple(self._whole("/languages.json", "language", Language, "languages"))

    def filters(self) -> tuple[SavedFilter, ...]:
        """Return the saved filters of the key's agent; ``cases.page(filter_id=…)`` lists by one."""
        return tuple(self._whole("/filters.json", "filter", SavedFilter, "filters"))

    def macros(self) -> tuple[Macro, ...]:
        """Return the macros, common ones first."""
        return macros_in(self._calls.json("/macros.json", operation="vendor_api.macros"))

    def call(
        self, method: str, path: str, *, params: Params = (), body: Any = None, args: Mapping[str, str] | None = None
    ) -> Any:
        """Make any call, such as ``call("GET", "/filters.json")``, and return its JSON (None for an empty answer).

        For what Deskie adds: documented, "we do constantly add new API methods". ``path`` is below ``/api``; ``{name}``
        in it is filled from ``args``, percent-encoded. A write whose outcome is unknown raises ``InDoubt``.
        """
        verb = checked.choice(method.upper() if isinstance(method, str) else "", tuple(_EFFECTS), "method")
        if not isinstance(path, str) or not path.startswith("/") or not path.isprintable() or {"?", "#"} & set(path):
            raise Invalid("path: expected a path below /api, without a query", field="path")
        extra = {} if body is None else {"json": body}
        request = Request(
            verb, path, operation="vendor_api.call", effect=_EFFECTS[verb], params=params, args=args or {},
            answer=Answer.ANY, **extra,
        )  # fmt: skip
        response = self._calls.stack.send(request)
        return response.json() if response.body.strip() else None

    def _whole(self, path: str, key: str, type_: type[D], name: str) -> Iterator[D]:
        def fetch(page: int) -> DocumentPage[D]:
            return self._calls.list(path, key, type_, operation=f"vendor_api.{name}", params=paged(page))

        return ReferenceList(fetch, _same).list()


def _same(document: D) -> D:
    return document
