"""The words of a helpdesk as frozen values: no I/O, no vendor."""
