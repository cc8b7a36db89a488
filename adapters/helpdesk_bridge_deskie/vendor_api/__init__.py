"""``desk.vendor_api`` at Deskie: the vendor's calls that have no common word."""
