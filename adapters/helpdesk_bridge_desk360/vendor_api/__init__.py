"""``desk.vendor_api`` at Desk360: the vendor's calls that have no common word."""
