"""A helpdesk's records in one SQLite file or in memory: what the local desk and Desk360's inbox keep."""
