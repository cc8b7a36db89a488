"""Vendor API (``desk.vendor_api``): Desk360's calls that are not in the common port."""
