"""Configuration: ``helpdesk.toml``, its secrets, the user's consent, and the installed vendors."""
