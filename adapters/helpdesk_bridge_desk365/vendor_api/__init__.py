"""Vendor API (``desk.vendor_api``): Desk365's calls that are not in the common port."""
