"""The parts of ``desk.vendor_api`` at Desk365, one module for each kind of record."""
