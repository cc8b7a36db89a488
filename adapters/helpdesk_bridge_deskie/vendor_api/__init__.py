"""Vendor API (``desk.vendor_api``): Deskie's calls that the common port lacks."""
