"""Switches (`--set KEY=VALUE`): what is uncertain about Desk360 or differs between accounts."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.testing.simulator.routing import ASSUMED, DOCUMENTED, OBSERVED
from helpdesk_bridge.testing.simulator.switches import Switch

API_KEY: Final = "1|simPanelKey00000aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"
"""The key made in the panel; documented: Desk360 API, "Login", for the form number|48 letters and digits."""
LOGIN_EMAIL: Final = "agent@robotsrule.example"
LOGIN_PASSWORD: Final = "sim-desk360-password"  # noqa: S105 - made up

TOKEN_PLACES: Final = ("authorization", "bearer", "token", "x-token", "x-webhook-token", "query", "none")
"""observed: clients look for the webhook's token in all of these places; no paper says which one is used."""

_LIMITS = {
    "rate_limit": Switch(60, "requests a minute for each client address", DOCUMENTED),
    "rate_limit_status": Switch(
        429, "the status of a limited answer; the printed example has 200", DOCUMENTED, (429, 200)
    ),
    "rate_limit_reset": Switch(
        "limited", "which answers have X-RateLimit-Reset", ASSUMED, ("limited", "always", "never")
    ),
    "limited_counts": Switch(True, "whether limited answers have X-RateLimit-Limit and -Remaining too", DOCUMENTED),
}
_ACCESS = {
    "require_https": Switch(False, "refuse plain HTTP; off because simulators listen on loopback", DOCUMENTED),
    "login_enabled": Switch(True, "whether /v1/login is there; newer papers know the panel's key only", DOCUMENTED),
    "missing_code": Switch(
        "model_not_found_exception",
        "the code for an unknown integration or media id",
        DOCUMENTED,
        ("model_not_found_exception", "not_found"),
    ),
    "read_only_integration": Switch(0, "id of an integration to which nothing may be sent: not_authorized", ASSUMED),
}
_LISTS = {
    "integrations": Switch(2, "how many integrations there are, from the next reset on", ASSUMED),
    "templates": Switch(5, "how many templates the first integration has, from the next reset on", ASSUMED),
    "integration_second_shape": Switch(False, "the second integration with name and logo, as printed", DOCUMENTED),
    "integration_nulls": Switch(False, "the last integration without name and number", OBSERVED),
    "link_quoted": Switch(False, 'rel="next" in place of rel=next', ASSUMED),
    "link_api_v1": Switch(False, "/api/v1 in Link, as in the printed request", DOCUMENTED),
    "link_empty_on_last": Switch(False, "an empty Link on the last page in place of none", ASSUMED),
    "data_envelope": Switch(False, 'lists as {"data": […]}', OBSERVED),
    "chats_enabled": Switch(False, "whether the chat list is there", OBSERVED),
}
_MEDIA = {
    "media_as_json": Switch(False, "GET media answers a JSON object with the URL in place of the bytes", ASSUMED),
    "media_size": Switch("together", "20 MB for all files of a message or for each", ASSUMED, ("together", "each")),
    "cdn_lifetime": Switch(
        0, "vendor seconds for which a media URL is good; 0 is for ever, the id stays good", ASSUMED
    ),
    "cdn_url": Switch("", "where media URLs point; empty is /cdn of this simulator", ASSUMED),
}
_ERRORS = {
    "error_html": Switch(False, "errors as HTML pages", OBSERVED),
    "error_in_200": Switch(False, "errors under the status 200", ASSUMED),
    "error_body": Switch(
        "documented",
        "the form of errors: as documented, empty, as other clients have met it, or the printed invalid JSON",
        OBSERVED,
        ("documented", "empty", "message", "text", "printed"),
    ),
}
_WHATSAPP = {
    "enforce_window": Switch(False, "free-form messages only within 24 hours of the customer's last", ASSUMED),
    "whatsapp_ids": Switch(
        "as_dialled",
        "how webhooks write the numbers that WhatsApp has in two ways (Brazil, Mexico, Argentina)",
        OBSERVED,
        ("as_dialled", "other"),
    ),
    "inactive_numbers": Switch("", "numbers that are not on WhatsApp, comma-separated", ASSUMED),
    "undeliverable": Switch(
        "error", "what becomes of a message that cannot arrive: 400, or an id and silence", ASSUMED, ("error", "silent")
    ),
}
_WEBHOOKS = {
    "delivery": Switch("manual", "statuses that follow a send by themselves", ASSUMED, ("manual", "delivered", "read")),
    "delivered_after": Switch(0, "vendor seconds from a send to delivered", ASSUMED),
    "read_after": Switch(5, "vendor seconds from a send to read", ASSUMED),
    "status_before_response": Switch(False, "send due webhooks before the answer in place of after it", ASSUMED),
    "webhook_token_place": Switch("authorization", "where a webhook's token goes by default", OBSERVED, TOKEN_PLACES),
    "webhook_shape": Switch(
        "object", "messages and statuses as one object, as a list, or within body", OBSERVED, ("object", "list", "body")
    ),
    "webhook_copies": Switch(1, "how often each webhook is sent", ASSUMED),
    "webhook_drop_every": Switch(0, "every so many webhooks one is lost; 0 loses none", ASSUMED),
    "webhook_reversed": Switch(False, "webhooks that are due together go newest first", ASSUMED),
}

SWITCHES: Final = {**_LIMITS, **_ACCESS, **_LISTS, **_MEDIA, **_ERRORS, **_WHATSAPP, **_WEBHOOKS}
"""All switches of the simulator with their defaults and provenance."""
