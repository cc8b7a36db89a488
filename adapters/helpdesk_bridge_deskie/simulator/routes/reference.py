"""Routes of lists that are only read: custom fields, languages, filters, channels, mailboxes, macros."""

from __future__ import annotations

from typing import Any

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.saved_filters import FILTERS
from helpdesk_bridge_deskie.simulator.seeding.cases import MAILBOX
from helpdesk_bridge_deskie.simulator.service import RouteGroup

_LANGUAGES = (
    (1, "РУС", "Русский", False),  # noqa: RUF001 - as recorded
    (2, "ENG", "English", True),
    (3, "DEU", "Deutsch", True),
)
"""recorded: such codes."""
_CLOSE = {
    "macro_action_id": 1,
    "action_type": "status",
    "action_display_name": "Status",
    "action_destination": "closed",
    "content": "",
    "subject": "",
    "position": 1,
}
_COMMON = (
    {
        "title": "Closing",
        "sort": 1,
        "macros_category_id": 1,
        "data": {"1": {"title": "Close with thanks", "position": 1, "group_name": "Closing", "actions": [_CLOSE]}},
    },
)
"""observed: a tree of two branches. recorded: the common one is a list; an older fixture has an object."""


class ReferenceRoutes(RouteGroup):
    """The read-only lists."""

    @route("GET", "/api/custom_fields.json", provenance=OBSERVED, source="clients' fixtures")
    def list_custom_fields(self, call: Call) -> Reply:
        """List custom fields of cases and users; they cannot be created here (observed)."""
        documents = [self.renderer.custom_field(each) for each in self.account.fields.values()]
        return self._paged(call, "custom_field", documents)

    @route("GET", "/api/languages.json", provenance=OBSERVED, source="clients' fixtures")
    def list_languages(self, call: Call) -> Reply:
        """List languages."""
        return self._paged(
            call,
            "language",
            [
                {"language_id": number, "code": code, "title": title, "active": active}
                for number, code, title, active in _LANGUAGES
            ],
        )

    @route("GET", "/api/filters.json", provenance=OBSERVED, source="clients' fixtures")
    def list_filters(self, call: Call) -> Reply:
        """List the calling agent's saved filters, in camelCase (observed)."""
        documents: list[dict[str, Any]] = [
            {
                "filter_id": each.filter_id,
                "filter_name": each.name,
                "isSelected": each.filter_id == 0,
                "isCustom": each.filter_id != 0,
            }
            for each in FILTERS
        ]
        return self._paged(call, "filter", documents)

    @route("GET", "/api/custom_channels.json", provenance=OBSERVED, source="clients' fixtures")
    def list_custom_channels(self, call: Call) -> Reply:
        """List custom channels."""
        documents = [self.renderer.custom_channel(each) for each in self.account.channels]
        return self._paged(call, "custom_channel", documents)

    @route("GET", "/api/client_emails.json", provenance=OBSERVED, source="clients' fixtures")
    def list_client_emails(self, call: Call) -> Reply:
        """List the account's mailboxes, under the plural key (observed)."""
        return self._paged(call, "client_emails", [{"email_id": 1, "email": MAILBOX, "active": True}])

    @route("GET", "/api/macros.json", provenance=OBSERVED, source="clients' fixtures")
    def list_macros(self, call: Call) -> Reply:  # noqa: ARG002 - every handler gets the call
        """Show the tree of macros; an empty branch is a list, as PHP prints an empty array."""
        listed = self.service.choice("macros_form") == "list"
        common = list(_COMMON) if listed else {str(place): each for place, each in enumerate(_COMMON)}
        return Reply.json({"common": common, "personal": []}, indent=4)

    def _paged(self, call: Call, kind: str, documents: list[dict[str, Any]]) -> Reply:
        page = self.service.page(self.service.query(call))
        return self.service.plain_listing(kind, documents[page.start : page.stop], len(documents))
