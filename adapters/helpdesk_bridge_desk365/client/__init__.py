"""Client of Desk365's API: calls, pages and authentication."""
