"""The names of spans, metrics and attributes: OpenTelemetry's semantic conventions, and our own under ``helpdesk.``.

None holds an id, a body, an address of a person or a secret. ``url.full`` and ``url.path`` of the conventions hold ids, and
are left out for that; ``url.template`` says which call it was.
"""

from __future__ import annotations

from typing import Final

# documented: OpenTelemetry semantic conventions 1.37, HTTP client spans and metrics
METHOD: Final = "http.request.method"
STATUS: Final = "http.response.status_code"
RESENDS: Final = "http.request.resend_count"
TEMPLATE: Final = "url.template"
HOST: Final = "server.address"
PORT: Final = "server.port"
ERROR: Final = "error.type"
REQUEST_DURATION: Final = "http.client.request.duration"

VENDOR: Final = "helpdesk.vendor"
DESK: Final = "helpdesk.desk"
OPERATION: Final = "helpdesk.operation"
UNITS: Final = "helpdesk.budget.units"
REFUSED: Final = "helpdesk.refused"
WAIT: Final = "helpdesk.wait"
WAIT_REASON: Final = "helpdesk.wait.reason"

OPERATION_DURATION: Final = "helpdesk.operation.duration"
UNITS_SPENT: Final = "helpdesk.budget.spent"
BUDGET_LEFT: Final = "helpdesk.budget.remaining"
BUDGET_LIMIT: Final = "helpdesk.budget.limit"
WAIT_DURATION: Final = "helpdesk.wait.duration"
REFUSALS: Final = "helpdesk.refusals"

SPAN_ATTRIBUTES: Final = frozenset(
    {METHOD, STATUS, RESENDS, TEMPLATE, HOST, PORT, ERROR, VENDOR, DESK, OPERATION, UNITS, REFUSED, WAIT, WAIT_REASON}
)
METRICS: Final = frozenset(
    {REQUEST_DURATION, OPERATION_DURATION, UNITS_SPENT, BUDGET_LEFT, BUDGET_LIMIT, WAIT_DURATION, REFUSALS}
)

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The boundaries that the conventions advise for durations of requests."""
WAITS: Final = (0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
