"""Switches: what differs between Desk365 accounts, and what the papers leave open."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator import ADDRESSES, ASSUMED, DOCUMENTED, OBSERVED, Switch

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCHES: Final[Mapping[str, Switch]] = MappingProxyType(
    {
        "subscription": Switch(
            "standard",
            "the plan: standard has 100 calls an hour, plus and premium 50 a minute",
            OBSERVED,
            ("standard", "plus", "premium"),
        ),
        "rate_limit": Switch(0, "calls in a window; 0 takes the plan's", DOCUMENTED),
        "rate_window": Switch(0, "seconds of that window; 0 takes the plan's", DOCUMENTED),
        "rows_per_hour": Switch(10_000, "tickets that lists may give in an hour", DOCUMENTED),
        "retry_after": Switch(
            "none", "the header that a 429 carries", ASSUMED, ("none", "retry-after", "x-rate-limit")
        ),
        "bearer": Switch(True, "take the key with the word Bearer in front too; off shows an adapter's slip", OBSERVED),
        "unknown_keys": Switch(
            "refuse",
            "a member of a body that is no field, in create and update: refuse or ignore it",
            OBSERVED,
            ("refuse", "ignore"),
        ),
        "missing_query": Switch("405", "the answer to a GET without the query that it needs", ASSUMED, ("405", "404")),
        "error_shape": Switch(
            "errors", "400 bodies: {description, errors} or {status, error, message}", OBSERVED, ("errors", "status")
        ),
        "docs_shape": Switch(False, "tickets exactly as in the specification's sample body", DOCUMENTED),
        "additions_2026": Switch(
            False, "message ids, contact_email on update, company and field filters, contacts' fields", OBSERVED
        ),
        "contact_list_keys": Switch(
            "primary_email", "the e-mail's key in the contact list", OBSERVED, ("primary_email", "email")
        ),
        "agents_endpoint": Switch(False, "answer GET /agents", OBSERVED),
        "search_endpoint": Switch(False, "answer GET /tickets/search, which costs five calls", OBSERVED),
        "asset_management": Switch(False, "answer GET /asset_mgmt/locations and its details", OBSERVED),
        "contracts": Switch(False, "the account is entitled to contracts", DOCUMENTED),
        "escaped_quote": Switch(
            "accept",
            "a backslash before a single quote in filters: accept both forms, refuse it, or require it",
            ASSUMED,
            ("accept", "refuse", "require"),
        ),
        "updated_since": Switch(
            "after", "whether the very second is in: after or since", DOCUMENTED, ("after", "since")
        ),
        "addresses": ADDRESSES,
        "last_next_page": Switch("null", "next_page on the last page", ASSUMED, ("null", "absent")),
        "updated_lag": Switch(True, "updated_on of a new ticket is 1 or 2 s after created_on", OBSERVED),
        "automation": Switch(
            "none", "what the account's own rules do to a new ticket after the answer", OBSERVED, ("none", "assign")
        ),
        "notify_on_create": Switch(False, "the account mails contacts about new tickets", OBSERVED),
        "survey_on_close": Switch(False, "closing a ticket sends a satisfaction survey", DOCUMENTED),
        "custom_statuses": Switch("", "the account's own statuses, separated by commas", OBSERVED),
        "status_required": Switch(True, "refuse a new ticket without a status", OBSERVED),
        "subject_limit": Switch(120, "the longest subject", ASSUMED),
        "max_files": Switch(10, "files that one call takes", ASSUMED),
        "max_file_megabytes": Switch(20, "size of all files of one call", ASSUMED),
    }
)
"""What `simulate --set KEY=VALUE` takes. Sources: dossier sections 1.4 to 13, at each behaviour."""
