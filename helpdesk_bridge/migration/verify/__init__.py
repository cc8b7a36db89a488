"""Verification: the destination read back and compared with what was written."""
