"""From ``helpdesk.toml`` to a desk's settings: the file, its secrets, the user's consent, and the vendors there are."""
