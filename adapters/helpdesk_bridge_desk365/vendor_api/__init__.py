"""``desk.vendor_api`` at Desk365: the vendor's calls that have no common word."""
