"""Service: what every route of the simulated account needs, such as records, switches, parameters and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.reply import Reply
from helpdesk_bridge_deskie.simulator.access import Access
from helpdesk_bridge_deskie.simulator.lists import ListForm, Page, list_item, page_of
from helpdesk_bridge_deskie.simulator.parameters import Params
from helpdesk_bridge_deskie.simulator.records.search import SearchRules
from helpdesk_bridge_deskie.simulator.rendering import Renderer
from helpdesk_bridge_deskie.simulator.uploads import upload_files
from helpdesk_bridge_deskie.simulator.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from helpdesk_bridge.testing.simulator.app import SimulatorApp
    from helpdesk_bridge.testing.simulator.call import Call
    from helpdesk_bridge_deskie.simulator.records.account import Account
    from helpdesk_bridge_deskie.simulator.records.records import FileEntry, Record


PAGES = "Deskie's public pages and clients' code"
"""The source of what the specification promises in a sentence, or not at all: pages that the tests cannot read."""


class Service:
    """One account at work; made anew when the simulator is reset."""

    def __init__(self, app: SimulatorApp, account: Account, zone: ZoneInfo) -> None:
        self.account = account
        self.zone = zone
        self.files = app.files
        self.flag, self.number, self.choice = app.flag, app.number, app.choice
        self.searchable_count = app.searchable_count
        self.access = Access(account, app.settings)
        self.rules = SearchRules(self.flag("case_sensitive_search"), self.choice("short_search"))
        self.renderer = Renderer(app.settings, zone, self.origin)
        self.webhooks = Webhooks(account)
        self._app = app

    def origin(self) -> str:
        """Return the account's own origin."""
        return self._app.base_url.rstrip("/")

    def now(self) -> int:
        """Return the wall time in unix seconds, as records keep it."""
        return int(self._app.clock.now().timestamp())

    # reading calls

    def query(self, call: Call) -> Params:
        """Return the query's parameters."""
        return Params(call.query_tree, self.zone)

    def body(self, call: Call, *wrappers: str) -> Params:
        """Return the parameters inside the body's wrapper; without wrappers, those at the top."""
        params = Params(call.body_tree, self.zone)
        return params.inside(*wrappers) if wrappers else params

    def page(self, params: Params) -> Page:
        """Return the requested page."""
        return page_of(params, over=self.choice("page_over_500"))

    def uploaded(self, call: Call, params: Params, wrapper: str) -> list[FileEntry]:
        """Keep the files that came with a request."""
        return upload_files(
            self.files,
            call,
            params,
            wrapper,
            origin=self.origin(),
            urls=self.flag("attachment_urls"),
            too_large=self.number("too_large_status"),
        )

    # answers

    def show(self, kind: str, document: Mapping[str, Any], status: int = 200) -> Reply:
        """Answer one object in its wrapper."""
        return Reply.json({kind: document}, status, indent=4)

    def done(self) -> Reply:
        """Answer a deletion: 200 and no body (observed: samples on Deskie's pages)."""
        return Reply(200, b"", {"Content-Type": "application/json"})

    def listing(
        self, kind: str, records: Iterable[Record], total: int, render: Callable[[Any], dict[str, Any]]
    ) -> Reply:
        """Answer a page of records as a list; `total` counts all matches."""
        return self.list_reply(kind, [self.renderer.item(kind, record, render) for record in records], total)

    def paged(self, call: Call, kind: str, records: Iterable[Record], render: Callable[[Any], dict[str, Any]]) -> Reply:
        """Answer the requested page of records as a list."""
        page, listed = self.page(self.query(call)), list(records)
        return self.listing(kind, listed[page.start : page.stop], len(listed), render)

    def plain_listing(self, kind: str, documents: Iterable[Mapping[str, Any]], total: int) -> Reply:
        """Answer a page of documents that are rendered anew each time."""
        return self.list_reply(kind, [list_item(kind, document) for document in documents], total)

    def list_reply(self, kind: str, items: list[str], total: int, *, count: str = "total_count") -> Reply:
        """Answer a list of rendered items."""
        form = ListForm(self.choice("legacy_empty"), self.choice("list_form"), self.flag("omit_total_count"))
        text = form.text(kind, items, total, count=count)
        return Reply.text(text, content_type="application/json")


class RouteGroup:
    """The calls on one kind of record, registered on the application."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.account = service.account
        self.renderer = service.renderer
