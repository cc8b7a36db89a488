"""Switches (`--set KEY=VALUE`): behaviour of Deskie that is uncertain or differs between accounts."""

from __future__ import annotations

from helpdesk_bridge.testing.simulator.routing import ASSUMED, DOCUMENTED, OBSERVED
from helpdesk_bridge.testing.simulator.switches import ADDRESSES, Switch

ADMIN_EMAIL = "admin@robotsrule.example"
STAFF_EMAIL = "bot@robotsrule.example"
API_KEY = "sim-deskie-5f2c9e7ab1d04c63"
ACCOUNT_NAME = "robotsrule"

_LIMITS = {
    "subscription": Switch("pro", "the plan that the limit is computed for", DOCUMENTED, ("basic", "standard", "pro")),
    "rate_limit": Switch(0, "requests a minute in place of the plan's figure; 0 computes it", DOCUMENTED),
    "rate_limit_status": Switch(429, "the status of a refusal; clients of 2016 saw 403", DOCUMENTED, (429, 403)),
    "charge_refused": Switch(False, "whether a refused request counts too"),
    "charge_files": Switch(False, "whether downloads of files count too"),
    "retry_after": Switch(
        "always",
        "retry_after on every answer as the specification lists it, or only when the limit is reached",
        DOCUMENTED,
        ("always", "refused"),
    ),
}
_ACCESS = {
    "auth_status": Switch(401, "the status for wrong credentials", ASSUMED, (401, 403)),
    "admin_email": Switch(False, f"whether the admin's e-mail ({ADMIN_EMAIL}) is let in"),
    "file_credentials": Switch(
        True, "whether files want the credentials; a client of 2026 downloads them without", OBSERVED
    ),
    "limited_agent": Switch("", "e-mail of the agent with limited access", DOCUMENTED),
    "limited_groups": Switch("", "titles of that agent's groups, comma-separated; empty is the first group"),
    "limited_access": Switch("part", "what that agent's case list is: a part, or 403", ASSUMED, ("part", "403")),
}
_LISTS = {
    "legacy_empty": Switch(
        "total_count",
        'an empty list: {"total_count": 0}, {"case": []}, [], or no body at all',
        OBSERVED,
        ("total_count", "case", "array", "nothing"),
    ),
    "list_form": Switch("object", "lists keyed 0, 1, … or plain arrays as in 2016", OBSERVED, ("object", "array")),
    "omit_total_count": Switch(False, "leave total_count out of lists", OBSERVED),
    "page_over_500": Switch("error", "a page above 500: 400, or an empty page", ASSUMED, ("error", "empty")),
    "default_sort": Switch(
        "updated_at_desc",
        "the order of cases without sort",
        ASSUMED,
        ("updated_at_desc", "updated_at_asc", "created_at_desc", "created_at_asc"),
    ),
    "list_removed": Switch(True, "whether trash and spam are in the plain case list"),
    "labels_match": Switch("any", "cases with any or with all of the labels asked for", ASSUMED, ("any", "all")),
    "time_bounds": Switch(
        "inclusive",
        "whether from_… and to_… take their own second",
        ASSUMED,
        ("inclusive", "exclusive_end", "exclusive"),
    ),
    "short_search": Switch(
        "error", "a search text that is too short: 400, no filter, or searched", ASSUMED, ("error", "ignore", "search")
    ),
    "case_sensitive_search": Switch(False, "whether case counts in searches"),
    "addresses": ADDRESSES,
}
_FORMS = {
    "zone": Switch("Europe/Helsinki", "the account's time zone; its offset is +0200 or +0300", OBSERVED),
    "cc_names": Switch(
        "deskie", "recipient_cc as in Deskie's papers or cc_emails as Omnidesk", OBSERVED, ("deskie", "omnidesk")
    ),
    "numeric_strings": Switch(False, "some numbers as text", OBSERVED),
    "minimal_objects": Switch(False, "cases and messages without their optional fields", OBSERVED),
    "flag_form": Switch("bool", 'deleted, spam and note as true, 1 or "true"', OBSERVED, ("bool", "int", "text")),
    "empty_map_as_list": Switch(False, "empty custom_fields as PHP's []"),
    "message_type": Switch(True, "emit the undocumented message_type", OBSERVED),
    "no_parent": Switch(
        "zero", "parent_case_id of a case that is not merged: 0, null, or absent", OBSERVED, ("zero", "null", "absent")
    ),
    "whatsapp_users": Switch(
        "wa",
        "users of WhatsApp as type wa with wa_id, or as type whatsapp with user_whatsapp_phone",
        OBSERVED,
        ("wa", "whatsapp"),
    ),
    "macros_form": Switch("list", "the common macros as a list, or as an object", OBSERVED, ("list", "object")),
}
_EFFECTS = {
    "new_case_status": Switch("open", "the status of a case created without one", OBSERVED, ("open", "waiting")),
    "api_channel": Switch("web", "the channel of a case created for an e-mail", OBSERVED, ("web", "email")),
    "status_after_reply": Switch(True, "replies set waiting (agent) or open (user)"),
    "autoreply": Switch(False, "whether creating a case mails an automatic answer to the user"),
    "delete_needs_trash": Switch(False, "whether a case must be in the trash before DELETE"),
    "duplicate_label": Switch(
        "error", "a label title that exists: 400, or a second label", ASSUMED, ("error", "create")
    ),
    "attachment_urls": Switch(True, "whether attachment_urls on the account's own host are taken"),
    "too_large_status": Switch(413, "the status of a file above 25 MB", ASSUMED, (413, 400)),
    "marker_field": Switch(False, 'text fields "Migration marker" for cases and users', ASSUMED),
}

SWITCHES = {**_LIMITS, **_ACCESS, **_LISTS, **_FORMS, **_EFFECTS}
"""All switches of the simulator with their defaults and provenance."""
