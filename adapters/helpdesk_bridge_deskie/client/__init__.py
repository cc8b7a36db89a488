"""The client of Deskie's API: calls, pages, scans and authentication."""
