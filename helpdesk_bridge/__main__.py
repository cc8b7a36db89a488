"""``python -m helpdesk_bridge``: the ``helpdesk-bridge`` command."""

from __future__ import annotations

from helpdesk_bridge.cli import main

if __name__ == "__main__":
    main()
