"""Client of Desk360's API: calls, pages and authentication."""
