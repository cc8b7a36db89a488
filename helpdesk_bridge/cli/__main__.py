"""``python -m helpdesk_bridge.cli``."""

from helpdesk_bridge.cli import main

if __name__ == "__main__":
    main()
