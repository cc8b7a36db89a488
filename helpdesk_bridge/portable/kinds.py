"""The words that documents name the classes of values by."""

from __future__ import annotations

import re
from functools import cache
from typing import Any


def kind_of(cls: type[Any]) -> str:
    """Return the word for a class of values: "ticket_draft" for ``TicketDraft``."""
    return _word(cls.__name__)


@cache
def _word(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
