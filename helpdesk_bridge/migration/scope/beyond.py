"""What is beyond the scope, as the spool keeps it: kinds of records that no step takes for tickets or contacts to be moved."""

from __future__ import annotations

from typing import Final

BEYOND: Final = "contact beyond the scope"
"""Contacts that no ticket of the scope has named yet."""
BEYOND_TICKETS: Final = "ref of a ticket beyond the scope"
TOGETHER: Final = "contacts of one person"
"""Places and keys of the contacts beyond the scope that have the same box or phone, by its digest."""
